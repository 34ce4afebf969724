import { expect, test } from "vitest";
import { milliseconds, NO_TIME } from "../../../src/base/time.ts";
import { Lateness } from "../../../src/daemon/lateness.ts";

test("what one thread records the other reads", () => {
  const memory = Lateness.create();
  const [writer, reader] = [Lateness.over(memory), Lateness.over(memory)];
  writer.record(milliseconds(7));
  writer.record(milliseconds(3));
  expect(reader.max()).toBe(milliseconds(7));
});

test("a percentile is the bound of its bucket, and unknown while there is little to go by", () => {
  const lateness = Lateness.over(Lateness.create());
  for (let count = 0; count < 98; count += 1) lateness.record(milliseconds(0.04));
  expect(lateness.percentile(50)).toBeUndefined();
  lateness.record(milliseconds(0.04));
  lateness.record(milliseconds(4));
  expect(lateness.percentile(50)).toBe(50);
  expect(lateness.percentile(99)).toBe(50);
  expect(lateness.percentile(100)).toBe(5_000);
});

test("what is beyond every bucket counts as the largest seen", () => {
  const lateness = Lateness.over(Lateness.create());
  for (let count = 0; count < 100; count += 1) lateness.record(milliseconds(2_000 + count));
  expect(lateness.percentile(99)).toBe(milliseconds(2_099));
});

test("nothing recorded is no lateness", () => {
  const lateness = Lateness.over(Lateness.create());
  expect(lateness.max()).toBe(NO_TIME);
  expect(lateness.percentile(99)).toBeUndefined();
});
