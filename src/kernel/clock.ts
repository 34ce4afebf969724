import { type Instant, instant } from "../base/time.ts";

/** CLOCK_MONOTONIC in whole microseconds: never jumps, stands still while the machine sleeps. */
export function monotonicNow(): Instant {
  const [seconds, nanoseconds] = process.hrtime();
  return instant(seconds * 1_000_000 + Math.floor(nanoseconds / 1_000));
}

/** CLOCK_BOOTTIME in whole microseconds: goes on while the machine sleeps. Not comparable with monotonicNow(). */
export declare function boottimeNow(): Instant;
