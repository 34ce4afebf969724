import type { Finding } from "../check/finding.ts";

/** The findings of one file and of what it includes. */
export interface FileReport {
  readonly file: string;
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly Finding[];
}

export interface Reports {
  readonly reports: readonly FileReport[];
  /** What could not be done, in a sentence each. */
  readonly notes: readonly string[];
}

/** Counts the findings of a file. */
export function reportOf(file: string, diagnostics: readonly Finding[]): FileReport {
  const count = (severity: Finding["severity"]): number =>
    diagnostics.filter((finding) => finding.severity === severity).length;
  return { file, errors: count("error"), warnings: count("warning"), diagnostics };
}
