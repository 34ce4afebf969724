/** The sample files of Debian's keepalived package, read where they lie. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadText } from "../../support/keepalived-files.ts";

const FOLDER = "/usr/share/doc/keepalived/samples";
const present = existsSync(FOLDER);

/** Errors that keepalived 2.2.7 reports as well, by file and line. */
const KNOWN_ERRORS: Readonly<Record<string, readonly number[]>> = {
  "keepalived.conf.vrrp.rules": [11, 26],
};

if (!present)
  test.skip(`the samples are not installed: apt-get install keepalived puts them into ${FOLDER}`);

describe.runIf(present)("the samples of keepalived", () => {
  const files = present
    ? readdirSync(FOLDER).filter((name) => name.startsWith("keepalived.conf."))
    : [];

  test("are there", () => {
    expect(files.length).toBeGreaterThan(20);
  });

  test.each(files)("%s has no error that keepalived does not have", (name) => {
    const text = readFileSync(path.join(FOLDER, name), "utf8");
    const { diagnostics } = loadText(text, { configId: "high" });
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    expect(errors.map(({ at }) => at.line)).toEqual(KNOWN_ERRORS[name] ?? []);
  });

  test("each LVS section gets one warning, and nothing inside it any", () => {
    const text = readFileSync(path.join(FOLDER, "keepalived.conf.sample"), "utf8");
    const found = loadText(text).diagnostics.filter(({ at }) => at.line > 24);
    expect(found.map(({ at, code }) => [at.line, code])).toEqual([[26, "not-supported"]]);
  });
});
