import { expect, test } from "vitest";
import { instant, milliseconds, NO_TIME } from "../../../src/base/time.ts";
import { EventPacing } from "../../../src/daemon/event-pacing.ts";

const LIMITS = { many: 10, few: 5 };

/** Reads one batch of `count` events every `everyUs`, for 20 ms, and returns the last pause. */
function readFor(pacing: EventPacing, count: number, everyUs: number, startUs = 1_000): number {
  let pause = NO_TIME;
  for (let at = 0; at <= 20_000; at += everyUs) pause = pacing.read(count, instant(startUs + at));
  return pause;
}

test("a single event is followed by no pause", () => {
  expect(new EventPacing(LIMITS).read(1, instant(5))).toBe(NO_TIME);
});

test("twenty thousand events a second are read with pauses of five milliseconds", () => {
  expect(readFor(new EventPacing(LIMITS), 1, 50)).toBe(milliseconds(5));
});

test("a few hundred events a second are read at once", () => {
  expect(readFor(new EventPacing(LIMITS), 1, 2_000)).toBe(NO_TIME);
});

test("pauses last while many events come in few reads, and end with the rush", () => {
  const pacing = new EventPacing(LIMITS);
  readFor(pacing, 1, 50);
  expect(readFor(pacing, 20, 1_000, 30_000)).toBe(milliseconds(5));
  expect(readFor(pacing, 1, 5_000, 60_000)).toBe(NO_TIME);
});

test("a rush between two quiet times is noticed however long the quiet was", () => {
  const pacing = new EventPacing(LIMITS);
  pacing.read(1, instant(0));
  expect(pacing.read(1, instant(60_000_000))).toBe(NO_TIME);
  expect(readFor(pacing, 1, 100, 60_000_001)).toBe(milliseconds(5));
});

test("pauses grow to the longest while reads find little, and shrink while they find more than a portion", () => {
  const pacing = new EventPacing({ many: 4, few: 2, longest: milliseconds(10), portion: 50 });
  readFor(pacing, 10, 1_000);
  expect(readFor(pacing, 10, 1_000, 30_000)).toBe(milliseconds(10));
  expect(pacing.read(400, instant(60_000))).toBe(milliseconds(5));
  expect(readFor(pacing, 60, 1_000, 61_000)).toBe(milliseconds(1));
  expect(pacing.read(40, instant(90_000)), "enough is enough").toBe(milliseconds(1));
  expect(pacing.read(10, instant(91_000))).toBe(milliseconds(2));
});
