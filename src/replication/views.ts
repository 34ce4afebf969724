/** Makes views of the parts of replication. */
import { between, type Duration, type Instant, NO_TIME, seconds } from "../base/time.ts";
import type { CachePair } from "./cache-pair.ts";
import type { Certainty, CertaintyJudge } from "./certainty.ts";
import type { Channels } from "./channels.ts";
import type { CacheCounters, TrafficCounters } from "./counters.ts";
import { type FlowTable, NONE } from "./flow-table.ts";
import { RESEND, TRANSMIT } from "./internal-cache.ts";
import type { KernelSide } from "./kernel-side.ts";
import type { LoadAhead } from "./load-ahead.ts";
import type { PeerNews } from "./peer-news.ts";
import type { Protocol } from "./protocol.ts";
import type { Takeover } from "./takeover.ts";
import type { CacheView, PairView, PeerView, ReplicationView } from "./view.ts";

/** A peer that says nothing for this long is not there. */
const SILENT_AFTER: Duration = seconds(4);
/** What the peer has not heard for this long, it may never hear. */
const LAG_MAX: Duration = seconds(2);

/** What a replicator consists of, as far as it is looked at. */
export interface Parts {
  readonly mode: ReplicationView["mode"];
  readonly protocol: Protocol;
  readonly peer: PeerNews;
  readonly certainty: CertaintyJudge;
  readonly takeover: Takeover;
  readonly ahead: LoadAhead;
  readonly kernel: KernelSide;
  readonly channels: Channels;
  readonly traffic: TrafficCounters;
  readonly flows: CachePair;
  readonly expectations: CachePair | undefined;
}

export function viewReplication(parts: Parts, now: Instant): ReplicationView {
  const { protocol, takeover, traffic, kernel, flows, expectations } = parts;
  const pairs = expectations === undefined ? [flows] : [flows, expectations];
  const peer = viewPeer(parts, now);
  const certainty = parts.certainty.judge(peer.isDuet, now);
  const lag = { messages: protocol.unheardCount, time: lagOf(pairs, now) };
  return {
    at: now,
    mode: parts.mode,
    role: takeover.role,
    peer,
    certainty,
    isSynchronised:
      peer.state === "connected" && holdsAll(parts, certainty) && hasTold(parts, lag.time),
    provenAt: parts.certainty.provenAt,
    mismatches: parts.certainty.mismatches,
    lag,
    lastResync: protocol.lastResync,
    isResyncing: protocol.isSendingAll,
    queues: { waiting: protocol.waitingCount, unacknowledged: protocol.unacknowledgedCount },
    traffic: { ...traffic, faults: { ...traffic.faults } },
    channel: parts.channels.current,
    channelSwitches: parts.channels.switches,
    flows: viewPair(flows, parts.ahead.loadedCount),
    expectations: expectations === undefined ? undefined : viewPair(expectations, 0),
    takeover: takeover.report(),
    lastTakeover: takeover.lastTakeover(),
    kernel: {
      resyncs: kernel.dumps.completedCount,
      overruns: kernel.dumps.overrunCount,
      filtered: kernel.filteredCount,
      unreadable: kernel.unreadableCount,
    },
    tableBytes: pairs.reduce((bytes, pair) => bytes + pair.touchedBytes, 0),
  };
}

function viewPeer({ protocol, peer }: Parts, now: Instant): PeerView {
  const { heardAt, isDuet, peerFacts: facts } = protocol;
  const { restarts, resyncs } = peer;
  return { state: peerState(protocol, now), isDuet, heardAt, restarts, resyncs, facts };
}

function peerState({ heardAt, isReady }: Protocol, now: Instant): PeerView["state"] {
  if (heardAt === undefined) return "never-heard";
  if (between(heardAt, now) > SILENT_AFTER) return "silent";
  return isReady ? "connected" : "greeting";
}

/** Whether this router has all that the peer has, as far as it is the one to take over. */
function holdsAll({ takeover, flows }: Parts, certainty: Certainty): boolean {
  if (takeover.role === "active") return true;
  return (certainty === "proven" || certainty === "assumed") && !flows.external.isSweeping;
}

/** Whether the peer has all that this router has, as far as the peer is the one to take over. */
const hasTold = ({ takeover, protocol }: Parts, lag: Duration): boolean =>
  takeover.role === "backup" || (!protocol.isSendingAll && lag < LAG_MAX);

const viewCache = (table: FlowTable, counters: CacheCounters): CacheView => ({
  ...counters,
  flows: table.liveCount,
  dead: table.count - table.liveCount,
  limit: table.limit,
  bytes: table.touchedBytes,
});

function viewPair({ internal, external, plan, purge }: CachePair, loaded: number): PairView {
  const { created, updated, deleted, replaced } = plan.counters;
  return {
    internal: internal === undefined ? undefined : viewCache(internal.table, internal.counters),
    external: viewCache(external.table, external.counters),
    commit: {
      created,
      updated,
      deleted,
      replaced,
      failed: plan.failedCount,
      pending: external.pendingCount,
      loaded,
      purged: purge.deletedCount,
    },
    swept: external.sweptCount,
  };
}

/** For how long the entry that waits longest has waited for the peer to hear of it. */
function lagOf(pairs: readonly CachePair[], now: Instant): Duration {
  let lag: Duration = NO_TIME;
  for (const { internal } of pairs) {
    if (internal === undefined) continue;
    for (const list of [RESEND, TRANSMIT]) {
      const slot = internal.table.first(list);
      const idle = slot === NONE ? NO_TIME : internal.table.idle(slot, now);
      if (idle > lag) lag = idle;
    }
  }
  return lag;
}
