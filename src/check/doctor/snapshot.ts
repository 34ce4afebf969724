/**
 * One look at a live router, as plain JSON: what `duet doctor` judges. Null stands for what could not be looked at; each
 * such gap is told in `unseen`.
 */
import type { IpAddress, IpFamily } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import type { Duration } from "../../base/time.ts";

/** Something that could not be looked at. */
export interface Unseen {
  /** What is not known for it. */
  readonly what: string;
  /** Why it could not be looked at. */
  readonly reason: string;
  /** How it can be. */
  readonly fix: string;
}

export interface LinkSeen {
  readonly name: string;
  /** Switched on by the administrator. */
  readonly up: boolean;
  /** Switched on, with carrier. */
  readonly running: boolean;
  /** Bytes. */
  readonly mtu: number;
  readonly mac?: Mac;
  /** "bridge", "vlan", "macvlan" and the like; undefined for hardware. */
  readonly kind?: string;
  /** The bridge, bond or VRF that it belongs to. */
  readonly master?: string;
}

export interface AddressSeen {
  readonly interface: string;
  readonly address: IpAddress;
  /** Bits. */
  readonly prefixLength: number;
  /** Behind another address of the same network (IFA_F_SECONDARY). */
  readonly secondary: boolean;
}

/** A default route of the main table. */
export interface DefaultRouteSeen {
  readonly family: IpFamily;
  readonly gateway?: IpAddress;
  readonly interface?: string;
  readonly metric: number;
}

export interface RulesetSeen {
  /** What `nft -j list ruleset` printed. */
  readonly json: unknown;
  /** What `nft -a list ruleset` printed: the text of each rule by its handle. */
  readonly listing: string;
}

/** A process of this network namespace that does what Duet does. */
export interface ProgramSeen {
  readonly name: string;
  readonly pid: number;
}

/** What a VRRP packet said, sent by another router. */
export interface SpeakerSeen {
  readonly interface: string;
  readonly family: IpFamily;
  readonly mac: Mac;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** TTL or hop limit. */
  readonly ttl: number;
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly priority: number;
  readonly interval: Duration;
  readonly authentication: "none" | "password" | "header" | "hmac";
  readonly addresses: readonly IpAddress[];
  /** Seconds that the sender's clock is ahead of ours, by a signature that carries the time. */
  readonly clockAheadSeconds?: number;
}

/** Who answered one ARP probe. */
export interface ProbeAnswer {
  readonly interface: string;
  readonly address: IpAddress;
  /** Hardware addresses that claim it, each once. */
  readonly macs: readonly Mac[];
}

/** What of the daemon's status is judged; a part of StatusView. */
export interface DaemonSeen {
  readonly node: {
    readonly pid: number;
    readonly configFiles: readonly string[];
    readonly realtime: object | null;
  };
  readonly instances: readonly {
    readonly name: string;
    readonly state: string;
    readonly faults: readonly { readonly code: string; readonly text: string }[];
    readonly counters: { readonly refused: Readonly<Record<string, number>> };
  }[];
  readonly trackers: readonly {
    readonly tracker: string;
    readonly value: string | number;
    readonly detail: string | null;
  }[];
  readonly replication: {
    readonly problems: readonly { readonly code: string; readonly text: string }[];
    readonly peerKernel: { readonly max: number | null } | null;
  } | null;
}

export interface Snapshot {
  /** Kernel parameters as sysctl(8) writes them (see sysctlName); one that the kernel does not have is missing. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly links: readonly LinkSeen[] | null;
  readonly addresses: readonly AddressSeen[] | null;
  readonly defaultRoutes: readonly DefaultRouteSeen[] | null;
  readonly ruleset: RulesetSeen | null;
  /** Kernel modules, loaded or built in. */
  readonly modules: readonly string[] | null;
  /** Tables of the older iptables, which nft does not show. */
  readonly legacyTables: readonly string[];
  readonly clockSynchronised: boolean | null;
  /** What a system upgrade keeps, as paths and glob patterns; null where no sysupgrade is. */
  readonly keptPaths: readonly string[] | null;
  readonly programs: readonly ProgramSeen[];
  /** "absent": nobody listens on its socket. "unknown": it could not be asked. */
  readonly daemon: DaemonSeen | "absent" | "unknown";
  /** VRRP of others; null when nobody listened. */
  readonly speakers: readonly SpeakerSeen[] | null;
  /** Null when nobody asked. */
  readonly probes: readonly ProbeAnswer[] | null;
  readonly unseen: readonly Unseen[];
}

/** "net.ipv4.conf.eth0/2.forwarding": a dot in the name of an interface is written as a slash, as in sysctl(8). */
export const sysctlName = (
  folder: "net.ipv4.conf" | "net.ipv6.conf",
  device: string,
  name: string,
): string => `${folder}.${device.replaceAll(".", "/")}.${name}`;
