import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ActiveMarker } from "../../../src/daemon/active-marker.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "duet-marker-"));
  file = path.join(folder, "was-active");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a router that never was active has no marker", () => {
  expect(new ActiveMarker(file).isSet).toBe(false);
});

test("one that was active is remembered by the next daemon", () => {
  const marker = new ActiveMarker(file);
  marker.set();
  expect(marker.isSet).toBe(true);
  expect(new ActiveMarker(file).isSet).toBe(true);
});

test("a marker of before the system started counts for nothing, and is replaced", () => {
  writeFileSync(file, "0f0e0d0c-0000-0000-0000-000000000000\n");
  const marker = new ActiveMarker(file);
  expect(marker.isSet).toBe(false);
  marker.set();
  expect(readFileSync(file, "utf8")).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
});

test("a directory that cannot be written is no trouble", () => {
  const marker = new ActiveMarker(path.join(folder, "missing", "was-active"));
  marker.set();
  expect(marker.isSet).toBe(true);
});
