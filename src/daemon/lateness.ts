/**
 * How late the VRRP thread wakes up after its deadlines: a histogram in memory that both threads share, so that reading it
 * costs the VRRP thread nothing. The one writer is the VRRP thread.
 */
import { type Duration, microseconds } from "../base/time.ts";

/** Upper bounds of the buckets in microseconds; the last bucket takes the rest. */
const BOUNDS = [
  50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 20_000, 50_000,
  100_000, 500_000,
] as const;
const AT_MAX = BOUNDS.length + 1;
const SAMPLES_MIN = 100;

export class Lateness {
  readonly #counts: Uint32Array;

  private constructor(memory: SharedArrayBuffer) {
    this.#counts = new Uint32Array(memory);
  }

  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer((AT_MAX + 1) * Uint32Array.BYTES_PER_ELEMENT);
  }

  static over(memory: SharedArrayBuffer): Lateness {
    return new Lateness(memory);
  }

  record(late: Duration): void {
    const found = BOUNDS.findIndex((bound) => late <= bound);
    const bucket = found === -1 ? BOUNDS.length : found;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    if (late > (this.#counts[AT_MAX] ?? 0)) this.#counts[AT_MAX] = Math.min(late, 0xffff_ffff);
  }

  max(): Duration {
    return microseconds(this.#counts[AT_MAX] ?? 0);
  }

  /** The bound that `percent` of the wake-ups kept; undefined while there are too few to say. */
  percentile(percent: number): Duration | undefined {
    const buckets = this.#counts.subarray(0, AT_MAX);
    const total = buckets.reduce((sum, count) => sum + count, 0);
    if (total < SAMPLES_MIN) return undefined;
    let seen = 0;
    for (const [index, count] of buckets.entries()) {
      seen += count;
      if (seen * 100 >= total * percent) return microseconds(BOUNDS[index] ?? this.max());
    }
    return this.max();
  }
}
