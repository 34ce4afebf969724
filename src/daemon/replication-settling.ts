/**
 * Before this router takes part in an election, the flows of its peer should be here: a router that is started anew and wins at
 * once would break the connections of everybody. How long that is worth waiting for is bounded, and nothing is waited for
 * where there is no peer.
 */
import type { ReplicationCommands } from "../control/replication-contract.ts";

/** A peer that is there says something every second. */
export const UNHEARD_MS = 1_500;
/** In all, whatever happens. */
export const SETTLE_MS = 3_000;
const LOOK_MS = 50;

export interface SettlingContext {
  readonly replication: Pick<ReplicationCommands, "status" | "stats">;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Why it went on. "unanswered": the replication thread does not say how things are. */
export type Settlement = "synchronised" | "no-link" | "no-peer" | "late" | "unanswered";

/**
 * Resolves when the peer's flows are here; at once when no dedicated link works; after 1.5 s when no peer is heard; after 3 s
 * in any case.
 */
export async function settleFlows(context: SettlingContext): Promise<Settlement> {
  const until = context.now() + SETTLE_MS;
  const overdue = context.pause(SETTLE_MS).then((): Settlement => "late");
  return Promise.race([watch(context, until), overdue]);
}

async function watch(context: SettlingContext, until: number): Promise<Settlement> {
  const { now, pause } = context;
  const unheardUntil = now() + UNHEARD_MS;
  try {
    // oxlint-disable no-await-in-loop -- one look after the other is the point
    while (now() < until) {
      const found = await look(context, unheardUntil);
      if (found !== undefined) return found;
      await pause(LOOK_MS);
    }
    // oxlint-enable no-await-in-loop
    return "late";
  } catch {
    // A replication that does not answer is told of elsewhere; the election does not depend on it.
    return "unanswered";
  }
}

/** Undefined while there is something to wait for. */
async function look(
  { replication, now }: SettlingContext,
  unheardUntil: number,
): Promise<Settlement | undefined> {
  const { synchronised, peer } = await replication.status();
  if (synchronised) return "synchronised";
  if (peer.state === "up") return undefined;
  const { channels } = await replication.stats();
  if (!channels.some(({ state }) => state === "running")) return "no-link";
  return now() >= unheardUntil ? "no-peer" : undefined;
}
