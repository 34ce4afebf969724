/**
 * A pair of which one router runs Duet and the other keepalived and conntrackd with the usual failover script: connections
 * through it go on, whichever of the two fails.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { ControlClient } from "../../src/control/client.ts";
import type { DaemonKind } from "../../src/lab/daemon-log.ts";
import { HOW_TO_CONNTRACKD_FILE } from "../../src/lab/demo.ts";
import { singleRouter } from "../../src/lab/drill.ts";
import { Lab } from "../../src/lab/lab.ts";
import { conntrackdFileOf, type RouterOptions } from "../../src/lab/router-daemon.ts";
import { namespaceName, otherRouter, type RouterName } from "../../src/lab/topology.ts";
import { Traffic } from "../../src/lab/traffic.ts";
import { waitUntil } from "../../src/lab/waiting.ts";
import { eventually } from "../support/daemon.ts";
import { fastConfiguration, labName, silenceTowardsWan } from "../support/lab.ts";
import { loadSlowly, missingConntrackd } from "../support/replication-peers.ts";
import { type SessionPlan, Sessions } from "../support/replication-sessions.ts";

const OTHERS = 2_000;
const TAKEOVER_MS = 30_000;
const RECOVERY_MS = 25_000;
const PLAN: SessionPlan = {
  downloads: 40,
  downloads6: 0,
  uploads: 10,
  idle: 10,
  idle6: 0,
  streamsDown: 5,
  streamsUp: 5,
};

const SESSIONS = PLAN.downloads + PLAN.uploads + PLAN.idle + PLAN.streamsDown + PLAN.streamsUp;

const missing = missingConntrackd();

/** Flows of others that go through the router as well. */
const others = Array.from({ length: OTHERS }, (_, index) => {
  const host = `10.77.${index >> 8}.${index & 255}`;
  return `-p udp -s ${host} -d 203.0.113.77 --sport ${1_024 + index} --dport 53 -t 3600 -u SEEN_REPLY,ASSURED`;
});

/** Commit, flush, resynchronise with the kernel, send; as conntrackd's manual has it. */
const script = (file: string): string => `#!/bin/sh
ct() { conntrackd -C ${file} "$1"; }
case "$1" in
  primary) ct -c; ct -f; ct -R; ct -B ;;
  backup) ct -t; ct -n ;;
  fault) ct -t ;;
esac
`;

describe.skipIf(missing !== undefined)(`a mixed pair ${missing ?? ""}`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-mixed-"));
  const fast = fastConfiguration();
  let lab: Lab | undefined;
  let traffic: Traffic | undefined;
  let sessions: Sessions | undefined;
  afterEach(async () => {
    sessions?.close();
    await traffic?.close();
    await lab?.close();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    fast.remove();
  });

  test.each([
    ["duet", "keepalived"],
    ["keepalived", "duet"],
  ] as const)("keeps its connections: %s fails, then %s", async (first, second) => {
    const name = labName(`m${first.slice(0, 1)}`);
    const optionsOf = (kind: DaemonKind, router: RouterName): RouterOptions => ({
      daemon: kind,
      configFile: kind === "duet" ? fast.file : withScript(fast.file, folder, [name, router]),
      conntrackdFile: HOW_TO_CONNTRACKD_FILE,
    });
    const routers = { alpha: optionsOf(first, "alpha"), beta: optionsOf(second, "beta") };
    const logs: string[] = [];
    const opened = await Lab.open({
      name,
      routers,
      tell: ({ source, text }) => logs.push(`${source}: ${text}`),
    });
    lab = opened;
    for (const router of ["alpha", "beta"] as const)
      if (routers[router].daemon === "keepalived") silenceTowardsWan(name, router);
    const seen = await Traffic.start(name, () => {});
    traffic = seen;
    const becomes = async (router: RouterName): Promise<void> => {
      await waitUntil(() => singleRouter(seen) === router && seen.flows, TAKEOVER_MS);
      expect(singleRouter(seen), logs.join("\n")).toBe(router);
    };
    opened.startRouter("alpha");
    await becomes("alpha");
    opened.startRouter("beta");
    await delay(1_000);
    await loadSlowly(namespaceName(name, "alpha"), others);
    sessions = await Sessions.open(name, PLAN);
    for (const active of ["alpha", "beta", "alpha"] as const) {
      const backup = otherRouter(active);
      // oxlint-disable no-await-in-loop -- one failover after the other is the point
      await eventually(`${backup} to know the flows of ${active}`, async () => {
        // A daemon that was started a moment ago does not answer yet.
        return (await externalFlows(opened, backup).catch(() => 0)) >= OTHERS + SESSIONS;
      });
      await opened.perform([
        { type: "cable", router: active, side: "lan", plugged: false },
        { type: "cable", router: active, side: "wan", plugged: false },
      ]);
      await becomes(backup);
      await sessions.areAlive(RECOVERY_MS);
      await opened.repairNetwork();
      await delay(1_000);
      await becomes(backup);
      // oxlint-enable no-await-in-loop
    }
  });
});

/** How many flows of its peer a router knows. */
async function externalFlows(lab: Lab, router: RouterName): Promise<number> {
  if (lab.routers[router].kind === "duet") {
    const { replication } = await new ControlClient(lab.routers[router].socket).status();
    return replication?.flows.external ?? 0;
  }
  const command = ["conntrackd", "-C", conntrackdFileOf(lab.name, router), "-s"];
  const words = ["netns", "exec", namespaceName(lab.name, router), ...command];
  const text = execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return Number(/external:\s+current active connections:\s+(\d+)/.exec(text)?.[1] ?? 0);
}

/** A keepalived.conf that calls the failover script. */
function withScript(
  configFile: string,
  folder: string,
  [lab, router]: readonly [string, RouterName],
): string {
  const file = path.join(folder, `${lab}-${router}.sh`);
  writeFileSync(file, script(conntrackdFileOf(lab, router)));
  chmodSync(file, 0o755);
  const notify = [
    ["master", "primary"],
    ["backup", "backup"],
    ["fault", "fault"],
  ].map(([state, word]) => `  notify_${state} "${file} ${word}"\n`);
  const config = path.join(folder, `${lab}-${router}.conf`);
  const text = readFileSync(configFile, "utf8");
  const global = "global_defs {\n  script_user root\n}\n";
  const changed = text.replace(/(vrrp_sync_group G1 \{\n)/, `$1${notify.join("")}`);
  writeFileSync(config, global + changed);
  return config;
}
