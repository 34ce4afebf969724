/** From the replicator's view, and what the thread counts itself, to what the control socket shows. */
import { between, type Instant, toMilliseconds } from "../base/time.ts";
import type {
  CacheStats,
  ChannelStats,
  QueueStats,
  ReplicationLag,
  ReplicationStats,
  ReplicationStatus,
} from "../control/replication-contract.ts";
import type { KernelConntrackFacts } from "../kernel/conntrack-facts.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import type { ReceiveFaults } from "../replication/counters.ts";
import type { CacheView, PairView, ReplicationView } from "../replication/view.ts";
import type { KernelFlowCounters } from "./kernel-flows.ts";
import { byErrorName, commitResult } from "./replication-role.ts";

export interface Rates {
  readonly eventsPerSecond: number;
  readonly sentPerSecond: number;
  readonly receivedPerSecond: number;
}

export interface CommandCounters {
  flushes: number;
  kernelFlushes: number;
  resyncsSent: number;
  bulks: number;
  commits: number;
}

/** What there is to show beside the replicator's view. */
export interface ViewParts {
  readonly config: ReplicationConfig;
  readonly view: ReplicationView;
  readonly channels: readonly ChannelStats[];
  readonly errorQueue: QueueStats;
  readonly kernel: KernelFlowCounters;
  readonly receiveBuffer: number;
  readonly commands: CommandCounters;
  readonly rates: Rates;
  readonly processed: ReplicationStats["processed"];
  readonly uptimeMs: number;
  readonly facts: KernelConntrackFacts;
  readonly problems: ReplicationStatus["problems"];
  readonly isSynchronised: boolean;
  /** Wall time of the moment of the view, in milliseconds since 1970. */
  readonly wallMs: number;
}

export function makeReplicationStats(parts: ViewParts): ReplicationStats {
  const { config, view, kernel, channels } = parts;
  const { traffic, expectations } = view;
  return {
    mode: view.mode,
    uptimeMs: parts.uptimeMs,
    flows: pairStats(view.flows, config),
    expectations: expectations === undefined ? null : pairStats(expectations, config),
    processed: parts.processed,
    channels,
    messages: {
      sent: traffic.messagesSent,
      received: traffic.messagesReceived,
      refused: { ...traffic.faults },
      lost: traffic.lost,
      before: traffic.before,
      retransmitted: traffic.repeated,
    },
    queues: queueStats(parts),
    kernel: {
      events: kernel.events,
      filtered: view.kernel.filtered,
      own: kernel.own,
      overruns: kernel.overruns,
      receiveBuffer: parts.receiveBuffer,
      dumps: kernel.dumps,
      created: view.flows.commit.created,
      updated: view.flows.commit.updated,
      deleted: view.flows.commit.deleted + view.flows.commit.purged,
      failed: byErrorName(kernel.failed),
    },
    commands: { ...parts.commands, resyncsReceived: view.peer.resyncs },
    rates: parts.rates,
    lag: lagOf(view),
    conntrack: { own: parts.facts, peer: view.peer.facts ?? null },
  };
}

export function makeReplicationStatus(parts: ViewParts): ReplicationStatus {
  const { view, channels, wallMs } = parts;
  const { peer, traffic, lastResync } = view;
  const wallTime = (at: Instant): string =>
    new Date(wallMs - toMilliseconds(between(at, view.at))).toISOString();
  return {
    mode: view.mode,
    role: view.role === "backup" ? "receiver" : "sender",
    synchronised: parts.isSynchronised,
    problems: parts.problems,
    peer: {
      state: peerState(view),
      heardMs: peer.heardAt === undefined ? null : toMilliseconds(between(peer.heardAt, view.at)),
    },
    activeChannel: channels.find(({ isActive }) => isActive)?.interface ?? null,
    lag: lagOf(view),
    flows: {
      internal: view.flows.internal?.flows ?? 0,
      external: view.flows.external.flows,
      loaded: view.flows.commit.loaded,
    },
    lastResync:
      lastResync === undefined
        ? null
        : {
            at: wallTime(lastResync.at),
            flows: lastResync.entries,
            tookMs: toMilliseconds(lastResync.took),
          },
    lostMessages: traffic.lost,
    malformedMessages: malformed(traffic.faults),
    overruns: view.kernel.overruns,
    kernel: parts.facts,
    peerKernel: peer.facts ?? null,
    lastTakeover: lastTakeover(view, wallTime),
  };
}

const malformed = (faults: ReceiveFaults): number =>
  faults.truncated +
  faults.badSize +
  faults.wrongVersion +
  faults.malformedHeader +
  faults.malformedPayload;

function lastTakeover(
  { lastTakeover: report, at: now }: ReplicationView,
  wallTime: (at: Instant) => string,
): ReplicationStatus["lastTakeover"] {
  const at = report?.activeAt;
  if (report === undefined || at === undefined) return null;
  // While some of it is still to be loaded, this is how long it has taken so far.
  const took = report.loadingTook ?? between(report.loadingAt, now);
  return { at: wallTime(at), ...commitResult(report, toMilliseconds(took)) };
}

function peerState({ peer }: ReplicationView): "up" | "down" | "unknown" {
  if (peer.state === "never-heard") return "unknown";
  return peer.state === "silent" ? "down" : "up";
}

function pairStats(
  { internal, external }: PairView,
  { mode }: ReplicationConfig,
): { readonly internal: CacheStats; readonly external: CacheStats } {
  const isInjected = mode.type !== "alarm" && !mode.externalCache;
  return {
    internal: internal === undefined ? BYPASS : cacheStats(internal, "cache"),
    external: cacheStats(external, isInjected ? "inject" : "cache"),
  };
}

const cacheStats = (view: CacheView, kind: CacheStats["kind"]): CacheStats => ({
  kind,
  active: view.flows,
  entries: view.flows + view.dead,
  limit: view.limit,
  created: view.created,
  updated: view.updated,
  destroyed: view.destroyed,
  createFailed: view.refused,
  updateFailed: view.updateFailed,
  destroyFailed: view.destroyFailed,
  noSpace: view.refused,
  memory: view.bytes,
});

/** Where events go to the wire without being kept, there is nothing to count. */
const BYPASS: CacheStats = {
  kind: "bypass",
  active: 0,
  entries: 0,
  limit: 0,
  created: 0,
  updated: 0,
  destroyed: 0,
  createFailed: 0,
  updateFailed: 0,
  destroyFailed: 0,
  noSpace: 0,
  memory: 0,
};

function queueStats({ config, view, errorQueue }: ViewParts): readonly QueueStats[] {
  const { waiting, unacknowledged } = view.queues;
  const { mode } = config;
  const transmit: QueueStats = { name: "transmit", length: waiting, max: null, overflows: 0 };
  if (mode.type !== "ftfw") return [transmit, errorQueue];
  const max = mode.resendQueueSize;
  return [transmit, errorQueue, { name: "resend", length: unacknowledged, max, overflows: 0 }];
}

const lagOf = ({ lag, mode }: ReplicationView): ReplicationLag => ({
  messages: lag.messages,
  ms: mode === "ftfw" ? toMilliseconds(lag.time) : null,
});
