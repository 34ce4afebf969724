/** What is added to a reader's one sentence about a finding, so that it becomes an entry of the catalogue. */
import type { FindingEntry } from "../entry.ts";

export type Advice = Pick<FindingEntry, "severity" | "cause" | "consequence" | "fix">;

const advice =
  (severity: Advice["severity"]) =>
  (cause: string, consequence: string, fix: string): Advice => ({
    severity,
    cause,
    consequence,
    fix,
  });

export const error: (cause: string, consequence: string, fix: string) => Advice = advice("error");
export const warning: (cause: string, consequence: string, fix: string) => Advice =
  advice("warning");

/** What every error of a reader leads to. */
export const REFUSED =
  "The file is refused: the daemon does not start with it, and a reload keeps what runs.";
