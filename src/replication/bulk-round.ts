/**
 * A full resync: every living entry is queued once more, in portions that the acknowledged window makes room for. Between two
 * Duets it is a round with a beginning and an end that both are acknowledged, so that the peer knows which entries of an
 * earlier round nobody mentioned any more. Towards conntrackd it is what its own bulk send is: ordinary messages.
 *
 *    idle -> wanted -> announcing -> announced -> feeding -> flushing -> settling -> idle
 *                 \______ towards conntrackd _______/^
 */
import { between, type Duration, type Instant } from "../base/time.ts";
import type { FtfwSender } from "./ftfw-sender.ts";
import { type InternalCache, TRANSMIT } from "./internal-cache.ts";
import { MARK_BEGIN, MARK_END, MARK_NUMBERS, markMessage } from "./sync-mark.ts";

/** Entries are queued while fewer than this wait. */
const WAITING_MAX = 1024;
/** Slots looked at per call, most of which may be empty. */
const SCAN_MAX = 8192;

type Stage = "idle" | "wanted" | "announcing" | "announced" | "feeding" | "flushing" | "settling";

export interface RoundReport {
  readonly at: Instant;
  readonly took: Duration;
  readonly entries: number;
}

export class BulkRound {
  readonly #sender: FtfwSender;
  readonly #caches: readonly InternalCache[];
  #stage: Stage = "idle";
  #again = false;
  #isMarked = false;
  #number = 0;
  #startedAt: Instant | undefined;
  #entries = 0;
  /** Number after which nothing belongs to the current stage. */
  #last = 0;
  #cacheIndex = 0;
  #slot = 0;
  #report: RoundReport | undefined;

  constructor(sender: FtfwSender, caches: readonly InternalCache[]) {
    this.#sender = sender;
    this.#caches = caches;
  }

  get isRunning(): boolean {
    return this.#stage !== "idle";
  }

  /** The last one that was completed. */
  get report(): RoundReport | undefined {
    return this.#report;
  }

  /** Asks for a round; one that runs is completed first, unless what it told is void. */
  request(isVoid: boolean): void {
    if (isVoid || this.#stage === "idle") this.#stage = "wanted";
    else if (this.#stage !== "wanted") this.#again = true;
  }

  cancel(): void {
    this.#stage = "idle";
    this.#again = false;
  }

  /** Something is sent again under a later number: what waits for its acknowledgement has to wait for that, too. */
  repeated(): void {
    if (this.#stage === "announced") this.#stage = "announcing";
    if (this.#stage === "settling") this.#stage = "flushing";
  }

  /** Does what can be done now. To be called before each datagram is filled. */
  step(isDuet: boolean, now: Instant): void {
    if (this.#stage === "idle") return;
    if (this.#stage === "wanted") this.#begin(isDuet, now);
    if (this.#stage === "announcing" && this.#sender.control.waitingCount === 0) {
      this.#last = this.#sender.lastSent;
      this.#stage = "announced";
    }
    if (this.#stage === "announced" && !this.#sender.isUnheard(this.#last)) this.#stage = "feeding";
    if (this.#stage === "feeding") this.#feed(now);
    if (this.#stage === "flushing" && this.#isFlushed()) {
      this.#last = this.#sender.lastSent;
      this.#stage = "settling";
    }
    if (this.#stage === "settling" && !this.#sender.isUnheard(this.#last)) this.#end(now);
  }

  #begin(isDuet: boolean, now: Instant): void {
    this.#startedAt = now;
    this.#entries = 0;
    this.#cacheIndex = 0;
    this.#slot = 0;
    this.#isMarked = isDuet;
    this.#number = this.#sender.lastSent % MARK_NUMBERS;
    this.#stage = isDuet ? "announcing" : "feeding";
    if (isDuet)
      this.#sender.control.push(markMessage({ kind: MARK_BEGIN, number: this.#number, value: 0 }));
  }

  #feed(now: Instant): void {
    let budget = SCAN_MAX;
    for (;;) {
      const cache = this.#caches[this.#cacheIndex];
      if (cache === undefined) break;
      const { table } = cache;
      while (this.#slot < table.slotEnd) {
        if (budget === 0 || table.lengthOf(TRANSMIT) >= WAITING_MAX) return;
        budget -= 1;
        if (table.holds(this.#slot) && !table.isDead(this.#slot)) {
          cache.enqueue(this.#slot, now);
          this.#entries += 1;
        }
        this.#slot += 1;
      }
      this.#cacheIndex += 1;
      this.#slot = 0;
    }
    this.#stage = "flushing";
  }

  #isFlushed(): boolean {
    return this.#sender.waitingCount === 0;
  }

  #end(now: Instant): void {
    if (this.#isMarked)
      this.#sender.control.push(
        markMessage({ kind: MARK_END, number: this.#number, value: this.#entries }),
      );
    const took = between(this.#startedAt ?? now, now);
    this.#report = { at: now, took, entries: this.#entries };
    this.#stage = this.#again ? "wanted" : "idle";
    this.#again = false;
  }
}
