/** Configurations of the VRRP core for tests: complete, valid, and with keepalived's defaults where nothing is said. */
import { type IpAddress, parseIp, parsePrefix } from "../../src/base/ip.ts";
import { NO_TIME, seconds } from "../../src/base/time.ts";
import type {
  AnnouncementConfig,
  GroupConfig,
  InstanceConfig,
  RouterConfig,
  Transport,
  VirtualAddress,
  VirtualRoute,
} from "../../src/vrrp/config.ts";
import type { InterfaceFacts } from "../../src/vrrp/events.ts";
import { DUET_PROTOCOL } from "../../src/wire/objects.ts";
import { VRRP_GROUP_IPV4, VRRP_GROUP_IPV6 } from "../../src/wire/vrrp.ts";

/** An address written by a test's author, who got it right. */
export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new TypeError(`not an IP address: ${text}`);
  return address;
}

/** "192.0.2.100/24" on `dev`. */
export function virtualAddress(text: string, dev = "eth0", tracked = true): VirtualAddress {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new TypeError(`not a prefix: ${text}`);
  return {
    tracked,
    spec: {
      interface: dev,
      address: prefix.address,
      prefixLength: prefix.length,
      scope: 0,
      flags: 0,
      protocol: DUET_PROTOCOL,
      validLifetime: "forever",
      preferredLifetime: "forever",
    },
  };
}

/** A default route through `gateway`. */
export function defaultRoute(gateway: string, dev: string, source?: string): VirtualRoute {
  return {
    tracked: true,
    spec: {
      family: 4,
      type: "unicast",
      destination: { address: ip("0.0.0.0"), length: 0 },
      gateway: ip(gateway),
      interface: dev,
      ...(source === undefined ? {} : { preferredSource: ip(source) }),
      table: 254,
      protocol: DUET_PROTOCOL,
      onlink: false,
      metrics: {},
      lockedMetrics: [],
      nexthops: [],
    },
  };
}

export const ANNOUNCEMENTS: AnnouncementConfig = {
  repeat: 5,
  delay: seconds(5),
  refresh: NO_TIME,
  refreshRepeat: 1,
  lowerPriorityRepeat: 5,
  lowerPriorityDelay: seconds(5),
  arpInterval: NO_TIME,
  naInterval: NO_TIME,
};

export const multicast = (family: 4 | 6 = 4): Transport => ({
  type: "multicast",
  group: family === 4 ? VRRP_GROUP_IPV4 : VRRP_GROUP_IPV6,
});

export function unicast(...peers: readonly string[]): Transport {
  return {
    type: "unicast",
    peers: peers.map((peer) => ({ address: ip(peer), ttlMin: 0, ttlMax: 255 })),
    checkSource: false,
    faultWithoutPeer: false,
  };
}

/** An instance on eth0, VRID 51, version 2, priority 100, that preempts. */
export function instanceConfig(some: Partial<InstanceConfig> = {}): InstanceConfig {
  const priority = some.priority ?? 100;
  const family = some.family ?? 4;
  return {
    name: "VI",
    interface: "eth0",
    family,
    version: family === 4 ? 2 : 3,
    vrid: 51,
    priority,
    startsActive: priority === 255,
    interval: seconds(1),
    downAdverts: 3,
    preempt: true,
    preemptDelay: NO_TIME,
    accept: true,
    transport: multicast(family),
    trackSource: false,
    authentication: { type: "none" },
    checksum: "pseudo-header",
    oldUnicastChecksum: "auto",
    skipAddressCheck: false,
    addresses: [
      virtualAddress(
        family === 4 ? "192.0.2.100/24" : "2001:db8::100/64",
        some.interface ?? "eth0",
      ),
    ],
    excluded: [],
    routes: [],
    rules: [],
    announcements: ANNOUNCEMENTS,
    advertiseToLower: true,
    advertiseToHigher: false,
    ownerIgnoresAdverts: false,
    strict: false,
    trackInterface: true,
    tracking: [],
    promoteSecondaries: false,
    reportPriorityChanges: false,
    ...some,
  };
}

export function groupConfig(some: Partial<GroupConfig> = {}): GroupConfig {
  return {
    name: "G",
    members: ["LAN", "WAN"],
    tracking: [],
    memberWeights: false,
    reportPriorityChanges: false,
    ...some,
  };
}

export function routerConfig(some: Partial<RouterConfig> = {}): RouterConfig {
  return {
    instances: [instanceConfig()],
    groups: [],
    startupDelay: NO_TIME,
    linkDelays: [],
    ...some,
  };
}

/** The classic pair of instances in one sync group: LAN on eth0, WAN on eth1, the same VRID on both. */
export function lanAndWan(some: Partial<InstanceConfig> = {}): RouterConfig {
  const lan = { name: "LAN", interface: "eth0", addresses: [virtualAddress("192.0.2.100/24")] };
  const wan = {
    name: "WAN",
    interface: "eth1",
    addresses: [virtualAddress("198.51.100.100/24", "eth1")],
  };
  return routerConfig({
    instances: [instanceConfig({ ...some, ...lan }), instanceConfig({ ...some, ...wan })],
    groups: [groupConfig()],
  });
}

/** An interface that is up: eth0 has 192.0.2.2, eth1 198.51.100.2, and both a link-local address. */
export function interfaceFacts(name: string, some: Partial<InterfaceFacts> = {}): InterfaceFacts {
  const primary = name === "eth1" ? "198.51.100.2" : "192.0.2.2";
  return {
    interface: name,
    present: true,
    index: name === "eth1" ? 3 : 2,
    running: true,
    mtu: 1500,
    addresses: [ip(primary), ip("fe80::2")],
    ...some,
  };
}
