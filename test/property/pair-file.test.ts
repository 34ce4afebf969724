/** Whatever a pair's file contains, its reader comes to an end, and everything it says has a place in the file. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDiagnostic } from "../../src/config/diagnostics.ts";
import { PAIR_FINDINGS } from "../../src/config/pair/codes.ts";
import { writePair } from "../../src/config/pair/write.ts";
import { pairConfig } from "../support/pair-arbitrary.ts";
import { DUET_YAML, loadPairText, pairOf } from "../support/pair-files.ts";

const read = (name: string): string =>
  readFileSync(path.join(import.meta.dirname, "../../examples", name, "duet.yaml"), "utf8");
const HOME = read("home");
const THREE = read("three-networks");
const PIECES = [
  [
    "{",
    "}",
    "[",
    "]",
    ": ",
    ", ",
    "\n",
    "\n  ",
    "- ",
    "? ",
    "# ",
    "\t",
    '"',
    "'",
    "|",
    ">",
    "&a ",
    "*a",
    "!x ",
    "%",
    "---\n",
    "...\n",
  ],
  ["\0", "\r", "é", "\u{feff}", "\u{85}", "\u{2028}", "\u{1f600}", "\u{d800}"],
  [
    "pair",
    "routers",
    "networks",
    "alpha",
    "beta",
    "lan",
    "wan",
    "vrrp",
    "track",
    "checks",
    "dhcp",
    "<<",
    "__proto__",
    "constructor",
  ],
  [
    "true",
    "false",
    "null",
    "~",
    "0",
    "-1",
    "1e999",
    ".inf",
    "0x10",
    "1s",
    "255",
    "fe80::",
    "::1",
    "10.0.0.0/8",
    "192.168.1.4/24",
  ],
].flat();

function assertSound(text: string): void {
  const { pair, diagnostics, positions } = loadPairText(text);
  const lines = text.split("\n");
  for (const finding of diagnostics) {
    const { at, code, message } = finding;
    expect(at.file).toBe(DUET_YAML);
    const line = lines[at.line - 1];
    expect(line, formatDiagnostic(finding)).toBeDefined();
    expect(at.column).toBeGreaterThanOrEqual(1);
    expect(at.column, formatDiagnostic(finding)).toBeLessThanOrEqual((line?.length ?? 0) + 1);
    expect(message.length).toBeGreaterThan(10);
    expect(message).not.toMatch(/undefined|NaN|\[object/);
    expect(Object.keys(PAIR_FINDINGS)).toContain(code);
  }
  const broken = diagnostics.some(({ severity }) => severity === "error");
  expect(pair === undefined).toBe(broken);
  for (const place of Object.values(positions))
    expect(place.line).toBeLessThanOrEqual(lines.length);
  if (pair === undefined) return;
  expect(pairOf(writePair(pair))).toEqual(pair);
}

test("random text never throws, and every finding has its place", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300, unit: "binary" }), assertSound), {
    numRuns: 150,
  });
});

test("random bytes never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
      assertSound(new TextDecoder("latin1").decode(bytes)),
    ),
    { numRuns: 150 },
  );
});

test("random pieces of the language never throw, and every finding has its place", () => {
  const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 });
  fc.assert(
    fc.property(pieces, (parts) => assertSound(parts.join(""))),
    { numRuns: 200 },
  );
});

test.each([
  ["home", HOME],
  ["three-networks", THREE],
])("examples/%s with something put in or cut out never throws", (_, example) => {
  const change = fc.tuple(fc.nat(example.length), fc.nat(20), fc.constantFrom(...PIECES));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let text = example;
      for (const [at, cut, piece] of changes)
        text = text.slice(0, at) + piece + text.slice(at + cut);
      assertSound(text);
    }),
    { numRuns: 150 },
  );
});

test("a value of another sort in any place never throws", () => {
  const words = [...THREE.matchAll(/[^\s{}[\],#]+/g)].map(
    ({ index, 0: word }) => [index, word] as const,
  );
  const value = fc.oneof(fc.constantFrom(...PIECES), fc.json({ maxDepth: 3 }), fc.string());
  fc.assert(
    fc.property(fc.constantFrom(...words), value, ([at, word], other) =>
      assertSound(THREE.slice(0, at) + other + THREE.slice(at + word.length)),
    ),
    { numRuns: 100 },
  );
});

test("a file that was cut off never passes without a word", () => {
  fc.assert(
    fc.property(fc.nat(HOME.trimEnd().length - 1), (length) => {
      const text = HOME.slice(0, length);
      if (!text.endsWith("\n")) expect(loadPairText(text).diagnostics).not.toEqual([]);
      assertSound(text);
    }),
    { numRuns: 100 },
  );
});

test("comments and blank lines change nothing but places", () => {
  fc.assert(
    fc.property(pairConfig, fc.constantFrom("\n", "# {[\n", "\n  # x: y\n"), (pair, blank) => {
      const text = writePair(pair).replaceAll("\n", `\n${blank}`);
      expect(pairOf(text)).toEqual(pair);
    }),
    { numRuns: 30 },
  );
});

const many = (piece: string): string => piece.repeat(Math.floor(50_000 / piece.length));

test.each([
  ["opening brackets", many("[")],
  ["opening braces", many("{a: ")],
  ["closing braces", many("}")],
  ["dashes", many("- ")],
  ["question marks", many("? ")],
  ["quotation marks", many('"')],
  ["anchors", many("&a ")],
  ["aliases", `a: &a x\nb: [${many("*a,")}]`],
  ["anchors that hold each other", `a: &a [x]\n${many("b: &a [*a, *a]\n")}`],
  ["tags", many("! ")],
  ["documents", many("---\n")],
  ["keys", many("key: 1\n")],
  ["colons", many(":")],
  ["commas", `[${many(",")}`],
  ["directives", many("%x\n")],
  ["comments", many("#\n")],
  ["empty lines", many("\n")],
  ["indents", Array.from({ length: 700 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
  ["routers", `routers: {${Array.from({ length: 3_000 }, (_, n) => `r${n}: {}`).join(", ")}}\n`],
  [
    "hosts",
    `networks: { lan: { dhcp: { hosts: {${Array.from({ length: 3_000 }, (_, n) => `h${n}: x`).join(", ")}}}}}\n`,
  ],
])("many %s come to an end, with something to say", (_, text) => {
  const { pair, diagnostics } = loadPairText(text);
  expect(pair).toBeUndefined();
  expect(diagnostics.length).toBeGreaterThan(0);
  expect(diagnostics.length).toBeLessThanOrEqual(500);
});

test("250 networks are read", () => {
  const numbers = Array.from({ length: 250 }, (_, n) => n);
  const own = (host: number): string =>
    numbers.map((n) => `v${n}: 10.1.${n}.${host}/24`).join(", ");
  const networks = numbers.map(
    (n) => `  v${n}: { interface: br.${n}, address: 10.1.${n}.1/24, dhcp: true }\n`,
  );
  const text = `pair: big\nrouters:\n  alpha: { ${own(2)} }\n  beta: { ${own(3)} }\nnetworks:\n${networks.join("")}`;
  expect(pairOf(text).networks).toHaveLength(250);
  expect(pairOf(writePair(pairOf(text)))).toEqual(pairOf(text));
});
