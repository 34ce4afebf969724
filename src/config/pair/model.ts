/**
 * The pair as people describe it: both routers, the networks between them and what is wanted of them. One value for
 * both routers, whatever it was read from (duet.yaml, or the classic files of both), complete: every default is filled in.
 * What one router runs on, and every file that is rendered, is derived from it. Plain JSON, frozen.
 */
import type { IpAddress, Prefix } from "../../base/ip.ts";
import type { Duration } from "../../base/time.ts";
import type { Diagnostic, Position } from "../diagnostics.ts";

export interface PairConfig {
  /** Name of the pair: a word of letters, digits, `-`, `_` and `.`. */
  readonly name: string;
  /** Holds the secret that the authentication is made from; readable by root only. */
  readonly secretFile: string | undefined;
  /** Exactly two, in the order of the file. */
  readonly routers: readonly [PairRouter, PairRouter];
  /** In the order of the file; names are unique. */
  readonly networks: readonly PairNetwork[];
  readonly election: PairElection;
  readonly tracking: PairTracking;
  /** Undefined: connections are not replicated. */
  readonly replication: PairReplication | undefined;
  readonly hooks: PairHooks;
  /** Lifetime of virtual addresses without renewal, whole seconds, 2 at least; undefined: no fencing. */
  readonly fencing: Duration | undefined;
}

export interface PairRouter {
  readonly name: string;
  /** 1 to 254, or 255 for the owner of the addresses; equal on both unless wanted otherwise (100). */
  readonly priority: number;
  /** By network name: this router's own addresses there, at most one a family on a network with virtual addresses. */
  readonly addresses: Readonly<Record<string, readonly Prefix[]>>;
}

export interface PairNetwork {
  readonly name: string;
  /** By router name. Linux interface names, the same ones on both routers unless the file says otherwise. */
  readonly interfaces: Readonly<Record<string, string>>;
  /** Virtual addresses with their prefix lengths, IPv4 and IPv6; none on a dedicated link. */
  readonly addresses: readonly Prefix[];
  /** Held like the others but not named in advertisements (virtual_ipaddress_excluded). */
  readonly unadvertised: readonly Prefix[];
  /** Next hops of the default routes that go with the role, at most one a family. */
  readonly gateways: readonly IpAddress[];
  /** Metric of these routes; undefined leaves it to the kernel. */
  readonly metric: number | undefined;
  /** Source addresses leaving here are translated to the virtual address (IPv4 only); true where there is a gateway. */
  readonly translates: boolean;
  /** VRID of the IPv4 and of the IPv6 instance, 1 to 255; the same number unless the file says otherwise. */
  readonly vrid: number;
  readonly vrid6: number;
  /** True when the file does not name the VRID and it follows from the names of pair and network. */
  readonly vridIsChosen: boolean;
  readonly dhcp: PairDhcp | undefined;
}

export interface PairElection {
  readonly version: 2 | 3;
  /** Version 2: whole seconds 1 to 255; version 3: 10 ms to 40.95 s. */
  readonly interval: Duration;
  readonly preempt: boolean;
  readonly preemptDelay: Duration;
  readonly authentication:
    | { readonly type: "none" }
    /** Version 2 only. `password` is undefined when it is taken from the secret file. At most 8 bytes. */
    | { readonly type: "pass"; readonly password: string | undefined }
    /** Version 3 only; keepalived 2.4's HMAC-SHA-256 trailer with a key made from the secret file. */
    | { readonly type: "hmac" };
  /** Advertisements go to the other router's address and not to the multicast group. */
  readonly unicast: boolean;
  /** All networks with virtual addresses move together (a vrrp_sync_group). */
  readonly together: boolean;
  /** Name of that group. */
  readonly groupName: string;
}

export interface PairTracking {
  /** Interfaces beyond the networks' own. Weight 0: its failure is a fault. */
  readonly interfaces: readonly { readonly name: string; readonly weight: number }[];
  readonly checks: readonly PairCheck[];
}

/** A health check of the router's surroundings; see vrrp_script, vrrp_track_file and vrrp_track_process. */
export type PairCheck =
  | {
      readonly type: "script";
      readonly name: string;
      readonly command: readonly string[];
      readonly user: string | undefined;
      readonly interval: Duration;
      readonly timeout: Duration;
      readonly rise: number;
      readonly fall: number;
      readonly weight: number;
    }
  | { readonly type: "file"; readonly name: string; readonly path: string; readonly weight: number }
  | {
      readonly type: "process";
      readonly name: string;
      readonly process: string;
      readonly quorum: number;
      readonly weight: number;
    };

/** conntrackd.conf(5) gives the words their meaning. */
export interface PairReplication {
  readonly mode: "ftfw" | "notrack" | "alarm";
  /** Networks that carry it, the first one first; at least one. */
  readonly links: readonly string[];
  readonly port: number;
  readonly filter: {
    /** Names as in conntrackd.conf (TCP, UDP, ICMP, IPv6-ICMP, SCTP, DCCP, GRE …); undefined: all. */
    readonly protocols: readonly string[] | undefined;
    /** Flows from or to these are not replicated; 127.0.0.1, ::1 and both routers' own addresses unless the file says otherwise. */
    readonly ignoredAddresses: readonly Prefix[];
    /** TCP states to replicate (ESTABLISHED, CLOSED, TIME_WAIT, CLOSE_WAIT …); undefined: all. */
    readonly tcpStates: readonly string[] | undefined;
    readonly place: "userspace" | "kernelspace";
  };
  readonly externalCache: boolean;
  /** A backup has the other router's flows in its kernel before any takeover. */
  readonly loadAhead: boolean;
  /** Undefined estimates it from what the peer sent. */
  readonly commitTimeout: Duration | undefined;
  readonly purgeTimeout: Duration;
  readonly startupResync: boolean;
  readonly expectations: boolean;
  readonly hashSize: number;
  readonly hashLimit: number;
  /** Bytes of the sockets' buffers on the link. */
  readonly socketBuffer: number;
  /** How long addresses wait for the state after the claim, at most. */
  readonly takeoverWait: Duration;
}

/** dnsmasq on this network: the virtual address is gateway and name server. */
export interface PairDhcp {
  /** First and last address of the pool, both inside the network. */
  readonly first: IpAddress;
  readonly last: IpAddress;
  readonly lease: Duration;
  /** Option 3 and option 6; the virtual address unless the file says otherwise. */
  readonly router: readonly IpAddress[];
  readonly dns: readonly IpAddress[];
  readonly domain: string | undefined;
  /** Both routers answer (`force`), although they hear each other. */
  readonly force: boolean;
  readonly hosts: readonly {
    readonly name: string;
    readonly mac: string;
    readonly address: IpAddress;
  }[];
}

/** Programs run at changes of the role, with arguments, without a shell. */
export interface PairHooks {
  readonly active: readonly string[] | undefined;
  readonly backup: readonly string[] | undefined;
  readonly fault: readonly string[] | undefined;
  readonly stop: readonly string[] | undefined;
}

/** What every reader of the pair returns: all findings, and the pair unless one of them is an error. */
export interface LoadedPair {
  readonly pair: PairConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read, the first one first. */
  readonly files: readonly string[];
  /** Where things stand, by path in the model's words: "networks.lan", "networks.lan.address", "routers.alpha.wan", "election.interval" … */
  readonly positions: Readonly<Record<string, Position>>;
}

/** What an import could not carry over into the pair's file, one for each statement. */
export interface NotCarried {
  readonly at: Position;
  /** The statement as written, shortened. */
  readonly text: string;
  /** Why, and what to do instead. */
  readonly reason: string;
}
