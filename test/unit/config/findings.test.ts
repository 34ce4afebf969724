import { expect, test } from "vitest";
import { Findings } from "../../../src/config/findings.ts";

const at = (line: number, file = "a"): { file: string; line: number; column: number } => ({
  file,
  line,
  column: 1,
});

test("findings are sorted by file as it was read, then by line", () => {
  const findings = new Findings();
  findings.warn(at(1, "b"), "deprecated", "third");
  findings.warn(at(9), "deprecated", "second");
  findings.error(at(2), "value-missing", "first");
  expect(findings.sorted(["a", "b"]).map(({ message }) => message)).toEqual([
    "first",
    "second",
    "third",
  ]);
});

test("the same finding is told once", () => {
  const findings = new Findings();
  for (let times = 0; times < 3; times += 1) findings.warn(at(1), "deprecated", "x");
  expect(findings.sorted([]).length).toBe(1);
});

test("of too many findings errors are kept rather than warnings", () => {
  const findings = new Findings();
  for (let line = 1; line <= 600; line += 1) findings.warn(at(line), "deprecated", "x");
  for (let line = 1; line <= 600; line += 1) findings.error(at(line), "value-missing", "x");
  const kept = findings.sorted([]);
  expect(kept.length).toBe(500);
  expect(kept.every(({ severity }) => severity === "error")).toBe(true);
});

test("an error that is not kept is not forgotten", () => {
  const findings = new Findings();
  for (let line = 1; line <= 501; line += 1) findings.error(at(line), "value-missing", "x");
  expect(findings.hasErrors).toBe(true);
});
