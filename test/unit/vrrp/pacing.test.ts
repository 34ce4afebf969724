import { expect, test } from "vitest";
import { instant, milliseconds, NO_TIME } from "../../../src/base/time.ts";
import { Pacer } from "../../../src/vrrp/pacing.ts";

const SPACING = milliseconds(10);
const at = (ms: number): ReturnType<typeof instant> => instant(ms * 1_000);

test("without a distance everything may go at once", () => {
  const pacer = new Pacer<string>();
  expect([
    pacer.admit("eth0", "a", NO_TIME, at(0)),
    pacer.admit("eth0", "b", NO_TIME, at(0)),
  ]).toEqual([true, true]);
  expect(pacer.deadline()).toBeUndefined();
});

test("the second waits for its distance, the third for two", () => {
  const pacer = new Pacer<string>();
  expect(pacer.admit("eth0", "a", SPACING, at(0))).toBe(true);
  expect(pacer.admit("eth0", "b", SPACING, at(1))).toBe(false);
  expect(pacer.admit("eth0", "c", SPACING, at(2))).toBe(false);
  expect(pacer.deadline()).toBe(at(10));
  expect(pacer.due(at(9), () => SPACING)).toEqual([]);
  expect(pacer.due(at(10), () => SPACING)).toEqual(["b"]);
  expect(pacer.due(at(10), () => SPACING)).toEqual([]);
  expect(pacer.deadline()).toBe(at(20));
  expect(pacer.due(at(25), () => SPACING)).toEqual(["c"]);
  expect(pacer.deadline()).toBeUndefined();
});

test("the distance counts after the queue is empty as well", () => {
  const pacer = new Pacer<string>();
  pacer.admit("eth0", "a", SPACING, at(0));
  expect(pacer.admit("eth0", "b", SPACING, at(5))).toBe(false);
  pacer.due(at(10), () => SPACING);
  expect(pacer.admit("eth0", "c", SPACING, at(12))).toBe(false);
  expect(pacer.due(at(20), () => SPACING)).toEqual(["c"]);
  expect(pacer.admit("eth0", "d", SPACING, at(40))).toBe(true);
});

test("lanes do not wait for each other", () => {
  const pacer = new Pacer<string>();
  pacer.admit("eth0", "a", SPACING, at(0));
  expect(pacer.admit("eth1", "b", SPACING, at(0))).toBe(true);
  pacer.admit("eth0", "c", SPACING, at(0));
  pacer.admit("eth1", "d", SPACING, at(0));
  expect(pacer.due(at(10), () => SPACING)).toEqual(["c", "d"]);
});

test("what is stale is dropped and the rest keeps its order", () => {
  const pacer = new Pacer<string>();
  for (const item of ["a", "b", "x", "c"]) pacer.admit("eth0", item, SPACING, at(0));
  pacer.drop((item) => item === "x");
  expect(pacer.due(at(10), () => SPACING)).toEqual(["b"]);
  expect(pacer.due(at(20), () => SPACING)).toEqual(["c"]);
});

test("a lane that nobody empties is bounded", () => {
  const pacer = new Pacer<number>();
  for (let item = 0; item < 10_000; item += 1) pacer.admit("eth0", item, SPACING, at(0));
  let count = 0;
  for (let ms = 10; pacer.deadline() !== undefined; ms += 10)
    count += pacer.due(at(ms), () => SPACING).length;
  expect(count).toBe(4_096);
});
