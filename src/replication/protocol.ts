/** What the three ways of talking to the peer have in common. */
import type { Instant } from "../base/time.ts";
import type { SyncCursor } from "../wire/flow-sync.ts";
import type { RoundReport } from "./bulk-round.ts";
import type { ReplicationMode } from "./config.ts";
import type { TrafficCounters } from "./counters.ts";
import type { DatagramPacker } from "./datagram-packer.ts";
import type { InternalCache } from "./internal-cache.ts";
import type { KernelFacts } from "./kernel-facts.ts";
import type { SyncEvents } from "./sync-events.ts";

export interface ProtocolParts {
  readonly caches: readonly InternalCache[];
  readonly traffic: TrafficCounters;
  readonly events: SyncEvents;
}

export interface Protocol {
  /** When the last good message came. */
  readonly heardAt: Instant | undefined;
  /** Both sides hear each other, as far as can be known. */
  readonly isReady: boolean;
  /** The peer shows that it is a Duet, and proves what it says. */
  readonly isDuet: boolean;
  /** Messages that wait to be sent. */
  readonly waitingCount: number;
  /** Flows and expectations of which the peer may not have the latest news. */
  readonly unheardCount: number;
  /** Messages that were sent and wait to be acknowledged. */
  readonly unacknowledgedCount: number;
  /** Whether a full resync is being sent. */
  readonly isSendingAll: boolean;
  /** The last full resync that is known to have arrived. */
  readonly lastResync: RoundReport | undefined;
  /** What the peer says of its kernel; undefined where it does not. */
  readonly peerFacts: KernelFacts | undefined;
  deadline(): Instant;
  /** Takes over the numbers of a mode of the same type. */
  reconfigure(mode: ReplicationMode): void;
  /** What this kernel is like, for a peer that wants to know. */
  setFacts(facts: KernelFacts): void;
  /** How many messages the sockets here hold, for a peer that sends no more at once; undefined where that is not known. */
  setRoom(messages: number | undefined): void;
  /** Whether this router's flows are the ones that count: only then may the peer be brought up to date as a whole. */
  setSending(sends: boolean): void;
  /** Sends everything once more. `isVoid`: what a resync that runs has sent so far does not count. */
  requestBulk(now: Instant, isVoid?: boolean): void;
  /** Asks the peer to send everything. */
  requestResync(): void;
  /** Takes a message whose header is good. */
  receive(message: SyncCursor, now: Instant): void;
  /** Puts what there is to send into a datagram, which may stay empty. */
  fillDatagram(packer: DatagramPacker, now: Instant): void;
  /** Judges the deadlines; harmless when it comes too early. */
  wake(now: Instant): void;
}
