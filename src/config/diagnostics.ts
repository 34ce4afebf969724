/** Where in which file something was read. Lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One finding of a configuration reader. `code` is stable and documented; `message` says what was expected and what to do. */
export interface Diagnostic {
  readonly at: Position;
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
}

export function formatDiagnostic({ at, severity, code, message }: Diagnostic): string {
  return `${at.file}:${at.line}:${at.column}: ${severity}: ${message} [${code}]`;
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === "error");
