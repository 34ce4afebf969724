import { describe, expect, test } from "vitest";
import { microseconds, milliseconds, seconds } from "../../../src/base/time.ts";
import { lanAndWan, routerConfig } from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

const fenced = { fencing: { lifetimeSeconds: 2, renewal: milliseconds(500) } };

function refused(): Rig {
  const rig = new Rig(lanAndWan());
  rig.refusal = "RTM_NEWADDR 192.0.2.100/24: EINVAL";
  rig.pass(microseconds(3_609_375));
  return rig;
}

describe("when the kernel refuses an installation", () => {
  test("the whole group resigns, goes to fault and says why", () => {
    const rig = refused();
    expect(rig.state).toBe("fault");
    expect(rig.sent("LAN")).toEqual([100, 0]);
    expect(rig.sent("WAN")).toEqual([100, 0]);
    expect(rig.of("announce")).toEqual([]);
    expect(rig.notified()).not.toContain("GROUP G MASTER");
    expect(rig.unit("G").cause).toEqual({
      code: "install-failed",
      text: "RTM_NEWADDR 192.0.2.100/24: EINVAL",
    });
    expect(rig.instance("LAN").faults).toMatchObject([{ code: "install-failed" }]);
  });

  test("what the claim came to is reported, then the fault", () => {
    const [claim, fault] = refused().transitions().slice(-2);
    expect(claim).toMatchObject({ from: "backup", to: "active" });
    expect(claim?.steps.at(-1)).toMatchObject({
      name: "install",
      detail: "failed and rolled back: RTM_NEWADDR 192.0.2.100/24: EINVAL",
    });
    expect(fault).toMatchObject({ from: "active", to: "fault", cause: { code: "install-failed" } });
  });

  test("it is asked again after 5, 10, 20, 40 and then every 60 s", () => {
    const rig = refused();
    rig.pass(seconds(400));
    const failures = rig.log.flatMap(({ at, action }) => (action.type === "install" ? [at] : []));
    // Each attempt follows a pause in fault and a full Active_Down_Interval as a Backup.
    const pauses = failures.slice(1).map((at, index) => at - failures[index]! - 3_609_375);
    expect(pauses.slice(0, 6).map((us) => us / 1_000_000)).toEqual([5, 10, 20, 40, 60, 60]);
  });

  test("the pauses are short again after a success", () => {
    const rig = refused();
    rig.pass(seconds(60));
    rig.refusal = undefined;
    rig.pass(seconds(70));
    expect(rig.state).toBe("active");
    rig.hear(200, { on: "LAN" });
    rig.refusal = "again";
    rig.pass(microseconds(3_609_375));
    expect(rig.patience).toBe(5_000_000);
  });

  test("a fault that comes on top keeps it in fault after the pause", () => {
    const rig = refused();
    rig.link("eth0", { running: false });
    rig.pass(seconds(30));
    expect(rig.state).toBe("fault");
    expect(rig.instance("LAN").faults.map(({ code }) => code)).toEqual(["interface-down"]);
  });
});

describe("self-fencing", () => {
  test("lifetimes are renewed in its period while Active, and only then", () => {
    const rig = new Rig(routerConfig(fenced));
    rig.pass(seconds(3));
    expect(rig.of("renew")).toEqual([]);
    rig.pass(microseconds(609_375));
    rig.take();
    rig.pass(seconds(2));
    expect(rig.log.filter(({ action }) => action.type === "renew").map(({ at }) => at)).toEqual([
      4_109_375, 4_609_375, 5_109_375, 5_609_375,
    ]);
    expect(rig.of("renew")[0]).toEqual({ type: "renew", instances: ["VI"] });
    rig.hear(200);
    rig.take();
    rig.pass(seconds(3));
    expect(rig.of("renew")).toEqual([]);
  });

  test("every instance that is Active is renewed in one order", () => {
    const rig = new Rig({ ...lanAndWan({ priority: 255 }), ...fenced });
    rig.pass(milliseconds(500));
    expect(rig.of("renew")).toEqual([{ type: "renew", instances: ["LAN", "WAN"] }]);
  });

  test("nothing is renewed where it is switched off, nor after a refused installation", () => {
    const without = new Rig(routerConfig());
    without.pass(seconds(9));
    expect(without.of("renew")).toEqual([]);
    const rig = new Rig(routerConfig(fenced));
    rig.refusal = "no";
    rig.pass(seconds(4));
    expect(rig.of("renew")).toEqual([]);
  });
});

describe("an object removed by someone else", () => {
  test("is put back at once, counted and remarked, without a change of state", () => {
    const rig = new Rig(routerConfig());
    rig.pass(seconds(4));
    rig.take();
    rig.event({ type: "object-lost", instance: "VI", object: "192.0.2.100/24 dev eth0" });
    expect(rig.of("heal")).toEqual([{ type: "heal", instance: "VI" }]);
    expect(rig.state).toBe("active");
    expect(rig.sent()).toEqual([]);
    expect(rig.instance().counters.objectsHealed).toBe(1);
    expect(rig.remarks()).toMatchObject([{ code: "object-healed", subject: "VI" }]);
  });

  test("is none of our business unless we are Active", () => {
    const rig = new Rig(routerConfig());
    rig.event({ type: "object-lost", instance: "VI", object: "192.0.2.100/24 dev eth0" });
    expect(rig.of("heal")).toEqual([]);
    expect(rig.instance().counters.objectsHealed).toBe(0);
  });
});

test("an answer that comes for a unit that is not Active any more changes nothing", () => {
  const rig = new Rig(routerConfig());
  const took = microseconds(5);
  rig.take();
  rig.event({ type: "installed", unit: "VI", took, objects: 1 });
  rig.event({ type: "install-failed", unit: "VI", took, reason: "late" });
  rig.event({ type: "announced", unit: "VI", took, frames: 5 });
  rig.event({ type: "withdrawn", unit: "nobody", took, objects: 1 });
  expect(rig.take()).toEqual([]);
  expect(rig.state).toBe("backup");
});
