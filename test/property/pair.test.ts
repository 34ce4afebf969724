/** Whatever a pair is like, writing it and reading it again changes nothing. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { writePair } from "../../src/config/pair/write.ts";
import { pairConfig } from "../support/pair-arbitrary.ts";
import { loadPairText, pairOf } from "../support/pair-files.ts";
import { schemaFaults } from "../support/pair-validation.ts";

test("what is written is read back as the same pair, without an error, and pleases the schema", () => {
  fc.assert(
    fc.property(pairConfig, (pair) => {
      const text = writePair(pair);
      const loaded = loadPairText(text);
      const errors = loaded.diagnostics.filter(({ severity }) => severity === "error");
      expect(errors, text).toEqual([]);
      expect(loaded.pair).toEqual(pair);
      expect(schemaFaults(text), text).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("notes are comments, whatever is in them", () => {
  fc.assert(
    fc.property(
      pairConfig,
      fc.array(fc.string({ unit: "binary" }), { maxLength: 3 }),
      (pair, notes) => {
        expect(pairOf(writePair(pair, notes))).toEqual(pair);
      },
    ),
    { numRuns: 20 },
  );
});
