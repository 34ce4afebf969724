import { describe, expect, test } from "vitest";
import { microseconds, milliseconds, NO_TIME, seconds } from "../../../src/base/time.ts";
import type { InstanceConfig, RouterConfig } from "../../../src/vrrp/config.ts";
import {
  ANNOUNCEMENTS,
  groupConfig,
  instanceConfig,
  lanAndWan,
  routerConfig,
  unicast,
  virtualAddress,
} from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

const one = (some: Partial<InstanceConfig> = {}): RouterConfig =>
  routerConfig({ instances: [instanceConfig(some)] });

function active(config: RouterConfig): Rig {
  const rig = new Rig(config);
  rig.pass(seconds(4));
  expect(rig.state).toBe("active");
  rig.take();
  rig.objects = 0;
  return rig;
}

describe("a reload that changes nothing", () => {
  test("makes an Active router advertise once and check what it holds, and nothing else", () => {
    const rig = active(one());
    rig.reload(one());
    expect(rig.take()).toEqual([
      { type: "advertise", instance: "VI", priority: 100 },
      { type: "install", unit: "VI", instances: ["VI"] },
    ]);
    expect(rig.patience).toBe(1_000_000);
    expect(rig.unit().cause.code).toBe("reload");
  });

  test("restarts the timer of a Backup, silently", () => {
    const rig = new Rig(one());
    rig.pass(seconds(3));
    rig.take();
    rig.reload(one());
    expect(rig.take()).toEqual([]);
    expect(rig.patience).toBe(3_609_375);
  });

  test("leaves a router in fault where it is, silently", () => {
    const rig = new Rig(one());
    rig.link("eth0", { running: false });
    rig.take();
    rig.reload(one());
    expect(rig.take()).toEqual([]);
    expect(rig.state).toBe("fault");
    rig.link("eth0");
    expect(rig.notified()).toEqual(["INSTANCE VI BACKUP"]);
  });

  test("keeps the counters", () => {
    const rig = active(one());
    const before = rig.instance().counters;
    rig.reload(one());
    expect(rig.instance().counters).toEqual({
      ...before,
      advertisementsSent: before.advertisementsSent + 1,
    });
  });

  test("keeps what trackers and interfaces said", () => {
    const config = one({ tracking: [{ tracker: "script:chk", weight: 20, reverse: false }] });
    const rig = new Rig(config);
    rig.event({ type: "tracker", tracker: "script:chk", value: "up" });
    rig.reload(config);
    expect(rig.instance().effectivePriority).toBe(120);
  });

  test("goes on renewing lifetimes", () => {
    const fencing = { lifetimeSeconds: 2, renewal: milliseconds(500) };
    const rig = active({ ...one(), fencing });
    rig.reload({ ...one(), fencing });
    rig.take();
    rig.pass(milliseconds(500));
    expect(rig.of("renew")).toHaveLength(1);
  });

  test("makes one burst of announcements where refreshes are configured", () => {
    const config = one({ announcements: { ...ANNOUNCEMENTS, refresh: seconds(60) } });
    const rig = active(config);
    rig.reload(config);
    rig.pass(milliseconds(1));
    expect(rig.of("announce").map(({ bursts }) => bursts)).toEqual([
      [{ instance: "VI", rounds: 1 }],
    ]);
  });
});

describe("a reload with another priority", () => {
  test("is in the very next advertisement; the router stays Active", () => {
    const rig = active(one());
    rig.reload(one({ priority: 50 }));
    expect(rig.sent()).toEqual([50]);
    expect(rig.state).toBe("active");
    rig.hear(60);
    expect(rig.state).toBe("backup");
  });

  test("gives a Backup the timer of its new priority", () => {
    const rig = new Rig(one());
    rig.pass(seconds(1));
    rig.reload(one({ priority: 200 }));
    expect(rig.patience).toBe(3_218_750);
  });
});

describe("a reload with other addresses", () => {
  const more = [virtualAddress("192.0.2.100/24"), virtualAddress("192.0.2.101/24")];

  test("announces all of them, twice, when one was added", () => {
    const rig = active(one());
    rig.pass(seconds(10));
    rig.take();
    rig.objects = 1;
    rig.reload(one({ addresses: more }));
    rig.pass(seconds(8));
    expect(rig.of("announce").map(({ bursts }) => bursts)).toEqual([
      [{ instance: "VI", rounds: 5 }],
      [{ instance: "VI", rounds: 5 }],
    ]);
    expect(rig.transitions()).toEqual([]);
  });

  test("announces nothing when one was removed", () => {
    const rig = active(one({ addresses: more }));
    rig.pass(seconds(10));
    rig.take();
    rig.reload(one());
    rig.pass(seconds(8));
    expect(rig.of("announce")).toEqual([]);
    expect(rig.of("install")).toHaveLength(1);
  });

  test("that the kernel refuses is a fault like any other", () => {
    const rig = active(one());
    rig.refusal = "RTM_NEWADDR: EINVAL";
    rig.reload(one({ addresses: more }));
    expect(rig.state).toBe("fault");
    expect(rig.sent()).toEqual([100, 0]);
    expect(rig.of("withdraw")).toHaveLength(1);
  });
});

describe("a reload with another interval", () => {
  test("counts from now on", () => {
    const rig = active(one({ version: 3 }));
    rig.reload(one({ version: 3, interval: milliseconds(100) }));
    expect(rig.patience).toBe(100_000);
  });
});

describe("a reload with other announcements", () => {
  test("without refreshes stops them", () => {
    const refresh = { ...ANNOUNCEMENTS, refresh: seconds(2), delay: NO_TIME };
    const rig = active(one({ announcements: refresh }));
    rig.reload(one({ announcements: { ...refresh, refresh: NO_TIME } }));
    rig.take();
    rig.pass(seconds(10));
    expect(rig.of("announce")).toEqual([]);
  });

  test("without answers to lower priorities drops the one that is due", () => {
    const rig = active(one());
    rig.hear(50);
    rig.reload(
      one({ announcements: { ...ANNOUNCEMENTS, lowerPriorityRepeat: 0, delay: NO_TIME } }),
    );
    rig.take();
    rig.pass(seconds(10));
    expect(rig.of("announce")).toEqual([]);
  });

  test("with refreshes begins them", () => {
    const rig = active(one({ announcements: { ...ANNOUNCEMENTS, delay: NO_TIME } }));
    const refresh = { ...ANNOUNCEMENTS, refresh: seconds(4), delay: NO_TIME };
    rig.reload(one({ announcements: refresh }));
    rig.take();
    rig.pass(seconds(9));
    expect(rig.of("announce")).toHaveLength(3);
  });
});

describe("a reload that changes the identity of an instance", () => {
  test.each([
    ["VRID", { vrid: 52 }],
    ["interface", { interface: "eth1", addresses: [virtualAddress("192.0.2.100/24", "eth1")] }],
    ["transport", { transport: unicast("192.0.2.3") }],
  ] as const)("(%s) removes the old one and starts a new one that listens", (_, change) => {
    const rig = active(one());
    rig.reload(one(change));
    expect(rig.take().slice(0, 3)).toMatchObject([
      { type: "advertise", instance: "VI", priority: 0 },
      { type: "withdraw", instances: ["VI"] },
      { type: "notify", state: "DELETED" },
    ]);
    expect(rig.state).toBe("backup");
    expect(rig.patience).toBe(3_609_375);
    expect(rig.instance().counters.advertisementsSent).toBe(0);
  });

  test("a new owner that takes over at once reports its own steps only", () => {
    const rig = new Rig(one({ priority: 255 }));
    rig.take();
    rig.reload(one({ priority: 255, vrid: 52 }));
    expect(rig.state).toBe("active");
    const [removed, claimed] = rig.transitions();
    expect(removed).toMatchObject({ to: "stopped", cause: { code: "removed" } });
    expect(claimed?.steps.map(({ name }) => name)).toEqual([
      "detect",
      "claim",
      "install",
      "announce",
    ]);
  });
});

describe("a reload that renames an instance", () => {
  test("changes nothing but the name", () => {
    const rig = active(one());
    rig.reload(one({ name: "OTHER" }));
    expect(rig.instance("OTHER").state).toBe("active");
    expect(rig.instance("OTHER").counters.becameActive).toBe(1);
    expect(rig.sent()).toEqual([100]);
    expect(rig.of("withdraw")).toEqual([]);
  });
});

describe("a reload that removes or adds an instance", () => {
  test("resigns for the removed one and leaves the rest of its group Active", () => {
    const both = lanAndWan();
    const rig = active(both);
    rig.reload({
      ...both,
      instances: both.instances.slice(0, 1),
      groups: [groupConfig({ members: ["LAN"] })],
    });
    expect(rig.of("advertise")).toEqual([
      { type: "advertise", instance: "WAN", priority: 0 },
      { type: "advertise", instance: "LAN", priority: 100 },
    ]);
    expect(rig.of("withdraw")).toMatchObject([{ instances: ["WAN"] }]);
    expect(rig.unit("G").state).toBe("active");
    expect(rig.notified()).toEqual(["INSTANCE WAN DELETED"]);
  });

  const both = lanAndWan();
  const lanOnly = {
    ...both,
    instances: both.instances.slice(0, 1),
    groups: [groupConfig({ members: ["LAN"] })],
  };

  test("takes a new member of an Active group into its role without a failover", () => {
    const rig = active(lanOnly);
    rig.reload(both);
    expect(rig.unit("G").state).toBe("active");
    expect(rig.instance("WAN").state).toBe("active");
    expect(rig.of("advertise")).toEqual([
      { type: "advertise", instance: "LAN", priority: 100 },
      { type: "advertise", instance: "WAN", priority: 100 },
    ]);
    expect(rig.of("install")).toEqual([{ type: "install", unit: "G", instances: ["LAN", "WAN"] }]);
    expect(rig.of("withdraw")).toEqual([]);
    expect(rig.notified()).toEqual(["INSTANCE WAN MASTER"]);
  });

  test("lets a new member of a Backup group listen with the others", () => {
    const rig = new Rig(lanOnly);
    rig.pass(seconds(3));
    rig.take();
    rig.reload(both);
    expect(rig.unit("G").state).toBe("backup");
    expect(rig.sent()).toEqual([]);
    expect(rig.notified()).toEqual(["INSTANCE WAN BACKUP"]);
  });

  test("sends an Active group to fault when the new member's interface is down", () => {
    const rig = active(lanOnly);
    rig.link("eth1", { running: false });
    rig.take();
    rig.reload(both);
    expect(rig.unit("G").state).toBe("fault");
    expect(rig.of("withdraw")).toHaveLength(1);
    expect(rig.notified()).toEqual(["INSTANCE LAN FAULT", "INSTANCE WAN FAULT", "GROUP G FAULT"]);
  });

  test("starts an added instance like any other", () => {
    const rig = active(one());
    const added = instanceConfig({ name: "X", vrid: 9 });
    rig.reload(routerConfig({ instances: [instanceConfig(), added] }));
    expect(rig.instance("VI").state).toBe("active");
    expect(rig.instance("X").state).toBe("backup");
  });
});

describe("a reload that changes a group", () => {
  const both = lanAndWan();

  test("by dissolving it leaves each instance in its role", () => {
    const rig = active(both);
    rig.reload({ ...both, groups: [] });
    expect(rig.instance("LAN")).toMatchObject({ state: "active", unit: "LAN" });
    expect(rig.instance("WAN")).toMatchObject({ state: "active", unit: "WAN" });
    expect(rig.of("withdraw")).toEqual([]);
  });

  test("by joining two Active instances leaves both Active", () => {
    const rig = active({ ...both, groups: [] });
    rig.reload(both);
    expect(rig.unit("G").state).toBe("active");
    expect(rig.of("withdraw")).toEqual([]);
  });

  test("by joining an Active and a Backup lets both listen", () => {
    const rig = new Rig({ ...both, groups: [] });
    rig.hear(200, { on: "WAN", from: "198.51.100.3" });
    rig.pass(microseconds(3_609_374));
    rig.hear(200, { on: "WAN", from: "198.51.100.3" });
    rig.pass(seconds(1));
    rig.take();
    rig.reload(both);
    expect(rig.sent()).toEqual([0]);
    expect(rig.unit("G").state).toBe("backup");
    expect(rig.patience).toBe(3_609_375);
  });

  test("by renaming it changes nothing but the name", () => {
    const rig = active(both);
    rig.reload({ ...both, groups: [groupConfig({ name: "H" })] });
    expect(rig.unit("H").state).toBe("active");
    expect(rig.of("withdraw")).toEqual([]);
  });
});

describe("a reload that finds something wrong", () => {
  const tracking = [{ tracker: "interface:eth1", weight: 0, reverse: false }];

  test("sends an Active router to fault without claiming first", () => {
    const rig = active(one());
    rig.link("eth1", { running: false });
    rig.reload(one({ tracking }));
    expect(rig.state).toBe("fault");
    expect(rig.sent()).toEqual([0]);
    expect(rig.of("install")).toEqual([]);
  });

  test("does not hold an Active router back for a tracker that has yet to report", () => {
    const rig = active(one());
    rig.reload(one({ tracking: [{ tracker: "script:new", weight: 0, reverse: false }] }));
    expect(rig.state).toBe("active");
    expect(rig.instance().faults).toEqual([]);
    rig.event({ type: "tracker", tracker: "script:new", value: "down" });
    expect(rig.state).toBe("fault");
  });

  test("or mends it, lets a router in fault listen", () => {
    const rig = new Rig(one({ tracking }));
    rig.link("eth1", { running: false });
    expect(rig.state).toBe("fault");
    rig.reload(one());
    expect(rig.state).toBe("backup");
    expect(rig.transitions().at(-1)).toMatchObject({ from: "fault", to: "backup" });
  });

  test("after a refused installation tries again at once", () => {
    const rig = new Rig(one());
    rig.refusal = "no";
    rig.pass(seconds(4));
    expect(rig.state).toBe("fault");
    rig.refusal = undefined;
    rig.reload(one());
    expect(rig.state).toBe("backup");
    rig.pass(microseconds(3_609_375));
    expect(rig.state).toBe("active");
  });
});

test("a reload during the quiet time after start changes nothing of its length", () => {
  const config = { ...one(), startupDelay: seconds(5) };
  const rig = new Rig(config);
  rig.pass(seconds(2));
  rig.reload({ ...config, startupDelay: seconds(50) });
  expect(rig.state).toBe("init");
  rig.pass(seconds(3));
  expect(rig.state).toBe("backup");
});
