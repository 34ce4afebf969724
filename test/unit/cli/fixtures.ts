import { onTestFinished } from "vitest";
import { makeProgram, runCommandLine } from "../../../src/cli/program.ts";
import type { Session } from "../../../src/cli/session.ts";
import type { ControlSource } from "../../../src/control/contract.ts";
import { type ControlServer, openControlServer } from "../../../src/control/server.ts";
import { fakeSource, recordingLogger, temporarySocket } from "../control/fixtures.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly note: string;
}

export function recordingSession(): {
  readonly session: Session;
  readonly outcome: () => Outcome;
} {
  let code = 0;
  let out = "";
  let note = "";
  const session: Session = {
    version: "0.1.0",
    colour: false,
    out: (text) => {
      out += text;
    },
    note: (text) => {
      note += text;
    },
    finish: (exitCode) => {
      code = exitCode;
    },
    handOver: () => {},
  };
  return { session, outcome: () => ({ code, out, note }) };
}

/** Runs one command line in this process. */
export async function duet(...argv: string[]): Promise<Outcome> {
  const { session, outcome } = recordingSession();
  await runCommandLine(makeProgram(session), argv, session);
  return outcome();
}

/** A control socket of a daemon that is not there. */
export async function serve(source: Partial<ControlSource> = {}) {
  const socketPath = temporarySocket();
  const { logger } = recordingLogger();
  const server: ControlServer = await openControlServer({
    source: fakeSource(source),
    logger,
    socketPath,
  });
  onTestFinished(() => server.close());
  return { socketPath, server };
}
