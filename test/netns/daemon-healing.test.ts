import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  addressesOf,
  buildPair,
  GLOBALS,
  holds,
  howTo,
  instance,
  type PairNet,
  routesOf,
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

const DEFAULT_ROUTE = "default via 10.2.0.1 dev wan proto 112 src 10.2.0.4 metric 5";
const VIRTUAL_ROUTE = "10.77.0.0/24 via 10.2.0.1 dev wan proto 112";

async function active(config: string, unit = "I1"): Promise<TestDaemon> {
  const daemon = await TestDaemon.start(pair.alpha, { config });
  await daemon.becomes(unit, "active");
  return daemon;
}

const healed = async (daemon: TestDaemon, name: string): Promise<number> =>
  (await daemon.instance(name)).counters.objectsHealed;

test.runIf(isRoot)(
  "an address, and the route that went with it, are put back, counted and reported",
  async () => {
    const daemon = await active(howTo(150), "G1");
    pair.alpha.ip("address del 10.2.0.4/24 dev wan");
    await eventually("the count", async () => (await healed(daemon, "E1")) > 0);
    await eventually("the route", () => routesOf(pair.alpha).includes(DEFAULT_ROUTE));
    expect(holds(pair.alpha, "wan", "10.2.0.4/24")).toBe(true);
    const { text, level } = await daemon.event("vrrp.object-healed", /10\.2\.0\.4/);
    expect(text).toContain("10.2.0.4/24");
    expect(level).toBe("warn");
    expect(await daemon.events("vrrp.transition")).toHaveLength(2);
  },
);

test.runIf(isRoot)("a route and a rule are put back", async () => {
  const more = `virtual_routes {
    10.77.0.0/24 via 10.2.0.1 dev wan
  }
  virtual_rules {
    from 10.77.0.0/24 table 100 priority 1077
  }`;
  const daemon = await active(GLOBALS + instance({ more }));
  pair.alpha.ip("route del 10.77.0.0/24");
  await eventually("the route", () => routesOf(pair.alpha).includes(VIRTUAL_ROUTE));
  pair.alpha.ip("rule del priority 1077");
  await eventually("the rule", () => pair.alpha.ip("rule").includes("1077:"));
  expect(await healed(daemon, "I1")).toBe(2);
  expect(await daemon.events("vrrp.transition")).toHaveLength(2);
});

test.runIf(isRoot)(
  "all addresses flushed at once come back, the foreign one does not",
  async () => {
    const daemon = await active(GLOBALS + instance({ addresses: ["10.1.0.1/24", "10.1.0.5/24"] }));
    pair.alpha.ip("address add 10.1.0.200/24 dev lan");
    pair.alpha.ip("address del 10.1.0.200/24 dev lan");
    pair.alpha.ip("address del 10.1.0.1/24 dev lan");
    pair.alpha.ip("address del 10.1.0.5/24 dev lan");
    await eventually(
      "both",
      () => holds(pair.alpha, "lan", "10.1.0.1/24") && holds(pair.alpha, "lan", "10.1.0.5/24"),
    );
    expect(addressesOf(pair.alpha, "lan")).not.toContain("10.1.0.200/24");
    expect(await healed(daemon, "I1")).toBe(2);
  },
);

test.runIf(isRoot)(
  "an interface that goes down is a fault, and nothing stays behind when it comes up",
  async () => {
    const daemon = await active(howTo(150), "G1");
    pair.alpha.ip("link set wan down");
    const { cause } = await daemon.becomes("G1", "fault");
    expect(cause.code).toBe("interface-down");
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(false);
    pair.alpha.ip("link set wan up");
    await daemon.becomes("G1", "active");
    await eventually("the route", () => routesOf(pair.alpha).includes(DEFAULT_ROUTE));
    expect(holds(pair.alpha, "wan", "10.2.0.4/24")).toBe(true);
  },
);

test.runIf(isRoot)("an interface that is deleted and made anew is used again", async () => {
  const daemon = await active(howTo(150), "G1");
  pair.alpha.ip("link del wan");
  await daemon.becomes("G1", "fault");
  await eventually("the interface to be missed", async () => {
    const { faults } = await daemon.instance("E1");
    return faults.some(({ text }) => text === "there is no interface wan");
  });
  pair.wan.plug(pair.alpha, "wan");
  const waiting = await eventually("its address to be missed", async () => {
    const { faults } = await daemon.instance("E1");
    return faults.find(({ code }) => code === "no-source-address");
  });
  expect(waiting.text).toBe("interface wan has no IPv4 address");
  pair.alpha.ip("address add 10.2.0.2/24 dev wan");
  await daemon.becomes("G1", "active");
  expect(routesOf(pair.alpha)).toContain(DEFAULT_ROUTE);
  // It hears as well: a better router is believed.
  const peer = await TestDaemon.start(pair.beta, { config: howTo(200) });
  await peer.becomes("G1", "active");
  await daemon.becomes("G1", "backup");
});

test.runIf(isRoot)("a renamed interface is a missing one", async () => {
  const daemon = await active(GLOBALS + instance());
  pair.alpha.ip("link set lan name other");
  const { cause } = await daemon.becomes("I1", "fault");
  expect(cause.code).toBe("interface-missing");
  expect(addressesOf(pair.alpha, "other")).toContain("10.1.0.2/24");
  await eventually("the address to go", () => !holds(pair.alpha, "other", "10.1.0.1/24"));
  pair.alpha.ip("link set other name lan");
  await daemon.becomes("I1", "active");
});

test.runIf(isRoot)(
  "an installation that fails half-way is rolled back, and the kernel's reason is the fault's",
  async () => {
    const more = `virtual_routes {
    10.77.0.0/24 via 10.2.0.1 dev wan
    10.78.0.0/24 via 10.99.0.1 dev wan
  }`;
    const daemon = await TestDaemon.start(pair.alpha, { config: GLOBALS + instance({ more }) });
    const { cause } = await daemon.becomes("I1", "fault");
    expect(cause.code).toBe("install-failed");
    expect(cause.text).toMatch(/10\.78\.0\.0\/24.*ENETUNREACH.*Nexthop has invalid gateway/);
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(false);
    expect(routesOf(pair.alpha)).not.toContain(VIRTUAL_ROUTE);
    const { counters } = await daemon.instance("I1");
    expect(counters.priorityZeroSent).toBe(1);

    // What was wrong is mended: the next attempt comes by itself.
    pair.alpha.ip("address add 10.99.0.2/24 dev wan");
    await daemon.becomes("I1", "active");
    pair.alpha.ip("address del 10.99.0.2/24 dev wan");
  },
);

test.runIf(isRoot)(
  "the loss of the own address is a fault, and the address of another instance is no substitute",
  async () => {
    const daemon = await active(GLOBALS + instance());
    pair.alpha.ip("address del 10.1.0.2/24 dev lan");
    const { cause } = await daemon.becomes("I1", "fault");
    expect(cause.code).toBe("no-source-address");
    expect(addressesOf(pair.alpha, "lan").filter((one) => !one.startsWith("fe80"))).toEqual([]);
    pair.alpha.ip("address add 10.1.0.2/24 dev lan");
    await daemon.becomes("I1", "active");
  },
);

test.runIf(isRoot)(
  "static objects are there in every role, are put back, and go at the end",
  async () => {
    const config = `${GLOBALS}
static_ipaddress {
  10.1.0.77/24 dev lan
}
static_routes {
  10.66.0.0/24 via 10.2.0.1 dev wan
}
static_rules {
  from 10.66.0.0/24 table 100 priority 1066
}
${instance()}`;
    const daemon = await TestDaemon.start(pair.alpha, { config });
    const isComplete = (): boolean =>
      holds(pair.alpha, "lan", "10.1.0.77/24") &&
      routesOf(pair.alpha).includes("10.66.0.0/24 via 10.2.0.1 dev wan proto 112") &&
      pair.alpha.ip("rule").includes("1066:");
    expect(isComplete()).toBe(true);
    pair.alpha.ip("address del 10.1.0.77/24 dev lan");
    await eventually("the static address", isComplete);
    pair.alpha.ip("route del 10.66.0.0/24");
    await eventually("the static route", isComplete);
    pair.alpha.ip("rule del priority 1066");
    await eventually("the static rule", isComplete);
    pair.alpha.ip("link set wan down");
    pair.alpha.ip("link set wan up");
    await eventually("the static route after the link", isComplete);
    await daemon.stop();
    expect(holds(pair.alpha, "lan", "10.1.0.77/24")).toBe(false);
    expect(routesOf(pair.alpha).filter((line) => line.startsWith("10.66"))).toEqual([]);
    expect(pair.alpha.ip("rule")).not.toContain("1066:");
  },
);

test.runIf(isRoot)(
  "an interface whose only address is a static one of ours can speak",
  async () => {
    pair.alpha.ip("address del 10.1.0.2/24 dev lan");
    try {
      const statics = "static_ipaddress {\n  10.1.0.7/24 dev lan\n}\n";
      const daemon = await active(GLOBALS + statics + instance());
      expect(await daemon.instance("I1")).toMatchObject({ source: "10.1.0.7" });
    } finally {
      pair.alpha.ip("address add 10.1.0.2/24 dev lan");
    }
  },
);
