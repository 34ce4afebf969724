/** A finding with its reasons: what `duet check` prints and hands out as JSON. */
import type { Diagnostic, Position } from "../config/diagnostics.ts";
import type { ELECTION_ENTRIES } from "./catalogue/election.ts";
import type { REPLICATION_ENTRIES } from "./catalogue/replication.ts";
import type { SERVICES_ENTRIES } from "./catalogue/services.ts";
import { findEntries, findSections } from "./catalogue.ts";

/** A diagnostic, why it matters, and what to do. */
export interface Finding extends Diagnostic {
  readonly why: string;
  readonly fix: string;
}

/** Codes of what is found beyond reading. */
export type CheckCode =
  | keyof typeof ELECTION_ENTRIES
  | keyof typeof REPLICATION_ENTRIES
  | keyof typeof SERVICES_ENTRIES;

/** A finding with the severity and the reason of the catalogue; `fix` names what is to be written here, if that is known. */
export function found(code: CheckCode, at: Position, message: string, fix?: string): Finding {
  const [entry] = findEntries(code);
  if (entry === undefined) throw new TypeError(`${code} is not in the catalogue`);
  return {
    at,
    severity: entry.severity,
    code,
    message,
    why: entry.consequence,
    fix: fix ?? entry.fix,
  };
}

/** Adds to a reader's finding what the catalogue says about its code, under the heading of that reader if it has one. */
export function explained(diagnostic: Diagnostic, heading?: string): Finding {
  const sections = findSections(diagnostic.code);
  const entry = (sections.find(({ title }) => title === heading) ?? sections[0])?.entry;
  return { ...diagnostic, why: entry?.consequence ?? "", fix: entry?.fix ?? "" };
}

/** In the order of the files, then of the lines. */
export function inOrder<F extends Diagnostic>(
  findings: readonly F[],
  files: readonly string[],
): readonly F[] {
  const rank = new Map(files.map((file, index) => [file, index]));
  const order = ({ file }: Position): number => rank.get(file) ?? files.length;
  return findings.toSorted(
    (a, b) => order(a.at) - order(b.at) || a.at.line - b.at.line || a.at.column - b.at.column,
  );
}
