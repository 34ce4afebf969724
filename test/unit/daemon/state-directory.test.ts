import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EMPTY_JOURNAL } from "../../../src/daemon/journal.ts";
import { StateDirectory } from "../../../src/daemon/state-directory.ts";
import { Workshop } from "../../support/daemon-parts.ts";
import { virtualAddress } from "../../support/vrrp-config.ts";

let workshop: Workshop;
let folder: string;

beforeEach(() => {
  workshop = new Workshop();
  folder = workshop.path("state");
});
afterEach(() => {
  workshop.remove();
});

test("makes the folder for its owner alone, and starts with an empty journal", () => {
  const state = StateDirectory.open(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(state.readJournal()).toEqual({ journal: EMPTY_JOURNAL });
  state.release();
});

test("a second one is refused until the first is released", () => {
  const first = StateDirectory.open(folder);
  expect(() => StateDirectory.open(folder)).toThrow(/is in use by another duet/);
  first.release();
  StateDirectory.open(folder).release();
});

test("the journal is read as it was written", () => {
  const state = StateDirectory.open(folder);
  const parameters = [{ path: "net/ipv4/conf/eth0/arp_ignore", before: "0", ours: "1" }];
  const journal = {
    ...EMPTY_JOURNAL,
    addresses: [virtualAddress("192.0.2.1/24").spec],
    parameters,
  };
  state.writeJournal(journal);
  expect(state.readJournal()).toEqual({ journal });
  expect(readdirSync(folder).toSorted()).toEqual(["installed.json", "lock"]);
  state.release();
});

test.each(["", "{", "[]", '{"version":2}', "\0\0\0"])("a journal of %j is damaged", (text) => {
  const state = StateDirectory.open(folder);
  writeFileSync(`${folder}/installed.json`, text);
  const { journal, problem } = state.readJournal();
  expect(journal).toEqual(EMPTY_JOURNAL);
  expect(problem).toMatch(/installed\.json is damaged and is ignored: /);
  state.release();
});

test("what is no folder cannot be used, and the message says what to do", () => {
  writeFileSync(folder, "");
  expect(() => StateDirectory.open(folder)).toThrow(
    /cannot be used: .*; choose another one with --state-dir/,
  );
  expect(() => StateDirectory.open("/proc/duet")).toThrow(/cannot be used/);
});

test.skipIf(process.getuid?.() === 0)("no permission is exit code 4", () => {
  chmodSync(workshop.folder, 0o500);
  expect(() => StateDirectory.open(folder)).toThrow(expect.objectContaining({ exitCode: 4 }));
});
