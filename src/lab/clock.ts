import type { Instant } from "../base/time.ts";
import { monotonicNow } from "../kernel/clock.ts";

/** When it was `wallMs` (milliseconds since 1970) on the monotonic clock, taking the wall clock as it is now. */
export const fromWall = (wallMs: number): Instant =>
  Math.round(monotonicNow() - (Date.now() - wallMs) * 1_000) as Instant;
