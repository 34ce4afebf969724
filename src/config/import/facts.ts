/**
 * What the files of one router say, whatever language they are written in: every reader of classic files fills this type,
 * and the merge of both routers' facts makes the pair. A value that no file gives is undefined; nothing is guessed here.
 */
import type { IpAddress, Prefix } from "../../base/ip.ts";
import type { Duration } from "../../base/time.ts";
import type { Position } from "../diagnostics.ts";
import type { NotCarried, PairCheck, PairDhcp, PairHooks, PairReplication } from "../pair/model.ts";

/** A value and where it was read. */
export interface Found<T> {
  readonly value: T;
  readonly at: Position;
}

export interface RouterFacts {
  /** Every file that was read, the first one first. */
  readonly files: readonly string[];
  /** The router's own name, where a file gives one (router_id). */
  readonly name: Found<string> | undefined;
  readonly networks: readonly NetworkFacts[];
  readonly instances: readonly InstanceFacts[];
  readonly groups: readonly GroupFacts[];
  readonly checks: readonly Found<PairCheck>[];
  readonly replication: ReplicationFacts | undefined;
  readonly hooks: Partial<PairHooks>;
  /** What has no place in the pair's file, in the order of the files. */
  readonly notCarried: readonly NotCarried[];
}

/** A network that the router has addresses in. */
export interface NetworkFacts {
  /** As the files call it: "lan", "wan", "guest". */
  readonly name: string;
  readonly at: Position;
  /** Linux interface that carries its addresses: "br-lan", "eth0.2". */
  readonly interface: string | undefined;
  /** The router's own addresses, never virtual ones. */
  readonly addresses: readonly Found<Prefix>[];
  /** The router's own default routes: they do not go with the role, but say who the next hop is. */
  readonly gateways: readonly Found<IpAddress>[];
  readonly metric: Found<number> | undefined;
  /** Whether addresses are translated where packets leave here (masquerading, or SNAT to a virtual address). */
  readonly translates: Found<boolean> | undefined;
  readonly dhcp: DhcpFacts | undefined;
}

/** `first` and `last` are there only when the network's own address is known. */
export interface DhcpFacts extends Partial<Omit<PairDhcp, "hosts">> {
  readonly at: Position;
  readonly hosts: PairDhcp["hosts"];
}

/** One vrrp_instance. */
export interface InstanceFacts {
  readonly name: string;
  readonly at: Position;
  readonly interface: string | undefined;
  readonly version: Found<2 | 3> | undefined;
  readonly vrid: Found<number> | undefined;
  readonly priority: Found<number> | undefined;
  readonly interval: Found<Duration> | undefined;
  readonly preempt: Found<boolean> | undefined;
  readonly preemptDelay: Found<Duration> | undefined;
  /** "other" is one that Duet's pair file has no word for; `password` is without meaning then. */
  readonly authentication:
    | Found<{
        readonly type: "none" | "pass" | "hmac" | "other";
        readonly password: string | undefined;
      }>
    | undefined;
  /** Where its advertisements come from (mcast_src_ip, unicast_src_ip). */
  readonly source: Found<IpAddress> | undefined;
  /** None over multicast. */
  readonly unicastPeers: readonly Found<IpAddress>[];
  readonly addresses: readonly Found<Prefix>[];
  readonly unadvertised: readonly Found<Prefix>[];
  /** Next hops of its default routes. */
  readonly gateways: readonly Found<{
    readonly address: IpAddress;
    readonly metric: number | undefined;
  }>[];
  /** Weight 0: its failure is a fault. */
  readonly trackedInterfaces: readonly Found<{ readonly name: string; readonly weight: number }>[];
  /** Names of checks that it tracks. */
  readonly checks: readonly string[];
}

/** One vrrp_sync_group. */
export interface GroupFacts {
  readonly name: string;
  readonly at: Position;
  /** Names of instances. */
  readonly members: readonly string[];
}

export interface ReplicationFacts {
  readonly at: Position;
  /** Settings that are given; the rest is the reader's default. */
  readonly settings: Partial<Omit<PairReplication, "links">>;
  /** Dedicated links, the first one first. */
  readonly links: readonly {
    readonly at: Position;
    readonly interface: string | undefined;
    readonly own: IpAddress | undefined;
    /** Undefined over multicast. */
    readonly peer: IpAddress | undefined;
  }[];
}
