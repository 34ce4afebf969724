/**
 * What a daemon that replicates flows tells and takes: the contract between the replication thread's side of the daemon
 * and everything that asks it, be it the control socket, the conntrackd socket or `duet status`. Plain JSON but for the
 * streams. What there is not is null. Numbers called `...Us` and `...Ms` are spans.
 */

/** What flows are counted in, on either side. Counts are since the start of the daemon, `active` is of now. */
export interface CacheStats {
  /** "cache": kept here. "bypass": internal cache disabled. "inject": external cache disabled. */
  readonly kind: "cache" | "bypass" | "inject";
  readonly active: number;
  /** Entries that take room: active ones and destroyed ones whose deletion is not acknowledged. */
  readonly entries: number;
  readonly limit: number;
  readonly created: number;
  readonly updated: number;
  readonly destroyed: number;
  readonly createFailed: number;
  readonly updateFailed: number;
  readonly destroyFailed: number;
  /** Refused because the limit was reached; part of createFailed. */
  readonly noSpace: number;
  /** Bytes of memory of the table. */
  readonly memory: number;
}

export interface TrafficStats {
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sendErrors: number;
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receiveErrors: number;
}

/** One dedicated link. */
export interface ChannelStats extends TrafficStats {
  readonly transport: "udp" | "multicast" | "tcp";
  readonly interface: string;
  readonly state: "running" | "no-carrier" | "down" | "missing";
  /** One channel is used for sending; all are read. */
  readonly isActive: boolean;
  /** TCP only. */
  readonly connections: { readonly server: boolean; readonly client: boolean } | null;
}

/** Why received messages were refused, in the words of the protocol's reception checks. */
export interface RefusalStats {
  readonly truncated: number;
  readonly badSize: number;
  readonly wrongVersion: number;
  readonly malformedHeader: number;
  readonly malformedPayload: number;
}

export interface QueueStats {
  /** "error": what a broken TCP connection left unwritten, for the next one; empty with other transports. */
  readonly name: "transmit" | "resend" | "error";
  readonly length: number;
  /** Null when only the table bounds it. */
  readonly max: number | null;
  /** Discarded because the queue was full. */
  readonly overflows: number;
}

/** Everything of GET /v1/replication/stats: `conntrackd -s` in all its forms, and what it does not show. */
export interface ReplicationStats {
  readonly mode: "ftfw" | "notrack" | "alarm";
  readonly uptimeMs: number;
  readonly flows: { readonly internal: CacheStats; readonly external: CacheStats };
  /** Null when expectations are not replicated. */
  readonly expectations: { readonly internal: CacheStats; readonly external: CacheStats } | null;
  /** Sums of the accounting of flows that ended; 0 unless the kernel counts. */
  readonly processed: { readonly bytes: number; readonly packets: number };
  readonly channels: readonly ChannelStats[];
  readonly messages: {
    readonly sent: number;
    readonly received: number;
    readonly refused: RefusalStats;
    /** Sequence numbers that never came. */
    readonly lost: number;
    /** Messages that came late or twice and were dropped for it. */
    readonly before: number;
    readonly retransmitted: number;
  };
  readonly queues: readonly QueueStats[];
  readonly kernel: {
    readonly events: number;
    readonly filtered: number;
    /** Changes that our own requests made, the events of which the kernel leaves out. */
    readonly own: number;
    readonly overruns: number;
    /** Bytes of the event socket's receive buffer now. */
    readonly receiveBuffer: number;
    /** How often its tables were read again after the start. */
    readonly dumps: number;
    readonly created: number;
    readonly updated: number;
    readonly deleted: number;
    /** Requests that the kernel refused, by errno name. */
    readonly failed: Readonly<Record<string, number>>;
  };
  readonly commands: {
    readonly flushes: number;
    /** Of the kernel's flows. */
    readonly kernelFlushes: number;
    readonly resyncsSent: number;
    readonly resyncsReceived: number;
    readonly bulks: number;
    readonly commits: number;
  };
  /** Over about the last second. */
  readonly rates: {
    readonly eventsPerSecond: number;
    readonly sentPerSecond: number;
    readonly receivedPerSecond: number;
  };
  readonly lag: ReplicationLag;
  /** What the kernels are like; `peer` is null where the peer does not tell. */
  readonly conntrack: { readonly own: ConntrackFacts; readonly peer: ConntrackFacts | null };
}

/** How far the peer is behind. Null where the mode has no acknowledgements. */
export interface ReplicationLag {
  /** Changes that are not sent or not acknowledged. */
  readonly messages: number;
  /** Age of the oldest of them; 0 when there is none. */
  readonly ms: number | null;
}

/** What of a kernel decides whether a failover keeps the connections. Null: the kernel does not say. */
export interface ConntrackFacts {
  readonly max: number | null;
  readonly buckets: number | null;
  readonly count: number | null;
  readonly tcpBeLiberal: boolean | null;
  readonly events: boolean | null;
  readonly accounting: boolean | null;
  readonly timestamps: boolean | null;
}

/** `replication` of GET /v1/status: could this router take over now? */
export interface ReplicationStatus {
  readonly mode: "ftfw" | "notrack" | "alarm";
  /** "sender" while this router owns the flows, "receiver" while the peer does. */
  readonly role: "sender" | "receiver";
  /** Every flow that the peer owns is here, as far as can be known. */
  readonly synchronised: boolean;
  /** Why it is not, and what of the kernel endangers a failover; one sentence each, empty when all is well. */
  readonly problems: readonly { readonly code: string; readonly text: string }[];
  readonly peer: { readonly state: "up" | "down" | "unknown"; readonly heardMs: number | null };
  readonly activeChannel: string | null;
  readonly lag: ReplicationLag;
  readonly flows: {
    readonly internal: number;
    readonly external: number;
    /** Of the external ones, those that a backup has in its kernel already: a takeover need not load them. */
    readonly loaded: number;
  };
  readonly lastResync: ResyncRecord | null;
  readonly lostMessages: number;
  readonly malformedMessages: number;
  readonly overruns: number;
  readonly kernel: ConntrackFacts;
  /** Of the peer; null when it does not tell. */
  readonly peerKernel: ConntrackFacts | null;
  readonly lastTakeover: TakeoverRecord | null;
}

export interface ResyncRecord {
  readonly at: string;
  readonly flows: number;
  readonly tookMs: number;
}

/** What the last takeover did with the peer's flows. */
export interface TakeoverRecord extends CommitResult {
  readonly at: string;
}

export interface CommitResult {
  /** Created or replaced in the kernel. */
  readonly committed: number;
  /** Were there already as they should be when loading began. */
  readonly kept: number;
  readonly failed: number;
  /** By errno name; sums up to `failed`. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of a command since it came, of a takeover from the beginning of loading until all was in the kernel. */
  readonly tookMs: number;
}

/** "all" is flows, then expectations where they are replicated. */
export type Tables = "all" | "flows" | "expectations";

export interface ListQuery {
  readonly cache: "internal" | "external";
  readonly table: "flows" | "expectations";
  /** text: as conntrackd prints it. xml: as with -x. json: an object per entry. */
  readonly format: "text" | "xml" | "json";
  /** IP protocol number. */
  readonly protocol?: number;
  /** Address, or prefix as ADDRESS/LENGTH, of the original direction. */
  readonly source?: string;
  readonly destination?: string;
  /** At most so many entries; all unless given. */
  readonly limit?: number;
}

/** A command that cannot be carried out as things are; `message` is for people. */
export interface CommandRefused {
  readonly done: false;
  readonly code: "commit-running" | "not-supported" | "not-ready";
  readonly message: string;
}

export type CommandOutcome<Result = object> = ({ readonly done: true } & Result) | CommandRefused;

/** What can be asked of the replication. Every answer comes when the work is done, not when it was begun. */
export interface ReplicationCommands {
  status(): Promise<ReplicationStatus>;
  stats(): Promise<ReplicationStats>;
  /**
   * Entries in no order, in portions that are taken from the table when they are asked for, each without a line end. An
   * entry that comes or goes meanwhile may be missing or there. Leaving the loop early is fine.
   */
  list(query: ListQuery): AsyncIterable<readonly string[]>;
  /** What waits for an acknowledgement, one line each as `conntrackd -s rsqueue` prints it. */
  resendQueue(): AsyncIterable<readonly string[]>;
  /** Asks the peer for all its flows (`-n`). */
  resync(): Promise<CommandOutcome>;
  /** Sends all own flows to the peer (`-B`). `flows` is how many were queued. */
  send(): Promise<CommandOutcome<{ readonly flows: number }>>;
  /** Writes the peer's flows to the kernel (`-c`). */
  commit(tables: Tables): Promise<CommandOutcome<CommitResult>>;
  /** Empties tables of the daemon, not of the kernel (`-f`). "both" also empties those of expectations. */
  flush(
    cache: "internal" | "external" | "both",
  ): Promise<CommandOutcome<{ readonly flows: number }>>;
  /** Reads the kernel's flows again (`-R`). `flows` is how many the kernel has that are replicated. */
  kernelResync(tables: Tables): Promise<CommandOutcome<{ readonly flows: number }>>;
  /** Deletes from the kernel every flow that the filter lets pass (`-F`). */
  kernelFlush(tables: Tables): Promise<CommandOutcome<{ readonly flows: number }>>;
  /** Does kernelFlush and empties the internal table when PurgeTimeout is over (`-t`). A commit or a flush calls it off. */
  schedulePurge(): Promise<CommandOutcome<{ readonly inMs: number }>>;
}
