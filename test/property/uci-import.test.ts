/** However a router's files are mangled, importing and editing them comes to an end, and everything said has a place. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { NotCarried } from "../../src/config/pair/model.ts";
import { renderUciFiles, type UciFileText } from "../../src/render/uci-files.ts";
import { HOME } from "../support/rendered-pairs.ts";
import { filesOf, importFiles, STYLES } from "../unit/config/uci/files.ts";

const SAMPLES = STYLES.map((style) => filesOf(style));
const VALUES = [
  ["-1", "0", "99999999999999999999", "1.5", "1e9", "x", "", "''", "é", "%", "*"],
  ["192.168.1.300", "10.0.0.1/33", "::/0", "fe80::1", "255.0.255.0", "0.0.0.0/0", "127.0.0.1/8"],
  ["infinite", "12q", "3,", ",", "3,x", "option:router", "constructor", "__proto__", "dhcp"],
  ["'", '"', "\\", "#", ";", "\n", "\r\n", "config", "option", "list", "\0"],
].flat();

/** Changes some words of a text. */
function mangled(text: string, changes: readonly (readonly [number, string])[]): string {
  const words = text.split(/(\s+)/);
  for (const [at, value] of changes) {
    const index = at % words.length;
    words[index] = /^\s/.test(words[index]!) ? ` ${value} ` : value;
  }
  return words.join("");
}

const files: fc.Arbitrary<readonly UciFileText[]> = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.array(fc.array(fc.tuple(fc.nat(2_000), fc.constantFrom(...VALUES)), { maxLength: 4 }), {
      minLength: 4,
      maxLength: 4,
    }),
  )
  .map(([sample, changes]) =>
    sample.map((file, index) => ({ ...file, text: mangled(file.text, changes[index]!) })),
  );

function assertPlaced({ at, text, reason }: NotCarried, given: readonly UciFileText[]): void {
  const file = given.find(({ path }) => path === at.file);
  const line = file?.text.split("\n")[at.line - 1];
  expect(line, `${at.file}:${at.line}`).toBeDefined();
  expect(at.column).toBeLessThanOrEqual(line!.length + 1);
  expect(text.length).toBeGreaterThan(3);
  expect(text.length).toBeLessThanOrEqual(81);
  expect(reason.length).toBeGreaterThan(10);
  expect(reason).not.toMatch(/undefined|\[object|NaN/);
}

test("facts or errors, never both and never none", () => {
  fc.assert(
    fc.property(files, (given) => {
      const { facts, diagnostics } = importFiles(given);
      expect(facts === undefined).toBe(diagnostics.length > 0);
      for (const note of facts?.notCarried ?? []) assertPlaced(note, given);
      expect(JSON.stringify(facts ?? {})).not.toContain("null");
    }),
    { numRuns: 300 },
  );
});

test("editing such files once is editing them twice", () => {
  fc.assert(
    fc.property(files, (given) => {
      const once = renderUciFiles(HOME, "alpha", given);
      expect(once.files.length === 0).toBe(once.diagnostics.length > 0);
      if (once.files.length === 0) return;
      const twice = renderUciFiles(HOME, "alpha", once.files);
      expect(twice.diagnostics).toEqual([]);
      expect(twice.files).toEqual(once.files);
    }),
    { numRuns: 300 },
  );
});
