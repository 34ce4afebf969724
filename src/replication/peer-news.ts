/** Takes what the peer says to where it belongs: its flows to the external caches, its state to the judge of certainty. */
import type { Duration, Instant } from "../base/time.ts";
import { checkExpectation, checkFlow, swapPortsAndIds } from "../wire/flow-record.ts";
import { CT_DEL, EXP_NEW, type SyncCursor } from "../wire/flow-sync.ts";
import type { CachePair } from "./cache-pair.ts";
import type { CertaintyJudge } from "./certainty.ts";
import type { SyncEvents } from "./sync-events.ts";
import { MARK_NUMBERS } from "./sync-mark.ts";

export interface PeerNewsOptions {
  /** Whether the peer is a little-endian conntrackd, see swapPortsAndIds(). */
  readonly swaps: boolean;
  /** Entries expire when they were not repeated for this long; only in ALARM. */
  readonly expiresAfter: () => Duration | undefined;
  /** Whether the peer proves what it says, so that a loss needs no other remedy. */
  readonly isProving: () => boolean;
  /** Sends everything, from the cache or from the kernel. */
  readonly sendAll: (now: Instant) => void;
  /** Asks the peer to send everything. */
  readonly askForAll: () => void;
  /** Both sides hear each other. */
  readonly ready: (now: Instant) => void;
}

export class PeerNews implements SyncEvents {
  readonly #flows: CachePair;
  readonly #expectations: CachePair | undefined;
  readonly #pairs: readonly CachePair[];
  readonly #certainty: CertaintyJudge;
  readonly #options: PeerNewsOptions;
  #round: number | undefined;
  #restarts = -1;
  #resyncs = 0;

  constructor(
    flows: CachePair,
    expectations: CachePair | undefined,
    certainty: CertaintyJudge,
    options: PeerNewsOptions,
  ) {
    this.#flows = flows;
    this.#expectations = expectations;
    this.#pairs = expectations === undefined ? [flows] : [flows, expectations];
    this.#certainty = certainty;
    this.#options = options;
  }

  /** How often the peer began anew, its first beginning aside. */
  get restarts(): number {
    return Math.max(0, this.#restarts);
  }

  /** How often the peer wanted to be told everything. */
  get resyncs(): number {
    return this.#resyncs;
  }

  data({ type, body }: SyncCursor, now: Instant): boolean {
    if (type <= CT_DEL) {
      if (checkFlow(body) !== undefined) return false;
      if (this.#options.swaps) swapPortsAndIds(body);
      this.#flows.external.apply(type, body, now);
      return true;
    }
    if (checkExpectation(body) !== undefined) return false;
    this.#expectations?.external.apply(type - EXP_NEW, body, now);
    return true;
  }

  peerRestarted(now: Instant): void {
    this.#restarts += 1;
    this.#round = undefined;
    this.#certainty.peerRestarted();
    for (const { external } of this.#pairs) external.suspect(now);
  }

  peerReady(now: Instant): void {
    this.#certainty.peerReady(now);
    this.#options.ready(now);
  }

  lossNoticed(now: Instant): void {
    if (!this.#options.isProving()) this.#certainty.lossNoticed(now);
  }

  resyncRequested(now: Instant): void {
    this.#resyncs += 1;
    this.#options.sendAll(now);
  }

  roundBegan(number: number): void {
    this.#round = number;
    for (const { external } of this.#pairs) external.beginRound();
  }

  roundEnded(number: number, now: Instant): void {
    // Without its beginning, which came before a restart of ours, a round says nothing of what it did not mention.
    if (this.#round !== number) return;
    this.#round = undefined;
    for (const { external } of this.#pairs) external.endRound();
    this.#certainty.completed(now);
  }

  digest(count: number, digest: number, now: Instant): void {
    const { table, isSweeping } = this.#flows.external;
    if (isSweeping) return;
    const areEqual = count === table.liveCount % MARK_NUMBERS && digest === table.digest;
    if (this.#certainty.compared(areEqual, now)) this.#options.askForAll();
  }

  turn(part: number, parts: number, now: Instant): void {
    const expiresAfter = this.#options.expiresAfter();
    if (expiresAfter === undefined) return;
    for (const { external } of this.#pairs) external.expire(expiresAfter, { part, parts }, now);
  }
}
