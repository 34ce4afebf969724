import { expect, test } from "vitest";
import type { Level } from "../../../src/log/catalogue.ts";
import { CATALOGUE, LEVELS } from "../../../src/log/catalogue.ts";
import type { LogFormat } from "../../../src/log/line.ts";
import { createLogger, type Logger } from "../../../src/log/logger.ts";

const AT = Date.parse("2026-11-22T19:00:00.123Z");

function makeLogger(format: LogFormat, level: Level = "info") {
  const lines: string[] = [];
  let recovered: (count: number) => void = () => {};
  const logger = createLogger({
    level,
    format,
    wallClock: () => AT,
    destination: {
      write: (line) => {
        lines.push(line);
      },
      droppedLines: () => 7,
      onRecovered: (listener) => {
        recovered = listener;
      },
      flush: () => {},
      close: async () => {},
    },
  });
  return { logger, lines, recover: (count: number) => recovered(count) };
}

function logTransition(logger: Logger): void {
  const fields = { unit: "lan", from: "backup", to: "active", cause: "active-down", took_ms: 3.2 };
  logger.event("vrrp.transition", fields, "lan: backup -> active: no advertisement for 3.61s");
}

test("a line of text has time, level and message", () => {
  const { logger, lines } = makeLogger("text");
  logTransition(logger);
  expect(lines).toEqual([
    "2026-11-22T19:00:00.123Z info lan: backup -> active: no advertisement for 3.61s\n",
  ]);
});

test("a line of JSON has the fields beside time, level, event and text", () => {
  const { logger, lines } = makeLogger("json");
  logTransition(logger);
  expect(JSON.parse(lines[0]!)).toEqual({
    time: "2026-11-22T19:00:00.123Z",
    level: "info",
    event: "vrrp.transition",
    text: "lan: backup -> active: no advertisement for 3.61s",
    unit: "lan",
    from: "backup",
    to: "active",
    cause: "active-down",
    took_ms: 3.2,
  });
});

test.each([
  ["error", "<3>"],
  ["warn", "<4>"],
  ["info", "<6>"],
  ["debug", "<7>"],
] as const)("the journal gets %s as priority %s and no time", (level, prefix) => {
  const { logger, lines } = makeLogger("journal", "debug");
  logger.event("control.listening", { socket: "/run/duet.sock" }, "control socket", level);
  expect(lines).toEqual([`${prefix}control socket\n`]);
});

test.each(LEVELS)("the threshold %s keeps less urgent events out", (threshold) => {
  const { logger, lines } = makeLogger("text", threshold);
  for (const level of LEVELS) logger.event("daemon.stopping", { reason: "SIGTERM" }, level, level);
  const kept = LEVELS.slice(0, LEVELS.indexOf(threshold) + 1);
  expect(lines.map((line) => line.split(" ")[1])).toEqual(kept);
});

test("text from elsewhere can neither forge a line nor drive a terminal", () => {
  const { logger, lines } = makeLogger("text");
  logger.event("daemon.stopping", { reason: "x" }, "a\nb\u001b[31m\u009b");
  expect(lines[0]).toMatch(/ info a\\nb\\x1b\[31m\\x9b\n$/);
});

test("dropped lines are reported once the reader is back", () => {
  const { logger, lines, recover } = makeLogger("text");
  recover(42);
  expect(lines[0]).toContain("warn 42 log lines dropped: their reader was too slow");
  expect(logger.droppedLines()).toBe(7);
});

test.each(Object.entries(CATALOGUE))(
  "%s is named and explained as the others are",
  (name, entry) => {
    expect(name).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/);
    expect(entry.meaning).toMatch(/^[A-Z].*\.$/);
    expect(Object.keys(entry.fields).every((field) => /^[a-z]+(_[a-z]+)*$/.test(field))).toBe(true);
  },
);
