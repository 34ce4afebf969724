/** What the catalogue says about one kind of finding. */
import type { Diagnostic } from "../config/diagnostics.ts";

export interface FindingEntry {
  /** Stable: it is never renamed, and never used again for something else. */
  readonly code: string;
  /** The severity it is reported with, or the highest one where that depends on the case. */
  readonly severity: Diagnostic["severity"];
  /** What was found, in one sentence. */
  readonly summary: string;
  /** What brings it about, in one sentence. */
  readonly cause: string;
  /** Why it matters: what happens when it stays, in one sentence. */
  readonly consequence: string;
  /** What to write or to run, exactly. */
  readonly fix: string;
}
