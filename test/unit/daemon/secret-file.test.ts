import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSecretFile } from "../../../src/daemon/secret-file.ts";
import { Workshop } from "../../support/daemon-parts.ts";

let workshop: Workshop;

beforeEach(() => {
  workshop = new Workshop();
});
afterEach(() => workshop.remove());

function secret(mode: number, content = "0123456789abcdef"): string {
  const file = workshop.path("secret");
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

test.each([0o600, 0o400])("is read where only its owner may, mode %i", (mode) => {
  const content = new TextEncoder().encode("0123456789abcdef");
  expect(readSecretFile(secret(mode))).toMatchObject({ ok: true, content });
});

test.each([0o640, 0o604, 0o660, 0o601])(
  "is refused where others may do something, mode %i",
  (mode) => {
    const file = secret(mode);
    const read = readSecretFile(file);
    expect(read).toMatchObject({ ok: false, code: "secret-exposed" });
    expect(read.ok ? "" : read.message).toContain(
      `(mode 0${mode.toString(8)}): run chmod 600 ${file}`,
    );
  },
);

test("that is missing, a folder, or as long as a log is refused", () => {
  const folder = workshop.path("folder");
  mkdirSync(folder);
  const refusals = [workshop.path("none"), folder, secret(0o600, "x".repeat(70_000))].map(
    (file) => {
      const read = readSecretFile(file);
      return read.ok ? "" : `${read.code}: ${read.message}`;
    },
  );
  expect(refusals).toEqual([
    expect.stringMatching(/^secret-unreadable: there is no secret file .*head -c 32/),
    expect.stringMatching(/^secret-unreadable: .* is no regular file/),
    expect.stringMatching(/^secret-unreadable: .* is longer than 64 KiB/),
  ]);
});
