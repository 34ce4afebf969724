/**
 * Addresses, routes and rules as Duet configures and the kernel keeps them, with interfaces by name. The rtnetlink
 * codecs turn them into messages, the configuration readers make them from text.
 */
import type { IpAddress, IpFamily, Prefix } from "../base/ip.ts";

/**
 * The originator that Duet writes into every address (IFA_PROTO), route and rule (rtm_protocol) it installs, so that a
 * later start recognises its own leftovers and nothing else. VRRP's IP protocol number, free in rt_protos.
 */
export const DUET_PROTOCOL = 112;

/** Scopes of rtnetlink(7): 0 global, 200 site, 253 link, 254 host. */
export type Scope = number;

export interface AddressSpec {
  readonly interface: string;
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly scope: Scope;
  readonly label?: string;
  readonly broadcast?: IpAddress;
  readonly peer?: IpAddress;
  /** IFA_F_* bits of linux/if_addr.h, such as IFA_F_NODAD 0x02 and IFA_F_NOPREFIXROUTE 0x200. */
  readonly flags: number;
  /** IFA_PROTO, Linux 5.18; older kernels ignore it. */
  readonly protocol: number;
  /** Whole seconds after which the kernel removes the address by itself, or "forever". */
  readonly validLifetime: number | "forever";
  /** Whole seconds until the address is deprecated; 0 means "never chosen as a source". */
  readonly preferredLifetime: number | "forever";
}

export type RouteType =
  | "unicast"
  | "local"
  | "broadcast"
  | "anycast"
  | "multicast"
  | "blackhole"
  | "unreachable"
  | "prohibit"
  | "throw"
  | "nat";

/** Route metrics of ip-route(8) that carry a number; times are in the kernel's unit of the RTAX attribute. */
export type RouteMetric =
  | "mtu"
  | "window"
  | "rtt"
  | "rttvar"
  | "ssthresh"
  | "cwnd"
  | "advmss"
  | "reordering"
  | "hoplimit"
  | "initcwnd"
  | "features"
  | "rto_min"
  | "initrwnd"
  | "quickack"
  | "fastopen_no_cookie";

export interface Nexthop {
  readonly gateway?: IpAddress;
  readonly interface?: string;
  /** 1 to 256. */
  readonly weight: number;
  readonly onlink: boolean;
}

export interface RouteSpec {
  readonly family: IpFamily;
  readonly type: RouteType;
  /** 0.0.0.0/0 or ::/0 for a default route. */
  readonly destination: Prefix;
  /** IPv6 only: the source prefix that the route applies to. */
  readonly from?: Prefix;
  readonly preferredSource?: IpAddress;
  /** May be of the other family (RTA_VIA). */
  readonly gateway?: IpAddress;
  readonly interface?: string;
  readonly metric?: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope?: Scope;
  readonly tos?: number;
  readonly onlink: boolean;
  readonly metrics: Readonly<Partial<Record<RouteMetric, number>>>;
  readonly lockedMetrics: readonly RouteMetric[];
  readonly congestion?: string;
  readonly realms?: { readonly from: number; readonly to: number };
  readonly preference?: "low" | "medium" | "high";
  /** Seconds, IPv6 only. */
  readonly expires?: number;
  readonly ttlPropagate?: boolean;
  readonly nexthops: readonly Nexthop[];
}

export interface RuleSpec {
  readonly family: IpFamily;
  readonly action: "lookup" | "goto" | "nop" | "blackhole" | "unreachable" | "prohibit";
  readonly not: boolean;
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly table: number;
  readonly preference: number;
  readonly protocol: number;
  readonly firewallMark?: { readonly value: number; readonly mask: number };
  readonly inputInterface?: string;
  readonly outputInterface?: string;
  readonly tos?: number;
  readonly realms?: { readonly from: number; readonly to: number };
  readonly suppressPrefixLength?: number;
  readonly suppressInterfaceGroup?: number;
  readonly tunnelId?: number;
  readonly userRange?: { readonly start: number; readonly end: number };
  readonly l3mdev: boolean;
  readonly ipProtocol?: number;
  readonly sourcePorts?: { readonly start: number; readonly end: number };
  readonly destinationPorts?: { readonly start: number; readonly end: number };
  readonly goto?: number;
}
