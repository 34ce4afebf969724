/**
 * FTP through a pair of Duets that replicate expectations: open data connections go on, and those that were only announced
 * before the failover are let through by the other router.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { ControlClient } from "../../src/control/client.ts";
import { HOW_TO_CONNTRACKD_FILE } from "../../src/lab/demo.ts";
import { singleRouter } from "../../src/lab/drill.ts";
import { findCase } from "../../src/lab/faults.ts";
import { Lab } from "../../src/lab/lab.ts";
import { otherRouter, type RouterName } from "../../src/lab/topology.ts";
import { Traffic } from "../../src/lab/traffic.ts";
import { waitUntil } from "../../src/lab/waiting.ts";
import { eventually } from "../support/daemon.ts";
import { FtpConversation } from "../support/ftp-conversation.ts";
import { fastConfiguration, labName } from "../support/lab.ts";
import { isRoot } from "../support/netns.ts";

const TAKEOVER_MS = 30_000;

describe.skipIf(!isRoot)("FTP through a pair that fails over, back, and over again", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-ftp-"));
  const fast = fastConfiguration();
  const conntrackdFile = path.join(folder, "conntrackd.conf");
  const howTo = readFileSync(HOW_TO_CONNTRACKD_FILE, "utf8");
  writeFileSync(
    conntrackdFile,
    howTo.replace(/^Sync \{\n/m, "Sync {\n  Options { ExpectationSync On }\n"),
  );
  let lab: Lab | undefined;
  let traffic: Traffic | undefined;
  let ftp: FtpConversation | undefined;
  afterEach(async () => {
    ftp?.close();
    await traffic?.close();
    await lab?.close();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    fast.remove();
  });

  /** Waits until the router knows flows and expectations of the other one. */
  const isReady = (opened: Lab, router: RouterName, expectations: number): Promise<boolean> =>
    eventually(`${router} to know the expectations of the other one`, async () => {
      const client = new ControlClient(opened.routers[router].socket);
      try {
        const { replication } = await client.status();
        const stats = await client.replicationStats();
        const known = stats.expectations?.external.active ?? 0;
        return replication?.synchronised === true && known >= expectations;
      } catch {
        // It was started a moment ago.
        return false;
      }
    });

  test.each([
    ["cut", 3],
    ["kill", 1],
  ])("goes on in both modes after %s, %d times", async (name, rounds) => {
    const fault = findCase(name)!;
    const router = { daemon: "duet", configFile: fast.file, conntrackdFile } as const;
    const logs: string[] = [];
    const opened = await Lab.open({
      name: labName(`f${name.slice(0, 2)}`),
      routers: { alpha: router, beta: router },
      tell: ({ source, text }) => logs.push(`${source}: ${text}`),
    });
    lab = opened;
    const seen = await Traffic.start(opened.name, () => {});
    traffic = seen;
    const becomes = async (wanted: RouterName): Promise<void> => {
      await waitUntil(() => singleRouter(seen) === wanted && seen.flows, TAKEOVER_MS);
      expect(singleRouter(seen), logs.join("\n")).toBe(wanted);
    };
    opened.startRouter("alpha");
    await becomes("alpha");
    opened.startRouter("beta");
    const conversation = await FtpConversation.open(opened.name);
    ftp = conversation;
    await conversation.begin(...(await conversation.announce("first")));
    let active: RouterName = "alpha";
    for (let round = 0; round < rounds; round += 1) {
      const successor = otherRouter(active);
      // oxlint-disable no-await-in-loop -- one failover after the other is the point
      const announced = await conversation.announce(`before-${round}`);
      await isReady(opened, successor, announced.length);
      await opened.perform(fault.fault(active));
      await becomes(successor);
      await conversation.areAlive();
      await conversation.begin(...announced);
      await conversation.begin(...(await conversation.announce(`after-${round}`)));
      await opened.perform(fault.restore(active));
      active = successor;
      // oxlint-enable no-await-in-loop
    }
  });
});
