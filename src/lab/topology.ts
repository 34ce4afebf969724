/**
 * The lab as data: which namespaces there are, what is plugged into what, and who has which address. It is the classic
 * two-router home: a client and two routers on a LAN switch, the same two routers and an upstream on a WAN switch.
 *
 *     client ---- lansw ---- alpha, beta ---- wansw ---- upstream
 *
 * The switches are bridges in namespaces of their own, so that netfilter of the host never sees a frame of the lab.
 * Nothing here touches the system; provisioning.ts turns a plan into commands.
 */
import { type IpAddress, type Prefix, parseIp, parsePrefix } from "../base/ip.ts";
import { type Mac, parseMac } from "../base/mac.ts";

export const ROUTER_NAMES = ["alpha", "beta"] as const;
export type RouterName = (typeof ROUTER_NAMES)[number];
/** A side of the routers: each has a switch, a virtual address and an interface in every router. */
export const SIDES = ["lan", "wan"] as const;
export type Side = (typeof SIDES)[number];
export type Switch = "lansw" | "wansw";
export const ROLES = ["client", "alpha", "beta", "upstream", "lansw", "wansw"] as const;
export type Role = (typeof ROLES)[number];

export interface CableEnd {
  readonly role: Role;
  readonly interface: string;
  readonly mac?: Mac;
}
/** A veth pair. */
export type Cable = readonly [CableEnd, CableEnd];

export interface Bridge {
  readonly name: string;
  readonly ports: readonly string[];
  readonly mac?: Mac;
}

interface AddressPlan {
  readonly interface: string;
  readonly prefix: Prefix;
}

export interface RoutePlan {
  readonly destination: Prefix;
  readonly via: IpAddress;
}

export interface Sysctl {
  /** Path below /proc/sys, such as net/ipv4/ip_forward. */
  readonly path: string;
  readonly value: string;
  /** True: a kernel without this knob will do. */
  readonly optional: boolean;
}

export interface NamespacePlan {
  readonly role: Role;
  readonly name: string;
  readonly bridges: readonly Bridge[];
  readonly addresses: readonly AddressPlan[];
  readonly routes: readonly RoutePlan[];
  readonly sysctls: readonly Sysctl[];
  /** For `nft -f`; empty for none. */
  readonly ruleset: string;
  /** The same for kernels with IPv6. */
  readonly ipv6Ruleset: string;
}

export interface LabPlan {
  readonly name: string;
  readonly cables: readonly Cable[];
  readonly namespaces: readonly NamespacePlan[];
}

const ip = (text: string): IpAddress => parseIp(text) as IpAddress;
const prefix = (text: string): Prefix => parsePrefix(text) as Prefix;
const mac = (text: string): Mac => parseMac(text) as Mac;

export const SWITCHES: Readonly<Record<Side, Switch>> = { lan: "lansw", wan: "wansw" };
/** The how-to's interface names. */
export const ROUTER_INTERFACES: Readonly<Record<Side, string>> = { lan: "br-lan", wan: "eth0.2" };
export const VIRTUAL_ADDRESSES: Readonly<Record<Side, IpAddress>> = {
  lan: ip("192.168.1.4"),
  wan: ip("192.168.0.4"),
};
/** Reserved for virtual addresses of IPv6 configurations; client and upstream already route through them. */
const VIRTUAL_ADDRESSES_V6: Readonly<Record<Side, IpAddress>> = {
  lan: ip("fd0d:0e7:1::4"),
  wan: ip("2001:db8:2::4"),
};
/** What the client talks to: an address behind the upstream, reached only through the pair. */
export const SERVICE_ADDRESS: IpAddress = ip("198.51.100.10");
const LAN_NETWORK: Prefix = prefix("192.168.1.0/24");

export const ROUTER_MACS: Readonly<Record<RouterName, Readonly<Record<Side, Mac>>>> = {
  alpha: { lan: mac("02:d0:e7:01:00:02"), wan: mac("02:d0:e7:02:00:02") },
  beta: { lan: mac("02:d0:e7:01:00:03"), wan: mac("02:d0:e7:02:00:03") },
};

/** Which router has `address` as a hardware address on either side; undefined for a stranger. */
export const routerOfMac = (address: Mac): RouterName | undefined =>
  ROUTER_NAMES.find((router) => SIDES.some((side) => ROUTER_MACS[router][side] === address));

export const otherRouter = (router: RouterName): RouterName =>
  router === "alpha" ? "beta" : "alpha";

/** Lab names end up in namespace and file names: lower-case letters, digits and dashes, at most 24 characters. */
export const isLabName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,23}$/.test(name);

export const namespaceName = (lab: string, role: Role): string => `duet-${lab}-${role}`;

export function planLab(name: string): LabPlan {
  if (!isLabName(name)) throw new RangeError(`not a lab name: ${name}`);
  const namespace = (
    role: Role,
    plan: Partial<Omit<NamespacePlan, "role" | "name">>,
  ): NamespacePlan => ({ ...EMPTY_NAMESPACE, ...plan, role, name: namespaceName(name, role) });
  return {
    name,
    cables: CABLES,
    namespaces: [
      namespace("lansw", switchPlan(["client", ...ROUTER_NAMES])),
      namespace("wansw", switchPlan(["upstream", ...ROUTER_NAMES])),
      namespace("client", CLIENT),
      namespace("upstream", UPSTREAM),
      ...ROUTER_NAMES.map((router) => namespace(router, routerPlan(router))),
    ],
  };
}

const EMPTY_NAMESPACE = {
  bridges: [],
  addresses: [],
  routes: [],
  sysctls: [],
  ruleset: "",
  ipv6Ruleset: "",
};

const CABLES: readonly Cable[] = [
  [
    { role: "client", interface: "eth0", mac: mac("02:d0:e7:01:00:64") },
    { role: "lansw", interface: "client" },
  ],
  [
    { role: "upstream", interface: "eth0", mac: mac("02:d0:e7:02:00:01") },
    { role: "wansw", interface: "upstream" },
  ],
  ...ROUTER_NAMES.flatMap((router): Cable[] => [
    [
      { role: router, interface: "lan1", mac: ROUTER_MACS[router].lan },
      { role: "lansw", interface: router },
    ],
    [
      { role: router, interface: ROUTER_INTERFACES.wan, mac: ROUTER_MACS[router].wan },
      { role: "wansw", interface: router },
    ],
  ]),
  [
    { role: "alpha", interface: "sync" },
    { role: "beta", interface: "sync" },
  ],
];

const sysctl = (path: string, value: number): Sysctl => ({
  path,
  value: String(value),
  optional: false,
});
const optional = (plan: Sysctl): Sysctl => ({ ...plan, optional: true });

/** Addresses are usable at once, and nothing is configured behind the lab's back. */
const QUIET_IPV6: readonly Sysctl[] = ["all", "default"].flatMap((scope) => [
  optional(sysctl(`net/ipv6/conf/${scope}/disable_ipv6`, 0)),
  optional(sysctl(`net/ipv6/conf/${scope}/accept_dad`, 0)),
  optional(sysctl(`net/ipv6/conf/${scope}/accept_ra`, 0)),
]);

function switchPlan(ports: readonly string[]): Partial<NamespacePlan> {
  return {
    bridges: [{ name: "switch", ports }],
    sysctls: [
      // A switch is not an IPv6 host; without this each bridge would join groups and send reports of its own.
      ...["all", "default"].map((scope) =>
        optional(sysctl(`net/ipv6/conf/${scope}/disable_ipv6`, 1)),
      ),
      ...BRIDGE_WITHOUT_NETFILTER,
    ],
  };
}

const BRIDGE_WITHOUT_NETFILTER: readonly Sysctl[] = ["iptables", "ip6tables", "arptables"].map(
  (family) => optional(sysctl(`net/bridge/bridge-nf-call-${family}`, 0)),
);

const CLIENT: Partial<NamespacePlan> = {
  addresses: [
    { interface: "eth0", prefix: prefix("192.168.1.100/24") },
    { interface: "eth0", prefix: prefix("fd0d:0e7:1::64/64") },
  ],
  routes: [
    { destination: prefix("0.0.0.0/0"), via: VIRTUAL_ADDRESSES.lan },
    { destination: prefix("::/0"), via: VIRTUAL_ADDRESSES_V6.lan },
  ],
  sysctls: QUIET_IPV6,
};

/** It knows the way back to the WAN network only: what arrives from the LAN must have been translated. */
const UPSTREAM: Partial<NamespacePlan> = {
  addresses: [
    { interface: "eth0", prefix: prefix("192.168.0.1/24") },
    { interface: "eth0", prefix: prefix("2001:db8:2::1/64") },
    { interface: "lo", prefix: { address: SERVICE_ADDRESS, length: 32 } },
    { interface: "lo", prefix: prefix("2001:db8:3::10/128") },
  ],
  routes: [{ destination: prefix("fd0d:0e7:1::/64"), via: VIRTUAL_ADDRESSES_V6.wan }],
  sysctls: QUIET_IPV6,
};

const HOST_NUMBERS: Readonly<Record<RouterName, number>> = { alpha: 2, beta: 3 };

function routerPlan(router: RouterName): Partial<NamespacePlan> {
  const host = HOST_NUMBERS[router];
  const { lan, wan } = ROUTER_INTERFACES;
  return {
    bridges: [{ name: lan, ports: ["lan1"], mac: ROUTER_MACS[router].lan }],
    addresses: [
      { interface: lan, prefix: prefix(`192.168.1.${host}/24`) },
      { interface: lan, prefix: prefix(`fd0d:0e7:1::${host}/64`) },
      { interface: wan, prefix: prefix(`192.168.0.${host}/24`) },
      { interface: wan, prefix: prefix(`2001:db8:2::${host}/64`) },
      { interface: "sync", prefix: prefix(`10.255.0.${host - 1}/30`) },
    ],
    sysctls: [
      ...QUIET_IPV6,
      ...BRIDGE_WITHOUT_NETFILTER,
      sysctl("net/ipv4/ip_forward", 1),
      optional(sysctl("net/ipv6/conf/all/forwarding", 1)),
      // The backup has no default route, so a strict reverse path check would drop what a new active router forwards.
      sysctl("net/ipv4/conf/all/rp_filter", 0),
      sysctl("net/ipv4/conf/default/rp_filter", 0),
      sysctl("net/ipv4/conf/all/send_redirects", 0),
      sysctl("net/ipv4/conf/default/send_redirects", 0),
      // A flow that was taken over is in the middle of its window.
      optional(sysctl("net/netfilter/nf_conntrack_tcp_be_liberal", 1)),
    ],
    ruleset: ROUTER_RULESET,
    ipv6Ruleset: ROUTER_IPV6_RULESET,
  };
}

/** VRRP (112) and AH (51) are never tracked: a full flow table must not stop an advertisement. */
const ROUTER_RULESET = `table ip lab {
  chain untracked-in { type filter hook prerouting priority raw; ip protocol { 112, 51 } notrack; }
  chain untracked-out { type filter hook output priority raw; ip protocol { 112, 51 } notrack; }
  chain translate {
    type nat hook postrouting priority srcnat;
    ip saddr ${LAN_NETWORK.address}/${LAN_NETWORK.length} oifname "${ROUTER_INTERFACES.wan}" snat to ${VIRTUAL_ADDRESSES.wan}
  }
}
`;

const ROUTER_IPV6_RULESET = `table ip6 lab {
  chain untracked-in { type filter hook prerouting priority raw; ip6 nexthdr { 112, 51 } notrack; }
  chain untracked-out { type filter hook output priority raw; ip6 nexthdr { 112, 51 } notrack; }
}
`;
