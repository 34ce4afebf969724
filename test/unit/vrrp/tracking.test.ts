import { describe, expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import type { Tracking } from "../../../src/vrrp/config.ts";
import type { TrackerValue } from "../../../src/vrrp/events.ts";
import {
  effectivePriority,
  newScriptHealth,
  type ScriptHealth,
  scriptReported,
  scriptValue,
  trackerEffect,
} from "../../../src/vrrp/tracking.ts";
import { instanceConfig, routerConfig } from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

const tracking = (weight: number, reverse = false): Tracking => ({
  tracker: "script:chk",
  weight,
  reverse,
});

describe("a weighted tracker contributes", () => {
  test.each([
    ["up", 20, false, 20],
    ["up", -20, false, 0],
    ["up", 20, true, -20],
    ["up", -20, true, 0],
    ["down", 20, false, 0],
    ["down", -20, false, -20],
    ["down", 20, true, 0],
    ["down", -20, true, 20],
    ["unknown", 20, false, 0],
    ["unknown", -20, false, -20],
  ] as const)("%s with weight %i, reverse %s: %i", (value, weight, reverse, contribution) => {
    const effect = trackerEffect(tracking(weight, reverse), value);
    expect(effect.fault).toBe(false);
    expect(effect.unknown).toBe(false);
    expect(effect.contribution + 0).toBe(contribution);
  });
});

describe("a tracker without weight", () => {
  test.each([
    ["up", false, false],
    ["down", false, true],
    ["up", true, true],
    ["down", true, false],
  ] as const)("%s, reverse %s: fault %s", (value, reverse, fault) => {
    expect(trackerEffect(tracking(0, reverse), value)).toMatchObject({ fault, unknown: false });
  });

  test("that has not reported is neither a fault nor fine", () => {
    expect(trackerEffect(tracking(0), "unknown")).toMatchObject({ fault: false, unknown: true });
  });
});

describe("a tracked file", () => {
  test.each([
    [1, 10, 110, false],
    [1, -10, 90, false],
    [1, 200, 254, false],
    [1, -253, 1, false],
    [1, -254, 1, true],
    [1, -4_000, 1, true],
    [2, 3, 106, false],
    [-1, 254, 1, true],
    [1, 4_000_000, 254, false],
  ])(
    "of weight %i with the number %i makes 100 into %i, fault %s",
    (weight, value, priority, fault) => {
      const effect = trackerEffect(tracking(weight), value);
      expect(effect.fault).toBe(fault);
      expect(effectivePriority(100, effect.contribution)).toBe(priority);
    },
  );

  test("without weight is a fault unless it holds 0, or with reverse while it does", () => {
    expect(trackerEffect(tracking(0), 0).fault).toBe(false);
    expect(trackerEffect(tracking(0), 7).fault).toBe(true);
    expect(trackerEffect(tracking(0, true), 0).fault).toBe(true);
    expect(trackerEffect(tracking(0, true), 7).fault).toBe(false);
  });
});

test("priorities stay within 1 and 254, and an owner's never changes", () => {
  expect(effectivePriority(100, -500)).toBe(1);
  expect(effectivePriority(100, 500)).toBe(254);
  expect(effectivePriority(255, -100)).toBe(255);
});

describe("a script's rise and fall", () => {
  /** Values before the first result and after each: u for up, d for down, ? for unknown. */
  const run = (health: ScriptHealth, results: string): string => {
    const letter = (one: ScriptHealth): string =>
      ({ up: "u", down: "d", unknown: "?" })[scriptValue(one)];
    let now = health;
    let seen = letter(now);
    for (const result of results) {
      now = scriptReported(now, result === "+");
      seen += letter(now);
    }
    return seen;
  };

  test("the first result decides alone", () => {
    expect(run(newScriptHealth(3, 3, false), "+")).toBe("?u");
    expect(run(newScriptHealth(3, 3, false), "-")).toBe("?d");
  });

  test("down, it takes as many successes in a row as `rise` says", () => {
    expect(run(newScriptHealth(3, 2, false), "-++-+++")).toBe("?ddddddu");
  });

  test("up, it takes as many failures in a row as `fall` says", () => {
    expect(run(newScriptHealth(2, 3, false), "+--+---")).toBe("?uuuuuud");
  });

  test("init_fail starts it as failed, and then `rise` successes are needed", () => {
    expect(run(newScriptHealth(2, 1, true), "++")).toBe("ddu");
  });

  test("with rise and fall of 1 every result decides", () => {
    expect(run(newScriptHealth(1, 1, false), "+-+")).toBe("?udu");
  });
});

describe("a tracker's change", () => {
  const tracked = (weight: number, more = {}): Rig => {
    const config = instanceConfig({ tracking: [tracking(weight)], ...more });
    const rig = new Rig(routerConfig({ instances: [config] }));
    rig.event({ type: "tracker", tracker: "script:chk", value: "up" });
    return rig;
  };
  const report = (rig: Rig, value: TrackerValue): void =>
    rig.event({ type: "tracker", tracker: "script:chk", value });

  test("shifts a running Backup timer by the change in skew", () => {
    const rig = tracked(-20);
    rig.pass(seconds(1));
    report(rig, "down");
    expect(rig.patience).toBe(2_609_375 + 78_125);
    report(rig, "up");
    expect(rig.patience).toBe(2_609_375);
  });

  test("is in the next advertisement, which is not sent earlier for it", () => {
    const rig = tracked(-20);
    rig.pass(seconds(4));
    rig.take();
    report(rig, "down");
    expect(rig.sent()).toEqual([]);
    rig.pass(seconds(1));
    expect(rig.sent()).toEqual([80]);
    expect(rig.remarks()).toMatchObject([{ code: "priority-changed", level: "info" }]);
  });

  test("makes an Active router yield once a Backup is better", () => {
    const rig = tracked(-20);
    rig.pass(seconds(4));
    rig.hear(90);
    expect(rig.state).toBe("active");
    report(rig, "down");
    rig.hear(90);
    expect(rig.state).toBe("backup");
  });

  test("without weight is a fault with the tracker's name", () => {
    const rig = tracked(0);
    rig.pass(seconds(4));
    report(rig, "down");
    expect(rig.unit().cause).toEqual({ code: "tracker-down", text: "script chk is down" });
    report(rig, "up");
    expect(rig.state).toBe("backup");
  });

  test("is told to scripts only where that is asked for", () => {
    const quiet = tracked(-20);
    report(quiet, "down");
    expect(quiet.notified()).toEqual(["INSTANCE VI BACKUP"]);
    const told = tracked(-20, { reportPriorityChanges: true });
    told.take();
    report(told, "down");
    expect(told.of("notify")).toMatchObject([{ state: "BACKUP_PRIORITY", priority: 80 }]);
    told.pass(seconds(5));
    told.take();
    report(told, "up");
    expect(told.of("notify")).toMatchObject([{ state: "MASTER_PRIORITY", priority: 100 }]);
  });

  test("is not what a weighted tracker says before the instance takes part", () => {
    const rig = tracked(20);
    expect(rig.instance().effectivePriority).toBe(120);
    const silent = new Rig(
      routerConfig({ instances: [instanceConfig({ tracking: [tracking(-20)] })] }),
    );
    expect(silent.instance().effectivePriority).toBe(80);
    expect(silent.remarks()).toEqual([]);
    expect(silent.patience).toBe(3_000_000 + 687_500);
  });

  test("does not touch an owner", () => {
    const rig = tracked(-20, { priority: 255 });
    report(rig, "down");
    expect(rig.instance().effectivePriority).toBe(255);
  });
});

describe("a tracked interface", () => {
  const config = routerConfig({
    instances: [
      instanceConfig({ tracking: [{ tracker: "interface:eth1", weight: -50, reverse: false }] }),
    ],
  });

  test("takes its state from the kernel", () => {
    const rig = new Rig(config);
    expect(rig.instance().effectivePriority).toBe(100);
    rig.link("eth1", { running: false });
    expect(rig.instance().effectivePriority).toBe(50);
    expect(rig.unit().trackers).toEqual([
      { tracker: "interface:eth1", value: "down", weight: -50 },
    ]);
  });

  test("honours its delays", () => {
    const linkDelays = [{ interface: "eth1", down: seconds(2), up: seconds(1) }];
    const rig = new Rig({ ...config, linkDelays });
    rig.link("eth1", { running: false });
    rig.pass(seconds(1));
    expect(rig.instance().effectivePriority).toBe(100);
    rig.pass(seconds(1));
    expect(rig.instance().effectivePriority).toBe(50);
  });

  test("that does not exist is down", () => {
    const rig = new Rig(config);
    rig.link("eth1", { present: false, running: false, addresses: [] });
    expect(rig.instance().effectivePriority).toBe(50);
  });
});
