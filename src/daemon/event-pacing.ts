/**
 * When to read the kernel's events: at once while they are few, and after a short pause each time while they are many. A read
 * that finds one event costs as much as one that finds fifty, and a millisecond is little against the time of a failover.
 */
import { between, type Duration, type Instant, milliseconds, NO_TIME } from "../base/time.ts";

/** Rates are judged over this long. */
const WINDOW: Duration = milliseconds(5);
/** Events within a window from which on reading pauses, and below which it does not any more: some 2000 and 1000 a second. */
const MANY = 10;
const FEW = 5;
const PAUSE: Duration = milliseconds(1);

export class EventPacing {
  #since: Instant | undefined;
  #count = 0;
  #isMany = false;

  /** `count` events were read at `now`. Returns how long to wait before the next read; zero is as soon as there is one. */
  read(count: number, now: Instant): Duration {
    this.#since ??= now;
    this.#count += count;
    if (between(this.#since, now) >= WINDOW) {
      const windows = between(this.#since, now) / WINDOW;
      this.#isMany = this.#count / windows >= (this.#isMany ? FEW : MANY);
      this.#since = now;
      this.#count = 0;
    }
    return this.#isMany ? PAUSE : NO_TIME;
  }
}
