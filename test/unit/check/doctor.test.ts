import { describe, expect, test } from "vitest";
import type { Mac } from "../../../src/base/mac.ts";
import { milliseconds, seconds } from "../../../src/base/time.ts";
import { DOCTOR_ENTRIES } from "../../../src/check/doctor/catalogue.ts";
import type { Expectation } from "../../../src/check/doctor/finding.ts";
import type { Snapshot } from "../../../src/check/doctor/snapshot.ts";
import {
  address,
  codesOf,
  DAEMON,
  daemonIn,
  diagnosis,
  EXPECTATION,
  expecting,
  HEALTHY,
  PEER_MAC,
  SPEAKER,
} from "../../support/doctor.ts";
import { ip } from "../../support/vrrp-config.ts";

test("a router that is as it should be has no findings", () => {
  expect(diagnosis({})).toEqual([]);
});

const sysctls = (values: Readonly<Record<string, string>>): Partial<Snapshot> => ({
  sysctls: { ...HEALTHY.sysctls, ...values },
});
const netfilter = (name: string, value: string): Partial<Snapshot> =>
  sysctls({ [`net.netfilter.nf_conntrack_${name}`]: value });
const links = (name: string, change: object): Partial<Snapshot> => ({
  links: HEALTHY.links!.map((link) =>
    link.name === name ? Object.assign({}, link, change) : link,
  ),
});
const speakers = (change: Partial<typeof SPEAKER>): Partial<Snapshot> => ({
  speakers: [{ ...SPEAKER, ...change }],
});
const FOREIGN = "02:00:00:00:00:99" as Mac;
const replicating = (change: Partial<NonNullable<Expectation["replication"]>>): Expectation =>
  expecting({ replication: { ...EXPECTATION.replication!, ...change } });
const signed = expecting({}, () => ({
  version: 2,
  authentication: {
    type: "hmac",
    keys: [],
    activeKey: 1,
    replay: "time",
    window: seconds(30),
    mode: "enforce",
  },
}));
const withMac = expecting({}, ({ name, virtualMac }) =>
  name === "I1"
    ? { virtualMac: { interface: "vrrp.51", mac: FOREIGN, transmitFromBase: false } }
    : { virtualMac },
);

type Row = readonly [
  what: string,
  change: Partial<Snapshot>,
  found: string | readonly string[],
  expectation?: Expectation,
];

const ROWS: readonly Row[] = [
  ["forwarding is off", sysctls({ "net.ipv4.ip_forward": "0" }), "error forwarding-off"],
  [
    "forwarding is off on an interface with a dot in its name",
    sysctls({ "net.ipv4.conf.eth0/2.forwarding": "0" }),
    "error forwarding-off",
  ],
  ["events are off", netfilter("events", "0"), "error events-off"],
  ["TCP is not picked up", netfilter("tcp_loose", "0"), "warning pickup-off"],
  [
    "windows are strict and replicated",
    {},
    "warning windows-strict",
    replicating({ windowTracking: true }),
  ],
  ["the table is full", netfilter("count", "65000"), "warning table-full"],
  ["the table has few buckets", netfilter("buckets", "1024"), "warning buckets-few"],
  [
    "fewer flows are replicated than fit",
    {},
    "warning hash-limit-low",
    replicating({ hashLimit: 9 }),
  ],
  [
    "the peer's table is smaller",
    { daemon: { ...DAEMON, replication: { problems: [], peerKernel: { max: 100 } } } },
    "warning peer-table-smaller",
  ],
  [
    "the filter below a virtual MAC is strict",
    sysctls({ "net.ipv4.conf.br-lan.rp_filter": "1", "net.ipv4.conf.br-lan.arp_ignore": "1" }),
    "warning reverse-path-strict",
    withMac,
  ],
  [
    "the interface below a virtual MAC answers for all addresses",
    sysctls({ "net.ipv4.conf.br-lan.arp_ignore": "0" }),
    "warning arp-answers-for-all",
    withMac,
  ],
  [
    "an interface is missing",
    { links: HEALTHY.links!.filter(({ name }) => name !== "eth3") },
    "error interface-missing",
  ],
  ["an interface is down", links("eth3", { up: false, running: false }), "error interface-down"],
  ["an interface has no carrier", links("eth0.2", { running: false }), "error no-carrier"],
  ["a bridge has no port", links("eth1", { master: "other" }), "error bridge-empty"],
  ["an advertisement does not fit", links("eth0.2", { mtu: 30 }), "error mtu-small"],
  [
    "the own address is missing",
    { addresses: HEALTHY.addresses!.filter(({ interface: device }) => device !== "eth0.2") },
    "error own-address-missing",
  ],
  [
    "the link's address is elsewhere",
    { addresses: [...HEALTHY.addresses!.slice(0, 2), address("lo", "10.255.0.1")] },
    "error own-address-missing",
  ],
  [
    "a virtual address is held in vain",
    { addresses: [...HEALTHY.addresses!, address("eth0.2", "192.168.0.4", true)] },
    "error address-without-role",
  ],
  [
    "the active router lacks its addresses",
    { daemon: daemonIn("active"), speakers: [], probes: [] },
    ["error role-without-address", "error role-without-address"],
  ],
  [
    "another default route is better",
    { defaultRoutes: [{ family: 4, gateway: ip("192.168.1.9"), interface: "br-lan", metric: 0 }] },
    "warning route-shadowed",
  ],
  ["no daemon runs", { daemon: "absent" }, "warning daemon-not-running"],
  [
    "keepalived runs beside the daemon",
    { programs: [{ name: "keepalived", pid: 7 }] },
    "error other-program-runs",
  ],
  [
    "the daemon runs on another file",
    { daemon: { ...DAEMON, node: { ...DAEMON.node, configFiles: ["/tmp/x"] } } },
    "warning configuration-differs",
  ],
  [
    "the kernel refused real-time scheduling",
    { daemon: { ...DAEMON, node: { ...DAEMON.node, realtime: null } } },
    "warning realtime-refused",
  ],
  [
    "an instance is in fault",
    {
      daemon: {
        ...DAEMON,
        instances: [{ ...DAEMON.instances[0]!, faults: [{ code: "x", text: "eth1 is down" }] }],
      },
    },
    "error instance-fault",
  ],
  [
    "advertisements were refused",
    {
      daemon: {
        ...DAEMON,
        instances: [{ ...DAEMON.instances[0]!, counters: { refused: { "bad-ttl": 3 } } }],
      },
    },
    "warning advertisements-refused",
  ],
  [
    "a check fails",
    { daemon: { ...DAEMON, trackers: [{ tracker: "script:x", value: "down", detail: "exit 1" }] } },
    "warning check-failing",
  ],
  [
    "the peer is not heard on the link, and what the kernel's parameters show is told once",
    {
      daemon: {
        ...DAEMON,
        replication: {
          problems: [
            { code: "peer-silent", text: "the peer is not heard any more" },
            { code: "events-off", text: "the kernel reports no changes" },
          ],
          peerKernel: null,
        },
      },
    },
    "warning replication-problem",
  ],
  ["nobody keeps the clock", { clockSynchronised: false }, "warning clock-not-synchronised"],
  [
    "an upgrade loses the file",
    { keptPaths: ["/etc/sysupgrade.conf", "/etc/duet/*.conf"] },
    "warning sysupgrade-missing",
  ],
  [
    "a helper is not loaded",
    { modules: ["nf_conntrack_ftp"] },
    "warning helper-not-loaded",
    replicating({ expectations: ["ftp", "sip"] }),
  ],
  ["the other router has another version", speakers({ version: 3 }), "error version-differs"],
  [
    "the other router has another interval",
    speakers({ interval: milliseconds(100) }),
    "error interval-differs",
  ],
  [
    "the other router has another interval, in a version that learns it",
    speakers({ version: 3, interval: milliseconds(100) }),
    "warning interval-differs",
    expecting({}, () => ({ version: 3 })),
  ],
  [
    "the other router has other addresses",
    speakers({ addresses: [ip("192.168.1.4"), ip("192.168.1.5")] }),
    "error virtual-lists-differ",
  ],
  [
    "the other router sends a password",
    speakers({ authentication: "password" }),
    "error authentication-differs",
  ],
  ["the address has another VRID elsewhere", speakers({ vrid: 99 }), "error vrid-differs"],
  [
    "another pair has the VRID",
    { speakers: [SPEAKER, { ...SPEAKER, source: ip("192.168.1.77"), mac: FOREIGN }] },
    "error foreign-speaker",
  ],
  [
    "both are active",
    {
      daemon: daemonIn("active"),
      addresses: [
        ...HEALTHY.addresses!,
        address("br-lan", "192.168.1.4", true),
        address("eth0.2", "192.168.0.4", true),
      ],
      probes: [],
    },
    "error two-active",
  ],
  [
    "a host claims the virtual address",
    {
      probes: [
        { interface: "br-lan", address: ip("192.168.1.4"), macs: [PEER_MAC, FOREIGN] },
        { interface: "br-lan", address: ip("192.168.1.3"), macs: [PEER_MAC] },
      ],
    },
    "error address-conflict",
  ],
  [
    "the other router does not answer",
    { probes: [{ interface: "br-lan", address: ip("192.168.1.3"), macs: [] }] },
    "warning peer-silent",
  ],
];

test.each(
  ROWS.map(([what, change, found, expectation = EXPECTATION]) => ({
    what,
    change,
    found: typeof found === "string" ? [found] : found,
    expectation,
  })),
)("$what", ({ change, found, expectation }) => {
  const findings = diagnosis(change, expectation);
  const codes = codesOf(findings);
  expect(codes).toEqual(expect.arrayContaining([...found]));
  for (const { place, message, why, fix } of findings) {
    expect(place).not.toBe("");
    expect(message).toMatch(/^[\w/:]/);
    expect(message).not.toMatch(/undefined|null|NaN|\[object/);
    expect(why).toMatch(/\.$/);
    expect(fix).not.toMatch(/undefined|null|NaN|\[object/);
  }
});

describe("exact words", () => {
  test("errors come first, and each has its fix as a command", () => {
    const findings = diagnosis({
      ...netfilter("tcp_loose", "0"),
      ...sysctls({ "net.ipv4.ip_forward": "0", "net.netfilter.nf_conntrack_tcp_loose": "0" }),
    });
    expect(codesOf(findings)).toEqual(["error forwarding-off", "warning pickup-off"]);
    expect(findings[0]?.fix).toBe(
      "sysctl -w net.ipv4.ip_forward=1 && echo 'net.ipv4.ip_forward = 1' >> /etc/sysctl.d/90-duet.conf",
    );
  });

  test("a conflict names the hardware address and the interface", () => {
    const probes = [{ interface: "br-lan", address: ip("192.168.1.4"), macs: [FOREIGN] }];
    const [finding] = diagnosis({ probes, speakers: [] });
    expect(finding).toMatchObject({
      place: "192.168.1.4, br-lan",
      message:
        "02:00:00:00:00:99 answers for the virtual address 192.168.1.4, and no router is heard advertising it",
    });
  });

  test("what could not be looked at is not judged", () => {
    const nothing: Partial<Snapshot> = {
      sysctls: { "net.netfilter.nf_conntrack_max": "100" },
      links: null,
      addresses: null,
      defaultRoutes: null,
      modules: null,
      clockSynchronised: null,
      daemon: "unknown",
      speakers: null,
      probes: null,
    };
    expect(diagnosis(nothing)).toEqual([]);
  });

  test("what a reader says of this router alone is told with its place, and why", () => {
    const at = { file: "/etc/duet/duet.yaml", line: 4, column: 1 };
    const message = "there is no secret file /etc/duet/secret";
    const local = [{ at, severity: "error", code: "secret-unreadable", message }] as const;
    const [finding] = diagnosis({}, expecting({ local }));
    expect(finding).toMatchObject({
      code: "secret-unreadable",
      severity: "error",
      place: "/etc/duet/duet.yaml:4:1",
      message,
    });
    expect(finding?.why).toMatch(/\.$/);
    expect(finding?.fix).not.toBe("");
  });

  test("without replication nothing is said of connection tracking", () => {
    const expectation = expecting({ replication: undefined });
    expect(diagnosis({ sysctls: { "net.ipv4.ip_forward": "1" } }, expectation)).toEqual([]);
  });

  test("without connection tracking nothing else is said of it", () => {
    const { sysctls: all } = HEALTHY;
    const kept = Object.entries(all).filter(([name]) => !name.startsWith("net.netfilter"));
    expect(codesOf(diagnosis({ sysctls: Object.fromEntries(kept) }))).toEqual([
      "error tracking-missing",
    ]);
  });

  test.each([
    ["/etc/duet/", []],
    ["/etc/duet", []],
    ["/etc/*/duet.yaml", []],
    ["/etc/duet/duet.yam", ["warning sysupgrade-missing"]],
  ])("an upgrade with %s in its list", (pattern, found) => {
    expect(codesOf(diagnosis({ keptPaths: [pattern] }))).toEqual(found);
  });

  test.each([
    [1, []],
    [-10, ["warning clock-differs"]],
    [40, ["error clock-differs"]],
  ])("a signature whose time is %i s ahead", (clockAheadSeconds, found) => {
    const change = speakers({ authentication: "hmac", clockAheadSeconds });
    expect(codesOf(diagnosis(change, signed))).toEqual(found);
  });

  test("the other router may answer with its virtual MAC", () => {
    const probes = [
      {
        interface: "br-lan",
        address: ip("192.168.1.4"),
        macs: [PEER_MAC, "00:00:5e:00:01:33" as Mac],
      },
    ];
    expect(diagnosis({ probes })).toEqual([]);
  });
});

test("every finding of its own has a test", () => {
  const tested = new Set(ROWS.flatMap(([, , found]) => found).map((line) => line.split(" ")[1]));
  const elsewhere = new Set([
    "tracking-missing",
    "clock-differs",
    // In doctor-firewall.test.ts.
    "nothing-tracked",
    "vrrp-dropped",
    "replication-dropped",
    "own-traffic-tracked",
    "flows-offloaded",
    "expectations-not-replicated",
  ]);
  const missing = Object.keys(DOCTOR_ENTRIES).filter(
    (code) => !tested.has(code) && !elsewhere.has(code),
  );
  expect(missing).toEqual([]);
});
