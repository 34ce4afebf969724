/** A unified difference, applied by rules of its own, makes one text from the other. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "../../src/base/diff.ts";

const NAMES = ["old", "new"] as const;
const NO_END = "\\ No newline at end of file\n";

/** What patch(1) does, without its tolerance. */
function applyPatch(text: string, patch: string): string {
  const source = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const lines = (patch.match(/[^\n]*\n/g) ?? []).slice(2);
  const result: string[] = [];
  let at = 0;
  const take = (line: string): void => {
    expect(source[at]).toBe(line);
    at += 1;
  };
  for (const [index, entry] of lines.entries()) {
    const isLast = lines[index + 1] === NO_END;
    const line = isLast ? entry.slice(1, -1) : entry.slice(1);
    const header = /^@@ -(\d+),(\d+) \+\d+,\d+ @@/.exec(entry);
    if (header !== null) {
      const start = Number(header[1]) - (header[2] === "0" ? 0 : 1);
      for (; at < start; at += 1) result.push(source[at]!);
    } else if (entry !== NO_END) {
      if (!entry.startsWith("+")) take(line);
      if (!entry.startsWith("-")) result.push(line);
    }
  }
  return [...result, ...source.slice(at)].join("");
}

const text = fc
  .tuple(fc.array(fc.constantFrom("a", "b", "c", "", "-x", "+y"), { maxLength: 40 }), fc.boolean())
  .map(([lines, ends]) => lines.join("\n") + (ends && lines.length > 0 ? "\n" : ""));

describe("a unified difference", () => {
  test("turns one text into the other", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const patch = unifiedDiff(before, after, NAMES);
        expect(applyPatch(before, patch)).toBe(after);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is empty exactly for equal texts", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(unifiedDiff(before, before, NAMES)).toBe("");
        expect(unifiedDiff(before, after, NAMES) === "").toBe(before === after);
      }),
    );
  });

  test("adds and removes no more lines than needed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { maxLength: 12 }),
        fc.array(fc.nat(5), { maxLength: 12 }),
        (a, b) => {
          const join = (list: readonly number[]): string => list.map((n) => `${n}\n`).join("");
          const patch = unifiedDiff(join(a), join(b), NAMES).split("\n").slice(2);
          const changes = patch.filter((line) => /^[-+]/.test(line)).length;
          expect(changes).toBe(a.length + b.length - 2 * longestCommon(a, b));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("looks as patch expects it", () => {
    const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    const after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10";
    expect(unifiedDiff(before, after, NAMES)).toBe(
      "--- old\n+++ new\n@@ -2,8 +2,9 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n+10\n\\ No newline at end of file\n",
    );
    expect(unifiedDiff("", "a\n", NAMES)).toBe("--- old\n+++ new\n@@ -0,0 +1,1 @@\n+a\n");
  });

  test("of texts without anything in common is both of them, however long", () => {
    const lines = (word: string): string =>
      Array.from({ length: 3_000 }, (_, n) => `${word} ${n}\n`).join("");
    const patch = unifiedDiff(lines("a"), lines("b"), NAMES);
    expect(applyPatch(lines("a"), patch)).toBe(lines("b"));
  });
});

function longestCommon(a: readonly number[], b: readonly number[]): number {
  const table = Array.from({ length: a.length + 1 }, () =>
    Array.from({ length: b.length + 1 }, () => 0),
  );
  for (const [i, x] of a.entries())
    for (const [j, y] of b.entries())
      table[i + 1]![j + 1] =
        x === y ? table[i]![j]! + 1 : Math.max(table[i]![j + 1]!, table[i + 1]![j]!);
  return table[a.length]![b.length]!;
}
