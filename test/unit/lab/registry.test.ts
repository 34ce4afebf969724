import { expect, test } from "vitest";
import { identifyProcess, isRunning } from "../../../src/lab/registry.ts";

test("a process that runs is known again by its start time", () => {
  const self = identifyProcess(process.pid);
  expect(self?.pid).toBe(process.pid);
  expect(isRunning(self!)).toBe(true);
});

test("a later process with the same id is not the same process", () => {
  const self = identifyProcess(process.pid)!;
  expect(isRunning({ ...self, startTime: self.startTime - 1 })).toBe(false);
});

test("there is no process with an id that the kernel never gives", () => {
  expect(identifyProcess(0x7fff_ffff)).toBeUndefined();
});
