/**
 * When to read what arrives: at once while it is little, and after a short pause each time while it is much. A read that finds
 * one message costs as much as one that finds a hundred, and five milliseconds are little against the time of a failover.
 */
import { between, type Duration, type Instant, milliseconds, NO_TIME } from "../base/time.ts";

/** Rates are judged over this long. */
const WINDOW: Duration = milliseconds(5);
const PAUSE: Duration = milliseconds(5);

export interface PacingLimits {
  /** So many within a window are much; from then on reading pauses. */
  readonly many: number;
  /** Fewer than these within a window are little again. */
  readonly few: number;
}

export class EventPacing {
  readonly #limits: PacingLimits;
  #since: Instant | undefined;
  #count = 0;
  #isMany = false;

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
    return this.#isMany ? PAUSE : NO_TIME;
  }
}
