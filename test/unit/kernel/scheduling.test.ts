import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { missingCapabilities } from "../../../src/kernel/capabilities.ts";
import {
  endRealtimePriority,
  nameThread,
  setNice,
  setRealtimePriority,
} from "../../../src/kernel/scheduling.ts";

/** Scheduling policy and real-time priority of this thread: fields 41 and 40 of proc_pid_stat(5). */
function schedulingOfThisThread(): { readonly policy: number; readonly priority: number } {
  const [, rest = ""] = readFileSync("/proc/thread-self/stat", "latin1").split(") ");
  const fields = rest.split(" ").map(Number);
  return { policy: fields[38]!, priority: fields[37]! };
}

test("a thread has the name that it was given, as far as the kernel keeps it", () => {
  const comm = (): string => readFileSync("/proc/thread-self/comm", "utf8").trimEnd();
  const before = comm();
  try {
    nameThread("duet-vrrp");
    expect(comm()).toBe("duet-vrrp");
    nameThread("a-name-that-is-too-long");
    expect(comm()).toBe("a-name-that-is-");
  } finally {
    nameThread(before);
  }
});

test("what the kernel does not permit is reported and not thrown", () => {
  expect(setRealtimePriority(1000)).toMatchObject({
    granted: false,
    error: { syscall: "sched_setscheduler", code: "EINVAL", subject: "SCHED_RR 1000" },
  });
});

test.skipIf(missingCapabilities(["CAP_SYS_NICE"]).length > 0)(
  "a thread runs under SCHED_RR and its children do not",
  () => {
    const policyOfChild = (): string =>
      execFileSync("sh", ["-c", "cut -d' ' -f41 /proc/self/stat"], { encoding: "utf8" }).trim();
    expect(schedulingOfThisThread()).toEqual({ policy: 0, priority: 0 });
    expect(setRealtimePriority(7)).toEqual({ granted: true });
    try {
      expect(schedulingOfThisThread()).toEqual({ policy: 2, priority: 7 });
      expect(policyOfChild()).toBe("0");
    } finally {
      expect(endRealtimePriority()).toEqual({ granted: true });
    }
    expect(schedulingOfThisThread()).toEqual({ policy: 0, priority: 0 });
  },
);

test.skipIf(missingCapabilities(["CAP_SYS_NICE"]).length > 0)(
  "a thread can be made nicer and back",
  () => {
    const niceness = (): number =>
      Number(readFileSync("/proc/thread-self/stat", "latin1").split(") ")[1]!.split(" ")[16]);
    expect(setNice(5)).toEqual({ granted: true });
    expect(niceness()).toBe(5);
    expect(setNice(0)).toEqual({ granted: true });
  },
);
