/** What the main thread and the replication thread tell each other. Plain data: it is cloned on its way. */
import type { IpFamily } from "../base/ip.ts";
import type {
  CommandOutcome,
  CommitResult,
  ReplicationStats,
  ReplicationStatus,
  Tables,
} from "../control/replication-contract.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import type { FlowUsage } from "../wire/flow-usage.ts";
import type { LineEnd } from "./takeover-line.ts";
import type { Trouble } from "./thread-messages.ts";

/** What the replication thread is started with. */
export interface ReplicationThreadStart {
  readonly config: ReplicationConfig;
  /** An eventfd that the main thread signals after each message. */
  readonly wakeFd: number;
  /** Leads to the VRRP thread; null when there is no election and the role follows commands. */
  readonly line: LineEnd | null;
  /** This router was active before, since the system started: what its kernel holds is to be purged. */
  readonly wasActive: boolean;
  /** SCHED_RR priority, below that of the VRRP thread; null leaves the thread under the ordinary policy. */
  readonly realtimePriority: number | null;
}

/** Which entries a listing wants: those whose original direction matches. */
export interface EntryFilter {
  readonly protocol: number | undefined;
  readonly source: AddressFilter | undefined;
  readonly destination: AddressFilter | undefined;
}

export interface AddressFilter {
  readonly family: IpFamily;
  /** In network order. */
  readonly bytes: Uint8Array;
  /** Prefix length in bits. */
  readonly length: number;
}

/** A portion of a table. Entry i is `sizes[i]` bytes of `records`, one behind the other. */
export interface EntryPortion {
  readonly records: Uint8Array;
  readonly sizes: Uint32Array;
  /** Seconds since each was created; empty where that is unknown. */
  readonly ages: Uint32Array;
  /** Seconds until each expires; empty unless entries do. */
  readonly expiries: Uint32Array;
  /** What the kernel tells beside its record; empty unless entries come from there. Expectations have nothing in theirs. */
  readonly usages: readonly FlowUsage[];
  /** Where the next portion begins; null at the end. */
  readonly next: number | null;
}

interface Listing {
  readonly type: "list";
  readonly cache: "internal" | "external";
  readonly table: "flows" | "expectations";
  readonly filter: EntryFilter;
  /** 0, or `next` of the last portion. */
  readonly cursor: number;
  /** Entries at most; more may come where they are read from the kernel. */
  readonly limit: number;
}

export type Question =
  | { readonly type: "status" }
  | { readonly type: "stats" }
  | Listing
  | { readonly type: "resend-queue"; readonly cursor: number }
  | { readonly type: "resync" }
  | { readonly type: "send" }
  | { readonly type: "commit"; readonly tables: Tables }
  | { readonly type: "flush"; readonly cache: "internal" | "external" | "both" }
  | { readonly type: "kernel-resync"; readonly tables: Tables }
  | { readonly type: "kernel-flush"; readonly tables: Tables }
  | { readonly type: "schedule-purge" }
  | { readonly type: "reload"; readonly config: ReplicationConfig };

type FlowCount = CommandOutcome<{ readonly flows: number }>;

/** What each question is answered with. */
export interface Answers {
  readonly status: ReplicationStatus;
  readonly stats: ReplicationStats;
  readonly list: EntryPortion;
  readonly "resend-queue": { readonly lines: readonly string[]; readonly next: number | null };
  readonly resync: CommandOutcome;
  readonly send: FlowCount;
  readonly commit: CommandOutcome<CommitResult>;
  readonly flush: FlowCount;
  readonly "kernel-resync": FlowCount;
  readonly "kernel-flush": FlowCount;
  readonly "schedule-purge": CommandOutcome<{ readonly inMs: number }>;
  readonly reload: null;
}

export type Answer = Answers[Question["type"]];

export type ToReplicationThread =
  | { readonly type: "ask"; readonly request: number; readonly question: Question }
  | { readonly type: "shutdown" };

/** Something that the log and the readers of events are to hear. */
export type ReplicationNews =
  | {
      readonly type: "started";
      readonly interface: string | null;
      readonly flows: number;
      readonly tookMs: number;
    }
  | { readonly type: "synchronised"; readonly flows: number; readonly waitedMs: number | null }
  | { readonly type: "lost-protection"; readonly code: string; readonly reason: string }
  | {
      readonly type: "resync";
      readonly direction: "sent" | "received";
      readonly flows: number;
      readonly tookMs: number;
    }
  | { readonly type: "overrun"; readonly count: number; readonly buffer: number }
  | ({ readonly type: "loaded"; readonly unit: string } & CommitResult)
  | { readonly type: "released"; readonly unit: string }
  | {
      readonly type: "reconfigured";
      readonly changes: readonly string[];
      /** Why the tables begin anew; null when they are kept. */
      readonly reason: string | null;
      readonly text: string;
    }
  | { readonly type: "link-changed"; readonly interface: string | null }
  | { readonly type: "kernel-unfit"; readonly code: string; readonly reason: string }
  | { readonly type: "trouble"; readonly trouble: Trouble };

export type FromReplicationThread =
  | { readonly type: "running" }
  | { readonly type: "answer"; readonly request: number; readonly answer: Answer }
  /** The question could not be answered for an unexpected reason. */
  | { readonly type: "failed"; readonly request: number; readonly reason: string }
  | { readonly type: "news"; readonly news: ReplicationNews }
  | { readonly type: "stopped" };
