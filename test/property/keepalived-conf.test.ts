/** Whatever a file contains, its reader comes to an end, and everything it says has a place in the file. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FINDINGS } from "../../src/config/codes.ts";
import { formatDiagnostic } from "../../src/config/diagnostics.ts";
import { TABLES, TOP } from "../../src/config/keepalived/top.ts";
import { loadText, MAIN } from "../support/keepalived-files.ts";

const HOW_TO = readFileSync(path.join(import.meta.dirname, "../unit/config/how-to.conf"), "utf8");
const KEYWORDS = [...TOP, ...Object.values(TABLES).flat()].map(({ name }) => name);
const PIECES = [
  ...KEYWORDS,
  "{",
  "}",
  "\n",
  "\n",
  " ",
  '"',
  "'",
  "\\",
  "$A",
  "${A}",
  "$A=$B",
  "$B=$A",
  "~SEQ(n, 3) ",
  "~LST(n, 1, 2) ",
  "@alpha ",
  "@^x ",
  "#",
  "!",
  "0",
  "1",
  "255",
  "-1",
  "0.5",
  "99999999999999999999",
  "192.0.2.1/24",
  "fe80::1",
  "eth0",
  "weight",
  "reverse",
  "dev",
  "via",
  "default",
  "table",
  "include keepalived.conf",
  "\0",
  "é",
  "\r",
];

function assertSound(text: string): void {
  const { model, diagnostics } = loadText(text);
  const lines = text.split("\n");
  for (const finding of diagnostics) {
    const { at, code, message, severity } = finding;
    expect(at.file).toBe(MAIN);
    const line = lines[at.line - 1];
    expect(line, formatDiagnostic(finding)).toBeDefined();
    expect(at.column).toBeGreaterThanOrEqual(1);
    expect(at.column, formatDiagnostic(finding)).toBeLessThanOrEqual((line?.length ?? 0) + 1);
    expect(message.length).toBeGreaterThan(10);
    expect(Object.keys(FINDINGS)).toContain(code);
    expect(formatDiagnostic(finding)).toBe(
      `${MAIN}:${at.line}:${at.column}: ${severity}: ${message} [${code}]`,
    );
  }
  const broken = diagnostics.some(({ severity }) => severity === "error");
  expect(model === undefined).toBe(broken);
  if (model !== undefined) expect(JSON.parse(JSON.stringify(model))).toEqual(model);
}

test("random text never throws, and every finding has its place", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300, unit: "binary" }), assertSound), {
    numRuns: 150,
  });
});

test("random pieces of the language never throw, and every finding has its place", () => {
  const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 80 });
  fc.assert(
    fc.property(pieces, (parts) => assertSound(parts.join(" "))),
    { numRuns: 200 },
  );
});

test("the how-to with something put in or cut out never throws", () => {
  const change = fc.tuple(fc.nat(HOW_TO.length), fc.nat(20), fc.constantFrom(...PIECES));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let text = HOW_TO;
      for (const [at, cut, piece] of changes)
        text = text.slice(0, at) + piece + text.slice(at + cut);
      assertSound(text);
    }),
    { numRuns: 200 },
  );
});

test("every statement of every block with random words never throws", () => {
  const word = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 12 }));
  const inner = fc.constantFrom(...Object.keys(TABLES)).chain((block) =>
    fc.record({
      block: fc.constant(block),
      lines: fc.array(
        fc.tuple(
          fc.constantFrom(...(TABLES[block] ?? []).map(({ name }) => name)),
          fc.array(word, { maxLength: 4 }),
        ),
        { maxLength: 8 },
      ),
    }),
  );
  fc.assert(
    fc.property(inner, ({ block, lines }) => {
      const body = lines.map(([name, words]) => `${name} ${words.join(" ")}`).join("\n");
      assertSound(`${block} X {\n${body}\n}\nvrrp_instance V {\n${body}\n}\n`);
    }),
    { numRuns: 200 },
  );
});

test("a truncated file is never taken for a whole one", () => {
  const end = HOW_TO.trimEnd().length - 1;
  fc.assert(
    fc.property(fc.integer({ min: HOW_TO.indexOf("{") + 1, max: end }), (length) => {
      const text = HOW_TO.slice(0, length);
      const depth = Array.from(text.replaceAll(/!.*/g, "")).reduce(
        (sum, c) => sum + Number(c === "{") - Number(c === "}"),
        0,
      );
      if (depth > 0) expect(loadText(text).model).toBeUndefined();
    }),
  );
});
