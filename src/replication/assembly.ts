/** What a configuration makes of the parts of a replicator. */
import { type Duration, seconds, sum } from "../base/time.ts";
import { CachePair, type CachePairOptions } from "./cache-pair.ts";
import { Channels } from "./channels.ts";
import type { ReplicationConfig } from "./config.ts";
import type { RecordKind } from "./flow-table.ts";

/** Dead flows at most that wait for the peer, as a part of a table. */
const DEAD_PART = 0.5;
/** A conntrackd that was asked for everything has told it after this long. */
const TOLD_AFTER: Duration = seconds(5);

export function newPair(
  kind: RecordKind,
  { config, seed }: { readonly config: ReplicationConfig; readonly seed: number },
  asked: Pick<CachePairOptions, "isSettled" | "loadsAhead">,
): CachePair {
  const { mode, hashLimit: limit, commitTimeout } = config;
  return new CachePair({
    kind,
    limit,
    seed,
    commitTimeout,
    ...asked,
    isKept: mode.type !== "notrack" || mode.internalCache,
    isEager: isEager(config),
    deadMax: Math.ceil(limit * DEAD_PART),
  });
}

export function newChannels({ channels }: ReplicationConfig): Channels {
  const preferred = channels.findIndex(({ isDefault }) => isDefault);
  return new Channels(channels.length, Math.max(0, preferred));
}

/** Whether what the peer says goes into the kernel at once. */
export const isEager = ({ mode }: ReplicationConfig): boolean =>
  mode.type !== "alarm" && !mode.externalCache;

/** How long the peer's entries live without being repeated. */
export const expiryOf = ({ mode }: ReplicationConfig): Duration | undefined =>
  mode.type === "alarm" ? mode.cacheTimeout : undefined;

/** When a peer that cannot prove it has said everything. */
export const assumedAfter = ({ mode }: ReplicationConfig): Duration =>
  mode.type === "alarm" ? sum(mode.refreshTime, seconds(2)) : TOLD_AFTER;
