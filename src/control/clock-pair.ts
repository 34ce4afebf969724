import { between, type Instant, toMilliseconds } from "../base/time.ts";

/** One moment on both clocks. Made anew for each snapshot, because wall time may be set while the monotonic clock runs on. */
export interface ClockPair {
  readonly monotonic: Instant;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** The wall time of a monotonic instant in ISO 8601, as seen from the moment of `pair`. */
export const wallTime = (at: Instant, pair: ClockPair): string =>
  new Date(pair.wallMs + (at - pair.monotonic) / 1_000).toISOString();

/** Whole milliseconds from `at` to the moment of `pair`; 0 for what is still to come. */
export const ageMs = (at: Instant, pair: ClockPair): number =>
  Math.round(toMilliseconds(between(at, pair.monotonic)));

/** Whole milliseconds from the moment of `pair` to `at`; 0 for what is past. */
export const untilMs = (at: Instant, pair: ClockPair): number =>
  Math.round(toMilliseconds(between(pair.monotonic, at)));
