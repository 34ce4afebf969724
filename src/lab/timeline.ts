/**
 * What happened in a drill, in order: the lab's own acts, what the probes saw and what the daemons said. Offsets count
 * from the fault; what lies before it is negative.
 */
import { type Duration, type Instant, toSeconds } from "../base/time.ts";

export interface TimelineEntry {
  readonly at: Instant;
  /** "lab", "traffic", or the router that spoke. */
  readonly source: string;
  readonly kind: "act" | "state" | "bad" | "good" | "note";
  readonly text: string;
}

/** By time; entries of the same instant keep the order in which they were noted. */
export const inOrder = (entries: readonly TimelineEntry[]): TimelineEntry[] =>
  entries.toSorted((a, b) => a.at - b.at);

/** "+3.605s", "-0.250s". */
export function formatOffset(at: Instant, origin: Instant): string {
  const offset = toSeconds((at - origin) as Duration);
  return `${offset < 0 ? "-" : "+"}${Math.abs(offset).toFixed(3)}s`;
}

export const formatEntry = (entry: TimelineEntry, origin: Instant): string =>
  `${formatOffset(entry.at, origin).padStart(9)}  ${entry.source.padEnd(8)} ${entry.text}`;
