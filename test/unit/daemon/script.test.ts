import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { milliseconds, seconds } from "../../../src/base/time.ts";
import { describeOutcome, isSuccess, runScript } from "../../../src/daemon/script.ts";
import { Workshop } from "../../support/daemon-parts.ts";

let workshop: Workshop;

beforeEach(() => {
  workshop = new Workshop();
});
afterEach(() => {
  workshop.remove();
});

test("a program gets its own words and then the appended ones, unchanged and without a shell", async () => {
  const out = workshop.path("out");
  const command = workshop.script(
    "show",
    `for word; do echo "[$word]"; done > ${out}`,
    "a b",
    "$HOME",
  );
  expect(await runScript(command, ["MASTER", "; rm -rf /"], undefined).outcome).toEqual({
    type: "exited",
    status: 0,
  });
  expect(readFileSync(out, "utf8")).toBe("[a b]\n[$HOME]\n[MASTER]\n[; rm -rf /]\n");
});

test("only exit status 0 is success", async () => {
  const three = await runScript(workshop.script("three", "exit 3"), [], undefined).outcome;
  expect(three).toEqual({ type: "exited", status: 3 });
  expect(isSuccess(three)).toBe(false);
  const killed = await runScript(workshop.script("killed", "kill -9 $$"), [], undefined).outcome;
  expect(killed).toEqual({ type: "signalled", signal: "SIGKILL" });
  expect(isSuccess(killed)).toBe(false);
});

test("what cannot be started says so and throws nothing", async () => {
  const at = { file: "test", line: 1, column: 1 };
  const missing = await runScript({ argv: ["/nowhere/at/all"], at }, [], undefined).outcome;
  expect(missing).toEqual({ type: "not-started", reason: "spawn /nowhere/at/all ENOENT" });
  const nobody = await runScript({ argv: ["/bin/true"], user: "no-such-user", at }, [], undefined)
    .outcome;
  expect(nobody).toEqual({ type: "not-started", reason: "no user no-such-user in /etc/passwd" });
  const empty = await runScript({ argv: [], at }, [], undefined).outcome;
  expect(empty.type).toBe("not-started");
});

test("a program that takes too long is ended with everything it started", async () => {
  const pid = workshop.path("pid");
  const command = workshop.script("hang", `sleep 60 & echo $! > ${pid}; wait`);
  const began = performance.now();
  const outcome = await runScript(command, [], milliseconds(300)).outcome;
  expect(outcome).toEqual({ type: "timed-out" });
  expect(performance.now() - began).toBeLessThan(1_900);
  const child = readFileSync(pid, "utf8").trim();
  await vi.waitFor(() => expect(existsSync(`/proc/${child}/exe`)).toBe(false));
});

test("a program that ignores the request is killed", async () => {
  const command = workshop.script("deaf", "trap '' TERM\nwhile :; do sleep 0.1; done");
  const outcome = await runScript(command, [], milliseconds(300)).outcome;
  expect(outcome).toEqual({ type: "timed-out" });
}, 10_000);

test.each([
  [{ type: "exited", status: 2 }, "exit status 2"],
  [{ type: "signalled", signal: "SIGSEGV" }, "ended by SIGSEGV"],
  [{ type: "timed-out" }, "took longer than 3s"],
  [{ type: "not-started", reason: "EACCES" }, "could not be started: EACCES"],
] as const)("describes %j", (outcome, text) => {
  expect(describeOutcome(outcome, seconds(3))).toBe(text);
});
