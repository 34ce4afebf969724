/** The how-to's files, imported: the pair that comes of them loses no connection when its active router is cut off. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { ControlClient } from "../../src/control/client.ts";
import { singleRouter } from "../../src/lab/drill.ts";
import { findCase } from "../../src/lab/faults.ts";
import { Lab } from "../../src/lab/lab.ts";
import { otherRouter, type RouterName } from "../../src/lab/topology.ts";
import { Traffic } from "../../src/lab/traffic.ts";
import { waitUntil } from "../../src/lab/waiting.ts";
import { eventually } from "../support/daemon.ts";
import { labName } from "../support/lab.ts";
import { isRoot } from "../support/netns.ts";
import { duet } from "../unit/cli/fixtures.ts";

const FILES = ["keepalived.conf", "conntrackd.conf"].map((name) => `examples/how-to/${name}`);
/** The how-to leaves them to its reader; they are those of the lab. */
const ADDRESSES = ["alpha.lan=192.168.1.2/24", "alpha.wan=192.168.0.2/24"].flatMap((alpha) => [
  "--address",
  alpha,
  "--address",
  alpha.replace("alpha", "beta").replace(".2/", ".3/"),
]);
const DOWNLOADS = 100;
const TAKEOVER_MS = 30_000;
/** TCP repeats what was lost after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s. */
const RECOVERY_MS = 25_000;

describe.skipIf(!isRoot)("a pair that was imported from the how-to's files", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-imported-"));
  let lab: Lab;
  let traffic: Traffic;

  afterEach(async () => {
    await traffic?.close();
    await lab?.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const settles = async (): Promise<RouterName> => {
    await waitUntil(() => singleRouter(traffic) !== undefined && traffic.flows, TAKEOVER_MS);
    const single = singleRouter(traffic);
    if (single === undefined) throw new Error("no router became active");
    return single;
  };

  test("loses none of a hundred downloads when the active router is cut off", async () => {
    const { code, out, note } = await duet("import", ...FILES, ...ADDRESSES);
    expect(note).not.toContain("left out");
    expect(code).toBe(0);
    const configFile = path.join(folder, "duet.yaml");
    writeFileSync(configFile, out);
    const router = { daemon: "duet", configFile } as const;
    lab = await Lab.open({
      name: labName("imp"),
      routers: { alpha: router, beta: router },
      tell: () => {},
    });
    traffic = await Traffic.start(lab.name, () => {});
    lab.startRouter("alpha");
    await delay(800);
    lab.startRouter("beta");
    const active = await settles();
    await traffic.openDownloads(DOWNLOADS);
    const successor = otherRouter(active);
    const client = new ControlClient(lab.routers[successor].socket);
    await eventually("the backup to know the downloads", async () => {
      // It was started a moment ago and may not answer yet.
      const { replication = null } = (await client.status().catch(() => undefined)) ?? {};
      return replication?.synchronised === true && replication.flows.external >= DOWNLOADS;
    });
    await lab.perform(findCase("cut")!.fault(active));
    await waitUntil(() => singleRouter(traffic) === successor && traffic.flows, TAKEOVER_MS);
    expect(singleRouter(traffic)).toBe(successor);
    await waitUntil(() => traffic.downloads().stalled === 0, RECOVERY_MS);
    const { reset, stalled } = traffic.downloads();
    expect({ reset, stalled }).toEqual({ reset: 0, stalled: 0 });
  });
});
