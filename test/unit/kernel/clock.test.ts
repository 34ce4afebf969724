import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { boottimeNow, monotonicNow } from "../../../src/kernel/clock.ts";

test("the monotonic clock is the one that Node reads, in whole microseconds", () => {
  const before = Number(process.hrtime.bigint() / 1_000n);
  const now = monotonicNow();
  const later = Number(process.hrtime.bigint() / 1_000n);
  expect(Number.isInteger(now)).toBe(true);
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(later);
  expect(monotonicNow()).toBeGreaterThanOrEqual(now);
});

test("the boot time is the uptime", () => {
  const uptime = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]);
  expect(boottimeNow() / 1_000_000).toBeGreaterThan(uptime - 0.02);
  expect(boottimeNow()).toBeGreaterThanOrEqual(monotonicNow() - 1_000);
});
