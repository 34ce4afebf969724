import { type Instant, instant } from "../../src/base/time.ts";

/** A machine's monotonic clock: it began somewhere and runs a little fast or slow. */
export class DriftingClock {
  readonly #origin: number;
  readonly #rate: number;

  constructor(origin: number, partsPerMillion: number) {
    this.#origin = origin;
    this.#rate = 1 + partsPerMillion / 1_000_000;
  }

  /** What the clock shows at the true time `at`. */
  read(at: number): Instant {
    return instant(Math.floor(this.#origin + at * this.#rate));
  }

  /** The first true time at which the clock shows `shown` or more. */
  whenShows(shown: Instant): number {
    let at = Math.ceil((shown - this.#origin) / this.#rate);
    while (this.read(at) < shown) at += 1;
    return at;
  }
}
