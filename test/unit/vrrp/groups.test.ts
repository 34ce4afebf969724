import { describe, expect, test } from "vitest";
import { microseconds, milliseconds, seconds } from "../../../src/base/time.ts";
import {
  groupConfig,
  instanceConfig,
  interfaceFacts,
  ip,
  lanAndWan,
  routerConfig,
} from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

const WAN_PEER = "198.51.100.3";

function activeGroup(some: Parameters<typeof lanAndWan>[0] = {}): Rig {
  const rig = new Rig(lanAndWan(some));
  rig.pass(seconds(4));
  expect(rig.state).toBe("active");
  rig.take();
  return rig;
}

const states = (rig: Rig): string[] => ["LAN", "WAN"].map((name) => rig.instance(name).state);

describe("a sync group becomes Active", () => {
  test("only when every member wants to be", () => {
    const rig = new Rig(lanAndWan());
    for (let second = 0; second < 20; second += 1) {
      rig.pass(seconds(1));
      rig.hear(200, { on: "WAN", from: WAN_PEER });
      expect(states(rig)).toEqual(["backup", "backup"]);
    }
    expect(rig.sent()).toEqual([]);
    rig.pass(microseconds(3_609_375));
    expect(states(rig)).toEqual(["active", "active"]);
  });

  test("in one batch, members in the order of the group", () => {
    const config = { ...lanAndWan(), groups: [groupConfig({ members: ["WAN", "LAN"] })] };
    const rig = new Rig(config);
    rig.take();
    rig.pass(microseconds(3_609_375));
    expect(rig.take().slice(0, 4)).toMatchObject([
      { type: "advertise", instance: "WAN" },
      { type: "advertise", instance: "LAN" },
      { type: "install", unit: "G", instances: ["WAN", "LAN"] },
      {
        type: "announce",
        unit: "G",
        bursts: [
          { instance: "WAN", rounds: 5 },
          { instance: "LAN", rounds: 5 },
        ],
      },
    ]);
  });

  test("as late as its slowest member", () => {
    const { instances, ...rest } = lanAndWan();
    const [lan, wan] = instances as [(typeof instances)[0], (typeof instances)[0]];
    const rig = new Rig({ ...rest, instances: [lan, { ...wan, priority: 1 }] });
    rig.pass(seconds(30));
    // LAN is ready at 3.609375 s, WAN at 3.996094 s; the one that completes the set begins.
    expect(rig.sentAt()[0]).toBe(3_996_094);
  });

  test("at once when all its members own their addresses, and not when only some do", () => {
    expect(new Rig(lanAndWan({ priority: 255 })).state).toBe("active");
    const { instances, ...rest } = lanAndWan({ priority: 255 });
    const [lan, wan] = instances as [(typeof instances)[0], (typeof instances)[0]];
    const mixed = new Rig({
      ...rest,
      instances: [lan, { ...wan, priority: 254, startsActive: false }],
    });
    expect(mixed.state).toBe("backup");
  });

  test("tells instances first, then the group", () => {
    const rig = new Rig(lanAndWan());
    rig.pass(seconds(4));
    expect(rig.notified()).toEqual([
      "INSTANCE LAN BACKUP",
      "INSTANCE WAN BACKUP",
      "GROUP G BACKUP",
      "INSTANCE LAN MASTER",
      "INSTANCE WAN MASTER",
      "GROUP G MASTER",
    ]);
  });

  test("after the skew time when the Active router resigns on every member", () => {
    const rig = new Rig(lanAndWan());
    for (const on of ["LAN", "WAN"]) rig.hear(200, { on });
    rig.pass(seconds(1));
    for (const on of ["LAN", "WAN"]) rig.hear(0, { on });
    rig.pass(microseconds(609_375));
    expect(rig.state).toBe("active");
  });

  test("a member that hears an Active router again no longer wants the role", () => {
    const rig = new Rig(lanAndWan());
    rig.pass(seconds(3));
    rig.hear(200, { on: "WAN", from: WAN_PEER });
    // LAN runs out and waits for WAN; then LAN hears the router again before WAN runs out.
    rig.pass(seconds(2));
    rig.hear(200, { on: "LAN" });
    rig.pass(seconds(2));
    expect(states(rig)).toEqual(["backup", "backup"]);
    rig.pass(seconds(2));
    expect(states(rig)).toEqual(["active", "active"]);
  });
});

describe("a sync group held back by one member", () => {
  test("says which path to look at, once a minute", () => {
    const rig = new Rig(lanAndWan());
    rig.hear(200, { on: "LAN" });
    for (let second = 0; second < 50; second += 1) {
      rig.hear(200, { on: "WAN", from: WAN_PEER });
      rig.pass(seconds(1));
    }
    const [remark, ...others] = rig.remarks();
    expect(others).toEqual([]);
    expect(remark).toMatchObject({ code: "group-held-back", subject: "G", level: "warn" });
    expect(remark?.text).toContain("LAN hears no Active router on eth0");
    expect(remark?.text).toContain(`WAN still hears ${WAN_PEER} on eth1`);
  });

  test("says so again after the group changed its state", () => {
    const rig = new Rig(lanAndWan());
    const oneSided = (span: number): void => {
      for (let second = 0; second < span; second += 1) {
        rig.hear(200, { on: "WAN", from: WAN_PEER });
        rig.pass(seconds(1));
      }
    };
    oneSided(12);
    rig.pass(seconds(4));
    expect(rig.state).toBe("active");
    oneSided(12);
    expect(rig.remarks().map(({ code }) => code)).toEqual(["group-held-back", "group-held-back"]);
  });

  test("says nothing when its members merely run out at different moments", () => {
    const rig = new Rig(lanAndWan());
    rig.hear(200, { on: "LAN" });
    rig.pass(milliseconds(1_500));
    rig.hear(200, { on: "WAN", from: WAN_PEER });
    rig.pass(seconds(6));
    expect(rig.state).toBe("active");
    expect(rig.remarks()).toEqual([]);
  });
});

describe("a sync group leaves Active as one", () => {
  test("when one member hears a higher priority: no resignation, all listen anew", () => {
    const rig = activeGroup();
    rig.hear(200, { on: "WAN", from: WAN_PEER });
    expect(states(rig)).toEqual(["backup", "backup"]);
    expect(rig.sent()).toEqual([]);
    expect(rig.of("withdraw")).toEqual([
      { type: "withdraw", unit: "G", instances: ["LAN", "WAN"] },
    ]);
    expect(rig.instance("LAN").deadline).toBe(rig.now + 3_609_375);
    expect(rig.instance("WAN").deadline).toBe(rig.now + 3_609_375);
  });

  test("when one member fails: every member resigns once", () => {
    const rig = activeGroup();
    rig.link("eth0", { running: false });
    expect(states(rig)).toEqual(["fault", "fault"]);
    expect(rig.of("advertise")).toEqual([
      { type: "advertise", instance: "LAN", priority: 0 },
      { type: "advertise", instance: "WAN", priority: 0 },
    ]);
    expect(rig.transitions()).toMatchObject([
      { unit: "G", kind: "group", to: "fault", cause: { code: "interface-down" } },
    ]);
  });
});

describe("a sync group in fault", () => {
  test("returns only when no member is faulty, with all timers restarted", () => {
    const rig = activeGroup();
    rig.link("eth0", { running: false });
    rig.link("eth1", { running: false });
    rig.pass(seconds(10));
    rig.link("eth0");
    expect(states(rig)).toEqual(["fault", "fault"]);
    rig.link("eth1");
    expect(states(rig)).toEqual(["backup", "backup"]);
    expect(rig.patience).toBe(3_609_375);
  });

  test("is where it starts when one member has no carrier", () => {
    const rig = new Rig(lanAndWan(), {
      interfaces: [interfaceFacts("eth0"), interfaceFacts("eth1", { running: false })],
    });
    expect(states(rig)).toEqual(["fault", "fault"]);
    rig.pass(seconds(10));
    expect(rig.sent()).toEqual([]);
  });

  test("hears nothing", () => {
    const rig = activeGroup();
    rig.link("eth0", { running: false });
    rig.hear(200, { on: "WAN", from: WAN_PEER });
    expect(rig.instance("WAN").counters.advertisementsReceived).toBe(0);
    expect(rig.instance("WAN").active).toBeNull();
  });
});

test("a lower priority heard by one member makes all members announce", () => {
  const rig = activeGroup();
  rig.hear(50, { on: "WAN", from: WAN_PEER });
  expect(rig.sent()).toEqual([100]);
  expect(rig.of("announce")).toEqual([
    {
      type: "announce",
      unit: "G",
      bursts: [
        { instance: "LAN", rounds: 5 },
        { instance: "WAN", rounds: 5 },
      ],
    },
  ]);
});

test("with nopreempt a higher priority in one member only does not move the group", () => {
  const rig = new Rig(lanAndWan({ preempt: false, priority: 200 }));
  for (let second = 0; second < 20; second += 1) {
    rig.hear(100, { on: "LAN" });
    rig.hear(100, { on: "WAN", from: WAN_PEER });
    rig.pass(seconds(1));
  }
  expect(rig.state).toBe("backup");
});

test("preemption is judged by each member: a lower priority on one side does not move the group", () => {
  const rig = new Rig(lanAndWan());
  for (let second = 0; second < 20; second += 1) {
    rig.hear(50, { on: "LAN" });
    rig.hear(150, { on: "WAN", from: WAN_PEER });
    rig.pass(seconds(1));
  }
  expect(rig.state).toBe("backup");
});

test("an instance outside the group lives its own life", () => {
  const config = lanAndWan();
  const other = instanceConfig({
    name: "X",
    vrid: 9,
    interface: "eth1",
    source: ip("198.51.100.9"),
  });
  const rig = new Rig(routerConfig({ ...config, instances: [...config.instances, other] }));
  rig.pass(seconds(4));
  rig.hear(200, { on: "X" });
  expect(rig.instance("X").state).toBe("backup");
  expect(states(rig)).toEqual(["active", "active"]);
});

describe("trackers in a group", () => {
  const link = (weight: number) => ({ tracker: "interface:eth2", weight, reverse: false });
  const script = (weight: number) => ({ tracker: "script:chk", weight, reverse: false });

  test("of the group change every member's priority", () => {
    const config = lanAndWan();
    const rig = new Rig({ ...config, groups: [groupConfig({ tracking: [script(-30)] })] });
    rig.event({ type: "tracker", tracker: "script:chk", value: "up" });
    rig.event({ type: "tracker", tracker: "script:chk", value: "down" });
    expect(rig.instance("LAN").effectivePriority).toBe(70);
    expect(rig.instance("WAN").effectivePriority).toBe(70);
  });

  test("of a member do not count when weighted, unless the group says so", () => {
    const tracked = { tracking: [script(-30)] };
    const config = lanAndWan(tracked);
    const down = { type: "tracker", tracker: "script:chk", value: "down" } as const;
    const rig = new Rig(config);
    rig.event(down);
    expect(rig.instance("LAN").effectivePriority).toBe(100);
    const weighted = new Rig({ ...config, groups: [groupConfig({ memberWeights: true })] });
    weighted.event(down);
    expect(weighted.instance("LAN").effectivePriority).toBe(70);
  });

  test("a member's weighted interface counts as one without weight", () => {
    const rig = new Rig(lanAndWan({ tracking: [link(-30)] }));
    rig.link("eth2");
    rig.pass(seconds(4));
    expect(rig.state).toBe("active");
    rig.link("eth2", { running: false });
    expect(rig.state).toBe("fault");
    expect(rig.instance("LAN").effectivePriority).toBe(100);
  });

  test("without weight that have not reported hold the whole group in silence", () => {
    const config = lanAndWan();
    const rig = new Rig({ ...config, groups: [groupConfig({ tracking: [script(0)] })] });
    rig.pass(seconds(10));
    expect(rig.state).toBe("init");
    rig.event({ type: "tracker", tracker: "script:chk", value: "up" });
    expect(states(rig)).toEqual(["backup", "backup"]);
  });
});
