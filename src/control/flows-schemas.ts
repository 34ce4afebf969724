/** The checks of what is said and asked of the replication of flows, at either end of the control socket. */
import * as v from "valibot";
import { parsePrefix } from "../base/ip.ts";
import type {
  CacheStats,
  ChannelStats,
  CommitResult,
  ConntrackFacts,
  ListQuery,
  QueueStats,
  ReplicationLag,
  ReplicationStats,
  ReplicationStatus,
  Tables,
} from "./replication-contract.ts";

const text = v.string();
const count = v.pipe(v.number(), v.minValue(0));
const time = v.pipe(text, v.isoTimestamp());
const mode = v.picklist(["ftfw", "notrack", "alarm"]);

const cache: v.GenericSchema<CacheStats> = v.object({
  kind: v.picklist(["cache", "bypass", "inject"]),
  active: count,
  entries: count,
  limit: count,
  created: count,
  updated: count,
  destroyed: count,
  createFailed: count,
  updateFailed: count,
  destroyFailed: count,
  noSpace: count,
  memory: count,
});

const caches: v.GenericSchema<ReplicationStats["flows"]> = v.object({
  internal: cache,
  external: cache,
});

const channel: v.GenericSchema<ChannelStats> = v.object({
  transport: v.picklist(["udp", "multicast", "tcp"]),
  interface: text,
  state: v.picklist(["running", "no-carrier", "down", "missing"]),
  isActive: v.boolean(),
  connections: v.nullable(v.object({ server: v.boolean(), client: v.boolean() })),
  sentBytes: count,
  sentPackets: count,
  sendErrors: count,
  receivedBytes: count,
  receivedPackets: count,
  receiveErrors: count,
});

const queue: v.GenericSchema<QueueStats> = v.object({
  name: v.picklist(["transmit", "resend", "error"]),
  length: count,
  max: v.nullable(count),
  overflows: count,
});

const lag: v.GenericSchema<ReplicationLag> = v.object({ messages: count, ms: v.nullable(count) });

const messages: v.GenericSchema<ReplicationStats["messages"]> = v.object({
  sent: count,
  received: count,
  refused: v.object({
    truncated: count,
    badSize: count,
    wrongVersion: count,
    malformedHeader: count,
    malformedPayload: count,
  }),
  lost: count,
  before: count,
  retransmitted: count,
});

const kernel: v.GenericSchema<ReplicationStats["kernel"]> = v.object({
  events: count,
  filtered: count,
  own: count,
  overruns: count,
  receiveBuffer: count,
  dumps: count,
  created: count,
  updated: count,
  deleted: count,
  failed: v.record(text, count),
});

const facts: v.GenericSchema<ConntrackFacts> = v.object({
  max: v.nullable(count),
  buckets: v.nullable(count),
  count: v.nullable(count),
  tcpBeLiberal: v.nullable(v.boolean()),
  events: v.nullable(v.boolean()),
  accounting: v.nullable(v.boolean()),
  timestamps: v.nullable(v.boolean()),
});

export const replicationStatsSchema: v.GenericSchema<ReplicationStats> = v.object({
  mode,
  uptimeMs: count,
  flows: caches,
  expectations: v.nullable(caches),
  processed: v.object({ bytes: count, packets: count }),
  channels: v.array(channel),
  messages,
  queues: v.array(queue),
  kernel,
  commands: v.object({
    flushes: count,
    kernelFlushes: count,
    resyncsSent: count,
    resyncsReceived: count,
    bulks: count,
    commits: count,
  }),
  rates: v.object({ eventsPerSecond: count, sentPerSecond: count, receivedPerSecond: count }),
  lag,
  conntrack: v.object({ own: facts, peer: v.nullable(facts) }),
});

const commitEntries = {
  committed: count,
  kept: count,
  failed: count,
  failures: v.record(text, count),
  tookMs: count,
} as const;

export const replicationStatusSchema: v.GenericSchema<ReplicationStatus> = v.object({
  mode,
  role: v.picklist(["sender", "receiver"]),
  synchronised: v.boolean(),
  problems: v.array(v.object({ code: text, text })),
  peer: v.object({ state: v.picklist(["up", "down", "unknown"]), heardMs: v.nullable(count) }),
  activeChannel: v.nullable(text),
  lag,
  flows: v.object({ internal: count, external: count, loaded: count }),
  lastResync: v.nullable(v.object({ at: time, flows: count, tookMs: count })),
  lostMessages: count,
  malformedMessages: count,
  overruns: count,
  kernel: facts,
  peerKernel: v.nullable(facts),
  lastTakeover: v.nullable(v.object({ at: time, ...commitEntries })),
});

export const commitResultSchema: v.GenericSchema<CommitResult> = v.object(commitEntries);

/** What a command that queues, empties or reads flows answers. */
export interface FlowCount {
  readonly flows: number;
}

export const flowCountSchema: v.GenericSchema<FlowCount> = v.object({ flows: count });

/** The answer of a command that has nothing to tell but that it was carried out. */
export const doneSchema: v.GenericSchema<object> = v.object({});

const tables = v.optional(v.picklist(["all", "flows", "expectations"]), "all");

export interface TablesRequest {
  readonly tables: Tables;
}

/** Commit and kernel resync: which tables, all unless given. */
export const tablesRequestSchema: v.GenericSchema<unknown, TablesRequest> = v.strictObject({
  tables,
});

export interface FlushRequest {
  readonly cache: "internal" | "external" | "both";
}

export const flushRequestSchema: v.GenericSchema<unknown, FlushRequest> = v.strictObject({
  cache: v.optional(v.picklist(["internal", "external", "both"]), "both"),
});

const wholeNumber = (max: number): v.GenericSchema<unknown, number> =>
  v.pipe(
    text,
    v.regex(/^\d{1,10}$/, "must be a whole number"),
    v.transform(Number),
    v.maxValue(max),
  );

const addressOrPrefix = v.pipe(
  text,
  v.check(
    (value) => parsePrefix(value) !== undefined,
    "must be an address, or a prefix as ADDRESS/LENGTH",
  ),
);

/** Query parameters of a list. */
export const listQuerySchema: v.GenericSchema<unknown, ListQuery> = v.strictObject({
  cache: v.picklist(["internal", "external"]),
  table: v.optional(v.picklist(["flows", "expectations"]), "flows"),
  format: v.optional(v.picklist(["text", "xml", "json"]), "text"),
  protocol: v.exactOptional(wholeNumber(255)),
  source: v.exactOptional(addressOrPrefix),
  destination: v.exactOptional(addressOrPrefix),
  limit: v.exactOptional(wholeNumber(0xff_ff_ff_ff)),
});
