/** The real conntrackd's reader on the same sentences as ours: its client reads the whole file before it connects. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LANGUAGE } from "../support/conntrackd-language.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "duet-conntrackd-conf-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** True when the client got as far as looking for a daemon. */
function conntrackdReads(text: string): boolean {
  const file = path.join(folder, "conntrackd.conf");
  writeFileSync(file, text);
  const { stderr, error } = spawnSync("conntrackd", ["-C", file, "-s"], { encoding: "utf8" });
  if (error !== undefined) throw error;
  const reads = stderr.includes("can't connect");
  if (!reads) expect(stderr).toContain("[ERROR]");
  return reads;
}

const TAKEN = new Set(["yes", "lenient"]);

describe("conntrackd agrees with the table of its language", () => {
  test.each(LANGUAGE)("$verdict: $what", ({ text, verdict }) => {
    expect(conntrackdReads(text)).toBe(TAKEN.has(verdict));
  });
});
