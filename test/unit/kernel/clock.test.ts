import { expect, test } from "vitest";
import { monotonicNow } from "../../../src/kernel/clock.ts";

test("the monotonic clock is the one that Node reads, in whole microseconds", () => {
  const before = Number(process.hrtime.bigint() / 1_000n);
  const now = monotonicNow();
  const later = Number(process.hrtime.bigint() / 1_000n);
  expect(Number.isInteger(now)).toBe(true);
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(later);
  expect(monotonicNow()).toBeGreaterThanOrEqual(now);
});
