/**
 * Which labs exist on this machine and who looks after them. Each lab has a folder with a record of its owner; the owner
 * is a process, told apart from a later one with the same id by its start time. A lab whose owner is gone is a leftover.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { DaemonKind } from "./daemon-log.ts";
import type { RouterName } from "./topology.ts";

const LABS_FOLDER = "/run/duet-lab";

export interface LabRecord {
  readonly name: string;
  readonly owner: ProcessIdentity;
  /** Wall time, ISO 8601. */
  readonly since: string;
  readonly routers: Readonly<Record<RouterName, RouterRecord>>;
}

export interface RouterRecord {
  readonly daemon: DaemonKind;
  /** Null while it does not run. */
  readonly pid: number | null;
  readonly socket: string;
  readonly log: string;
}

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  readonly startTime: number;
}

export const labFolder = (name: string): string => path.join(LABS_FOLDER, name);

/** What identifies the process `pid` for as long as the machine is up; undefined when there is none. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command name may contain anything, so fields are counted from the last parenthesis: state is the third.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended; it only waits for its parent to notice.
  if (fields[0] === "Z") return undefined;
  return { pid, startTime: Number(fields[19]) };
}

export const isRunning = (identity: ProcessIdentity): boolean =>
  identifyProcess(identity.pid)?.startTime === identity.startTime;

export function writeRecord(record: LabRecord): void {
  const folder = labFolder(record.name);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const file = path.join(folder, "lab.json");
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** The record of a lab; undefined when there is none or it is unreadable, which makes the lab a leftover. */
export function readRecord(name: string): LabRecord | undefined {
  const text = readText(path.join(labFolder(name), "lab.json"));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as LabRecord;
  } catch {
    return undefined;
  }
}

export const removeRecord = (name: string): void => {
  rmSync(labFolder(name), { recursive: true, force: true });
};

/** Names of all labs with a folder. */
export const recordedLabs = (): string[] => listFolder(LABS_FOLDER);

export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
