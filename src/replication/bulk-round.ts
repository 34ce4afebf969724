/**
 * A full resync: every living entry is queued once more, in portions that the acknowledged window makes room for. Between two
 * Duets it is a round with a beginning and an end that both are acknowledged, so that the peer knows which entries of an
 * earlier round nobody mentioned any more. Towards conntrackd it is what its own bulk send is: ordinary messages.
 *
 *    idle -> wanted -> announcing -> feeding -> flushing -> settling -> settled
 *                 \______ towards conntrackd _______/^
 */

import { unreachable } from "../base/result.ts";
import { between, type Duration, type Instant } from "../base/time.ts";
import type { ControlMessage } from "./datagram-packer.ts";
import type { FtfwSender } from "./ftfw-sender.ts";
import type { InternalCache } from "./internal-cache.ts";
import { MARK_BEGIN, MARK_END, MARK_NUMBERS, markMessage } from "./sync-mark.ts";
import { TableWalk } from "./table-walk.ts";

type Stage = "idle" | "wanted" | "announcing" | "feeding" | "flushing" | "settling" | "settled";

export interface RoundReport {
  readonly at: Instant;
  readonly took: Duration;
  readonly entries: number;
}

export class BulkRound {
  readonly #sender: FtfwSender;
  readonly #walk: TableWalk;
  #stage: Stage = "idle";
  #again = false;
  #isMarked = false;
  #number = 0;
  #beginning: ControlMessage | undefined;
  #startedAt: Instant | undefined;
  /** Number after which nothing belongs to the current stage. */
  #last = 0;
  #report: RoundReport | undefined;

  constructor(sender: FtfwSender, caches: readonly InternalCache[]) {
    this.#sender = sender;
    this.#walk = new TableWalk(caches);
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
    if (this.#stage === "settling") this.#stage = "flushing";
  }

  /** Does what can be done now. To be called before each datagram is filled. */
  step(isDuet: boolean, now: Instant): void {
    for (let stage = this.#nextStage(isDuet, now); stage !== undefined; ) {
      this.#stage = stage;
      stage = this.#nextStage(isDuet, now);
    }
  }

  /** The stage that the current one gives way to now, if it does. */
  #nextStage(isDuet: boolean, now: Instant): Stage | undefined {
    switch (this.#stage) {
      case "idle":
        return undefined;
      case "wanted":
        return this.#begin(isDuet, now);
      case "announcing":
        return this.#isAnnounced() ? "feeding" : undefined;
      case "feeding":
        return this.#walk.feed(Infinity, now) ? "flushing" : undefined;
      case "flushing":
        return this.#isFlushed() ? "settling" : undefined;
      case "settling":
        return this.#sender.isUnheard(this.#last) ? undefined : "settled";
      case "settled":
        return this.#end(now);
      default:
        return unreachable(this.#stage);
    }
  }

  #isAnnounced(): boolean {
    return this.#beginning === undefined || !this.#sender.control.holds(this.#beginning);
  }

  /** Whether all that was queued has been sent, up to #last. */
  #isFlushed(): boolean {
    this.#last = this.#sender.lastSent;
    return this.#sender.waitingCount === 0;
  }

  #begin(isDuet: boolean, now: Instant): Stage {
    this.#startedAt = now;
    this.#walk.restart();
    this.#isMarked = isDuet;
    this.#number = this.#sender.lastSent % MARK_NUMBERS;
    if (!isDuet) return "feeding";
    this.#beginning = markMessage({ kind: MARK_BEGIN, number: this.#number, value: 0 });
    this.#sender.control.push(this.#beginning);
    return "announcing";
  }

  #end(now: Instant): Stage {
    const { entries } = this.#walk;
    if (this.#isMarked)
      this.#sender.control.push(
        markMessage({ kind: MARK_END, number: this.#number, value: entries }),
      );
    this.#report = { at: now, took: between(this.#startedAt ?? now, now), entries };
    const next = this.#again ? "wanted" : "idle";
    this.#again = false;
    return next;
  }
}
