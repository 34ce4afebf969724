import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { milliseconds, NO_TIME } from "../../../src/base/time.ts";
import type { ProcessTracker, ScriptTracker, TrackerConfig } from "../../../src/config/model.ts";
import { Trackers } from "../../../src/daemon/trackers.ts";
import type { TrackerValue } from "../../../src/vrrp/events.ts";
import { MemoryLog, Workshop } from "../../support/daemon-parts.ts";

let workshop: Workshop;
let log: MemoryLog;
let reports: TrackerValue[];
let trackers: Trackers;
const children: ChildProcess[] = [];

beforeEach(() => {
  workshop = new Workshop();
  log = new MemoryLog();
  reports = [];
  trackers = new Trackers(log, (_, value) => reports.push(value));
});
afterEach(() => {
  trackers.stop();
  workshop.remove();
  for (const child of children.splice(0)) child.kill();
});

const PATIENCE = { timeout: 5_000, interval: 10 };

const reported = (...values: readonly TrackerValue[]): Promise<void> =>
  vi.waitFor(() => expect(reports).toEqual(values), PATIENCE);

const watch = (...configs: readonly TrackerConfig[]): void =>
  trackers.configure({ trackers: configs });

const scriptTracker = (text: string, some: Partial<ScriptTracker> = {}): ScriptTracker => ({
  type: "script",
  name: "chk",
  command: workshop.script("chk", text),
  interval: milliseconds(50),
  timeout: milliseconds(2_000),
  rise: 1,
  fall: 1,
  startsFailed: false,
  ...some,
});

test("a script is unknown until its first result, then up or down", async () => {
  const flag = workshop.path("flag");
  watch(scriptTracker(`test -e ${flag}`));
  expect(trackers.status()).toEqual([
    { tracker: "script:chk", value: "unknown", changedAt: null, detail: null },
  ]);
  await reported("down");
  writeFileSync(flag, "");
  await reported("down", "up");
  expect(trackers.status()).toMatchObject([{ value: "up", detail: "exit status 0" }]);
  expect(log.named("tracker.changed").map(({ text }) => text)).toEqual([
    "script:chk: unknown -> down: exit status 1",
    "script:chk: down -> up: exit status 0",
  ]);
});

test("fall and rise hold a change back", async () => {
  const runs = workshop.path("runs");
  watch(scriptTracker(`echo x >> ${runs}; test "$(wc -l < ${runs})" -lt 3`, { fall: 3 }));
  await reported("up", "down");
});

test("init_fail starts as failed", async () => {
  watch(scriptTracker("exit 0", { startsFailed: true, rise: 2 }));
  await reported("down", "up");
});

test("a script that hangs is down, and is not started twice", async () => {
  const runs = workshop.path("runs");
  watch(scriptTracker(`echo x >> ${runs}; sleep 60`, { timeout: milliseconds(200) }));
  await reported("down");
  expect(log.named("tracker.script-timed-out")[0]?.text).toBe("script:chk: took longer than 200ms");
});

test("a script that cannot be started is down and told once", async () => {
  const config = scriptTracker("exit 0");
  watch({ ...config, command: { ...config.command, argv: ["/nowhere"] } });
  await reported("down");
  await vi.waitFor(() => expect(trackers.status()[0]?.detail).toContain("ENOENT"), PATIENCE);
  expect(log.named("tracker.script-failed-to-start")).toHaveLength(1);
});

test("a tracker that stays the same through a reload goes on with its result", async () => {
  const runs = workshop.path("runs");
  const config = scriptTracker(`echo x >> ${runs}`, { interval: milliseconds(60_000) });
  watch(config);
  await reported("up");
  watch({ ...config, command: { ...config.command, at: { file: "test", line: 99, column: 1 } } });
  expect(trackers.status()).toMatchObject([{ value: "up" }]);
  watch({ ...config, rise: 2 });
  expect(trackers.status()).toMatchObject([{ value: "unknown" }]);
  watch();
  expect(trackers.status()).toEqual([]);
});

const file = (some: object = {}): TrackerConfig => ({
  type: "file",
  name: "num",
  path: workshop.path("number"),
  ...some,
});

test("a file's number is followed; missing and empty are 0", async () => {
  const path = workshop.path("number");
  watch(file());
  await reported(0);
  writeFileSync(path, "12\n");
  await reported(0, 12);
  writeFileSync(path, "-5 and what comes after\n");
  await reported(0, 12, -5);
  rmSync(path);
  await reported(0, 12, -5, 0);
});

test("a file that is emptied and filled again is not seen empty", async () => {
  const path = workshop.path("number");
  writeFileSync(path, "7\n");
  watch(file());
  await reported(7);
  for (let round = 0; round < 50; round += 1) {
    writeFileSync(path, "");
    writeFileSync(path, "8\n");
  }
  await reported(7, 8);
});

test("a file that is replaced by renaming is followed", async () => {
  watch(file());
  await reported(0);
  writeFileSync(workshop.path("fresh"), "3\n");
  renameSync(workshop.path("fresh"), workshop.path("number"));
  await reported(0, 3);
});

test("a file in a directory that goes and comes is followed", async () => {
  const folder = workshop.path("folder");
  mkdirSync(folder);
  watch(file({ path: `${folder}/number` }));
  writeFileSync(`${folder}/number`, "1\n");
  await vi.waitFor(() => expect(reports.at(-1)).toBe(1), PATIENCE);
  rmSync(folder, { recursive: true });
  await vi.waitFor(() => expect(reports.at(-1)).toBe(0), PATIENCE);
  mkdirSync(folder);
  writeFileSync(`${folder}/number`, "2\n");
  await vi.waitFor(() => expect(reports.at(-1)).toBe(2), PATIENCE);
}, 15_000);

test("a file that holds no number is told, and the last number counts", async () => {
  writeFileSync(workshop.path("number"), "4\n");
  watch(file());
  await reported(4);
  writeFileSync(workshop.path("number"), "many\n");
  await vi.waitFor(() => expect(log.named("tracker.file-unusable")).not.toEqual([]), PATIENCE);
  expect(log.named("tracker.file-unusable")[0]?.fields["reason"]).toBe(
    'expected a whole number, found "many"',
  );
  expect(reports).toEqual([4]);
});

test("init_file writes a missing file, and one that is there only when told to", async () => {
  const path = workshop.path("number");
  watch(file({ initialise: { value: 9, overwrite: false } }));
  await reported(9);
  watch();
  writeFileSync(path, "1\n");
  watch(file({ initialise: { value: 9, overwrite: false } }));
  await reported(9, 1);
  watch();
  watch(file({ initialise: { value: 9, overwrite: true } }));
  await reported(9, 1, 9);
});

test("a file that cannot be written is told and counts as missing", async () => {
  watch(file({ path: "/nowhere/number", initialise: { value: 9, overwrite: false } }));
  await reported(0);
  expect(log.named("tracker.file-unusable")).toHaveLength(1);
});

const processTracker = (some: Partial<ProcessTracker> = {}): ProcessTracker => ({
  type: "process",
  name: "idle",
  process: "sleep",
  arguments: ["6217"],
  match: "exact",
  fullCommand: false,
  quorum: 1,
  forkDelay: NO_TIME,
  terminateDelay: NO_TIME,
  ...some,
});

function sleep(...words: readonly string[]): ChildProcess {
  const child = spawn("sleep", words);
  children.push(child);
  return child;
}

test("a process is up while enough of them run", async () => {
  watch(processTracker());
  await reported("down");
  const child = sleep("6217");
  await reported("down", "up");
  child.kill();
  await reported("down", "up", "down");
});

test("too many processes are as bad as too few", async () => {
  sleep("6218");
  watch(processTracker({ arguments: ["6218"], quorumMax: 1 }));
  await reported("up");
  sleep("6218");
  await reported("up", "down");
});

test.each<readonly [ProcessTracker["match"], readonly string[], TrackerValue]>([
  ["exact", ["6219"], "down"],
  ["exact", ["6219", "1"], "up"],
  ["initial", ["6219"], "up"],
  ["initial", ["621"], "down"],
  ["partial", ["621"], "up"],
  ["partial", ["6219", "2"], "down"],
])("parameters that match by %s of %j are %s", async (match, words, value) => {
  sleep("6219", "1");
  await vi.waitFor(() => {
    watch();
    watch(processTracker({ arguments: words, match }));
  }, PATIENCE);
  await vi.waitFor(() => expect(reports.at(-1)).toBe(value), PATIENCE);
});
