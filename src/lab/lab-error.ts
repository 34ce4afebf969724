/** Exit codes of the lab verbs; the same numbers as everywhere in Duet. */
export const EXIT = { done: 0, failedDrill: 1, usage: 2, noPermission: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something that stops the lab and that the person at the terminal can act on. The message says how. */
export class LabError extends Error {
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "LabError";
    this.exitCode = exitCode;
  }
}
