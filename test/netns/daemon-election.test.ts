import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  addressesOf,
  atRest,
  buildPair,
  GLOBALS,
  holds,
  howTo,
  instance,
  type PairNet,
  routesOf,
  startPair,
} from "../support/daemon-pair.ts";
import { isRoot } from "../support/netns.ts";

let pair: PairNet;

beforeAll(() => {
  if (isRoot) pair = buildPair();
});
afterEach(stopAll);
afterAll(() => {
  if (isRoot) pair.net.close();
});

/** Milliseconds between the last two transitions, by the daemon's own clock. */
async function lastStayMs(daemon: TestDaemon): Promise<number> {
  const [before, last] = (await daemon.events("vrrp.transition")).slice(-2);
  return Date.parse(last!.at) - Date.parse(before!.at);
}

const DEFAULT_ROUTE = "default via 10.2.0.1 dev wan proto 112 src 10.2.0.4 metric 5";

test.runIf(isRoot)(
  "a start ends in listening, and the first advertisement follows the silence",
  async () => {
    const daemon = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance() });
    await daemon.becomes("I1", "active");
    const transitions = await daemon.events("vrrp.transition");
    expect(transitions).toMatchObject([
      { data: { from: "init", to: "backup", cause: { code: "start" } } },
      { data: { from: "backup", to: "active", cause: { code: "active-down" } } },
    ]);
    expect(await daemon.instance("I1")).toMatchObject({
      state: "active",
      source: "10.1.0.2",
      intervalMs: 100,
      addresses: ["10.1.0.1/24 dev lan"],
      faults: [],
    });
  },
);

test.runIf(isRoot)(
  "a pair elects one router, which alone holds addresses, route and group",
  async () => {
    const [first, second] = await startPair(pair, howTo, "G1");
    expect(addressesOf(pair.alpha, "lan")).toContain("10.1.0.1/24");
    expect(addressesOf(pair.alpha, "wan")).toContain("10.2.0.4/24");
    expect(routesOf(pair.alpha)).toContain(DEFAULT_ROUTE);
    expect(holds(pair.beta, "lan", "10.1.0.1/24")).toBe(false);
    expect(holds(pair.beta, "wan", "10.2.0.4/24")).toBe(false);
    expect(routesOf(pair.beta)).not.toContain(DEFAULT_ROUTE);
    expect(await first.unit("G1")).toMatchObject({ state: "active", members: ["E1", "I1"] });
    expect(await second.instance("E1")).toMatchObject({
      active: { source: "10.2.0.2", priority: 150 },
    });
    expect(await second.instance("I1")).toMatchObject({
      active: { source: "10.1.0.2", priority: 150 },
    });
  },
);

test.runIf(isRoot)("an event says why, what was done and how long each step took", async () => {
  const [first] = await startPair(pair, howTo, "G1");
  const event = await first.event("vrrp.transition", /backup -> active/);
  expect(event.data).toMatchObject({
    unit: "G1",
    kind: "group",
    cause: { code: "active-down" },
    steps: [
      { name: "detect" },
      { name: "claim", detail: "2 advertised" },
      { name: "install", detail: "3 addresses, routes and rules" },
      { name: "announce", detail: "10 frames" },
    ],
  });
});

test.runIf(isRoot)(
  "when one cable of the group is cut the other router takes all of it",
  async () => {
    const [first, second] = await startPair(pair, howTo, "G1");
    pair.lan.namespace.ip(`link set ${pair.lanPorts[0]} down`);
    await second.becomes("G1", "active");
    expect(holds(pair.beta, "wan", "10.2.0.4/24")).toBe(true);
    expect(routesOf(pair.beta)).toContain(DEFAULT_ROUTE);
    const unit = await first.becomes("G1", "fault");
    expect(unit.cause).toEqual({
      code: "interface-down",
      text: "interface lan is down or has no carrier",
    });
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(false);
    expect(holds(pair.alpha, "wan", "10.2.0.4/24")).toBe(false);
    expect(routesOf(pair.alpha)).not.toContain(DEFAULT_ROUTE);

    pair.lan.namespace.ip(`link set ${pair.lanPorts[0]} up`);
    await first.becomes("G1", "active");
    await second.becomes("G1", "backup");
  },
);

test.runIf(isRoot)("a router that comes back does not preempt with nopreempt", async () => {
  const config = (priority: number): string => howTo(priority, "nopreempt");
  const [first, second] = await startPair(pair, config, "G1");
  pair.wan.namespace.ip(`link set ${pair.wanPorts[0]} down`);
  await second.becomes("G1", "active");
  pair.wan.namespace.ip(`link set ${pair.wanPorts[0]} up`);
  await first.becomes("G1", "backup");
  await eventually("advertisements of the other", async () => {
    const { counters } = await first.instance("E1");
    return counters.advertisementsReceived > 10;
  });
  expect(await first.unit("G1")).toMatchObject({ state: "backup" });
  expect(await second.unit("G1")).toMatchObject({ state: "active" });
});

test.runIf(isRoot)("SIGTERM resigns and takes back what was added, and nothing else", async () => {
  await atRest(pair.alpha);
  const before = [pair.alpha.ip("-4 address"), pair.alpha.ip("route"), pair.alpha.ip("rule")];
  const [first, second] = await startPair(pair, howTo, "G1");
  expect(await first.stop()).toEqual({ code: 0, signal: null });
  expect([pair.alpha.ip("-4 address"), pair.alpha.ip("route"), pair.alpha.ip("rule")]).toEqual(
    before,
  );
  const { cause } = await second.becomes("G1", "active");
  expect(cause.code).toBe("active-resigned");
});

test.runIf(isRoot)("an operator's resignation moves the role once", async () => {
  const config = (priority: number): string => GLOBALS + instance({ priority, more: "nopreempt" });
  const [first, second] = await startPair(pair, config, "I1");
  await first.client.resign("I1");
  await second.becomes("I1", "active");
  expect(await first.unit("I1")).toMatchObject({
    state: "backup",
    cause: { code: "resign-asked" },
  });
});

test.runIf(isRoot)("preempt_delay holds a better router back, and only for that long", async () => {
  const config = (priority: number): string =>
    GLOBALS + instance({ priority, more: priority > 120 ? "preempt_delay 2" : "" });
  const [first, second] = await startPair(pair, config, "I1");
  await first.client.resign("I1");
  await second.becomes("I1", "active");
  await first.event("vrrp.transition", /active -> backup/);
  await first.becomes("I1", "active");
  expect(await lastStayMs(first)).toBeGreaterThan(1_500);
});

test.runIf(isRoot)("vrrp_startup_delay keeps a router quiet and deaf at first", async () => {
  const globals = GLOBALS.replace("vrrp_version 3", "vrrp_version 3\n  vrrp_startup_delay 2");
  const began = performance.now();
  const daemon = await TestDaemon.start(pair.alpha, { config: globals + instance() });
  await daemon.becomes("I1", "active");
  // Two seconds, and a master-down time of 0.36 s behind them.
  expect(performance.now() - began).toBeGreaterThan(2_300);
});

test.runIf(isRoot)(
  "two routers of different priority in version 2 share a password, and a stranger is refused",
  async () => {
    const config = (priority: number, password: string): string =>
      `vrrp_instance I1 {
      state backup
      interface lan
      virtual_router_id 51
      priority ${priority}
      advert_int 1
      virtual_ipaddress {
        10.1.0.1/24
      }
      authentication {
        auth_type PASS
        auth_pass ${password}
      }
    }`;
    const first = await TestDaemon.start(pair.alpha, { config: config(200, "s3cret") });
    await first.becomes("I1", "active");
    const second = await TestDaemon.start(pair.beta, { config: config(100, "wrong") });
    const deaf = await eventually("refusals", async () => {
      const one = await second.instance("I1");
      return Object.values(one.counters.refused).some((count) => count >= 2) && one;
    });
    expect(deaf).toMatchObject({ state: "backup", counters: { advertisementsReceived: 0 } });
    await second.reload(config(100, "s3cret"));
    await eventually("advertisements", async () => {
      const { counters } = await second.instance("I1");
      return counters.advertisementsReceived >= 1;
    });
    await second.becomes("I1", "backup");
    expect(holds(pair.beta, "lan", "10.1.0.1/24")).toBe(false);
  },
);
