import { describe, expect, test } from "vitest";
import { readDaemonLine } from "../../../src/lab/daemon-log.ts";

describe("a line of Duet's", () => {
  const line = (fields: object) => JSON.stringify({ time: "2026-11-22T20:00:00.500Z", ...fields });

  test("is passed on when it is a transition, with the time that it carries", () => {
    const text = "G1: backup -> active: no advertisement for 3.61s";
    expect(readDaemonLine("duet", line({ level: "info", event: "vrrp.transition", text }))).toEqual(
      { kind: "state", text, wallMs: Date.UTC(2026, 10, 22, 20, 0, 0, 500) },
    );
  });

  test.each([
    [{ level: "error", event: "daemon.failed", text: "x" }, "bad"],
    [{ level: "warn", event: "vrrp.two-active", text: "x" }, "note"],
  ])("is passed on when a person should know: %j", (fields, kind) => {
    expect(readDaemonLine("duet", line(fields))?.kind).toBe(kind);
  });

  test.each([
    line({ level: "info", event: "daemon.started", text: "x" }),
    line({ level: "warn", event: "config.finding", text: "x" }),
    "{ broken",
    "plain text",
    "null",
    "{}",
  ])("is of no interest otherwise: %s", (text) => {
    expect(readDaemonLine("duet", text)).toBeUndefined();
  });

  test("without a readable time leaves the time to the reader", () => {
    const text = JSON.stringify({ event: "vrrp.transition", text: "x", time: "yesterday" });
    expect(readDaemonLine("duet", text)).toEqual({ kind: "state", text: "x", wallMs: undefined });
  });
});

describe("a line of keepalived's", () => {
  test.each([
    ["Sun Nov 22 20:00:00 2026: (I1) Entering MASTER STATE", "I1: active"],
    ["Sun Nov 22 20:00:00 2026: (E1) Entering BACKUP STATE", "E1: backup"],
    ["Sun Nov 22 20:00:00 2026: (I1) Entering FAULT STATE", "I1: fault"],
  ])("%s", (line, text) => {
    expect(readDaemonLine("keepalived", line)).toEqual({ kind: "state", text, wallMs: undefined });
  });

  test.each([
    "Sun Nov 22 20:00:00 2026: (I1) Entering BACKUP STATE (init)",
    "Sun Nov 22 20:00:00 2026: Starting VRRP child process, pid=7",
  ])("is of no interest otherwise: %s", (line) => {
    expect(readDaemonLine("keepalived", line)).toBeUndefined();
  });
});
