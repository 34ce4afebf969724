import { setInterval } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IpAddress } from "../../src/base/ip.ts";
import type { Mac } from "../../src/base/mac.ts";
import { type ChangeResult, RouteNetlink } from "../../src/kernel/route-netlink.ts";
import type { AddressSpec, RouteSpec, RuleSpec } from "../../src/wire/objects.ts";
import type { Change } from "../../src/wire/rtnetlink/change.ts";
import { carriers, isRoot, type TestNamespace, TestNet } from "../support/netns.ts";

const ip = (text: string): IpAddress => text as IpAddress;

const address: AddressSpec = {
  interface: "eth0",
  address: ip("192.0.2.4"),
  prefixLength: 24,
  scope: 0,
  flags: 0,
  protocol: 112,
  validLifetime: "forever",
  preferredLifetime: "forever",
};

const route: RouteSpec = {
  family: 4,
  type: "unicast",
  destination: { address: ip("198.51.100.0"), length: 24 },
  gateway: ip("192.0.2.1"),
  interface: "eth0",
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

const addAddress = (spec: Partial<AddressSpec> = {}): Change => ({
  type: "address",
  verb: "replace",
  spec: { ...address, ...spec },
});
const addRoute = (spec: Partial<RouteSpec> = {}): Change => ({
  type: "route",
  verb: "add",
  spec: { ...route, ...spec },
});
const reversed = <T extends Change>(change: T): T => ({ ...change, verb: "delete" });
const ok: ChangeResult = { ok: true };

describe.skipIf(!isRoot)("rtnetlink", () => {
  let net: TestNet;
  let router: TestNamespace;
  let netlink: RouteNetlink;

  beforeAll(async () => {
    net = new TestNet();
    router = net.namespace("rtnl");
    const other = net.namespace("peer");
    net.cable(router, "eth0", other, "eth0");
    net.cable(router, "eth1", other, "eth1");
    await carriers(router, "eth0", "eth1");
    netlink = router.within(() => RouteNetlink.open());
  });
  beforeEach(() => {
    router.ip("addr flush dev eth0 scope global");
    router.ip("addr flush dev eth1 scope global");
    netlink.apply([addAddress({ address: ip("192.0.2.2"), protocol: 4 })]);
  });
  afterAll(() => {
    netlink.close();
    net.close();
  });

  const indexOf = (name: string): number => netlink.indexOf(name)!;
  const kernelRoutes = (line: string): readonly unknown[] => router.ipJson(`route show ${line}`);

  test("lists links with name, MAC, carrier and kind", () => {
    const eth0 = netlink.links().find(({ name }) => name === "eth0");
    expect(eth0).toMatchObject({
      index: router.indexOf("eth0"),
      mac: router.macOf("eth0"),
      mtu: 1500,
      up: true,
      running: true,
      kind: "veth",
      hardwareType: 1,
    });
    expect(eth0?.parent).toBeUndefined();
    expect(netlink.links().find(({ name }) => name === "lo")?.mac).toBe("00:00:00:00:00:00");
  });

  test("finds an index by name, and nothing for a name that does not exist or cannot exist", () => {
    expect(netlink.indexOf("lo")).toBe(1);
    expect(netlink.indexOf("eth9")).toBeUndefined();
    expect(netlink.indexOf("a-name-that-is-far-too-long")).toBeUndefined();
  });

  test("adds an address with label, broadcast, originator and lifetimes, and reads it back", () => {
    const spec = {
      label: "eth0:v",
      broadcast: ip("192.0.2.255"),
      flags: 0x200,
      validLifetime: 100,
      preferredLifetime: 0,
    } as const;
    expect(netlink.apply([addAddress(spec)])).toEqual([ok]);
    const entry = netlink.addresses(4).find((one) => one.address === "192.0.2.4");
    const { flags, ...rest } = spec;
    expect(entry).toMatchObject({ ...rest, protocol: 112, family: 4 });
    expect(entry!.flags & flags).toBe(flags);
    expect(entry!.index).toBe(indexOf("eth0"));
    expect(router.ip("addr show dev eth0")).toMatch(/192\.0\.2\.4\/24 brd .* noprefixroute eth0:v/);
  });

  test("adds and deletes an IPv6 address and a point-to-point address", () => {
    const changes = [
      addAddress({ address: ip("2001:db8::4"), prefixLength: 64, flags: 0x02 }),
      addAddress({ address: ip("203.0.113.1"), prefixLength: 32, peer: ip("203.0.113.2") }),
    ];
    expect(netlink.apply(changes)).toEqual([ok, ok]);
    const entries = netlink.addresses();
    expect(entries).toContainEqual(
      expect.objectContaining({ family: 6, address: "2001:db8::4", prefixLength: 64 }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({ address: "203.0.113.1", peer: "203.0.113.2" }),
    );
    expect(netlink.apply(changes.map(reversed))).toEqual([ok, ok]);
    expect(netlink.addresses(6).map((one) => one.address)).not.toContain("2001:db8::4");
  });

  test("the kernel removes an address and the routes that use it once its lifetime is over, and renewal prevents it", async () => {
    const lifetime = { validLifetime: 2, preferredLifetime: 2, flags: 0x200 };
    const doomed = addAddress({ address: ip("192.0.2.5"), ...lifetime });
    const renewed = addAddress({ address: ip("192.0.2.6"), ...lifetime });
    const uses = addRoute({ preferredSource: ip("192.0.2.5") });
    const ipv6 = { ...lifetime, prefixLength: 64, flags: 0x202 };
    const doomed6 = addAddress({ ...ipv6, address: ip("2001:db8::5") });
    const renewed6 = addAddress({ ...ipv6, address: ip("2001:db8::6") });
    expect(netlink.apply([doomed, renewed, uses, doomed6, renewed6])).toEqual([ok, ok, ok, ok, ok]);
    let renewals = 0;
    for await (const _ of setInterval(900)) {
      expect(netlink.apply([renewed, renewed6])).toEqual([ok, ok]);
      renewals += 1;
      if (renewals === 4) break;
    }
    const addresses = (): string[] => netlink.addresses().map((one) => one.address);
    expect(addresses()).toEqual(expect.arrayContaining(["192.0.2.6", "2001:db8::6"]));
    const expired = (): string[] =>
      addresses().filter((one) => /^(192.0.2.5|2001:db8::5)$/.test(one));
    await expect.poll(expired, { timeout: 10_000 }).toEqual([]);
    expect(netlink.routes(4, 112)).toEqual([]);
  });

  test("adds a route with source, metric, table and metrics, reads it back and deletes it", () => {
    const change = addRoute({
      metric: 5,
      table: 1000,
      preferredSource: ip("192.0.2.2"),
      metrics: { mtu: 1400, advmss: 1360 },
      lockedMetrics: ["mtu"],
      tos: 0x10,
    });
    expect(netlink.apply([change])).toEqual([ok]);
    const [entry] = netlink.routes(4, 112);
    expect(entry).toMatchObject({
      destination: { address: "198.51.100.0", length: 24 },
      gateway: "192.0.2.1",
      index: indexOf("eth0"),
      preferredSource: "192.0.2.2",
      metric: 5,
      table: 1000,
      metrics: { mtu: 1400, advmss: 1360 },
      tos: 0x10,
      scope: 0,
      type: "unicast",
    });
    expect(router.ip("route show table 1000")).toContain("mtu lock 1400 advmss 1360");
    expect(netlink.apply([reversed(change)])).toEqual([ok]);
    expect(netlink.routes(4, 112)).toEqual([]);
  });

  test("adds the default route of the how-to, a route on the link, an onlink one and a blackhole", () => {
    const changes = [
      addRoute({ destination: { address: ip("0.0.0.0"), length: 0 }, metric: 5 }),
      addRoute({ destination: { address: ip("203.0.113.0"), length: 24 }, gateway: undefined! }),
      addRoute({
        destination: { address: ip("203.0.114.0"), length: 24 },
        gateway: ip("10.9.9.9"),
        onlink: true,
      }),
      addRoute({
        destination: { address: ip("203.0.115.0"), length: 24 },
        type: "blackhole",
        gateway: undefined!,
        interface: undefined!,
      }),
    ];
    expect(netlink.apply(changes)).toEqual([ok, ok, ok, ok]);
    expect(kernelRoutes("default")).toMatchObject([{ gateway: "192.0.2.1", metric: 5 }]);
    expect(kernelRoutes("203.0.113.0/24")).toMatchObject([{ scope: "link" }]);
    expect(kernelRoutes("203.0.114.0/24")).toMatchObject([{ flags: ["onlink"] }]);
    expect(kernelRoutes("203.0.115.0/24")).toMatchObject([{ type: "blackhole" }]);
    expect(netlink.apply(changes.map(reversed))).toEqual([ok, ok, ok, ok]);
    expect(netlink.routes(4, 112)).toEqual([]);
  });

  test("adds IPv6 routes with preference and expiry, and an IPv4 route through an IPv6 gateway", () => {
    netlink.apply([addAddress({ address: ip("2001:db8::4"), prefixLength: 64, flags: 0x02 })]);
    const changes = [
      addRoute({
        family: 6,
        destination: { address: ip("2001:db8:1::"), length: 48 },
        gateway: ip("2001:db8::1"),
        preference: "high",
        expires: 60,
        metric: 7,
      }),
      addRoute({ gateway: ip("fe80::1") }),
    ];
    expect(netlink.apply(changes)).toEqual([ok, ok]);
    expect(router.ip("-6 route show 2001:db8:1::/48")).toMatch(/metric 7 expires \d+sec pref high/);
    expect(netlink.routes(6, 112)).toMatchObject([{ gateway: "2001:db8::1", metric: 7 }]);
    expect(netlink.routes(4, 112)).toMatchObject([{ gateway: "fe80::1" }]);
    expect(netlink.apply(changes.map(reversed))).toEqual([ok, ok]);
  });

  test("adds a route over several next hops", () => {
    netlink.apply([addAddress({ interface: "eth1", address: ip("203.0.113.2") })]);
    const change = addRoute({
      gateway: undefined!,
      interface: undefined!,
      nexthops: [
        { gateway: ip("192.0.2.1"), interface: "eth0", weight: 2, onlink: false },
        { gateway: ip("203.0.113.1"), interface: "eth1", weight: 1, onlink: true },
      ],
    });
    expect(netlink.apply([change])).toEqual([ok]);
    expect(netlink.routes(4, 112)).toMatchObject([
      {
        nexthops: [
          { gateway: "192.0.2.1", index: indexOf("eth0"), weight: 2, onlink: false },
          { gateway: "203.0.113.1", index: indexOf("eth1"), weight: 1, onlink: true },
        ],
      },
    ]);
    expect(netlink.apply([reversed(change)])).toEqual([ok]);
  });

  test("prepends, replaces and appends routes", () => {
    const first = addRoute({ gateway: ip("192.0.2.11") });
    const before: Change = {
      ...addRoute({ gateway: ip("192.0.2.12") }),
      verb: "prepend",
    } as Change;
    const behind: Change = { ...addRoute({ gateway: ip("192.0.2.13") }), verb: "append" } as Change;
    expect(netlink.apply([first, before, behind])).toEqual([ok, ok, ok]);
    const gateways = (): unknown[] => netlink.routes(4, 112).map(({ gateway }) => gateway);
    expect(gateways()).toEqual(["192.0.2.12", "192.0.2.11", "192.0.2.13"]);
    const instead: Change = {
      ...addRoute({ gateway: ip("192.0.2.14") }),
      verb: "replace",
    } as Change;
    expect(netlink.apply([instead])).toEqual([ok]);
    expect(gateways()).toEqual(["192.0.2.14", "192.0.2.11", "192.0.2.13"]);
  });

  test("adds rules of all kinds, reads them back and deletes them", () => {
    const specs: RuleSpec[] = [
      {
        ...rule,
        not: true,
        from: { address: ip("10.0.0.0"), length: 8 },
        to: { address: ip("192.0.2.0"), length: 24 },
        firewallMark: { value: 1, mask: 0xff },
        inputInterface: "eth0",
        outputInterface: "eth1",
        tos: 0x10,
        suppressPrefixLength: 0,
        userRange: { start: 0, end: 5 },
        ipProtocol: 6,
        sourcePorts: { start: 1, end: 10 },
        destinationPorts: { start: 80, end: 80 },
      },
      { ...rule, preference: 501, realms: { from: 3, to: 4 }, suppressInterfaceGroup: 9 },
      { ...rule, preference: 502, tunnelId: 7_000_000_000 },
      { ...rule, preference: 503, action: "goto", table: 0, goto: 600 },
      { ...rule, preference: 504, action: "prohibit", table: 0 },
      { ...rule, preference: 505, family: 6, from: { address: ip("2001:db8::"), length: 32 } },
    ];
    const changes = specs.map((spec): Change => ({ type: "rule", verb: "add", spec }));
    expect(netlink.apply(changes)).toEqual(specs.map(() => ok));
    const kept = netlink.rules().filter(({ protocol }) => protocol === 112);
    expect(kept.toSorted((a, b) => a.preference - b.preference)).toEqual(specs);
    expect(netlink.apply(changes.map(reversed))).toEqual(specs.map(() => ok));
    expect(netlink.rules().filter(({ protocol }) => protocol === 112)).toEqual([]);
  });

  test("goes on after a failing member of a batch and says in the kernel's words what was wrong", () => {
    const results = netlink.apply([
      addAddress(),
      addRoute({ gateway: ip("172.16.0.1") }),
      addRoute(),
      addRoute(),
      reversed(addAddress({ address: ip("192.0.2.99") })),
      { type: "rule", verb: "delete", spec: { ...rule, preference: 999 } },
    ]);
    expect(results.map((result) => (result.ok ? "ok" : result.code))).toEqual([
      "ok",
      "ENETUNREACH",
      "ok",
      "EEXIST",
      "EADDRNOTAVAIL",
      "ENOENT",
    ]);
    expect(results[1]).toMatchObject({
      message:
        "add route 198.51.100.0/24 via 172.16.0.1 dev eth0: ENETUNREACH: network is unreachable (Nexthop has invalid gateway)",
    });
  });

  test("an unknown interface fails that change only", () => {
    const results = netlink.apply([addAddress({ interface: "eth9" }), addAddress()], indexOf);
    expect(results).toEqual([
      {
        ok: false,
        errno: 19,
        code: "ENODEV",
        message: "replace address 192.0.2.4/24 on eth9: there is no interface eth9",
      },
      ok,
    ]);
  });

  test("carries out a thousand changes in order, over several batches", () => {
    const changes = Array.from({ length: 1000 }, (_, count) =>
      addRoute({ destination: { address: ip(`10.${count >> 8}.${count & 255}.0`), length: 24 } }),
    );
    const results = netlink.apply([...changes, ...changes.slice(0, 1)], indexOf);
    expect(results.slice(0, 1000).every((result) => result.ok)).toBe(true);
    expect(results[1000]).toMatchObject({ ok: false, code: "EEXIST" });
    expect(netlink.routes(4, 112)).toHaveLength(1000);
    expect(netlink.apply(changes.map(reversed), indexOf).every((result) => result.ok)).toBe(true);
    expect(netlink.routes(4, 112)).toEqual([]);
  });

  test("makes a macvlan in bridge mode with its MAC, uses it in the same call, and removes it", () => {
    const mac = "00:00:5e:00:01:33" as Mac;
    const results = netlink.apply([
      { type: "link", verb: "add-macvlan", interface: "vrrp.51", parent: "eth0", mac },
      { type: "link", verb: "up", interface: "vrrp.51" },
      addAddress({ interface: "vrrp.51", prefixLength: 32 }),
    ]);
    expect(results).toEqual([ok, ok, ok]);
    const link = netlink.links().find(({ name }) => name === "vrrp.51");
    expect(link).toMatchObject({ mac, up: true, kind: "macvlan", macvlanMode: 4 });
    expect(link?.parent).toBe(indexOf("eth0"));
    const away: Change[] = [
      { type: "link", verb: "down", interface: "vrrp.51" },
      { type: "link", verb: "delete", interface: "vrrp.51" },
      { type: "link", verb: "delete", interface: "vrrp.51" },
    ];
    expect(netlink.apply(away)).toMatchObject([ok, ok, { ok: false, code: "ENODEV" }]);
  });

  test("lists neighbours", () => {
    router.ip("neigh replace 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0");
    expect(netlink.neighbours(4)).toContainEqual({
      family: 4,
      index: indexOf("eth0"),
      address: "192.0.2.9",
      mac: "02:00:00:00:00:09",
      state: 0x80,
    });
  });
});
