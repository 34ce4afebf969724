import { describe, expect, test } from "vitest";
import { microseconds, milliseconds, seconds } from "../../../src/base/time.ts";
import type { InstanceConfig } from "../../../src/vrrp/config.ts";
import {
  defaultRoute,
  instanceConfig,
  interfaceFacts,
  ip,
  routerConfig,
  unicast,
  virtualAddress,
} from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

function active(some: Partial<InstanceConfig> = {}): Rig {
  const rig = new Rig(routerConfig({ instances: [instanceConfig(some)] }));
  rig.pass(seconds(4));
  expect(rig.state).toBe("active");
  rig.take();
  return rig;
}

describe("going to fault", () => {
  test("from Active: resigns once, withdraws, tells scripts, reports when the kernel is done", () => {
    const rig = active();
    rig.link("eth0", { running: false });
    expect(rig.state).toBe("fault");
    expect(rig.sent()).toEqual([0]);
    expect(rig.take().map((action) => action.type)).toEqual([
      "advertise",
      "withdraw",
      "report",
      "notify",
    ]);
    expect(rig.patience).toBeUndefined();
  });

  test("from Backup is silent on the wire", () => {
    const rig = new Rig(routerConfig());
    rig.link("eth0", { running: false });
    expect(rig.sent()).toEqual([]);
    expect(rig.of("withdraw")).toEqual([]);
    expect(rig.notified()).toEqual(["INSTANCE VI BACKUP", "INSTANCE VI FAULT"]);
  });

  test.each([
    ["its interface loses carrier", "interface-down", { running: false }],
    [
      "its interface vanishes",
      "interface-missing",
      { present: false, running: false, addresses: [] },
    ],
    ["its interface loses the last address", "no-source-address", { addresses: [ip("fe80::2")] }],
  ] as const)("happens when %s", (_, code, change) => {
    const rig = active();
    rig.link("eth0", change);
    expect(rig.unit().cause.code).toBe(code);
    expect(rig.instance().faults).toMatchObject([{ code }]);
  });

  test("happens when the interface of a tracked address or route goes down", () => {
    const onEth1 = { addresses: [virtualAddress("198.51.100.100/24", "eth1")] };
    const byAddress = active(onEth1);
    byAddress.link("eth1", { running: false });
    expect(byAddress.state).toBe("fault");
    const byRoute = active({ routes: [defaultRoute("198.51.100.1", "eth1")] });
    byRoute.link("eth1", { running: false });
    expect(byRoute.state).toBe("fault");
  });

  test("does not happen for the interface of an address that nobody tracks", () => {
    const rig = active({ excluded: [virtualAddress("198.51.100.100/24", "eth1", false)] });
    rig.link("eth1", { running: false });
    expect(rig.state).toBe("active");
  });

  test("happens with track_src_ip when the configured source disappears", () => {
    const rig = active({ source: ip("192.0.2.2"), trackSource: true });
    rig.link("eth0", { addresses: [ip("192.0.2.9")] });
    expect(rig.unit().cause.code).toBe("source-address-lost");
  });

  test("does not happen when another address of the interface can be the source", () => {
    const rig = active();
    rig.link("eth0", { addresses: [ip("192.0.2.9")] });
    expect(rig.state).toBe("active");
    expect(rig.instance().source).toBe("192.0.2.9");
  });

  test("happens with unicast_fault_no_peer when there is none", () => {
    const transport = { ...unicast(), faultWithoutPeer: true };
    const rig = new Rig(routerConfig({ instances: [instanceConfig({ transport })] }));
    expect(rig.unit().cause.code).toBe("no-unicast-peer");
  });

  test("over IPv6 happens when there is no link-local address", () => {
    const rig = active({ family: 6 });
    expect(rig.instance().source).toBe("fe80::2");
    rig.link("eth0", { addresses: [ip("2001:db8::2")] });
    expect(rig.unit().cause.code).toBe("no-source-address");
  });
});

describe("a virtual address", () => {
  test("that the interface happens to list is never the source of advertisements", () => {
    const rig = new Rig(routerConfig(), {
      interfaces: [interfaceFacts("eth0", { addresses: [ip("192.0.2.100"), ip("192.0.2.7")] })],
    });
    expect(rig.instance().source).toBe("192.0.2.7");
  });
});

describe("dont_track_primary", () => {
  test("lets the interface be down", () => {
    const rig = active({ trackInterface: false });
    rig.link("eth0", { running: false });
    expect(rig.state).toBe("active");
  });

  test("does not let it be missing", () => {
    const rig = active({ trackInterface: false });
    rig.link("eth0", { present: false, running: false, addresses: [] });
    expect(rig.unit().cause.code).toBe("interface-missing");
  });

  test("does not make it start before its interface is known", () => {
    const config = routerConfig({ instances: [instanceConfig({ trackInterface: false })] });
    const rig = new Rig(config, { interfaces: [] });
    rig.pass(seconds(5));
    expect(rig.state).toBe("init");
  });
});

describe("leaving fault", () => {
  test("goes to Backup with a full Active_Down_Interval", () => {
    const rig = active();
    rig.link("eth0", { running: false });
    rig.pass(seconds(2));
    rig.take();
    rig.link("eth0");
    expect(rig.state).toBe("backup");
    expect(rig.patience).toBe(3_609_375);
    expect(rig.transitions()).toMatchObject([{ from: "fault", cause: { code: "fault-cleared" } }]);
    expect(rig.of("announce-source")).toEqual([]);
  });

  test("an owner waits one interval and the skew", () => {
    const rig = new Rig(routerConfig({ instances: [instanceConfig({ priority: 255 })] }));
    rig.link("eth0", { running: false });
    rig.link("eth0");
    expect(rig.state).toBe("backup");
    expect(rig.patience).toBe(1_003_906);
  });

  test("forgets the interval it had learned", () => {
    const rig = new Rig(routerConfig({ instances: [instanceConfig({ version: 3 })] }));
    rig.hear(200, { interval: seconds(5) });
    rig.link("eth0", { running: false });
    rig.link("eth0");
    expect(rig.patience).toBe(3_609_375);
  });

  test("refreshes the peers' neighbour entries for the own address, unicast only", () => {
    const rig = active({ transport: unicast("192.0.2.3") });
    rig.link("eth0", { running: false });
    rig.take();
    rig.link("eth0");
    expect(rig.of("announce-source")).toEqual([{ type: "announce-source", instance: "VI" }]);
  });

  test("still waits for a tracker that has never reported", () => {
    const config = instanceConfig({
      tracking: [{ tracker: "script:chk", weight: 0, reverse: false }],
    });
    const rig = new Rig(routerConfig({ instances: [config] }), {
      interfaces: [interfaceFacts("eth0", { running: false })],
    });
    rig.link("eth0");
    expect(rig.state).toBe("fault");
    expect(rig.instance().faults).toMatchObject([
      { code: "tracker-unknown", text: "script chk has not reported yet" },
    ]);
    rig.event({ type: "tracker", tracker: "script:chk", value: "up" });
    expect(rig.state).toBe("backup");
  });

  test("counts neither as a release nor as a takeover by itself", () => {
    const rig = active();
    rig.link("eth0", { running: false });
    rig.link("eth0");
    expect(rig.instance().counters).toMatchObject({ becameActive: 1, releasedActive: 1 });
  });
});

describe("interface_up_down_delays", () => {
  const delayed = (): Rig => {
    const linkDelays = [{ interface: "eth0", down: milliseconds(1_500), up: seconds(3) }];
    const rig = new Rig(routerConfig({ linkDelays }));
    rig.pass(seconds(4));
    rig.take();
    return rig;
  };

  test("a shorter loss of carrier is never noticed", () => {
    const rig = delayed();
    rig.link("eth0", { running: false });
    rig.pass(milliseconds(1_499));
    rig.link("eth0");
    rig.pass(seconds(5));
    expect(rig.state).toBe("active");
    expect(rig.transitions()).toEqual([]);
  });

  test("a longer one counts when its delay is over", () => {
    const rig = delayed();
    rig.link("eth0", { running: false });
    rig.pass(microseconds(1_499_999));
    expect(rig.state).toBe("active");
    rig.pass(microseconds(1));
    expect(rig.state).toBe("fault");
  });

  test("repeated reports of the same loss do not prolong the delay", () => {
    const rig = delayed();
    rig.link("eth0", { running: false });
    rig.pass(seconds(1));
    rig.link("eth0", { running: false, mtu: 1400 });
    rig.pass(milliseconds(500));
    expect(rig.state).toBe("fault");
  });

  test("coming back has a delay of its own", () => {
    const rig = delayed();
    rig.link("eth0", { running: false });
    rig.pass(seconds(2));
    rig.link("eth0");
    rig.pass(microseconds(2_999_999));
    expect(rig.state).toBe("fault");
    rig.pass(microseconds(1));
    expect(rig.state).toBe("backup");
  });

  test("a vanished interface is not waited for", () => {
    const rig = delayed();
    rig.link("eth0", { present: false, running: false, addresses: [] });
    expect(rig.state).toBe("fault");
  });

  test("what the kernel says first counts at once", () => {
    const linkDelays = [{ interface: "eth0", down: seconds(9), up: seconds(9) }];
    const rig = new Rig(routerConfig({ linkDelays }));
    expect(rig.state).toBe("backup");
  });
});
