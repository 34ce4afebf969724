/**
 * What the VRRP core needs to know, checked and complete: every default is filled in, every value is in range.
 * Values are plain JSON so that configurations can be recorded, compared and replayed.
 */
import type { IpAddress, IpFamily } from "../base/ip.ts";
import type { Mac } from "../base/mac.ts";
import type { Duration } from "../base/time.ts";
import type { AddressSpec, RouteSpec, RuleSpec } from "../wire/objects.ts";

export type VrrpVersion = 2 | 3;

export const PRIORITY_OWNER = 255;
export const PRIORITY_RESIGN = 0;
export const PRIORITY_DEFAULT = 100;

/** A virtual address: what is installed while Active, and whether its disappearance is noticed and mended. */
export interface VirtualAddress {
  readonly spec: AddressSpec;
  /** False for keepalived's `no_track`: nobody looks after the address while Active. */
  readonly tracked: boolean;
}

export interface VirtualRoute {
  readonly spec: RouteSpec;
  readonly tracked: boolean;
}

export interface VirtualRule {
  readonly spec: RuleSpec;
  readonly tracked: boolean;
}

export interface UnicastPeer {
  readonly address: IpAddress;
  /** Accepted TTL or hop limit of received advertisements, 0 to 255; only enforced with `checkSource`. */
  readonly ttlMin: number;
  readonly ttlMax: number;
}

export type Transport =
  | { readonly type: "multicast"; readonly group: IpAddress }
  | {
      readonly type: "unicast";
      readonly peers: readonly UnicastPeer[];
      /** TTL or hop limit of sent advertisements, or the default: 255 for IPv4, the kernel's for IPv6. */
      readonly ttl?: number;
      /** Accept advertisements from configured peers only. */
      readonly checkSource: boolean;
      /** An empty peer list is a fault. */
      readonly faultWithoutPeer: boolean;
    };

export interface HmacKey {
  /** 1 to 255. */
  readonly id: number;
  /** 32 to 64 bytes in lower-case hex. */
  readonly secret: string;
}

export type Authentication =
  | { readonly type: "none" }
  /** RFC 2338 simple text password, 1 to 8 bytes in lower-case hex. */
  | { readonly type: "password"; readonly password: string }
  /** RFC 2338 IP Authentication Header with HMAC-MD5-96; key of 1 to 8 bytes in lower-case hex. */
  | { readonly type: "header"; readonly key: string }
  /** keepalived 2.4's HMAC-SHA-256 trailer. */
  | {
      readonly type: "hmac";
      readonly keys: readonly HmacKey[];
      readonly activeKey: number;
      readonly replay: "time" | "monotonic";
      readonly window: Duration;
      readonly mode: "enforce" | "permissive" | "receive-only";
    };

/** Gratuitous ARP and unsolicited neighbour advertisements; see keepalived.conf(5), garp_master_*. */
export interface AnnouncementConfig {
  /** Rounds of the burst on becoming Active, at least 1. */
  readonly repeat: number;
  /** Pause before the second, identical burst; 0 for none. */
  readonly delay: Duration;
  /** Period of refresh bursts while Active; 0 for none. */
  readonly refresh: Duration;
  readonly refreshRepeat: number;
  /** Rounds of the burst when an advertisement of lower priority is heard; 0 for none. */
  readonly lowerPriorityRepeat: number;
  readonly lowerPriorityDelay: Duration;
  /** Least spacing between two gratuitous ARPs, and between two neighbour advertisements, on one interface. */
  readonly arpInterval: Duration;
  readonly naInterval: Duration;
}

/** A virtual MAC carried by a macvlan above the instance's interface (RFC 9568 section 7.3). */
export interface VirtualMacConfig {
  readonly interface: string;
  readonly mac: Mac;
  /** Advertisements leave through the underlying interface with its own MAC. */
  readonly transmitFromBase: boolean;
}

/** One tracked object as an instance or group sees it. Weight 0: its failure is a fault. */
export interface Tracking {
  /** Key of a tracker: "interface:eth0", "script:chk", "file:f", "process:p". */
  readonly tracker: string;
  /** -254 to 254. */
  readonly weight: number;
  readonly reverse: boolean;
}

export interface InstanceConfig {
  readonly name: string;
  readonly interface: string;
  readonly family: IpFamily;
  readonly version: VrrpVersion;
  /** 1 to 255. */
  readonly vrid: number;
  /** Base priority, 1 to 255. */
  readonly priority: number;
  /** Only an address owner (255) may start as Active; everyone else listens first. */
  readonly startsActive: boolean;
  /** Advertisement interval: whole seconds 1 to 255 in version 2; 10 ms to 40.95 s in steps of 10 ms in version 3. */
  readonly interval: Duration;
  /** Advertisements that may be missed before Active counts as down, 1 to 100; RFC: 3. */
  readonly downAdverts: number;
  readonly preempt: boolean;
  readonly preemptDelay: Duration;
  /** Accept_Mode of RFC 9568; false drops packets to and from the virtual addresses. */
  readonly accept: boolean;
  readonly transport: Transport;
  /** Configured source of advertisements; otherwise the interface's primary (IPv6: link-local) address. */
  readonly source?: IpAddress;
  /** The disappearance of `source` is a fault. */
  readonly trackSource: boolean;
  readonly authentication: Authentication;
  /** Which checksum version 3 over IPv4 sends; reception accepts both. */
  readonly checksum: "pseudo-header" | "payload-only";
  /** keepalived before 1.3.6 summed 224.0.0.18 into unicast checksums. "auto" answers in the form last heard. */
  readonly oldUnicastChecksum: "auto" | "always" | "never";
  readonly skipAddressCheck: boolean;
  /** Advertised addresses, in the order they appear in the packet. */
  readonly addresses: readonly VirtualAddress[];
  /** Installed and announced like the others, but not advertised. */
  readonly excluded: readonly VirtualAddress[];
  readonly routes: readonly VirtualRoute[];
  readonly rules: readonly VirtualRule[];
  readonly announcements: AnnouncementConfig;
  /** Active answers an advertisement of lower priority at once (RFC 9568 section 6.4.3). */
  readonly advertiseToLower: boolean;
  /** Active sends one more advertisement before it yields to a higher priority. */
  readonly advertiseToHigher: boolean;
  readonly ownerIgnoresAdverts: boolean;
  readonly strict: boolean;
  /** False for `dont_track_primary`: the own interface may be down. */
  readonly trackInterface: boolean;
  readonly tracking: readonly Tracking[];
  readonly virtualMac?: VirtualMacConfig;
  readonly promoteSecondaries: boolean;
  readonly reportPriorityChanges: boolean;
}

export interface GroupConfig {
  readonly name: string;
  /** Names of instances, in order; at least one. */
  readonly members: readonly string[];
  readonly tracking: readonly Tracking[];
  /** Weighted trackers of members count (`sync_group_tracking_weight`). */
  readonly memberWeights: boolean;
  readonly reportPriorityChanges: boolean;
}

/** Debounce of an interface's state; see interface_up_down_delays in keepalived.conf(5). */
export interface LinkDelay {
  readonly interface: string;
  readonly down: Duration;
  readonly up: Duration;
}

/** Self-fencing: the lifetime that virtual addresses are given, and how often it is renewed. */
export interface FencingConfig {
  /** Whole seconds, at least 2. */
  readonly lifetimeSeconds: number;
  readonly renewal: Duration;
}

/** Replicated connections are loaded into the kernel before the addresses are installed. */
export interface StateTransferConfig {
  /** How long the addresses wait for the state after the claim, at most. */
  readonly wait: Duration;
}

export interface RouterConfig {
  readonly instances: readonly InstanceConfig[];
  readonly groups: readonly GroupConfig[];
  /** Quiet time after start: nothing is heard or sent (vrrp_startup_delay). */
  readonly startupDelay: Duration;
  readonly linkDelays: readonly LinkDelay[];
  /** Undefined switches self-fencing off: addresses then stay when the daemon dies. */
  readonly fencing?: FencingConfig;
  /** Undefined: nothing is replicated, and the addresses follow the claim at once. */
  readonly stateTransfer?: StateTransferConfig;
}

/**
 * What makes an instance the same one across a reload: VRID, family, interface and transport. Its name is irrelevant, as in
 * keepalived.
 */
export function instanceKey({
  vrid,
  family,
  interface: name,
  transport,
  source,
}: InstanceConfig): string {
  const path =
    transport.type === "multicast" ? transport.group : `unicast from ${source ?? "primary"}`;
  return `${name} ipv${family} vrid ${vrid} ${path}`;
}
