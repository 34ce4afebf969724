import { describe, expect, test } from "vitest";
import { centiseconds, microseconds, milliseconds, seconds } from "../../../src/base/time.ts";
import { activeDownInterval, skewTime } from "../../../src/vrrp/timing.ts";
import { instanceConfig, routerConfig } from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

describe("skew time", () => {
  test.each([
    [2, 100, 1_000_000, 609_375],
    [2, 101, 1_000_000, 605_469],
    [2, 254, 1_000_000, 7_813],
    [2, 1, 1_000_000, 996_094],
    // Version 2 counts in seconds whatever the interval.
    [2, 100, 5_000_000, 609_375],
    [3, 100, 1_000_000, 609_375],
    [3, 101, 100_000, 60_547],
    [3, 100, 10_000, 6_094],
    [3, 255, 100_000, 391],
    [3, 100, 40_950_000, 24_953_906],
  ] as const)(
    "of version %i, priority %i, interval %i us is %i us",
    (version, priority, interval, expected) => {
      expect(skewTime(version, priority, microseconds(interval))).toBe(expected);
    },
  );
});

describe("Active_Down_Interval", () => {
  test.each([
    { version: 2, priority: 100, interval: 1_000_000, adverts: 3, expected: 3_609_375 },
    { version: 2, priority: 254, interval: 1_000_000, adverts: 3, expected: 3_007_813 },
    { version: 2, priority: 1, interval: 1_000_000, adverts: 3, expected: 3_996_094 },
    { version: 2, priority: 255, interval: 1_000_000, adverts: 3, expected: 3_003_906 },
    { version: 2, priority: 100, interval: 1_000_000, adverts: 1, expected: 1_609_375 },
    { version: 3, priority: 100, interval: 100_000, adverts: 3, expected: 360_938 },
    { version: 3, priority: 101, interval: 100_000, adverts: 3, expected: 360_547 },
    { version: 3, priority: 100, interval: 10_000, adverts: 3, expected: 36_094 },
  ] as const)(
    "of version $version, priority $priority, $adverts adverts every $interval us is $expected us",
    ({ version, priority, interval, adverts, expected }) => {
      const span = activeDownInterval(version, priority, microseconds(interval), adverts);
      expect(span).toBe(expected);
    },
  );
});

describe("a router that hears nobody becomes Active", () => {
  test("3.609375 s after it may listen, in version 2 with priority 100", () => {
    const rig = new Rig(routerConfig());
    rig.pass(microseconds(3_609_374));
    expect(rig.state).toBe("backup");
    rig.pass(microseconds(1));
    expect(rig.state).toBe("active");
    expect(rig.sentAt()).toEqual([3_609_375]);
  });

  test("360.547 ms after it may listen, in version 3 with 0.1 s and priority 101", () => {
    const config = instanceConfig({ version: 3, priority: 101, interval: centiseconds(10) });
    const rig = new Rig(routerConfig({ instances: [config] }));
    rig.pass(seconds(1));
    expect(rig.sentAt()[0]).toBe(360_547);
  });

  test("and then advertises once per interval, without drifting", () => {
    const config = instanceConfig({ version: 3, interval: centiseconds(10) });
    const rig = new Rig(routerConfig({ instances: [config] }), { kernelTakes: milliseconds(7) });
    rig.pass(milliseconds(700));
    expect(rig.sentAt()).toEqual([360_938, 460_938, 560_938, 660_938]);
  });

  test("even when its wakes are late, the schedule of advertisements keeps its beat", () => {
    const rig = new Rig(routerConfig());
    rig.pass(microseconds(3_609_375));
    rig.stall(milliseconds(1_200));
    rig.pass(milliseconds(800));
    expect(rig.sentAt()).toEqual([3_609_375, 4_809_375, 5_609_375]);
  });

  test("a wake before its deadline changes nothing", () => {
    const rig = new Rig(routerConfig());
    rig.pass(seconds(2));
    rig.take();
    rig.event({ type: "wake" });
    expect(rig.take()).toEqual([]);
    expect(rig.patience).toBe(1_609_375);
  });
});
