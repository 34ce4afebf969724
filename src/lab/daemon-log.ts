/** Reads what a router's daemon says of itself, whichever daemon it is. Only what belongs in a timeline comes out. */
import type { TimelineEntry } from "./timeline.ts";

export type DaemonKind = "duet" | "keepalived";

export interface DaemonWord {
  readonly kind: TimelineEntry["kind"];
  readonly text: string;
  /** Wall time in milliseconds, where the line carries one that is exact enough. */
  readonly wallMs: number | undefined;
}

export const readDaemonLine = (daemon: DaemonKind, line: string): DaemonWord | undefined =>
  daemon === "duet" ? readDuetLine(line) : readKeepalivedLine(line);

/** A line of `duet run --log-format json`. Warnings and errors are passed on, of the rest only transitions. */
function readDuetLine(line: string): DaemonWord | undefined {
  const fields = parseObject(line);
  if (fields === undefined) return undefined;
  const { event, level, text, time } = fields;
  if (typeof text !== "string") return undefined;
  const wall = typeof time === "string" ? Date.parse(time) : Number.NaN;
  const wallMs = Number.isNaN(wall) ? undefined : wall;
  if (event === "vrrp.transition") return { kind: "state", text, wallMs };
  if (level === "error") return { kind: "bad", text, wallMs };
  if (level === "warn" && !QUIET_EVENTS.has(String(event))) return { kind: "note", text, wallMs };
  return undefined;
}

/** Said once at the start and of no interest to a drill. */
const QUIET_EVENTS: ReadonlySet<string> = new Set([
  "config.finding",
  "daemon.realtime-refused",
  "daemon.leftovers-removed",
]);

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

const KEEPALIVED_STATE = /\(([^)]+)\) Entering (MASTER|BACKUP|FAULT) STATE(?! \(init\))/;
const KEEPALIVED_WORDS: Readonly<Record<string, string>> = {
  MASTER: "active",
  BACKUP: "backup",
  FAULT: "fault",
};

/** A line of `keepalived --log-console`, whose time stamps only count seconds. */
function readKeepalivedLine(line: string): DaemonWord | undefined {
  const match = KEEPALIVED_STATE.exec(line);
  if (match === null) return undefined;
  const [, instance = "", state = ""] = match;
  return {
    kind: "state",
    text: `${instance}: ${KEEPALIVED_WORDS[state] ?? state}`,
    wallMs: undefined,
  };
}
