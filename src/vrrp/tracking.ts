/** What a tracked object does to the instances that track it; see "tracking" in keepalived.conf(5). */
import type { Tracking } from "./config.ts";
import { PRIORITY_OWNER } from "./config.ts";
import type { TrackerValue } from "./events.ts";

export interface TrackerEffect {
  /** The tracker alone keeps the instance from being Active. */
  readonly fault: boolean;
  /** No result yet: the instance waits in silence. */
  readonly unknown: boolean;
  /** What it adds to the priority. */
  readonly contribution: number;
}

const FILE_FAULT = -254;
const CONTRIBUTION_MAX = 253;

/** Judges one tracker for one instance or group. Unknown weighted trackers count as down. */
export function trackerEffect({ weight, reverse }: Tracking, value: TrackerValue): TrackerEffect {
  if (typeof value === "number") return fileEffect(weight, reverse, value);
  if (weight === 0) {
    const unknown = value === "unknown";
    return { fault: !unknown && (value === "down") !== reverse, unknown, contribution: 0 };
  }
  return { fault: false, unknown: false, contribution: weigh(weight, reverse, value === "up") };
}

// A positive weight acts while the tracker is up, a negative one while it is down.
function weigh(weight: number, reverse: boolean, up: boolean): number {
  if (weight > 0 !== up) return 0;
  return reverse ? -weight : weight;
}

function fileEffect(weight: number, reverse: boolean, value: number): TrackerEffect {
  if (weight === 0) return { fault: (value !== 0) !== reverse, unknown: false, contribution: 0 };
  const product = value * (reverse ? -weight : weight);
  const contribution = Math.max(FILE_FAULT, Math.min(CONTRIBUTION_MAX, product));
  return { fault: contribution <= FILE_FAULT, unknown: false, contribution };
}

/** 1 to 254; an address owner's 255 is never changed. */
export function effectivePriority(base: number, contributions: number): number {
  return base === PRIORITY_OWNER ? base : Math.max(1, Math.min(254, base + contributions));
}

/**
 * The rise and fall counter of a tracked script. Down, `rise` successes in a row bring it up; up, `fall` failures in a row
 * bring it down; the first result decides alone unless the script starts as failed (init_fail).
 */
export interface ScriptHealth {
  readonly rise: number;
  readonly fall: number;
  readonly result: number;
  readonly known: boolean;
}

export function newScriptHealth(rise: number, fall: number, startsFailed: boolean): ScriptHealth {
  return { rise, fall, result: startsFailed ? 0 : rise - 1, known: startsFailed };
}

export function scriptReported(health: ScriptHealth, success: boolean): ScriptHealth {
  const { rise, fall, result } = health;
  const top = rise + fall - 1;
  if (success) return { ...health, known: true, result: result < rise - 1 ? result + 1 : top };
  return { ...health, known: true, result: result > rise ? result - 1 : 0 };
}

export function scriptValue({ known, result, rise }: ScriptHealth): "up" | "down" | "unknown" {
  if (!known) return "unknown";
  return result >= rise ? "up" : "down";
}
