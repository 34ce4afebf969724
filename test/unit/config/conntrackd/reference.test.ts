import { expect, test } from "vitest";
import { TABLES, TOP } from "../../../../src/config/conntrackd/top.ts";
import { conntrackdPage } from "../../../support/reference/conntrackd-page.ts";

const PAGE = `${import.meta.dirname}/../../../../docs/reference/conntrackd-conf.md`;

// When this fails, the keywords changed: run it again with -u and look at the difference.
test("docs/reference/conntrackd-conf.md describes the keywords as they are", async () => {
  await expect(conntrackdPage()).toMatchFileSnapshot(PAGE);
});

test("no block has a keyword twice", () => {
  for (const table of [TOP, ...Object.values(TABLES)]) {
    const names = table.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  }
});

test("every keyword says what it does in a sentence", () => {
  for (const { name, doc } of [...TOP, ...Object.values(TABLES).flat()])
    expect(doc, name).toMatch(/^\w.*\.$/);
});
