import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { missingPackages, withSystemFolders } from "../../../src/lab/requirements.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "duet-lab-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function install(...programs: string[]): void {
  for (const program of programs) {
    const file = path.join(folder, program);
    writeFileSync(file, "");
    chmodSync(file, 0o755);
  }
}

test("the folders of system programs are added once, at the end", () => {
  expect(withSystemFolders("/usr/bin:/sbin")).toBe("/usr/bin:/sbin:/usr/local/sbin:/usr/sbin");
  expect(withSystemFolders("")).toBe("/usr/local/sbin:/usr/sbin:/sbin");
});

test("on an empty machine every package is missing, each named once", () => {
  expect(missingPackages(folder).toSorted()).toEqual(["iproute2", "nftables", "util-linux"]);
});

test("only what is missing is named", () => {
  install("ip", "bridge", "setpriv", "unshare");
  expect(missingPackages(folder)).toEqual(["nftables"]);
  install("nft");
  expect(missingPackages(folder)).toEqual([]);
});

test("a file that cannot be executed is no program", () => {
  install("ip", "bridge", "nft", "setpriv", "unshare");
  chmodSync(path.join(folder, "nft"), 0o644);
  expect(missingPackages(folder)).toEqual(["nftables"]);
});
