/**
 * What the daemon says and takes on its control socket: HTTP with JSON bodies over a UNIX socket. These are the types that
 * both ends share; schemas.ts holds the checks. Times are ISO 8601 in UTC, fields with a unit carry it in their name, and
 * what there is not is null. Fields may be added within version 1; none is removed and none changes its meaning.
 */
import type { Diagnostic } from "../config/diagnostics.ts";
import type { Model } from "../config/model.ts";
import type { Level } from "../log/catalogue.ts";
import type { TrackerValue, UnitState } from "../vrrp/events.ts";
import type { InstanceCounters } from "../vrrp/view.ts";
import type { EventRing } from "./event-ring.ts";
import type { ReplicationCommands, ReplicationStatus } from "./replication-contract.ts";

export const PATHS = {
  status: "/v1/status",
  events: "/v1/events",
  stream: "/v1/events/stream",
  reload: "/v1/reload",
  resign: "/v1/resign",
  metrics: "/v1/metrics",
  config: "/v1/config",
  replicationStats: "/v1/replication/stats",
  replicationList: "/v1/replication/list",
  resendQueue: "/v1/replication/resend-queue",
  resync: "/v1/replication/resync",
  send: "/v1/replication/send",
  commit: "/v1/replication/commit",
  flush: "/v1/replication/flush",
  kernelResync: "/v1/replication/kernel-resync",
} as const;

/** GET /v1/status. */
export interface StatusView {
  readonly node: NodeStatus;
  readonly units: readonly UnitStatus[];
  readonly instances: readonly InstanceStatus[];
  readonly trackers: readonly TrackerStatus[];
  /** Null when flows are not replicated. */
  readonly replication: ReplicationStatus | null;
  /** Warnings of the configuration in force. */
  readonly warnings: readonly Diagnostic[];
}

export interface NodeStatus {
  readonly name: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
  readonly uptimeMs: number;
  /** The first is the one named on the command line, the others it includes. */
  readonly configFiles: readonly string[];
  readonly configLoadedAt: string;
  /** Null when the kernel refused real-time scheduling. */
  readonly realtime: { readonly policy: "rr" | "fifo"; readonly priority: number } | null;
  /** Null when self-fencing is off. */
  readonly fencing: { readonly lifetimeSeconds: number; readonly renewalMs: number } | null;
  /** How late the VRRP thread woke up after its deadlines, in microseconds; p99 null while there are too few. */
  readonly lateness: { readonly maxUs: number; readonly p99Us: number | null };
  readonly droppedLogLines: number;
  readonly stateDir: string;
}

/** A sync group, or an instance that is in none. */
export interface UnitStatus {
  readonly name: string;
  readonly kind: "group" | "instance";
  readonly state: UnitState;
  readonly members: readonly string[];
  readonly since: string;
  readonly sinceMs: number;
  readonly cause: CauseView;
  readonly trackers: readonly {
    readonly tracker: string;
    readonly value: TrackerValue;
    readonly weight: number;
  }[];
}

/** `code` is one of CauseCode today; readers must bear with others. */
interface CauseView {
  readonly code: string;
  readonly text: string;
}

export interface InstanceStatus {
  readonly name: string;
  readonly unit: string;
  readonly interface: string;
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly state: UnitState;
  readonly basePriority: number;
  readonly effectivePriority: number;
  readonly intervalMs: number;
  readonly source: string | null;
  /** The Active router last heard; null when it is this one or nobody. */
  readonly active: {
    readonly source: string;
    readonly priority: number;
    readonly heardAt: string;
    readonly heardMs: number;
  } | null;
  /** Milliseconds until the instance acts if it hears nothing; null when it waits for something else. */
  readonly actsInMs: number | null;
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  /** Why the instance cannot be Active; empty when it can. */
  readonly faults: readonly CauseView[];
  readonly counters: InstanceCounters;
}

export interface TrackerStatus {
  /** "script:NAME", "file:NAME", "process:NAME", "interface:NAME". */
  readonly tracker: string;
  readonly value: TrackerValue;
  /** When the value last changed; null before the first result. */
  readonly changedAt: string | null;
  /** What the last check found, in words; null when there is nothing to add. */
  readonly detail: string | null;
}

/** Something that happened, as it is kept for readers of the control socket. */
export interface EventRecord {
  /** Opaque; good for `since` and Last-Event-ID. */
  readonly id: string;
  readonly at: string;
  /** Name of the node where it happened. */
  readonly source: string;
  /** Name in the catalogue of events. */
  readonly name: string;
  readonly level: Level;
  /** Sync group, instance, tracker, file; null when it concerns the daemon as a whole. */
  readonly subject: string | null;
  /** What happened, without the subject. */
  readonly text: string;
  /** The core's Report with cause and steps, or the fields of the event. Plain JSON. */
  readonly data: unknown;
}

/** An event that has not been given its id yet. */
export type NewEvent = Omit<EventRecord, "id">;

/** GET /v1/events?since=ID&limit=N: the oldest `limit` after `since`, or without `since` the newest `limit`, oldest first. */
export interface EventPage {
  readonly events: readonly EventRecord[];
  /** False when events between `since` and the first one here are no longer kept. */
  readonly complete: boolean;
  /** What to give as `since` to go on from here. */
  readonly next: string;
}

export const EVENTS_LIMIT_DEFAULT = 100;
export const EVENTS_LIMIT_MAX = 1_000;

/** GET /v1/events/stream, resumed with the header Last-Event-ID or with `since`. A comment comes when nothing happens. */
export const STREAM_TYPE = "text/event-stream; charset=utf-8";
export const HEARTBEAT_MS = 15_000;

/** POST /v1/reload. */
export interface ReloadResult {
  /** False: the new configuration has errors and the earlier one stays in force. */
  readonly applied: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** What is different, one line each; empty when nothing is. */
  readonly changes: readonly string[];
}

/** POST /v1/resign, body {unit}: the unit gives up Active once and then behaves as a Backup does. */
export interface ResignRequest {
  readonly unit: string;
}

export interface ResignResult {
  readonly unit: string;
}

/** What a source says to a resign request. */
export type ResignOutcome =
  | { readonly accepted: true }
  | {
      readonly accepted: false;
      readonly code: "unknown-unit" | "not-active";
      readonly message: string;
    };

/** application/problem+json of RFC 9457. `code` is stable. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly code: ProblemCode;
  readonly detail: string;
}

export type ProblemCode =
  | "bad-request"
  | "body-too-large"
  | "commit-running"
  | "internal"
  | "method-not-allowed"
  | "not-active"
  | "no-replication"
  | "not-found"
  | "not-ready"
  | "not-supported"
  | "timed-out"
  | "too-many-streams"
  | "unknown-unit";

/** The daemon as its control socket sees it. */
export interface ControlSource {
  status(): StatusView | Promise<StatusView>;
  readonly events: EventRing;
  reload(): Promise<ReloadResult>;
  resign(unit: string): ResignOutcome | Promise<ResignOutcome>;
  /** The model in force. The server masks its secrets. */
  model(): Model;
  /** Undefined when flows are not replicated. */
  replication(): ReplicationCommands | undefined;
}
