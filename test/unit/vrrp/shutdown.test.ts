import { describe, expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import {
  instanceConfig,
  ip,
  lanAndWan,
  routerConfig,
  virtualAddress,
} from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

describe("shutdown", () => {
  test("resigns, withdraws and tells scripts, unit by unit", () => {
    const group = lanAndWan();
    const single = instanceConfig({
      name: "X",
      vrid: 9,
      source: ip("192.0.2.2"),
      addresses: [virtualAddress("192.0.2.9/32")],
    });
    const rig = new Rig({ ...group, instances: [...group.instances, single] });
    rig.pass(seconds(4));
    rig.take();
    rig.event({ type: "shutdown" });
    expect(
      rig
        .take()
        .filter(({ type }) => type === "advertise" || type === "withdraw" || type === "notify")
        .map((action) => ("name" in action ? `${action.scope} ${action.name}` : action)),
    ).toEqual([
      { type: "advertise", instance: "LAN", priority: 0 },
      { type: "advertise", instance: "WAN", priority: 0 },
      { type: "withdraw", unit: "G", instances: ["LAN", "WAN"] },
      "INSTANCE LAN",
      "INSTANCE WAN",
      "GROUP G",
      { type: "advertise", instance: "X", priority: 0 },
      { type: "withdraw", unit: "X", instances: ["X"] },
      "INSTANCE X",
    ]);
  });

  test("of a Backup says nothing on the wire", () => {
    const rig = new Rig(routerConfig());
    rig.take();
    rig.event({ type: "shutdown" });
    expect(rig.sent()).toEqual([]);
    expect(rig.notified()).toEqual(["INSTANCE VI STOP"]);
    expect(rig.transitions()).toMatchObject([{ to: "stopped", cause: { code: "shutdown" } }]);
  });

  test("is final: no deadline, no answer to anything", () => {
    const rig = new Rig(routerConfig());
    rig.pass(seconds(4));
    rig.event({ type: "shutdown" });
    rig.take();
    expect(rig.patience).toBeUndefined();
    rig.event({ type: "shutdown" });
    rig.hear(50);
    rig.link("eth0");
    rig.event({ type: "wake" });
    rig.reload(routerConfig());
    expect(rig.take()).toEqual([]);
    expect(rig.instance().state).toBe("stopped");
  });

  test("reports what it did once the kernel is done", () => {
    const rig = new Rig(routerConfig());
    rig.pass(seconds(4));
    rig.take();
    rig.event({ type: "shutdown" });
    expect(rig.transitions()).toMatchObject([
      { from: "active", to: "stopped", steps: [{ name: "withdraw" }] },
    ]);
  });
});

describe("a unit asked to resign", () => {
  test("resigns on every member, withdraws and listens for a full Active_Down_Interval", () => {
    const rig = new Rig(lanAndWan());
    rig.pass(seconds(4));
    rig.take();
    rig.event({ type: "resign", unit: "G", by: "operator" });
    expect(rig.sent()).toEqual([0, 0]);
    expect(rig.state).toBe("backup");
    expect(rig.patience).toBe(3_609_375);
    expect(rig.unit("G").cause).toEqual({
      code: "resign-asked",
      text: "asked to resign by operator",
    });
    expect(rig.instance("LAN").counters.priorityZeroSent).toBe(1);
  });

  test("that is not Active has nothing to give up", () => {
    const rig = new Rig(lanAndWan());
    rig.take();
    rig.event({ type: "resign", unit: "G", by: "operator" });
    rig.event({ type: "resign", unit: "nobody", by: "operator" });
    expect(rig.take()).toEqual([]);
  });
});
