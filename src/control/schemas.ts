/** The checks of what arrives over the control socket, at either end. Unknown fields are ignored: the other end may be newer. */
import * as v from "valibot";
import type { Diagnostic } from "../config/diagnostics.ts";
import { LEVELS } from "../log/catalogue.ts";
import type {
  EventPage,
  EventRecord,
  InstanceStatus,
  NodeStatus,
  Problem,
  ReloadResult,
  ResignRequest,
  ResignResult,
  StatusView,
  TrackerStatus,
  UnitStatus,
} from "./contract.ts";
import { EVENTS_LIMIT_DEFAULT, EVENTS_LIMIT_MAX } from "./contract.ts";
import { replicationStatusSchema } from "./flows-schemas.ts";
import { PROBLEMS } from "./problems.ts";

const text = v.string();
const count = v.pipe(v.number(), v.minValue(0));
const time = v.pipe(text, v.isoTimestamp());
const cause = v.object({ code: text, text });
const state = v.picklist(["init", "backup", "active", "fault", "stopped"]);
const trackerValue = v.union([v.picklist(["up", "down", "unknown"]), v.number()]);

const diagnostic: v.GenericSchema<Diagnostic> = v.object({
  at: v.object({ file: text, line: count, column: count }),
  severity: v.picklist(["error", "warning"]),
  code: text,
  message: text,
});

const node: v.GenericSchema<NodeStatus> = v.object({
  name: text,
  pid: count,
  version: text,
  startedAt: time,
  uptimeMs: count,
  configFiles: v.array(text),
  configLoadedAt: time,
  realtime: v.nullable(v.object({ policy: v.picklist(["rr", "fifo"]), priority: count })),
  fencing: v.nullable(v.object({ lifetimeSeconds: count, renewalMs: count })),
  lateness: v.object({ maxUs: count, p99Us: v.nullable(count) }),
  droppedLogLines: count,
  stateDir: text,
});

const unit: v.GenericSchema<UnitStatus> = v.object({
  name: text,
  kind: v.picklist(["group", "instance"]),
  state,
  members: v.array(text),
  since: time,
  sinceMs: count,
  cause,
  trackers: v.array(v.object({ tracker: text, value: trackerValue, weight: v.number() })),
});

const instance: v.GenericSchema<InstanceStatus> = v.object({
  name: text,
  unit: text,
  interface: text,
  vrid: count,
  family: v.picklist([4, 6]),
  version: v.picklist([2, 3]),
  state,
  basePriority: count,
  effectivePriority: count,
  intervalMs: count,
  source: v.nullable(text),
  active: v.nullable(v.object({ source: text, priority: count, heardAt: time, heardMs: count })),
  actsInMs: v.nullable(count),
  addresses: v.array(text),
  routes: v.array(text),
  faults: v.array(cause),
  counters: v.object({
    advertisementsReceived: count,
    advertisementsSent: count,
    priorityZeroReceived: count,
    priorityZeroSent: count,
    becameActive: count,
    releasedActive: count,
    objectsHealed: count,
    refused: v.record(text, count),
  }),
});

const tracker: v.GenericSchema<TrackerStatus> = v.object({
  tracker: text,
  value: trackerValue,
  changedAt: v.nullable(time),
  detail: v.nullable(text),
});

export const statusSchema: v.GenericSchema<unknown, StatusView> = v.object({
  node,
  units: v.array(unit),
  instances: v.array(instance),
  trackers: v.array(tracker),
  // A daemon that was started before an upgrade does not say.
  replication: v.optional(v.nullable(replicationStatusSchema), null),
  warnings: v.array(diagnostic),
});

export const eventSchema: v.GenericSchema<EventRecord> = v.object({
  id: text,
  at: time,
  source: text,
  name: text,
  level: v.picklist(LEVELS),
  subject: v.nullable(text),
  text,
  data: v.unknown(),
});

export const eventPageSchema: v.GenericSchema<EventPage> = v.object({
  events: v.array(eventSchema),
  complete: v.boolean(),
  next: text,
});

export const reloadSchema: v.GenericSchema<ReloadResult> = v.object({
  applied: v.boolean(),
  diagnostics: v.array(diagnostic),
  changes: v.array(text),
});

export const resignSchema: v.GenericSchema<ResignResult> = v.object({ unit: text });

export const problemSchema: v.GenericSchema<Problem> = v.object({
  status: count,
  title: text,
  code: v.picklist(Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[]),
  detail: text,
});

/** Requests are strict: a misspelt field is an answer, not a surprise. */
export const resignRequestSchema: v.GenericSchema<ResignRequest> = v.strictObject({
  unit: v.pipe(text, v.minLength(1), v.maxLength(255)),
});

const limit = v.pipe(
  text,
  v.regex(/^\d{1,5}$/, "limit must be a whole number"),
  v.transform(Number),
  v.minValue(1),
  v.maxValue(EVENTS_LIMIT_MAX),
);

export interface EventsQuery {
  readonly since?: string | undefined;
  readonly limit: number;
}

export const eventsQuerySchema: v.GenericSchema<unknown, EventsQuery> = v.strictObject({
  since: v.optional(v.pipe(text, v.maxLength(64))),
  limit: v.optional(limit, String(EVENTS_LIMIT_DEFAULT)),
});
