import { readdirSync, readFileSync } from "node:fs";
import { toMilliseconds } from "../base/time.ts";
import type { ProcessTracker } from "../config/model.ts";
import type { StartTracker } from "./trackers.ts";

const POLL_MS = 500;
/** The kernel cuts process names to this length in /proc/PID/comm. */
const NAME_MAX = 15;

/**
 * Counts processes twice a second; up while their number is between quorum and quorum_max. A change must last for the
 * configured delay. See vrrp_track_process in keepalived.conf(5).
 */
export const watchProcesses: StartTracker<ProcessTracker> = (config, report) => {
  let shown: "up" | "down" | undefined;
  let pending: { readonly value: "up" | "down"; readonly since: number } | undefined;
  const look = (): void => {
    const count = countProcesses(config);
    const value = count >= config.quorum && count <= (config.quorumMax ?? Infinity) ? "up" : "down";
    const now = performance.now();
    if (pending?.value !== value) pending = { value, since: now };
    const delay = toMilliseconds(value === "up" ? config.forkDelay : config.terminateDelay);
    if (shown === undefined || now - pending.since >= delay) {
      shown = value;
      report(value, `${count} processes`);
    }
  };
  look();
  const timer = setInterval(look, POLL_MS);
  return () => clearInterval(timer);
};

function countProcesses(config: ProcessTracker): number {
  let count = 0;
  for (const pid of readdirSync("/proc")) if (/^\d+$/.test(pid) && matches(config, pid)) count += 1;
  return count;
}

function matches(config: ProcessTracker, pid: string): boolean {
  if (config.match === "name" && !config.fullCommand)
    return readProc(pid, "comm").trim() === config.process.slice(0, NAME_MAX);
  const [program = "", ...parameters] = readProc(pid, "cmdline").split("\0").slice(0, -1);
  const isProgram = config.fullCommand
    ? program === config.process
    : program === config.process || program.endsWith(`/${config.process}`);
  return isProgram && parametersMatch(config, parameters);
}

function parametersMatch(
  { match, arguments: wanted }: ProcessTracker,
  found: readonly string[],
): boolean {
  if (match === "name") return true;
  if (match === "exact" && found.length !== wanted.length) return false;
  return wanted.every((word, index) => {
    const isLast = index === wanted.length - 1;
    return match === "partial" && isLast
      ? found[index]?.startsWith(word) === true
      : found[index] === word;
  });
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    // The process has ended since the directory was read.
    return "";
  }
}
