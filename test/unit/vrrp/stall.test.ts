import { describe, expect, test } from "vitest";
import { centiseconds, microseconds, milliseconds, seconds } from "../../../src/base/time.ts";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import type { RouterEvent } from "../../../src/vrrp/events.ts";
import { instanceConfig, ip, lanAndWan, routerConfig } from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

const alone = (some: Partial<InstanceConfig> = {}): Rig =>
  new Rig(routerConfig({ instances: [instanceConfig(some)] }));

function active(some: Partial<InstanceConfig> = {}): Rig {
  const rig = alone(some);
  rig.pass(seconds(4));
  expect(rig.state).toBe("active");
  rig.take();
  return rig;
}

const heard = (priority: number): RouterEvent => ({
  type: "advertisement",
  instance: "VI",
  source: ip("192.0.2.3"),
  heard: { priority, interval: seconds(1), sameAddresses: true },
});

describe("an Active router whose loop did not run", () => {
  test("for longer than the peers wait gives the role back before anything else, without resigning", () => {
    const rig = active();
    rig.stall(seconds(10));
    expect(rig.state).toBe("backup");
    expect(rig.sent()).toEqual([]);
    expect(rig.of("withdraw")).toHaveLength(1);
    expect(rig.unit().cause.code).toBe("loop-stalled");
  });

  test("listens for one interval and the skew, and claims again when nobody is there", () => {
    const rig = active();
    rig.stall(seconds(10));
    expect(rig.patience).toBe(1_609_375);
    rig.pass(microseconds(1_609_375));
    expect(rig.state).toBe("active");
    expect(rig.sent()).toEqual([100]);
  });

  test("follows whoever took over meanwhile, from the packets that wait", () => {
    const rig = active({ preempt: false });
    rig.stall(seconds(10), [heard(50), heard(50)]);
    expect(rig.state).toBe("backup");
    expect(rig.patience).toBe(3_609_375);
    expect(rig.sent()).toEqual([]);
  });

  test("keeps the role when its peers cannot have missed it", () => {
    const rig = active();
    rig.stall(seconds(3));
    expect(rig.state).toBe("active");
    expect(rig.sent()).toEqual([100]);
  });

  test("judges by its own interval", () => {
    const rig = alone({ version: 3, interval: centiseconds(10) });
    rig.pass(seconds(1));
    rig.stall(milliseconds(500));
    expect(rig.state).toBe("backup");
  });
});

describe("a Backup whose loop did not run", () => {
  test("for longer than three intervals listens anew and says so", () => {
    const rig = alone();
    rig.hear(200);
    rig.stall(seconds(20));
    expect(rig.state).toBe("backup");
    expect(rig.patience).toBe(3_609_375);
    expect(rig.remarks()).toMatchObject([{ code: "loop-stalled", subject: "VI" }]);
    expect(rig.transitions()).toHaveLength(1);
  });

  test("hears what waits before it judges its timer", () => {
    const rig = alone();
    rig.hear(200);
    rig.stall(seconds(5), [heard(200)]);
    expect(rig.state).toBe("backup");
    expect(rig.patience).toBe(3_609_375);
  });

  test("for a moment only takes over as it should", () => {
    const rig = alone();
    rig.hear(200);
    rig.stall(milliseconds(3_700));
    expect(rig.state).toBe("active");
  });

  test("judges by the interval it learned", () => {
    const rig = alone({ version: 3, interval: seconds(1) });
    rig.hear(200, { interval: centiseconds(10) });
    // Due after 0.361 s, run at 1 s: 0.64 s late is more than three of the learned intervals.
    rig.stall(seconds(1));
    expect(rig.state).toBe("backup");
  });
});

test("a whole group listens anew when one member's peers may have taken over", () => {
  const config = lanAndWan({ priority: 255 });
  const [lan, wan] = config.instances as [InstanceConfig, InstanceConfig];
  const fast = { ...wan, version: 3 as const, interval: centiseconds(10) };
  const rig = new Rig({ ...config, instances: [lan, fast] });
  rig.take();
  rig.stall(seconds(1));
  expect(rig.instance("LAN").state).toBe("backup");
  expect(rig.instance("WAN").state).toBe("backup");
  expect(rig.sent()).toEqual([]);
});

test("a stall means nothing to an instance in fault", () => {
  const rig = active();
  rig.link("eth0", { running: false });
  rig.take();
  rig.event({ type: "stalled", since: rig.now });
  rig.pass(seconds(60));
  rig.event({ type: "stalled", since: (rig.now - 50_000_000) as typeof rig.now });
  expect(rig.take()).toEqual([]);
});
