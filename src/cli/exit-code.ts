import { ControlError } from "../control/control-error.ts";

export const EXIT = {
  done: 0,
  /** Findings, a failed drill, or a request that the daemon refused. */
  findings: 1,
  /** Wrong usage or a configuration with errors. */
  usage: 2,
  unreachable: 3,
  noPermission: 4,
  /** EX_SOFTWARE of sysexits.h. */
  unexpected: 70,
} as const;

/** The exit status that stands for `error`, or undefined when nobody foresaw it. */
export function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof ControlError)) return ownExitCode(error);
  switch (error.code) {
    case "unreachable":
    case "protocol":
      return EXIT.unreachable;
    case "no-permission":
      return EXIT.noPermission;
    case "problem":
      return error.problem?.status === 404 || error.problem?.status === 400
        ? EXIT.usage
        : EXIT.findings;
  }
}

/** Errors of the laboratory bring their exit status along. */
function ownExitCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("exitCode" in error)) return undefined;
  return typeof error.exitCode === "number" ? error.exitCode : undefined;
}
