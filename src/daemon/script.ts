/** Runs a configured program: no shell, a process group of its own, output discarded, ended when it takes too long. */
import { type ChildProcess, spawn } from "node:child_process";
import { type Duration, formatDuration, toMilliseconds } from "../base/time.ts";
import type { Command } from "../config/model.ts";
import { lookUpIdentity } from "./users.ts";

export type ScriptOutcome =
  | { readonly type: "exited"; readonly status: number }
  | { readonly type: "signalled"; readonly signal: string }
  | { readonly type: "timed-out" }
  | { readonly type: "not-started"; readonly reason: string };

export interface RunningScript {
  readonly outcome: Promise<ScriptOutcome>;
  /** Asks the whole process group to end, and insists two seconds later. */
  end(): void;
}

const INSIST_AFTER_MS = 2_000;

/** Starts `command` with `extra` arguments. Without a timeout it may run as long as it likes. Never throws. */
export function runScript(
  command: Command,
  extra: readonly string[],
  timeout: Duration | undefined,
): RunningScript {
  const [program = "", ...own] = command.argv;
  let child: ChildProcess;
  try {
    const identity = command.user === undefined ? {} : lookUpIdentity(command.user, command.group);
    child = spawn(program, [...own, ...extra], { stdio: "ignore", detached: true, ...identity });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: Promise.resolve({ type: "not-started", reason }), end: () => {} };
  }
  return follow(child, timeout);
}

function follow(child: ChildProcess, timeout: Duration | undefined): RunningScript {
  let timedOut = false;
  let insist: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(child, "SIGTERM");
    insist ??= setTimeout(() => killGroup(child, "SIGKILL"), INSIST_AFTER_MS);
  };
  const deadline =
    timeout === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          end();
        }, toMilliseconds(timeout));
  const outcome = new Promise<ScriptOutcome>((resolve) => {
    child.once("error", (error) => resolve({ type: "not-started", reason: error.message }));
    child.once("exit", (status, signal) => {
      if (timedOut) resolve({ type: "timed-out" });
      else if (signal === null) resolve({ type: "exited", status: status ?? 0 });
      else resolve({ type: "signalled", signal });
    });
  }).finally(() => {
    clearTimeout(deadline);
    clearTimeout(insist);
  });
  return { outcome, end };
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone: that is what was wanted.
  }
}

export const isSuccess = (outcome: ScriptOutcome): boolean =>
  outcome.type === "exited" && outcome.status === 0;

/** What became of a script, in words. */
export function describeOutcome(outcome: ScriptOutcome, timeout: Duration | undefined): string {
  switch (outcome.type) {
    case "exited":
      return `exit status ${outcome.status}`;
    case "signalled":
      return `ended by ${outcome.signal}`;
    case "timed-out":
      return `took longer than ${timeout === undefined ? "allowed" : formatDuration(timeout)}`;
    case "not-started":
      return `could not be started: ${outcome.reason}`;
  }
}
