/** What replication shows of itself. Plain JSON. */
import type { Duration, Instant } from "../base/time.ts";
import type { Certainty } from "./certainty.ts";
import type { CacheCounters, TrafficCounters } from "./counters.ts";
import type { KernelFacts } from "./kernel-facts.ts";
import type { Role, TakeoverReport } from "./takeover.ts";

export interface CacheView extends Readonly<CacheCounters> {
  readonly flows: number;
  /** Flows that ended, of which the peer or the kernel has yet to be told. */
  readonly dead: number;
  readonly limit: number;
  /** Bytes of memory that were touched. */
  readonly bytes: number;
}

interface KernelCommitView {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly replaced: number;
  readonly failed: number;
  /** Entries that the kernel has not been told of, or not of their latest state. */
  readonly pending: number;
  /** Entries of the peer that a backup had in its kernel when it last looked at them all. */
  readonly loaded: number;
  readonly purged: number;
}

export interface PairView {
  /** Undefined where the internal cache is switched off. */
  readonly internal: CacheView | undefined;
  readonly external: CacheView;
  readonly commit: KernelCommitView;
  /** External entries that went because a full resync did not mention them. */
  readonly swept: number;
}

export interface PeerView {
  /** "greeting": it is heard, but has not heard us or has just started. */
  readonly state: "never-heard" | "silent" | "greeting" | "connected";
  readonly isDuet: boolean;
  readonly heardAt: Instant | undefined;
  readonly restarts: number;
  /** How often it wanted to be told everything. */
  readonly resyncs: number;
  /** What it says of its kernel; undefined where it does not tell. */
  readonly facts: KernelFacts | undefined;
}

export interface ReplicationView {
  readonly at: Instant;
  readonly mode: "ftfw" | "notrack" | "alarm";
  readonly role: Role;
  readonly peer: PeerView;
  /** Whether this router holds all that the peer has. */
  readonly certainty: Certainty;
  /** Whether a takeover now would lose no flow: by this router, or by the peer where this one is active. */
  readonly isSynchronised: boolean;
  /** When the peer's table and ours were last known to be equal. */
  readonly provenAt: Instant | undefined;
  /** Comparisons with the peer's table that found a difference. */
  readonly mismatches: number;
  /** What the peer has yet to hear of this router's flows. */
  readonly lag: { readonly messages: number; readonly time: Duration };
  readonly lastResync:
    | { readonly at: Instant; readonly took: Duration; readonly entries: number }
    | undefined;
  readonly isResyncing: boolean;
  readonly queues: { readonly waiting: number; readonly unacknowledged: number };
  readonly traffic: Readonly<TrafficCounters>;
  readonly channel: number;
  readonly channelSwitches: number;
  readonly flows: PairView;
  readonly expectations: PairView | undefined;
  /** The last loading into the kernel, for a takeover or by a command. */
  readonly takeover: TakeoverReport | undefined;
  /** The last one that made this router active, or a further unit of it. */
  readonly lastTakeover: TakeoverReport | undefined;
  readonly kernel: {
    /** Complete dumps to bring the internal caches in line, the first one included. */
    readonly resyncs: number;
    readonly overruns: number;
    /** Messages about flows that the filter keeps out, and without a tuple to know the flow by. */
    readonly filtered: number;
    readonly unreadable: number;
  };
  /** Bytes that the tables occupy. */
  readonly tableBytes: number;
}
