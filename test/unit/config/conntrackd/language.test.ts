import { describe, expect, test } from "vitest";
import { loadReplication } from "../../../support/conntrackd-files.ts";
import { LANGUAGE } from "../../../support/conntrackd-language.ts";

const TAKEN = new Set(["yes", "extension"]);

describe("Duet reads conntrackd.conf", () => {
  test.each(LANGUAGE)("$verdict: $what", ({ text, verdict }) => {
    const { config, diagnostics } = loadReplication(text);
    expect(config !== undefined, JSON.stringify(diagnostics, null, 2)).toBe(TAKEN.has(verdict));
  });
});
