/**
 * Links, addresses, routes, rules and neighbours as the kernel reports them, in a dump or in a notification.
 * Interfaces are given by index: names may change, and an entry may outlive its interface.
 */
import type { IpAddress, IpFamily, Prefix } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import type { RouteMetric, RouteType, RuleSpec, Scope } from "../objects.ts";

export interface LinkEntry {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_* of linux/if_arp.h: 1 Ethernet, 772 loopback. */
  readonly hardwareType: number;
  /** IFF_* bits of netdevice(7). */
  readonly flags: number;
  /** IFF_UP: switched on by the administrator. */
  readonly up: boolean;
  /** IFF_UP, IFF_RUNNING and IFF_LOWER_UP: switched on, with carrier. */
  readonly running: boolean;
  readonly mtu: number;
  /** Undefined on links without an Ethernet address. */
  readonly mac?: Mac;
  /** Kind of a virtual link: "veth", "macvlan", "bridge", "vlan". */
  readonly kind?: string;
  /** MACVLAN_MODE_* of linux/if_link.h: 1 private, 4 bridge. */
  readonly macvlanMode?: number;
  /** Index of the underlying link of a macvlan or vlan, or of a veth's other end, when in the same namespace. */
  readonly parent?: number;
  /** Index of the bridge, bond or VRF that the link belongs to. */
  readonly master?: number;
  readonly group: number;
}

export interface AddressEntry {
  readonly family: IpFamily;
  readonly index: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly scope: Scope;
  /** IFA_F_* bits: secondary 0x01, deprecated 0x20, tentative 0x40, permanent 0x80. */
  readonly flags: number;
  readonly label?: string;
  readonly broadcast?: IpAddress;
  /** The other end of a point-to-point address; undefined when there is none. */
  readonly peer?: IpAddress;
  /** IFA_PROTO; 0 when the kernel does not say (before Linux 5.18). */
  readonly protocol: number;
  /** Whole seconds left. */
  readonly validLifetime: number | "forever";
  readonly preferredLifetime: number | "forever";
}

export interface NexthopEntry {
  readonly gateway?: IpAddress;
  readonly index: number;
  /** 1 to 256. */
  readonly weight: number;
  readonly onlink: boolean;
}

export interface RouteEntry {
  readonly family: IpFamily;
  readonly type: RouteType;
  readonly destination: Prefix;
  readonly from?: Prefix;
  readonly preferredSource?: IpAddress;
  readonly gateway?: IpAddress;
  /** Index of the outgoing interface; undefined for multipath and blackhole-like routes. */
  readonly index?: number;
  /** 0 when the route carries none. */
  readonly metric: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: Scope;
  readonly tos: number;
  /** RTNH_F_* and RTM_F_* bits: dead 1, onlink 4, linkdown 16, cloned 0x200. */
  readonly flags: number;
  readonly metrics: Readonly<Partial<Record<RouteMetric, number>>>;
  readonly nexthops: readonly NexthopEntry[];
}

/** A rule as the kernel keeps it. What it did not send has the default: no selector, not inverted, priority 0. */
export type RuleEntry = RuleSpec;

export interface NeighbourEntry {
  readonly family: IpFamily;
  readonly index: number;
  readonly address: IpAddress;
  readonly mac?: Mac;
  /** NUD_* bits: reachable 2, stale 4, failed 0x20, permanent 0x80. */
  readonly state: number;
}

/** One change that the kernel reports: what is new or different, or the last state of what is gone. */
export type Notification = {
  readonly gone: boolean;
  /** Port id of the netlink socket that asked for the change; 0 when the kernel acted by itself. */
  readonly requester: number;
} & Entry;

/** One object in a dump or in a notification. */
export type Entry =
  | { readonly type: "link"; readonly entry: LinkEntry }
  | { readonly type: "address"; readonly entry: AddressEntry }
  | { readonly type: "route"; readonly entry: RouteEntry }
  | { readonly type: "rule"; readonly entry: RuleEntry }
  | { readonly type: "neighbour"; readonly entry: NeighbourEntry };
