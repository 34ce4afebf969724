import { describe, expect, test } from "vitest";
import { centiseconds, microseconds, milliseconds, seconds } from "../../../src/base/time.ts";
import { instanceConfig, ip, routerConfig } from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

const alone = (some: Parameters<typeof instanceConfig>[0] = {}): Rig =>
  new Rig(routerConfig({ instances: [instanceConfig(some)] }));

function active(some: Parameters<typeof instanceConfig>[0] = {}): Rig {
  const rig = alone(some);
  rig.pass(seconds(4));
  expect(rig.state).toBe("active");
  rig.take();
  return rig;
}

describe("start", () => {
  test("everybody listens first, whatever the priority below 255", () => {
    const rig = alone({ priority: 254 });
    expect(rig.state).toBe("backup");
    expect(rig.notified()).toEqual(["INSTANCE VI BACKUP"]);
    expect(rig.transitions()).toMatchObject([
      { from: "init", to: "backup", cause: { code: "start" } },
    ]);
    expect(rig.sent()).toEqual([]);
  });

  test("the owner of the addresses is Active at once", () => {
    const rig = alone({ priority: 255 });
    expect(rig.state).toBe("active");
    expect(rig.sentAt()).toEqual([0]);
    expect(rig.sent()).toEqual([255]);
    expect(rig.transitions()).toMatchObject([{ cause: { code: "owner-start" } }]);
  });

  test("an owner configured as a Backup waits three intervals and 1/256 s", () => {
    const rig = alone({ priority: 255, startsActive: false });
    rig.pass(seconds(4));
    expect(rig.sentAt()[0]).toBe(3_003_906);
  });

  test("nothing is heard or sent during the startup delay, and timers count from its end", () => {
    const rig = new Rig(routerConfig({ startupDelay: seconds(2) }));
    expect(rig.state).toBe("init");
    rig.pass(seconds(1));
    rig.hear(200);
    expect(rig.instance().counters.advertisementsReceived).toBe(0);
    rig.pass(seconds(9));
    expect(rig.sentAt()[0]).toBe(5_609_375);
  });

  test("an instance waits in silence until its interface is known", () => {
    const rig = new Rig(routerConfig(), { interfaces: [] });
    rig.pass(seconds(10));
    expect(rig.state).toBe("init");
    expect(rig.log).toEqual([]);
    rig.link("eth0");
    expect(rig.state).toBe("backup");
  });
});

describe("a Backup", () => {
  test.each([
    ["of higher priority", 101],
    ["of its own priority", 100],
    ["of the owner", 255],
  ])("follows an advertisement %s", (_, priority) => {
    const rig = alone();
    rig.pass(seconds(3));
    rig.hear(priority);
    expect(rig.patience).toBe(3_609_375);
    expect(rig.instance().active).toEqual({ source: "192.0.2.3", priority, heardAt: rig.now });
  });

  test("does not listen to a lower priority: its timer runs on", () => {
    const rig = alone();
    rig.pass(seconds(3));
    rig.hear(99);
    expect(rig.patience).toBe(609_375);
    rig.pass(microseconds(609_375));
    expect(rig.state).toBe("active");
  });

  test("with nopreempt follows any priority as long as somebody is Active", () => {
    const rig = alone({ preempt: false });
    for (let second = 0; second < 20; second += 1) {
      rig.pass(seconds(1));
      rig.hear(1);
    }
    expect(rig.state).toBe("backup");
    rig.pass(microseconds(3_609_375));
    expect(rig.state).toBe("active");
  });

  test.each([true, false])(
    "takes over after the skew time when the Active router resigns (preempt %s)",
    (preempt) => {
      const rig = alone({ preempt });
      rig.hear(200);
      rig.pass(milliseconds(500));
      rig.hear(0);
      expect(rig.patience).toBe(609_375);
      rig.pass(microseconds(609_375));
      expect(rig.transitions().at(-1)).toMatchObject({
        to: "active",
        cause: { code: "active-resigned", text: "192.0.2.3 resigned" },
      });
      expect(rig.instance().counters.priorityZeroReceived).toBe(1);
    },
  );

  test("learns the interval of a version 3 Active router, for the timer and for the skew", () => {
    const rig = alone({ version: 3, interval: centiseconds(10) });
    rig.hear(200, { interval: seconds(3) });
    expect(rig.patience).toBe(3 * 3_000_000 + 1_828_125);
    rig.hear(0, { interval: seconds(3) });
    expect(rig.patience).toBe(1_828_125);
  });

  test("goes back to its own interval when it becomes Active", () => {
    const rig = alone({ version: 3, interval: centiseconds(10) });
    rig.hear(200, { interval: seconds(3) });
    rig.pass(seconds(11));
    expect(rig.state).toBe("active");
    expect(rig.patience).toBeLessThanOrEqual(100_000);
  });

  test("never learns an interval in version 2", () => {
    const rig = alone();
    rig.hear(200, { interval: seconds(9) });
    expect(rig.patience).toBe(3_609_375);
  });

  test("waits as many intervals as configured", () => {
    const rig = alone({ downAdverts: 1 });
    expect(rig.patience).toBe(1_609_375);
  });

  test("says whom it preempts, if that one still speaks", () => {
    const rig = alone();
    for (const wait of [1_000, 1_000, 1_000]) {
      rig.pass(milliseconds(wait));
      rig.hear(50);
    }
    expect(rig.instance().active).toMatchObject({ source: "192.0.2.3", priority: 50 });
    rig.pass(seconds(1));
    expect(rig.transitions().at(-1)?.cause).toEqual({
      code: "lower-priority-heard",
      text: "192.0.2.3 advertises priority 50 only on eth0, ours is 100",
    });
  });

  test("says that nobody is there when the one it was going to preempt has fallen silent", () => {
    const rig = alone();
    rig.hear(50);
    rig.pass(seconds(4));
    expect(rig.transitions().at(-1)?.cause.code).toBe("active-down");
  });

  test("says whom it lost and for how long it heard nothing", () => {
    const rig = alone();
    rig.hear(200);
    rig.pass(seconds(4));
    const last = rig.transitions().at(-1);
    expect(last).toMatchObject({
      from: "backup",
      to: "active",
      cause: { code: "active-down", text: "no advertisement from 192.0.2.3 on eth0 for 3.61s" },
    });
    expect(last?.steps[0]).toMatchObject({ name: "detect", took: 3_609_375 });
  });
});

describe("preempt_delay", () => {
  test("lets a lower priority be for that long, and then its timer runs out", () => {
    const rig = alone({ preemptDelay: seconds(3) });
    for (let tick = 0; tick < 7; tick += 1) {
      rig.pass(milliseconds(900));
      rig.hear(50);
      expect(rig.state).toBe("backup");
    }
    // First heard at 0.9 s, followed until 3.9 s: the last that counted was at 3.6 s.
    rig.pass(seconds(3));
    expect(rig.sentAt()[0]).toBe(3_600_000 + 3_609_375);
  });

  test("begins anew once somebody of at least our priority was heard", () => {
    const rig = alone({ preemptDelay: seconds(3) });
    rig.hear(50);
    rig.pass(seconds(2));
    rig.hear(100);
    rig.pass(seconds(2));
    rig.hear(50);
    expect(rig.patience).toBe(3_609_375);
  });

  test("does not delay the takeover from a dead router", () => {
    const rig = alone({ preemptDelay: seconds(300) });
    rig.hear(50);
    rig.pass(microseconds(3_609_375));
    expect(rig.state).toBe("active");
  });
});

describe("becoming Active", () => {
  test("claims first, then installs, then announces, then tells scripts, then reports", () => {
    const rig = alone();
    rig.take();
    rig.pass(microseconds(3_609_375));
    expect(rig.take().map((action) => action.type)).toEqual([
      "advertise",
      "install",
      "announce",
      "report",
      "notify",
    ]);
  });

  test("reports how long each step took", () => {
    const rig = new Rig(routerConfig(), { kernelTakes: microseconds(700) });
    rig.pass(seconds(4));
    const { steps } = rig.transitions().at(-1)!;
    expect(steps.map(({ name }) => name)).toEqual(["detect", "claim", "install", "announce"]);
    expect(steps.map(({ took }) => took)).toEqual([3_609_375, 0, 700, 700]);
  });
});

describe("an Active router", () => {
  test("answers a resignation at once and stays, without announcing", () => {
    const rig = active();
    rig.hear(0);
    expect(rig.take()).toEqual([{ type: "advertise", instance: "VI", priority: 100 }]);
    expect(rig.state).toBe("active");
  });

  test.each([
    ["a higher priority", 101, "192.0.2.1"],
    ["its own priority from a higher address", 100, "192.0.2.3"],
    ["its own priority from an address that is higher as a number, not as text", 100, "192.0.2.10"],
  ])("yields to %s without resigning", (_, priority, from) => {
    const rig = active();
    rig.hear(priority, { from });
    expect(rig.state).toBe("backup");
    expect(rig.sent()).toEqual([]);
    expect(rig.take().map((action) => action.type)).toEqual(["withdraw", "report", "notify"]);
    expect(rig.patience).toBe(3_609_375);
    expect(rig.instance().active).toMatchObject({ source: from, priority });
  });

  test.each([
    ["a lower priority", 99, "192.0.2.3"],
    ["its own priority from a lower address", 100, "192.0.2.1"],
  ])("defends itself against %s", (_, priority, from) => {
    const rig = active();
    rig.pass(milliseconds(50));
    rig.take();
    rig.hear(priority, { from });
    expect(rig.state).toBe("active");
    expect(rig.of("advertise")).toHaveLength(1);
    expect(rig.of("announce")).toEqual([
      { type: "announce", unit: "VI", bursts: [{ instance: "VI", rounds: 5 }] },
    ]);
    expect(rig.notified()).toEqual(["INSTANCE VI MASTER_RX_LOWER_PRI"]);
    expect(rig.remarks()).toMatchObject([{ code: "two-active", level: "warn" }]);
    expect(rig.patience).toBe(1_000_000);
  });

  test("with lower_prio_no_advert defends itself by announcing only, and keeps its beat", () => {
    const rig = active({ advertiseToLower: false });
    const before = rig.patience;
    rig.hear(50);
    expect(rig.sent()).toEqual([]);
    expect(rig.of("announce")).toHaveLength(1);
    expect(rig.patience).toBe(before);
  });

  test("with higher_prio_send_advert speaks once more before it yields", () => {
    const rig = active({ advertiseToHigher: true });
    rig.hear(200);
    expect(
      rig
        .take()
        .map((action) => action.type)
        .slice(0, 2),
    ).toEqual(["advertise", "withdraw"]);
  });

  test("says to whom it yields, and in a tie that addresses decided", () => {
    const higher = active();
    higher.hear(150);
    expect(higher.unit().cause.text).toBe("192.0.2.3 advertises priority 150 on eth0, ours is 100");
    const tied = active();
    tied.hear(100);
    expect(tied.unit().cause.text).toBe(
      "192.0.2.3 advertises priority 100 on eth0, ours is the same, but our address 192.0.2.2 is lower",
    );
  });

  test("learns the interval of the router it yields to, in version 3", () => {
    const rig = active({ version: 3 });
    rig.hear(200, { interval: seconds(2) });
    expect(rig.patience).toBe(6_000_000 + 1_218_750);
  });

  test("stays when its own advertisement comes back, and says so", () => {
    const rig = active();
    rig.hear(100, { from: "192.0.2.2" });
    expect(rig.state).toBe("active");
    expect(rig.remarks()).toMatchObject([{ code: "same-source" }]);
    expect(rig.sent()).toEqual([]);
  });

  test("nopreempt does not keep it from yielding to a higher priority", () => {
    const rig = active({ preempt: false });
    rig.hear(101);
    expect(rig.state).toBe("backup");
  });

  test("of two owners the one with the lower address yields and says that there are two", () => {
    const rig = alone({ priority: 255 });
    rig.hear(255, { from: "192.0.2.1" });
    expect(rig.state).toBe("active");
    expect(rig.remarks()).toMatchObject([{ code: "two-owners" }]);
    rig.hear(255, { from: "192.0.2.3" });
    expect(rig.state).toBe("backup");
  });

  test("breaks ties by its configured source when it has one", () => {
    const rig = active({ source: ip("192.0.2.50") });
    rig.hear(100, { from: "192.0.2.10" });
    expect(rig.state).toBe("active");
  });

  test("breaks ties by the link-local address over IPv6", () => {
    const rig = active({ family: 6 });
    rig.hear(100, { from: "fe80::1" });
    expect(rig.state).toBe("active");
    rig.hear(100, { from: "fe80::3" });
    expect(rig.state).toBe("backup");
  });
});

describe("what differs in an advertisement that counts", () => {
  test("another address list is worth one remark per minute", () => {
    const rig = alone();
    for (let tick = 0; tick < 30; tick += 1) {
      rig.hear(200, { sameAddresses: false });
      rig.pass(seconds(1));
    }
    expect(rig.remarks()).toMatchObject([{ code: "address-list-differs", subject: "VI" }]);
    expect(rig.state).toBe("backup");
  });

  test("another version 3 interval is remarked, but not when it comes with a resignation", () => {
    const rig = alone({ version: 3 });
    rig.hear(0, { interval: seconds(2) });
    expect(rig.remarks()).toEqual([]);
    rig.hear(200, { interval: seconds(2) });
    expect(rig.remarks()).toMatchObject([{ code: "interval-differs" }]);
  });
});

test("a refused packet is counted by its reason and changes nothing", () => {
  const rig = alone();
  const before = { ...rig.instance(), counters: undefined };
  for (const reason of ["bad-ttl", "bad-ttl", "bad-checksum", "truncated"] as const)
    rig.event({ type: "refused", instance: "VI", reason, source: ip("192.0.2.66") });
  expect(rig.instance().counters.refused).toEqual({
    "bad-ttl": 2,
    "bad-checksum": 1,
    truncated: 1,
  });
  expect({ ...rig.instance(), counters: undefined }).toEqual(before);
  expect(rig.remarks()).toEqual([]);
});

test("a peer with another password is worth a loud remark, once", () => {
  const rig = alone();
  for (let packet = 0; packet < 50; packet += 1)
    rig.event({
      type: "refused",
      instance: "VI",
      reason: "authentication-failed",
      source: ip("192.0.2.3"),
    });
  expect(rig.remarks()).toMatchObject([{ code: "authentication-differs", level: "warn" }]);
  expect(rig.remarks()[0]?.text).toContain("both routers may become Active");
});
