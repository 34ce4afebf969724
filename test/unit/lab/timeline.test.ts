import { expect, test } from "vitest";
import { instant } from "../../../src/base/time.ts";
import { formatEntry, formatOffset, inOrder } from "../../../src/lab/timeline.ts";

const entry = (at: number, text: string) => ({
  at: instant(at),
  source: "lab",
  kind: "note" as const,
  text,
});

test("entries are told by time, and in the order noted where times are equal", () => {
  const entries = [entry(2, "c"), entry(1, "a"), entry(1, "b")];
  expect(inOrder(entries).map(({ text }) => text)).toEqual(["a", "b", "c"]);
});

test("offsets count from the origin, with a sign", () => {
  expect(formatOffset(instant(3_605_400), instant(0))).toBe("+3.605s");
  expect(formatOffset(instant(0), instant(250_000))).toBe("-0.250s");
  expect(formatOffset(instant(0), instant(0))).toBe("+0.000s");
});

test("a line has its offset, its source and its text in columns", () => {
  expect(formatEntry(entry(1_500_000, "cut"), instant(0))).toBe("  +1.500s  lab      cut");
});
