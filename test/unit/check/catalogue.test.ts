import { describe, expect, test } from "vitest";
import { CATALOGUE, catalogueCodes, findEntries } from "../../../src/check/catalogue.ts";
import { CONNTRACKD_FINDINGS, FINDINGS } from "../../../src/config/codes.ts";
import { PAIR_FINDINGS } from "../../../src/config/pair/codes.ts";
import { findingsPage } from "../../support/reference/findings-page.ts";

const PAGE = `${import.meta.dirname}/../../../docs/reference/findings.md`;

// When this fails, the catalogue changed: run it again with -u and look at the difference.
test("docs/reference/findings.md describes the findings as they are", async () => {
  await expect(findingsPage()).toMatchFileSnapshot(PAGE);
});

test.each([
  ["keepalived.conf", FINDINGS],
  ["conntrackd.conf", CONNTRACKD_FINDINGS],
  ["duet.yaml", PAIR_FINDINGS],
])("every code of the reader of %s is in the catalogue", (title, codes) => {
  const section = CATALOGUE.find((candidate) => candidate.title === title);
  expect(section?.entries.map(({ code }) => code)).toEqual(Object.keys(codes));
});

test("a code stands once in a section", () => {
  for (const { entries } of CATALOGUE) {
    const codes = entries.map(({ code }) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  }
});

describe.each(catalogueCodes())("%s", (code) => {
  test("is written in small letters with hyphens", () => {
    expect(code).toMatch(/^[a-z]+(?:-[a-z0-9]+)*$/);
  });

  test("has summary, cause, consequence and fix, each a sentence", () => {
    for (const { summary, cause, consequence, fix } of findEntries(code)) {
      for (const sentence of [summary, cause, consequence])
        expect(sentence).toMatch(/^[\w/$].*\.$/s);
      expect(fix.length).toBeGreaterThan(8);
    }
  });
});
