/** Makes views of the parts of replication. */
import { type Duration, type Instant, NO_TIME } from "../base/time.ts";
import type { CachePair } from "./cache-pair.ts";
import type { CacheCounters } from "./counters.ts";
import { type FlowTable, NONE } from "./flow-table.ts";
import { RESEND, TRANSMIT } from "./internal-cache.ts";
import type { CacheView, PairView } from "./view.ts";

const viewCache = (table: FlowTable, counters: CacheCounters): CacheView => ({
  ...counters,
  flows: table.liveCount,
  dead: table.count - table.liveCount,
  limit: table.limit,
  bytes: table.touchedBytes,
});

export function viewPair({ internal, external, plan, purge }: CachePair): PairView {
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
      purged: purge.deletedCount,
    },
    swept: external.sweptCount,
  };
}

/** For how long the entry that waits longest has waited for the peer to hear of it. */
export function lagOf(pairs: readonly CachePair[], now: Instant): Duration {
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
