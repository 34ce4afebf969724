/** What a way of talking to the peer tells the rest of replication. */
import type { Instant } from "../base/time.ts";
import type { SyncCursor } from "../wire/flow-sync.ts";

export interface SyncEvents {
  /** A message about a flow or expectation. False: its body is refused. */
  data(message: SyncCursor, now: Instant): boolean;
  /** The peer began anew: what it said before may be outdated. */
  peerRestarted(now: Instant): void;
  /** The peer hears us and we hear it. */
  peerReady(now: Instant): void;
  /** Messages of the peer did not arrive when they should have. */
  lossNoticed(now: Instant): void;
  /** The peer wants to be told everything. */
  resyncRequested(now: Instant): void;
  /** A round of the peer begins, or has ended with everything in it received. */
  roundBegan(number: number): void;
  roundEnded(number: number, now: Instant): void;
  /** The peer's table had this many flows, and this digest of their keys, when it had nothing left to send. */
  digest(count: number, digest: number, now: Instant): void;
  /** In ALARM: what has expired in this part of the tables, every `parts`-th slot from `part` on, is to be removed. */
  turn(part: number, parts: number, now: Instant): void;
}
