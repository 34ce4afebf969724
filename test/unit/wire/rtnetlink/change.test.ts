import { describe, expect, test } from "vitest";
import type { IpAddress } from "../../../../src/base/ip.ts";
import type { Mac } from "../../../../src/base/mac.ts";
import { MessageWriter } from "../../../../src/wire/netlink.ts";
import type { AddressSpec, RouteSpec, RuleSpec } from "../../../../src/wire/objects.ts";
import { type Change, describeChange, planChange } from "../../../../src/wire/rtnetlink/change.ts";
import { hexOf, viewOf } from "../../../support/bytes.ts";

const ip = (text: string): IpAddress => text as IpAddress;
const hex = (text: string): string => text.replaceAll(/\s+/g, "");
const lookup = (name: string): number | undefined =>
  new Map([
    ["eth0", 2],
    ["eth1", 3],
  ]).get(name);

/** The message for a change, in hex, behind its length and type and without sequence and port. */
function message(change: Change): string {
  const plan = planChange(change, lookup);
  if (!plan.ok) return `no ${plan.fault}`;
  const room = viewOf(new Uint8Array(512).fill(0xa5));
  const writer = new MessageWriter(room);
  writer.begin({ type: plan.value.type, flags: plan.value.flags, sequence: 0 });
  plan.value.write(writer);
  expect(writer.finish()).toBe(true);
  const written = hexOf(room).slice(0, 2 * writer.size);
  expect(room.getUint32(0, true)).toBe(writer.size);
  return written.slice(8, 16) + written.slice(32);
}

const address: AddressSpec = {
  interface: "eth0",
  address: ip("192.0.2.4"),
  prefixLength: 24,
  scope: 0,
  flags: 0x200,
  protocol: 112,
  validLifetime: 3,
  preferredLifetime: "forever",
};
const route: RouteSpec = {
  family: 4,
  type: "unicast",
  destination: { address: ip("0.0.0.0"), length: 0 },
  table: 254,
  protocol: 112,
  onlink: false,
  metrics: {},
  lockedMetrics: [],
  nexthops: [],
};
const rule: RuleSpec = {
  family: 4,
  action: "lookup",
  not: false,
  table: 1000,
  preference: 500,
  protocol: 112,
  l3mdev: false,
};

describe("the message for an address", () => {
  test("renews or adds it with originator and lifetimes", () => {
    expect(message({ type: "address", verb: "replace", spec: address })).toBe(
      hex(`1400 0505 02180000 02000000 0800 0200 c0000204 0800 0100 c0000204
        0800 0800 00020000 0500 0b00 70000000 1400 0600 ffffffff 03000000 00000000 00000000`),
    );
  });

  test("carries peer, label and broadcast, for IPv4 only", () => {
    const extras = { label: "eth0:1", broadcast: ip("192.0.2.255") };
    const spec = { ...address, ...extras, peer: ip("192.0.2.5"), flags: 0x82 };
    const written = message({ type: "address", verb: "add", spec });
    expect(written).toContain(
      hex("1400 0506 02188200 02000000 0800 0200 c0000204 0800 0100 c0000205"),
    );
    expect(written).toContain(hex("0800 0400 c00002ff 0b00 0300 657468303a3100 00"));
    const ipv6 = message({
      type: "address",
      verb: "add",
      spec: { ...address, ...extras, address: ip("2001:db8::4"), prefixLength: 64 },
    });
    expect(ipv6).toContain(hex("0a400000 02000000 1400 0200 20010db8000000000000000000000004"));
    expect(ipv6).not.toContain(hex("657468303a31"));
    expect(ipv6).not.toContain("c00002ff");
  });

  test("deletes exactly that one", () => {
    expect(message({ type: "address", verb: "delete", spec: address })).toBe(
      hex("1500 0500 02180000 02000000 0800 0200 c0000204 0800 0100 c0000204"),
    );
  });
});

describe("the message for a route", () => {
  test("prepends the default route of the how-to", () => {
    const spec: RouteSpec = {
      ...route,
      gateway: ip("192.168.0.1"),
      preferredSource: ip("192.168.0.4"),
      interface: "eth0",
      metric: 5,
    };
    expect(message({ type: "route", verb: "prepend", spec })).toBe(
      hex(`1800 0504 02000000 fe700001 00000000 0800 0700 c0a80004 0800 0500 c0a80001
        0800 0400 02000000 0800 0600 05000000 0800 0f00 fe000000`),
    );
  });

  test.each<[string, Partial<RouteSpec>, scope: string, type: string]>([
    ["to its own link", {}, "fd", "01"],
    ["through a gateway", { gateway: ip("192.0.2.1") }, "00", "01"],
    ["to the host itself", { type: "local" }, "fe", "02"],
    ["for broadcasts", { type: "broadcast" }, "fd", "03"],
    ["that drops", { type: "blackhole" }, "00", "06"],
    ["of IPv6", { family: 6 }, "00", "01"],
    ["with a scope of its own", { scope: 200 }, "c8", "01"],
  ])("gives a route %s its scope and type", (_, spec, scope, type) => {
    const written = message({ type: "route", verb: "add", spec: { ...route, ...spec } });
    expect(written.slice(8 + 12, 8 + 16)).toBe(scope + type);
  });

  test("leaves large table numbers to the attribute", () => {
    const written = message({ type: "route", verb: "add", spec: { ...route, table: 1000 } });
    expect(written.slice(8, 8 + 10)).toBe("0200000000");
    expect(written).toContain(hex("0800 0f00 e8030000"));
  });

  test("locks metrics, and writes realms, preference and expiry", () => {
    const spec: RouteSpec = {
      ...route,
      metrics: { mtu: 1400, quickack: 1 },
      lockedMetrics: ["mtu"],
      congestion: "bbr",
      realms: { from: 3, to: 4 },
      preference: "low",
      expires: 60,
      ttlPropagate: true,
    };
    const written = message({ type: "route", verb: "add", spec });
    expect(written).toContain(
      hex(`2400 0800 0800 0100 04000000 0800 0200 78050000 0800 0f00 01000000
        0800 1000 62627200`),
    );
    expect(written).toContain(hex("0800 0b00 04000300"));
    expect(written).toContain(hex("0500 1400 03000000 0800 1700 3c000000 0500 1a00 01000000"));
  });

  test("lists next hops with weights, and gateways of the other family", () => {
    const nexthops = [
      { gateway: ip("192.0.2.1"), interface: "eth0", weight: 2, onlink: true },
      { gateway: ip("fe80::1"), interface: "eth1", weight: 1, onlink: false },
    ];
    expect(message({ type: "route", verb: "add", spec: { ...route, nexthops } })).toContain(
      hex(`3400 0900 1000 0401 02000000 0800 0500 c0000201
        2000 0000 03000000 1600 1200 0a00 fe800000000000000000000000000001 0000`),
    );
  });

  test("deletes without metrics, in whatever scope, but only our own", () => {
    const spec: RouteSpec = { ...route, metrics: { mtu: 1400 }, metric: 5 };
    expect(message({ type: "route", verb: "delete", spec })).toBe(
      hex("1900 0500 02000000 fe70ff01 00000000 0800 0600 05000000 0800 0f00 fe000000"),
    );
  });
});

describe("the message for a rule", () => {
  test("adds it, refusing a second one, and deletes it", () => {
    const body = hex(
      "02000000 00000001 00000000 0800 0600 f4010000 0500 1500 70000000 0800 0f00 e8030000",
    );
    expect(message({ type: "rule", verb: "add", spec: rule })).toBe(hex("2000 0506") + body);
    expect(message({ type: "rule", verb: "delete", spec: rule })).toBe(hex("2100 0500") + body);
  });

  test("selects everything with a prefix of length 0, which has no address", () => {
    const all = { address: ip("0.0.0.0"), length: 0 };
    expect(message({ type: "rule", verb: "add", spec: { ...rule, from: all, to: all } })).toBe(
      message({ type: "rule", verb: "add", spec: rule }),
    );
  });
});

describe("the message for a link", () => {
  test("names the link by name, so that it may be new", () => {
    expect(message({ type: "link", verb: "up", interface: "vrrp.51" })).toBe(
      hex("1000 0500 00000000 00000000 01000000 01000000 0c00 0300 767272702e353100"),
    );
    expect(message({ type: "link", verb: "down", interface: "m0" })).toBe(
      hex("1000 0500 00000000 00000000 00000000 01000000 0700 0300 6d300000"),
    );
    expect(message({ type: "link", verb: "delete", interface: "m0" })).toBe(
      hex("1100 0500 00000000 00000000 00000000 00000000 0700 0300 6d300000"),
    );
  });

  test("makes a macvlan in bridge mode", () => {
    const change: Change = {
      type: "link",
      verb: "add-macvlan",
      interface: "m0",
      parent: "eth0",
      mac: "00:00:5e:00:01:33" as Mac,
    };
    expect(message(change)).toBe(
      hex(`1000 0506 00000000 00000000 00000000 00000000 0700 0300 6d300000
        0a00 0100 00005e000133 0000 0800 0500 02000000
        1c00 1200 0c00 0100 6d6163766c616e00 0c00 0200 0800 0100 04000000`),
    );
    expect(describeChange(change)).toBe("add macvlan m0 with 00:00:5e:00:01:33 on eth0");
  });
});

test.each<[Change, missing: string]>([
  [{ type: "address", verb: "add", spec: { ...address, interface: "eth9" } }, "eth9"],
  [{ type: "route", verb: "add", spec: { ...route, interface: "eth8" } }, "eth8"],
  [
    {
      type: "route",
      verb: "add",
      spec: { ...route, nexthops: [{ interface: "eth7", weight: 1, onlink: false }] },
    },
    "eth7",
  ],
  [{ type: "link", verb: "add-macvlan", interface: "m0", parent: "eth6", mac: "" as Mac }, "eth6"],
])("a change that names an unknown interface is refused with its name", (change, missing) => {
  expect(message(change)).toBe(`no ${missing}`);
});

test.each<[Change, string]>([
  [{ type: "address", verb: "replace", spec: address }, "replace address 192.0.2.4/24 on eth0"],
  [
    {
      type: "route",
      verb: "add",
      spec: {
        ...route,
        gateway: ip("192.0.2.1"),
        interface: "eth0",
        preferredSource: ip("192.0.2.4"),
        metric: 5,
        table: 1000,
      },
    },
    "add route 0.0.0.0/0 via 192.0.2.1 dev eth0 src 192.0.2.4 metric 5 table 1000",
  ],
  [
    { type: "route", verb: "delete", spec: { ...route, type: "blackhole" } },
    "delete route blackhole 0.0.0.0/0",
  ],
  [{ type: "rule", verb: "add", spec: rule }, "add rule 500: IPv4 lookup 1000"],
  [
    {
      type: "rule",
      verb: "add",
      spec: { ...rule, from: { address: ip("10.0.0.0"), length: 8 }, action: "prohibit" },
    },
    "add rule 500: IPv4 from 10.0.0.0/8 prohibit",
  ],
  [{ type: "link", verb: "up", interface: "m0" }, "set interface m0 up"],
  [{ type: "link", verb: "delete", interface: "m0" }, "delete interface m0"],
])("a change is described as an operator would say it", (change, text) => {
  expect(describeChange(change)).toBe(text);
});
