/** Whatever a file contains, its reader comes to an end, and everything it says has a place in the file. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CONNTRACKD_FINDINGS } from "../../src/config/codes.ts";
import { TABLES, TOP } from "../../src/config/conntrackd/top.ts";
import { formatDiagnostic } from "../../src/config/diagnostics.ts";
import { CONNTRACKD_CONF, fileText, loadReplication } from "../support/conntrackd-files.ts";

const HOW_TO = readFileSync(
  path.join(import.meta.dirname, "../unit/config/conntrackd/how-to.conf"),
  "utf8",
);
const KEYWORDS = [...TOP, ...Object.values(TABLES).flat()].map(({ name }) => name);
const PIECES = [
  KEYWORDS,
  ["{", "}", "{", "}", "\n", "\n", " ", ";", '"', "<", ">", "#", "//", "/", "\0", "é", "\r"],
  ["0", "1", "-1", "+1", "300", "1.5", "99999999999999999999", "3M"],
  ["on", "off", "Yes", "FTFW", "nack", "Default", "From", "Userspace", "Accept", "Ignore"],
  ["TCP", "for", "ESTABLISHED", "192.0.2.1/24", "10.0.0.1", "fe80::1", "eth0", "eth*", "/x"],
].flat();

function assertSound(text: string): void {
  const { config, diagnostics } = loadReplication(text);
  const lines = text.split("\n");
  for (const finding of diagnostics) {
    const { at, code, message } = finding;
    expect(at.file).toBe(CONNTRACKD_CONF);
    const line = lines[at.line - 1];
    expect(line, formatDiagnostic(finding)).toBeDefined();
    expect(at.column).toBeGreaterThanOrEqual(1);
    expect(at.column, formatDiagnostic(finding)).toBeLessThanOrEqual((line?.length ?? 0) + 1);
    expect(message.length).toBeGreaterThan(10);
    expect(message).not.toContain("undefined");
    expect(Object.keys(CONNTRACKD_FINDINGS)).toContain(code);
  }
  const broken = diagnostics.some(({ severity }) => severity === "error");
  expect(config === undefined).toBe(broken);
  if (config === undefined) return;
  expect(config.channels.length).toBeGreaterThan(0);
  expect(JSON.parse(JSON.stringify(config))).toEqual(config);
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
    { numRuns: 300 },
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
    { numRuns: 300 },
  );
});

test("every keyword in every section with random values never throws", () => {
  const value = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 12 }));
  const line = fc.tuple(fc.constantFrom(...KEYWORDS), fc.array(value, { maxLength: 4 }));
  const lines = fc
    .array(line, { maxLength: 6 })
    .map((all) => all.map(([name, values]) => `${name} ${values.join(" ")}`).join("\n"));
  fc.assert(
    fc.property(lines, lines, (sync, general) => assertSound(fileText({ sync, general }))),
    { numRuns: 300 },
  );
});

test("white space and comments between words change nothing but places", () => {
  const words = HOW_TO.replaceAll(/#.*/g, "").trim().split(/\s+/);
  const blanks = fc.constantFrom(" ", "\n", "\t\t", " \r\n ", ' # } { "\n', "\n\n#\n");
  const expected = loadReplication(HOW_TO).config;
  fc.assert(
    fc.property(
      fc.array(blanks, { minLength: words.length, maxLength: words.length }),
      (between) => {
        const text = words.map((word, index) => word + between[index]).join("");
        expect(loadReplication(text).config).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});

test("a truncated file is never taken for a whole one", () => {
  const end = HOW_TO.trimEnd().length - 1;
  fc.assert(
    fc.property(fc.nat(end), (length) => {
      const text = HOW_TO.slice(0, length);
      const depth = Array.from(text.replaceAll(/#.*/g, "")).reduce(
        (sum, c) => sum + Number(c === "{") - Number(c === "}"),
        0,
      );
      if (depth > 0) expect(loadReplication(text).config).toBeUndefined();
    }),
  );
});

const MOMENT_MS = 5_000;
const many = (piece: string): string => piece.repeat(Math.floor(3_000_000 / piece.length));

test.each([
  ["opening braces", many("{")],
  ["nested sections", many("General {")],
  ["closing braces", many("} ")],
  ["quotation marks", many('"')],
  ["quotation marks in lines", many('"\n')],
  ["placeholders that never end", many("<")],
  ["unknown keywords", many("HashSizes 3\n")],
  ["words on one line", many("HashSizex ")],
  ["unknown protocols", `General { Filter { Protocol Accept {${many(" UDPP")}}}}`],
  [
    "filter addresses",
    `General { Filter { Address Ignore {${Array.from({ length: 20_000 }, (_, n) => ` IPv6_address 2001:db8::${n.toString(16)}`).join("")}}}}`,
  ],
  ["links", `Sync {${many("UDP { Port 1 }")}}`],
  ["empty lines", many("\n")],
  ["comments", many("#\n")],
  ["one endless word", many("a")],
])("many %s take a moment only", (_, text) => {
  const start = performance.now();
  const { diagnostics } = loadReplication(text);
  expect(performance.now() - start).toBeLessThan(MOMENT_MS);
  expect(diagnostics.length).toBeLessThanOrEqual(500);
});
