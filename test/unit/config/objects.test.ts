/** Addresses, routes and rules: from one line of text to what the kernel is told. */
import { describe, expect, test } from "vitest";
import type { VirtualAddress, VirtualRoute, VirtualRule } from "../../../src/vrrp/config.ts";
import {
  findingsOf,
  instanceText,
  loadText,
  modelOf,
  onlyInstance,
} from "../../support/keepalived-files.ts";

const address = (line: string): VirtualAddress | undefined =>
  onlyInstance(instanceText(`virtual_ipaddress {\n${line}\n}`)).addresses[0];
const route = (line: string): VirtualRoute | undefined =>
  onlyInstance(instanceText(`virtual_routes {\n${line}\n}`)).routes[0];
const rule = (line: string): VirtualRule | undefined =>
  onlyInstance(instanceText(`virtual_rules {\n${line}\n}`)).rules[0];

describe("an address", () => {
  test.each([
    [
      "without a length is a host address",
      "192.0.2.1",
      { prefixLength: 32, interface: "eth0", flags: 0 },
    ],
    [
      "names its interface and label",
      "192.0.2.1/24 dev eth1 label eth1:v",
      { interface: "eth1", label: "eth1:v" },
    ],
    ["computes its broadcast address", "192.0.2.77/26 brd +", { broadcast: "192.0.2.127" }],
    ["computes the lower broadcast address", "192.0.2.77/26 brd -", { broadcast: "192.0.2.64" }],
    ["has a scope by name", "192.0.2.1 scope link", { scope: 253 }],
    ["has flags", "192.0.2.1/24 home noprefixroute autojoin", { flags: 0x610 }],
    [
      "of IPv6 is not checked for duplicates",
      "2001:db8::1/64",
      { flags: 2, preferredLifetime: "forever" },
    ],
    [
      "of one IPv6 host is never a source",
      "2001:db8::1",
      { prefixLength: 128, preferredLifetime: 0 },
    ],
    ["of IPv6 may be checked for duplicates", "2001:db8::1/64 -nodad", { flags: 0 }],
    [
      "may have a preferred lifetime",
      "2001:db8::1/128 preferred_lft 300",
      { preferredLifetime: 300 },
    ],
  ])("%s", (_, line, expected) => {
    expect(address(line)?.spec).toMatchObject({
      ...expected,
      protocol: 112,
      validLifetime: "forever",
    });
  });

  test("with no_track is not looked after", () => {
    expect(address("192.0.2.1 no_track")?.tracked).toBe(false);
  });

  test("on another interface has that interface tracked", () => {
    const { tracking } = onlyInstance(instanceText("virtual_ipaddress { 192.0.2.1 dev eth1 }"));
    expect(tracking).toEqual([{ tracker: "interface:eth1", weight: 0, reverse: false }]);
  });

  test("that is excluded may be of the other family", () => {
    const { excluded, family } = onlyInstance(
      instanceText("virtual_ipaddress_excluded { 2001:db8::1/64 }"),
    );
    expect([excluded[0]?.spec.address, family]).toEqual(["2001:db8::1", 4]);
  });

  test.each([
    ["192.0.2.1/24 192.0.2.2/24", "warning address-option"],
    ["192.0.2.1/24 bogus", "warning address-option"],
    ["192.0.2.1/31 brd +", "warning address-option"],
    ["192.0.2.1 label eth1:v", "warning label-invalid"],
    ["192.0.2.1 label eth0:0123456789abc", "error label-invalid"],
    ["192.0.2.1 dev", "error value-missing"],
    ["192.0.2.1 scope moon", "error name-unknown"],
  ])("%s gives %s", (line, code) => {
    expect(findingsOf(`virtual_ipaddress {\n${line}\n}`)).toEqual([code]);
  });
});

describe("a route", () => {
  test.each([
    [
      "192.0.2.0/24 dev eth0",
      { destination: { address: "192.0.2.0", length: 24 }, table: 254, protocol: 112 },
    ],
    [
      "default via 192.0.2.9 dev eth0",
      { destination: { address: "0.0.0.0", length: 0 }, gateway: "192.0.2.9" },
    ],
    ["default via fe80::1 dev eth0", { family: 6, destination: { address: "::", length: 0 } }],
    ["inet 192.0.2.0/24 via inet6 fe80::1 dev eth0", { family: 4, gateway: "fe80::1" }],
    [
      "to 192.0.2.0/24 dev eth0 metric 7 table 100 scope link tos 10 onlink",
      { metric: 7, table: 100, scope: 253, tos: 16, onlink: true },
    ],
    [
      "default dev eth0 mtu lock 1400 advmss 1360 hoplimit 3",
      { metrics: { mtu: 1400, advmss: 1360, hoplimit: 3 }, lockedMetrics: ["mtu"] },
    ],
    [
      "default dev eth0 rtt 30ms rttvar 1s rto_min 200ms",
      { metrics: { rtt: 240, rttvar: 4000, rto_min: 200 } },
    ],
    [
      "default dev eth0 features ecn quickack 1 congctl lock bbr",
      { metrics: { features: 1, quickack: 1 }, congestion: "bbr" },
    ],
    [
      "default dev eth0 realms 3/4 ttl-propagate disabled",
      { realms: { from: 3, to: 4 }, ttlPropagate: false },
    ],
    [
      "from 2001:db8::/32 default dev eth0 pref high expires 60",
      { family: 6, from: { address: "2001:db8::", length: 32 }, preference: "high", expires: 60 },
    ],
    [
      "default nexthop via 192.0.2.8 dev eth0 weight 2 nexthop dev eth0 onlink",
      {
        nexthops: [
          { gateway: "192.0.2.8", interface: "eth0", weight: 2, onlink: false },
          { interface: "eth0", weight: 1, onlink: true },
        ],
      },
    ],
    ["default dev eth0 protocol static no_track", { protocol: 4 }],
  ])("%s", (line, expected) => {
    expect(route(line)?.spec).toMatchObject(expected);
  });

  test("of type blackhole needs no interface but is not looked after then", () => {
    expect(route("blackhole 192.0.2.0/24 no_track")).toMatchObject({
      tracked: false,
      spec: { type: "blackhole" },
    });
    expect(findingsOf("virtual_routes {\nblackhole 192.0.2.0/24\n}")).toEqual([
      "warning route-untracked",
    ]);
  });

  test("with or becomes one with two hops", () => {
    expect(
      route("192.0.2.0/24 via 192.0.2.8 or 192.0.2.9 no_track")?.spec.nexthops.map(
        ({ gateway }) => gateway,
      ),
    ).toEqual(["192.0.2.8", "192.0.2.9"]);
  });

  test("that is looked after keeps no protocol of its own", () => {
    expect(route("default dev eth0 protocol static")?.spec.protocol).toBe(112);
    expect(findingsOf("virtual_routes {\ndefault dev eth0 protocol static\n}")).toEqual([
      "warning route-invalid",
    ]);
  });

  test("finds its table by the name that iproute2 gives it", () => {
    const text = instanceText("virtual_routes {\ndefault dev eth0 table uplink\n}");
    const { model } = loadText(text, {}, { "/etc/iproute2/rt_tables": "# x\n200\tuplink\n" });
    expect(model?.vrrp.instances[0]?.routes[0]?.spec.table).toBe(200);
  });

  test.each([
    ["via 192.0.2.1 dev eth0", "error route-invalid"],
    ["default dev eth0 bogus", "error route-invalid"],
    ["default dev eth0 table nowhere", "error name-unknown"],
    ["default dev eth0 metric -1", "error number-invalid"],
    ["default dev eth0 encap mpls 3", "error route-invalid"],
    ["192.0.2.0/24 src fe80::1 dev eth0", "error family-mixed"],
    ["from 192.0.2.0/24 default dev eth0", "error route-invalid"],
    ["default via", "error value-missing"],
  ])("%s gives %s", (line, code) => {
    expect(findingsOf(`virtual_routes {\n${line}\n}`)).toContain(code);
  });
});

describe("a rule", () => {
  test.each([
    [
      "from 192.0.2.0/24 table 100 preference 7",
      { action: "lookup", table: 100, preference: 7, family: 4, protocol: 112 },
    ],
    [
      "not to 2001:db8::/32 lookup main priority 8",
      { not: true, family: 6, table: 254, preference: 8 },
    ],
    [
      "fwmark 0x10/0xff iif eth0 oif eth1 table 5 preference 1",
      { firewallMark: { value: 16, mask: 255 }, inputInterface: "eth0", outputInterface: "eth1" },
    ],
    ["from 192.0.2.1 blackhole preference 1", { action: "blackhole", table: 0 }],
    ["from 192.0.2.1 type prohibit preference 1", { action: "prohibit" }],
    ["from all goto 900 preference 1", { action: "goto", goto: 900 }],
    ["l3mdev preference 1", { action: "lookup", l3mdev: true, table: 0 }],
    [
      "ipproto tcp sport 80-90 dport 443 uidrange 0-99 table 5 preference 1",
      {
        ipProtocol: 6,
        sourcePorts: { start: 80, end: 90 },
        destinationPorts: { start: 443, end: 443 },
        userRange: { start: 0, end: 99 },
      },
    ],
    [
      "suppress_prefixlength 0 table main preference 1 realms 2",
      { suppressPrefixLength: 0, realms: { from: 0, to: 2 } },
    ],
  ])("%s", (line, expected) => {
    expect(rule(line)?.spec).toMatchObject(expected);
  });

  test("without a preference gets 16384, then 16383, with a warning each", () => {
    const text = `static_rules {\nfrom 192.0.2.1 table 5\n}\n${instanceText("virtual_rules {\nfrom 192.0.2.2 table 5\n}")}`;
    const { statics, vrrp } = modelOf(text);
    expect([
      statics.rules[0]?.spec.preference,
      vrrp.instances[0]?.rules[0]?.spec.preference,
    ]).toEqual([16_384, 16_383]);
  });

  test("without an address is of the family of its instance", () => {
    const text = instanceText(
      "virtual_rules {\niif eth0 table 5 preference 1\n}\nvirtual_ipaddress { fe80::1 }",
    );
    expect(onlyInstance(text).rules[0]?.spec.family).toBe(6);
  });

  test.each([
    ["from 192.0.2.1", "error rule-invalid"],
    ["from 192.0.2.1 table 5 bogus", "error rule-invalid"],
    ["from 192.0.2.1 to fe80::1 table 5", "error family-mixed"],
    ["to 192.168.100./24 table 5", "error address-invalid"],
    ["fwmark 0xfffffffff table 5", "error number-invalid"],
    ["sport 9-3 table 5", "error number-range"],
  ])("%s gives %s", (line, code) => {
    expect(findingsOf(`virtual_rules {\n${line}\n}`)).toEqual([code]);
  });
});

test("static objects lie on default_interface unless they say otherwise", () => {
  const text =
    "global_defs {\ndefault_interface eth3\n}\nstatic_ipaddress {\n192.0.2.1/24\n192.0.2.2 dev eth4\n}\nstatic_routes {\n198.51.100.0/24 dev eth3\n}";
  const { statics } = modelOf(text);
  expect(statics.addresses.map(({ spec }) => spec.interface)).toEqual(["eth3", "eth4"]);
  expect(statics.routes[0]).toMatchObject({ tracked: true, spec: { protocol: 112 } });
});
