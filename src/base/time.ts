import type { Brand } from "./brand.ts";

/** A point on the host's monotonic clock, in microseconds from an arbitrary origin. */
export type Instant = Brand<number, "Instant">;
/** A span of time in microseconds. Never negative. */
export type Duration = Brand<number, "Duration">;

export const NO_TIME: Duration = 0 as Duration;

export const microseconds = (count: number): Duration => count as Duration;
export const milliseconds = (count: number): Duration => (count * 1_000) as Duration;
export const centiseconds = (count: number): Duration => (count * 10_000) as Duration;
export const seconds = (count: number): Duration => (count * 1_000_000) as Duration;
export const instant = (count: number): Instant => count as Instant;

export const after = (start: Instant, span: Duration): Instant => (start + span) as Instant;
/** The span from `start` to `end`; zero when `end` is the earlier one. */
export const between = (start: Instant, end: Instant): Duration =>
  Math.max(0, end - start) as Duration;
export const times = (span: Duration, factor: number): Duration =>
  Math.round(span * factor) as Duration;
export const sum = (...spans: readonly Duration[]): Duration =>
  spans.reduce<number>((total, span) => total + span, 0) as Duration;

export const toMilliseconds = (span: Duration): number => span / 1_000;
export const toSeconds = (span: Duration): number => span / 1_000_000;

/** The earlier of two deadlines, where `undefined` means "not armed". */
export function earliest(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a <= b ? a : b;
}

/** A span as people write it: 950us, 36ms, 2.61s. */
export function formatDuration(span: Duration): string {
  // Half a unit early, so that 999.6 ms are rounded to 1s and not to 1000ms.
  if (span < 999.5) return `${Math.round(span)}us`;
  if (span < 999_500) return `${trim(span / 1_000)}ms`;
  return `${trim(span / 1_000_000)}s`;
}

const trim = (value: number): string =>
  String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
