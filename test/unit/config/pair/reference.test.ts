import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { PAIR_FINDINGS } from "../../../../src/config/pair/codes.ts";
import { pairPage } from "../../../support/reference/pair-page.ts";
import { pairSchema } from "../../../support/reference/pair-schema.ts";

const ROOT = path.join(import.meta.dirname, "../../../..");

// When one of these fails, the keys changed: run it again with -u and look at the difference.
test("docs/reference/duet-yaml.md describes the keys as they are", async () => {
  await expect(pairPage()).toMatchFileSnapshot(`${ROOT}/docs/reference/duet-yaml.md`);
});

test("schema/duet.schema.json describes the keys as they are", async () => {
  await expect(pairSchema()).toMatchFileSnapshot(`${ROOT}/schema/duet.schema.json`);
});

test("the schema is part of the package", () => {
  const text = readFileSync(`${ROOT}/package.json`, "utf8");
  const { files, exports } = JSON.parse(text) as Record<string, object>;
  expect(files).toContain("schema");
  expect(exports).toHaveProperty(["./schema/duet.schema.json"], "./schema/duet.schema.json");
});

test("every finding has one sentence", () => {
  for (const [code, text] of Object.entries(PAIR_FINDINGS))
    expect(text, code).toMatch(/^[A-Z].*\.$/);
});
