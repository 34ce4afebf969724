/** Connections through a pair of Duets go on when the active router fails, when the role comes back, and once more. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { ControlClient } from "../../src/control/client.ts";
import { HOW_TO_CONNTRACKD_FILE } from "../../src/lab/demo.ts";
import { singleRouter } from "../../src/lab/drill.ts";
import { findCase } from "../../src/lab/faults.ts";
import { Lab } from "../../src/lab/lab.ts";
import { namespaceName, otherRouter, type RouterName } from "../../src/lab/topology.ts";
import { Traffic } from "../../src/lab/traffic.ts";
import { waitUntil } from "../../src/lab/waiting.ts";
import { eventually } from "../support/daemon.ts";
import { labName } from "../support/lab.ts";
import { isRoot } from "../support/netns.ts";
import { loadSlowly } from "../support/replication-peers.ts";
import { type SessionPlan, Sessions } from "../support/replication-sessions.ts";

const OTHERS = 20_000;
const PLAN: SessionPlan = {
  downloads: 100,
  downloads6: 20,
  uploads: 40,
  idle: 40,
  idle6: 10,
  streamsDown: 20,
  streamsUp: 20,
};
const TAKEOVER_MS = 30_000;
/** TCP repeats what was lost after 0.2, 0.6, 1.4, 3 and 6.2 s. */
const RECOVERY_MS = 25_000;

/** The how-to's pair ten times as fast, and with IPv6. */
const CONFIG = `vrrp_sync_group G1 {
  group {
    E4
    I4
    E6
    I6
  }
}
${instance("I4", "br-lan", "192.168.1.4/24")}
${instance("E4", "eth0.2", "192.168.0.4/24", "virtual_routes {\n    src 192.168.0.4 to 0.0.0.0/0 via 192.168.0.1 dev eth0.2 metric 5\n  }")}
${instance("I6", "br-lan", "fe80::d0e7:4/64\n    fd0d:0e7:1::4/64")}
${instance("E6", "eth0.2", "fe80::d0e7:5/64\n    2001:db8:2::4/64")}
`;

function instance(name: string, device: string, addresses: string, more = ""): string {
  return `vrrp_instance ${name} {
  state BACKUP
  version 3
  interface ${device}
  virtual_router_id 51
  priority 101
  advert_int 0.1
  virtual_ipaddress {
    ${addresses}
  }
  ${more}
  nopreempt
}
`;
}

/** Flows of others that go through the router as well. */
const others = Array.from({ length: OTHERS }, (_, index) => {
  const host = `10.77.${index >> 8}.${index & 255}`;
  return `-p udp -s ${host} -d 203.0.113.77 --sport ${1_024 + index} --dport 53 -t 3600 -u SEEN_REPLY,ASSURED`;
});

describe.skipIf(!isRoot)("sessions through a pair that fails over, back, and over again", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-sessions-"));
  const configFile = path.join(folder, "keepalived.conf");
  writeFileSync(configFile, CONFIG);
  let lab: Lab;
  let traffic: Traffic;
  let sessions: Sessions | undefined;
  const logs: string[] = [];

  const owner = async (wanted?: RouterName): Promise<RouterName> => {
    const isSettled = (): boolean => {
      const single = singleRouter(traffic);
      return single !== undefined && (wanted ?? single) === single && traffic.flows;
    };
    await waitUntil(isSettled, TAKEOVER_MS);
    const single = singleRouter(traffic);
    if (single === undefined || (wanted ?? single) !== single)
      throw new Error(`${wanted ?? "nobody"} did not take over:\n${logs.join("\n")}`);
    return single;
  };
  const isReady = async (router: RouterName): Promise<void> => {
    const client = new ControlClient(lab.routers[router].socket);
    let last: unknown;
    const knowsAll = async (): Promise<boolean> => {
      try {
        const { replication } = await client.status();
        last = replication;
        return replication?.synchronised === true && replication.flows.external >= OTHERS;
      } catch {
        // It was started a moment ago.
        return false;
      }
    };
    try {
      await eventually(`${router} to know the flows of the other one`, knowsAll);
    } catch (error) {
      throw new Error(`${JSON.stringify(last)}\n${logs.join("\n")}`, { cause: error });
    }
  };

  afterEach(async () => {
    sessions?.close();
    await traffic?.close();
    await lab?.close();
    logs.length = 0;
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(["cut", "kill", "freeze", "stop"])("are all alive after %s", async (name) => {
    const fault = findCase(name)!;
    const hasEnded = name === "kill" || name === "stop";
    const router = { daemon: "duet", configFile, conntrackdFile: HOW_TO_CONNTRACKD_FILE } as const;
    lab = await Lab.open({
      name: labName(name.slice(0, 3)),
      routers: { alpha: router, beta: router },
      tell: ({ source, text }) => logs.push(`${source}: ${text}`),
    });
    traffic = await Traffic.start(lab.name, () => {});
    lab.startRouter("alpha");
    await delay(800);
    lab.startRouter("beta");
    let active = await owner();
    await loadSlowly(namespaceName(lab.name, active), others);
    sessions = await Sessions.open(lab.name, PLAN);
    for (let round = 0; round < 3; round += 1) {
      const successor = otherRouter(active);
      // oxlint-disable no-await-in-loop -- one failover after the other is the point
      await isReady(successor);
      await lab.perform(fault.fault(active));
      await owner(successor);
      await sessions.areAlive(RECOVERY_MS);
      const { [active]: failed } = lab.routers;
      if (hasEnded) await waitUntil(() => failed.pid === undefined, TAKEOVER_MS);
      await lab.perform(fault.restore(active));
      active = await owner();
      await sessions.areAlive(RECOVERY_MS);
      // oxlint-enable no-await-in-loop
    }
    expect(logs.filter((line) => /did not wait|failed/.test(line))).toEqual([]);
  });
});
