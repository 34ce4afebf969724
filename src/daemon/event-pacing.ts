/**
 * When to read what arrives: at once while it is little, and after a short pause each time while it is much. A read that finds
 * one message costs as much as one that finds a hundred, and a few milliseconds are little against the time of a failover.
 */
import {
  between,
  type Duration,
  type Instant,
  microseconds,
  milliseconds,
  NO_TIME,
} from "../base/time.ts";

/** Rates are judged over this long. */
const WINDOW: Duration = milliseconds(5);
const PAUSE: Duration = milliseconds(5);
const PAUSE_MIN: Duration = milliseconds(1);

export interface PacingLimits {
  /** So many within a window are much; from then on reading pauses. */
  readonly many: number;
  /** Fewer than these within a window are little again. */
  readonly few: number;
  /** Pauses grow to this from 5 ms as long as reads find less than half of `portion`; unless given they do not. */
  readonly longest?: Duration;
  /** Pauses become shorter, down to 1 ms, while a read finds more than this: buffers must not overflow meanwhile. */
  readonly portion?: number;
}

export class EventPacing {
  readonly #limits: PacingLimits;
  #since: Instant | undefined;
  #count = 0;
  #isMany = false;
  #pause: Duration = PAUSE;

  constructor(limits: PacingLimits) {
    this.#limits = limits;
  }

  /** `count` were read at `now`. Returns how long to wait before the next read; zero is as soon as there is something. */
  read(count: number, now: Instant): Duration {
    if (this.#since === undefined || between(this.#since, now) >= WINDOW) {
      // Whether a rush is over shows only when a window is; that one has begun shows at once.
      if (this.#count < this.#limits.few) this.#isMany = false;
      this.#since = now;
      this.#count = 0;
    }
    this.#count += count;
    if (this.#count >= this.#limits.many) this.#isMany = true;
    if (!this.#isMany) return NO_TIME;
    this.#adapt(count);
    return this.#pause;
  }

  #adapt(count: number): void {
    const { portion = Infinity, longest = PAUSE } = this.#limits;
    if (count > portion) this.#pause = microseconds(Math.max(PAUSE_MIN, this.#pause / 2));
    else if (count < portion / 2)
      this.#pause = microseconds(Math.min(longest, this.#pause + PAUSE_MIN));
  }
}
