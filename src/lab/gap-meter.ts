/**
 * Finds the silences in a stream of numbered probes. A silence runs from the sending of the first unanswered probe to the
 * sending of the first answered one after it, so how late answers are read does not matter; how evenly probes are sent
 * does, and therefore the meter knows its own worst pace.
 */
import { after, between, type Duration, type Instant, NO_TIME } from "../base/time.ts";

export interface Gap {
  /** When the first probe of the silence was sent. */
  readonly from: Instant;
  /** When the first answered probe after it was sent; null while the silence lasts. */
  readonly to: Instant | null;
  readonly lost: number;
}

export interface Tally {
  readonly sent: number;
  readonly answered: number;
  /** Not answered in time; an answer that came too late does not change it. */
  readonly lost: number;
  /** How many of the lost ones were answered all the same, but too late. */
  readonly late: number;
  /** The longest time between two probes sent one after the other since the last tally. */
  readonly pace: Duration;
}

/** Probes whose fate is open at most: the timeout in intervals must be less. */
const OPEN_MAX = 4_096;

export class GapMeter {
  readonly #timeout: Duration;
  readonly #sentAt = new Float64Array(OPEN_MAX);
  readonly #isAnswered = new Uint8Array(OPEN_MAX);
  #next = 0;
  #settled = 0;
  #answered = 0;
  #lost = 0;
  #late = 0;
  #gap: { readonly from: Instant; readonly lostBefore: number } | undefined;
  #lastSentAt: Instant | undefined;
  #pace: Duration = NO_TIME;

  /** A probe that is not answered within `timeout` is lost. */
  constructor(timeout: Duration) {
    this.#timeout = timeout;
  }

  /** Notes that a probe leaves now and returns its sequence number. */
  sent(now: Instant): number {
    if (this.#next - this.#settled === OPEN_MAX)
      throw new RangeError(`settle() was not called for ${OPEN_MAX} probes`);
    const sequence = this.#next;
    this.#sentAt[sequence % OPEN_MAX] = now;
    this.#isAnswered[sequence % OPEN_MAX] = 0;
    if (this.#lastSentAt !== undefined)
      this.#pace = Math.max(this.#pace, between(this.#lastSentAt, now)) as Duration;
    this.#lastSentAt = now;
    this.#next += 1;
    return sequence;
  }

  /** Notes the answer to a probe. Unknown and repeated ones are ignored, and late ones change nothing but their count. */
  answered(sequence: number): void {
    const slot = sequence % OPEN_MAX;
    const isKnown = sequence >= this.#next - OPEN_MAX && sequence < this.#next;
    if (!isKnown || this.#isAnswered[slot] === 1) return;
    this.#isAnswered[slot] = 1;
    if (sequence < this.#settled) this.#late += 1;
  }

  /** Decides every probe that can be decided, oldest first, and returns the silences that began or ended. */
  settle(now: Instant): readonly Gap[] {
    let changes: Gap[] | undefined;
    while (this.#settled < this.#next) {
      const slot = this.#settled % OPEN_MAX;
      const sentAt = this.#sentAt[slot] as Instant;
      if (this.#isAnswered[slot] === 1) {
        const closed = this.#answer(sentAt);
        if (closed !== undefined) (changes ??= []).push(closed);
      } else if (after(sentAt, this.#timeout) <= now) {
        const opened = this.#lose();
        if (opened !== undefined) (changes ??= []).push(opened);
      } else break;
    }
    return changes ?? NO_CHANGES;
  }

  /** Counts since the beginning, and the pace since the last call. */
  tally(): Tally {
    const pace = this.#pace;
    this.#pace = NO_TIME;
    const [sent, answered, lost, late] = [this.#next, this.#answered, this.#lost, this.#late];
    return { sent, answered, lost, late, pace };
  }

  #answer(sentAt: Instant): Gap | undefined {
    this.#settled += 1;
    this.#answered += 1;
    if (this.#gap === undefined) return undefined;
    const { from, lostBefore } = this.#gap;
    this.#gap = undefined;
    return { from, to: sentAt, lost: this.#lost - lostBefore };
  }

  #lose(): Gap | undefined {
    const from = this.#sentAt[this.#settled % OPEN_MAX] as Instant;
    this.#settled += 1;
    this.#lost += 1;
    if (this.#gap !== undefined) return undefined;
    this.#gap = { from, lostBefore: this.#lost - 1 };
    return { from, to: null, lost: 1 };
  }
}

const NO_CHANGES: readonly Gap[] = [];

/** How much of `gap` lies between `start` and `end`; one that still lasts reaches to the end. */
export function overlap(gap: Gap, start: Instant, end: Instant): Duration {
  const from = Math.max(gap.from, start) as Instant;
  const to = Math.min(gap.to ?? end, end) as Instant;
  return between(from, to);
}
