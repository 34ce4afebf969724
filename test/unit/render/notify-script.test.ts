/** The notify script, run by sh with a conntrackd that only writes down what it is asked for. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { renderNotifyScript } from "../../../src/render/notify-script.ts";
import { APART, HOME } from "../../support/rendered-pairs.ts";

const folder = mkdtempSync(path.join(tmpdir(), "duet-notify-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function place(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

const log = path.join(folder, "log");
const recorder = place("conntrackd", `#!/bin/sh\necho "$@" >> ${log}\n`);
const broken = place("broken", `#!/bin/sh\necho "$@" >> ${log}\nexit 3\n`);
place("logger", `#!/bin/sh\necho "logged: $*" >> ${log}\n`);
const script = place("notify.sh", renderNotifyScript(HOME, "alpha"));
const withoutReplication = place("plain.sh", renderNotifyScript(APART, "alpha"));

/** What was done, line by line. */
function run(words: readonly string[], program = script, conntrackd = recorder): readonly string[] {
  writeFileSync(log, "");
  const environment = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, CONNTRACKD: conntrackd };
  execFileSync("sh", [program, ...words], { env: environment });
  return readFileSync(log, "utf8")
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "");
}

const asked = (options: readonly string[]): readonly string[] =>
  options.map((option) => `-C /etc/conntrackd/conntrackd.conf ${option}`);

test.each([
  ["active", ["-c", "-f", "-R", "-B"]],
  ["backup", ["-t", "-n"]],
  ["fault", ["-t"]],
])("%s asks conntrackd for what belongs to it, in order", (state, options) => {
  expect(run([state])).toEqual(asked(options));
});

test("the pair's own command runs last, with its words as they are", () => {
  const hook = place("hook", `#!/bin/sh\nfor word in "$@"; do echo "<$word>" >> ${log}; done\n`);
  const done = run(["fault", hook, "two words", "$HOME", ""]);
  expect(done).toEqual([...asked(["-t"]), "<two words>", "<$HOME>", "<>"]);
});

test("a step that fails is logged and keeps nothing else from being done", () => {
  const hook = place("hook", `#!/bin/sh\necho hook >> ${log}\n`);
  const done = run(["backup", hook], script, broken);
  const failed = (option: string): string =>
    `logged: -t duet-notify conntrackd ${option} failed with status 3`;
  expect(done).toEqual([...asked(["-t"]), failed("-t"), ...asked(["-n"]), failed("-n"), "hook"]);
});

test("without replication there is only the command", () => {
  const hook = place("hook", `#!/bin/sh\necho hook >> ${log}\n`);
  expect(run(["active", hook], withoutReplication)).toEqual(["hook"]);
});

test.each([script, withoutReplication])("anything else is wrong usage", (program) => {
  for (const words of [[], ["master"]]) {
    const { status, stderr } = spawnSync("sh", [program, ...words], { encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toContain("usage: ");
  }
});
