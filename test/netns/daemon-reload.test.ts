import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually, stopAll, TestDaemon } from "../support/daemon.ts";
import {
  addressesOf,
  buildPair,
  GLOBALS,
  holds,
  howTo,
  type InstanceText,
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

const single = (text: InstanceText = {}): string => GLOBALS + instance({ priority: 150, ...text });

/** A router alone, Active. */
async function active(config: string = single()): Promise<TestDaemon> {
  const daemon = await TestDaemon.start(pair.alpha, { config });
  await daemon.becomes("I1", "active");
  return daemon;
}

const transitions = async (daemon: TestDaemon): Promise<number> =>
  (await daemon.events("vrrp.transition")).length;

test.runIf(isRoot)("a reload of an unchanged file changes nothing on either router", async () => {
  const [first, second] = await startPair(pair, howTo, "G1");
  const before = [await transitions(first), await transitions(second)];
  const links = pair.alpha.ip("-4 -o address show dev lan").replaceAll(/\d+sec/g, "");
  const event = await first.reload(howTo(150));
  expect(event).toMatchObject({
    name: "config.reloaded",
    text: "configuration reloaded: nothing changed",
  });
  expect((await second.reload(howTo(100))).data).toEqual({ changes: [] });
  await eventually("two more seconds of advertisements", async () => {
    const { counters } = await second.instance("I1");
    return counters.advertisementsReceived > 20;
  });
  expect([await transitions(first), await transitions(second)]).toEqual(before);
  expect(pair.alpha.ip("-4 -o address show dev lan").replaceAll(/\d+sec/g, "")).toBe(links);
});

test.runIf(isRoot)(
  "a lower priority is advertised at once, and a better peer takes over by the rules",
  async () => {
    const [first, second] = await startPair(pair, (priority) => single({ priority }), "I1");
    await first.reload(single({ priority: 50 }));
    expect(await first.instance("I1")).toMatchObject({ basePriority: 50 });
    await second.becomes("I1", "active");
    await first.becomes("I1", "backup");
  },
);

test.runIf(isRoot)(
  "an address that is added comes, one that is removed goes, the others stay",
  async () => {
    const daemon = await active();
    await daemon.reload(single({ addresses: ["10.1.0.1/24", "10.1.0.5/24"] }));
    expect(addressesOf(pair.alpha, "lan")).toEqual(
      expect.arrayContaining(["10.1.0.2/24", "10.1.0.1/24", "10.1.0.5/24"]),
    );
    const event = await daemon.reload(single({ addresses: ["10.1.0.5/24"] }));
    expect((event.data as { changes: string[] }).changes).not.toEqual([]);
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(false);
    expect(holds(pair.alpha, "lan", "10.1.0.5/24")).toBe(true);
    expect(await transitions(daemon)).toBe(2);
  },
);

test.runIf(isRoot)("a route that changes is exchanged without a transition", async () => {
  const route = (metric: number): string =>
    `virtual_routes {
      10.77.0.0/24 via 10.2.0.1 dev wan metric ${metric}
    }`;
  const daemon = await active(single({ more: route(7) }));
  expect(routesOf(pair.alpha)).toContain("10.77.0.0/24 via 10.2.0.1 dev wan proto 112 metric 7");
  await daemon.reload(single({ more: route(8) }));
  const now = routesOf(pair.alpha).filter((line) => line.startsWith("10.77"));
  expect(now).toEqual(["10.77.0.0/24 via 10.2.0.1 dev wan proto 112 metric 8"]);
  await daemon.reload(single());
  expect(routesOf(pair.alpha).filter((line) => line.startsWith("10.77"))).toEqual([]);
  expect(await transitions(daemon)).toBe(2);
});

test.runIf(isRoot)(
  "an instance that is added is elected, one that is removed gives back what it had",
  async () => {
    const daemon = await active();
    const other = instance({ name: "I2", vrid: 52, addresses: ["10.1.0.6/24"] });
    await daemon.reload(single() + other);
    await daemon.becomes("I2", "active");
    expect(holds(pair.alpha, "lan", "10.1.0.6/24")).toBe(true);
    await daemon.reload(single());
    expect(holds(pair.alpha, "lan", "10.1.0.6/24")).toBe(false);
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
    const { units } = await daemon.client.status();
    expect(units.map(({ name, state }) => [name, state])).toEqual([["I1", "active"]]);
  },
);

test.runIf(isRoot)(
  "a renamed instance keeps its role, its addresses and its counters",
  async () => {
    const daemon = await active();
    const { counters } = await daemon.instance("I1");
    await daemon.reload(single({ name: "NEW" }));
    expect(await daemon.unit("NEW")).toMatchObject({ state: "active" });
    const renamed = await daemon.instance("NEW");
    expect(renamed.counters.becameActive).toBe(1);
    expect(renamed.counters.advertisementsSent).toBeGreaterThanOrEqual(counters.advertisementsSent);
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
    expect((await daemon.events("vrrp.transition")).map(({ data }) => data)).not.toContainEqual(
      expect.objectContaining({ from: "active" }),
    );
  },
);

test.runIf(isRoot)("a group that takes in an active instance holds both afterwards", async () => {
  const other = instance({
    name: "I2",
    vrid: 52,
    interface: "wan",
    priority: 150,
    addresses: ["10.2.0.4/24"],
  });
  const daemon = await active(single() + other);
  await daemon.becomes("I2", "active");
  const group = "vrrp_sync_group G {\n  group {\n    I1\n    I2\n  }\n}\n";
  await daemon.reload(GLOBALS + group + single().slice(GLOBALS.length) + other);
  await daemon.becomes("G", "active");
  expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
  expect(holds(pair.alpha, "wan", "10.2.0.4/24")).toBe(true);
});

test.runIf(isRoot)(
  "a bad file leaves the old configuration in force and says what is wrong",
  async () => {
    const daemon = await active();
    const event = await daemon.reload(single({ interface: "nowhere" }));
    expect(event.name).toBe("config.rejected");
    expect(event.text).toMatch(
      /the new configuration has an error; the earlier one stays in force/,
    );
    await eventually("the finding in the log", () =>
      /keepalived\.conf:\d+:\d+: error: .*nowhere/.test(daemon.log),
    );
    expect(await daemon.unit("I1")).toMatchObject({ state: "active" });
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
    expect(await transitions(daemon)).toBe(2);

    expect(await daemon.reload(single())).toMatchObject({ name: "config.reloaded" });
  },
);

test.runIf(isRoot)("a truncated file and a missing file are refused as well", async () => {
  const daemon = await active();
  const whole = single();
  expect((await daemon.reload(whole.slice(0, -20))).name).toBe("config.rejected");
  pair.alpha.exec("rm", daemon.configFile);
  const answer = await daemon.client.reload();
  expect(answer).toMatchObject({ applied: false, changes: [] });
  expect(answer.diagnostics.map(({ message }) => message).join()).toContain("no such file");
  expect(await daemon.unit("I1")).toMatchObject({ state: "active" });
});

test.runIf(isRoot)(
  "a change that the kernel refuses fails loudly and takes the addresses along",
  async () => {
    const daemon = await active();
    const more = "virtual_routes {\n    10.77.0.0/24 via 10.99.0.1 dev wan\n  }";
    await daemon.reload(single({ more }));
    const { cause } = await daemon.becomes("I1", "fault");
    expect(cause.text).toMatch(/10\.77\.0\.0\/24.*(ENETUNREACH|EHOSTUNREACH|EINVAL)/);
    expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(false);
    await daemon.reload(single());
    await daemon.becomes("I1", "active");
  },
);

test.runIf(isRoot)("twenty reloads in a row are handled one at a time", async () => {
  const daemon = await active();
  const answers = await Promise.all(Array.from({ length: 20 }, () => daemon.client.reload()));
  expect(answers.every(({ applied }) => applied)).toBe(true);
  expect(await transitions(daemon)).toBe(2);
  expect(holds(pair.alpha, "lan", "10.1.0.1/24")).toBe(true);
});
