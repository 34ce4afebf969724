/**
 * Routers that run on nothing but rendered files: keepalived and conntrackd on both, then keepalived and conntrackd beside a
 * Duet that runs from the pair's file itself. Connections through the rendered translation go on.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { milliseconds } from "../../src/base/time.ts";
import { linkEnds } from "../../src/config/pair/ends.ts";
import type { PairConfig } from "../../src/config/pair/model.ts";
import { writePair } from "../../src/config/pair/write.ts";
import { ControlClient } from "../../src/control/client.ts";
import type { DaemonKind } from "../../src/lab/daemon-log.ts";
import { singleRouter } from "../../src/lab/drill.ts";
import { Lab } from "../../src/lab/lab.ts";
import { conntrackdFileOf, type RouterOptions } from "../../src/lab/router-daemon.ts";
import {
  namespaceName,
  otherRouter,
  ROUTER_NAMES,
  type RouterName,
} from "../../src/lab/topology.ts";
import { Traffic } from "../../src/lab/traffic.ts";
import { waitUntil } from "../../src/lab/waiting.ts";
import { renderConntrackd } from "../../src/render/conntrackd.ts";
import { renderDnsmasq } from "../../src/render/dnsmasq.ts";
import { renderKeepalived } from "../../src/render/keepalived.ts";
import { renderNftables } from "../../src/render/nftables.ts";
import { renderNotifyScript } from "../../src/render/notify-script.ts";
import { CONNTRACKD_LOCK, CONNTRACKD_SOCKET, PATHS } from "../../src/render/paths.ts";
import { eventually } from "../support/daemon.ts";
import { labName, silenceTowardsWan } from "../support/lab.ts";
import { type TestNamespace, TestNet } from "../support/netns.ts";
import { pairConfig } from "../support/pair-arbitrary.ts";
import { missingFor } from "../support/peers.ts";
import { APART, HOME, OFFICE } from "../support/rendered-pairs.ts";
import { missingConntrackd } from "../support/replication-peers.ts";
import { type SessionPlan, Sessions } from "../support/replication-sessions.ts";

const TAKEOVER_MS = 30_000;
const RECOVERY_MS = 25_000;
const PLAN: SessionPlan = {
  downloads: 20,
  downloads6: 0,
  uploads: 10,
  idle: 10,
  idle6: 0,
  streamsDown: 5,
  streamsUp: 5,
};
const SESSIONS = PLAN.downloads + PLAN.uploads + PLAN.idle + PLAN.streamsDown + PLAN.streamsUp;

/** The lab is this pair, ten times as fast. */
const FAST: PairConfig = {
  ...HOME,
  election: { ...HOME.election, interval: milliseconds(100) },
};

const missing = missingConntrackd() ?? missingFor("duet", "keepalived", "dnsmasq", "nft");
// keepalived refuses scripts below a folder that others may write to.
const folder = mkdtempSync("/run/duet-rendered-");
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const place = (name: string, text: string, mode = 0o600): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
};

describe.skipIf(missing !== undefined)(`real programs ${missing ?? ""}`, () => {
  let net: TestNet;
  let router: TestNamespace;
  afterEach(() => {
    net.close();
  });

  test.each([HOME, withoutUser(OFFICE), APART])("take what is rendered from pair $name", (pair) => {
    net = new TestNet();
    router = net.namespace("render");
    for (const device of ["br-lan", "eth0.2", "sync", "vlan9", "eth1", "eth3", "eth5", "eth6"]) {
      router.ip(`link add ${device} type veth peer name p-${device}`);
      router.ip(`link set ${device} up`);
    }
    for (const node of ROUTER_NAMES) {
      const keepalived = place("keepalived.conf", renderKeepalived(pair, node));
      expect(router.exec("keepalived", "--config-test", "--use-file", keepalived)).toBe("");
      const rules = place("duet.nft", renderNftables(pair, node));
      // Loading it twice is the same as loading it once.
      router.exec("nft", "-f", rules);
      router.exec("nft", "-f", rules);
      expect(router.exec("nft", "list", "tables")).toBe("table inet duet\n");
      router.exec("dnsmasq", "--test", "-C", place("dnsmasq.conf", renderDnsmasq(pair, node)));
      router.exec("sh", "-n", place("notify.sh", renderNotifyScript(pair, node)));
    }
  });

  test("take what is rendered from pairs of every sort", () => {
    net = new TestNet();
    router = net.namespace("render");
    const usual = ["eth0", "br-lan", "eth0.2", "enp3s0f1np1", "wlan0"];
    const devices = [...usual, ...usual.map((device) => `x${device}`), "eth7", "wg0", "8"];
    for (const [index, device] of devices.entries()) {
      router.ip(`link add name ${device} type veth peer name peer${index}`);
      router.ip(`link set dev ${device} up`);
    }
    for (const random of fc.sample(pairConfig, { numRuns: 15 })) {
      const pair = forOldKeepalived(random);
      const { name: node } = pair.routers[0];
      const keepalived = place("keepalived.conf", renderKeepalived(pair, node));
      router.exec("keepalived", "--config-test", "--use-file", keepalived);
      router.exec("nft", "-f", place("duet.nft", renderNftables(pair, node)));
      router.exec("dnsmasq", "--test", "-C", place("dnsmasq.conf", renderDnsmasq(pair, node)));
    }
  });

  test("keepalived hands the words of a hook on as they are", async () => {
    net = new TestNet();
    router = net.namespace("render");
    router.ip("link add br-lan type veth peer name p-lan");
    for (const device of ["br-lan", "p-lan"]) router.ip(`link set ${device} up`);
    const log = path.join(folder, "words");
    const hook = place(
      "hook",
      `#!/bin/sh\nprintf '<%s>' "$@" > ${log}-\nmv ${log}- ${log}\n`,
      0o755,
    );
    const words = [
      "two words",
      "$HOME",
      "~SEQ(a, 1, 2)",
      "#x",
      "{",
      "it's",
      'a"b',
      "c\\d",
      "\\n",
      "",
      "ü",
    ];
    const [lan] = APART.networks;
    const pair = {
      ...APART,
      election: { ...APART.election, unicast: false },
      networks: [lan!],
      hooks: { ...APART.hooks, backup: [hook, ...words] },
    };
    const file = place("keepalived.conf", renderKeepalived(pair, "alpha"));
    expect(router.exec("keepalived", "--config-test", "--use-file", file)).toBe("");
    const pids = ["--pid", path.join(folder, "k.pid"), "--vrrp_pid", path.join(folder, "v.pid")];
    router.spawn("keepalived", "--dont-fork", "--vrrp", "--use-file", file, ...pids);
    await eventually("the hook to run", () => Promise.resolve(existsSync(log)));
    expect(readFileSync(log, "utf8")).toBe(words.map((word) => `<${word}>`).join(""));
  });

  test.each([HOME, OFFICE])("conntrackd runs on what is rendered from pair $name", async (pair) => {
    net = new TestNet();
    router = net.namespace("render");
    for (const { network, interface: device, own } of linkEnds(pair, "alpha")) {
      router.ip(`link add ${device} type veth peer name p-${network.name}`);
      router.ip(`link set ${device} up`);
      const ending = own.includes(":") ? `64 dev ${device} nodad` : `30 dev ${device}`;
      router.ip(`address add ${own}/${ending}`);
    }
    const socket = path.join(folder, "conntrackd.ctl");
    const config = renderConntrackd(pair, "alpha")
      .replace(CONNTRACKD_SOCKET, socket)
      .replace(CONNTRACKD_LOCK, path.join(folder, "conntrackd.lock"))
      .replace("Syslog On", "Syslog Off");
    const file = place("conntrackd.conf", config);
    router.spawn("conntrackd", "-C", file);
    await eventually("conntrackd to listen", () => Promise.resolve(existsSync(socket)));
    // The socket is there a moment before anybody listens.
    const statistics = await eventually("conntrackd to answer", () => {
      try {
        return router.exec("conntrackd", "-C", file, "-s", "network");
      } catch {
        return undefined;
      }
    });
    expect(statistics).toContain("network statistics");
    router.exec("conntrackd", "-C", file, "-k");
    await eventually("conntrackd to end", () => Promise.resolve(!existsSync(socket)));
  });
});

/** 2.2.7 has no auth_hmac, and its test refuses programs that are not there. */
function forOldKeepalived(pair: PairConfig): PairConfig {
  const { authentication } = pair.election;
  const checks = pair.tracking.checks.map((check) =>
    check.type === "script" ? { ...check, command: ["/bin/true", ...check.command] } : check,
  );
  return withoutUser({
    ...pair,
    election: {
      ...pair.election,
      authentication: authentication.type === "hmac" ? { type: "none" } : authentication,
    },
    tracking: { ...pair.tracking, checks },
  });
}

/** keepalived 2.2.7 is killed by its own test of a script that runs as somebody else; without --config-test it is not. */
function withoutUser(pair: PairConfig): PairConfig {
  const checks = pair.tracking.checks.map((check) =>
    check.type === "script" ? { ...check, user: undefined } : check,
  );
  return { ...pair, tracking: { ...pair.tracking, checks } };
}

describe.skipIf(missing !== undefined)(`a pair of rendered files ${missing ?? ""}`, () => {
  let lab: Lab | undefined;
  let traffic: Traffic | undefined;
  let sessions: Sessions | undefined;
  afterEach(async () => {
    sessions?.close();
    await traffic?.close();
    await lab?.close();
  });

  test.each([
    ["keepalived", "keepalived"],
    ["keepalived", "duet"],
    ["duet", "keepalived"],
  ] as const)("keeps its connections: %s fails, then %s", async (first, second) => {
    const name = labName(`r${first.slice(0, 1)}${second.slice(0, 1)}`);
    const logs: string[] = [];
    const opened = await Lab.open({
      name,
      routers: {
        alpha: optionsOf(name, first, "alpha"),
        beta: optionsOf(name, second, "beta"),
      },
      tell: ({ source, text }) => logs.push(`${source}: ${text}`),
    });
    lab = opened;
    for (const router of ROUTER_NAMES) {
      useRenderedRules(name, router);
      if (opened.routers[router].kind === "keepalived") silenceTowardsWan(name, router);
    }
    const seen = await Traffic.start(name, () => {});
    traffic = seen;
    const becomes = async (router: RouterName): Promise<void> => {
      await waitUntil(() => singleRouter(seen) === router && seen.flows, TAKEOVER_MS);
      expect(singleRouter(seen), logs.join("\n")).toBe(router);
    };
    opened.startRouter("alpha");
    await becomes("alpha");
    opened.startRouter("beta");
    await eventually("beta to hear alpha", async () => (await flowsOfPeer(opened, "beta")) > 0);
    sessions = await Sessions.open(name, PLAN);
    for (const active of ["alpha", "beta"] as const) {
      const backup = otherRouter(active);
      // oxlint-disable no-await-in-loop -- one failover after the other is the point
      await eventually(`${backup} to know the flows of ${active}`, async () => {
        return (await flowsOfPeer(opened, backup)) >= SESSIONS;
      });
      await opened.perform([
        { type: "cable", router: active, side: "lan", plugged: false },
        { type: "cable", router: active, side: "wan", plugged: false },
      ]);
      await becomes(backup);
      await sessions.areAlive(RECOVERY_MS);
      await opened.repairNetwork();
      await becomes(backup);
      // oxlint-enable no-await-in-loop
    }
  });
});

/** The lab's own translation and exceptions go; the rendered ones do it all. */
function useRenderedRules(lab: string, router: RouterName): void {
  const file = place(`${lab}-${router}.nft`, renderNftables(FAST, router));
  const inside = (...words: readonly string[]): string =>
    execFileSync("ip", ["netns", "exec", namespaceName(lab, router), ...words], {
      encoding: "utf8",
    });
  inside("nft", "delete", "table", "ip", "lab");
  inside("nft", "-f", file);
}

function optionsOf(lab: string, daemon: DaemonKind, router: RouterName): RouterOptions {
  if (daemon === "duet") {
    const configFile = place(`${lab}.yaml`, writePair({ ...FAST, secretFile: undefined }));
    return { daemon, configFile };
  }
  // Of all paths in the files only these differ: both routers are on one machine here.
  const config = conntrackdFileOf(lab, router);
  const script = renderNotifyScript(FAST, router).replace(PATHS.conntrackd, config);
  const notify = place(`${lab}-${router}.sh`, script, 0o755);
  const text = renderKeepalived(FAST, router).replaceAll(PATHS.notifyScript, notify);
  return {
    daemon,
    configFile: place(`${lab}-${router}.conf`, text),
    conntrackdFile: place(`${lab}-conntrackd.conf`, renderConntrackd(FAST, "alpha")),
  };
}

/** How many flows of its peer a router knows; none while its daemon is still starting. */
async function flowsOfPeer(lab: Lab, router: RouterName): Promise<number> {
  try {
    return await askForFlows(lab, router);
  } catch {
    return 0;
  }
}

async function askForFlows(lab: Lab, router: RouterName): Promise<number> {
  if (lab.routers[router].kind === "duet") {
    const { replication } = await new ControlClient(lab.routers[router].socket).status();
    return replication?.flows.external ?? 0;
  }
  const command = ["conntrackd", "-C", conntrackdFileOf(lab.name, router), "-s"];
  const words = ["netns", "exec", namespaceName(lab.name, router), ...command];
  const text = execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return Number(/external:\s+current active connections:\s+(\d+)/.exec(text)?.[1] ?? 0);
}
