import type { CommanderError } from "commander";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import type { Session } from "./session.ts";

/** Says what went wrong and returns the exit status that stands for it. */
export function report(error: unknown, session: Session, debug: boolean): number {
  if (isUsage(error)) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const expected = exitCodeOf(error);
  const advice = expected === undefined && !debug ? " (--debug shows where it comes from)" : "";
  const prefix = expected === undefined ? "unexpected error: " : "";
  session.note(`duet: ${prefix}${message}${advice}\n`);
  if (debug) session.note(`${stack}\n`);
  return expected ?? EXIT.unexpected;
}

/**
 * Commander has written its message, and asking for help or the version is no error. What does not parse a command line
 * of its kind does not load it either.
 */
function isUsage(error: unknown): error is CommanderError {
  return error instanceof Error && "code" in error && String(error.code).startsWith("commander.");
}
