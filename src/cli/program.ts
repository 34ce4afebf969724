import { Command } from "commander";
import { addCheck } from "./check.ts";
import { addDoctor } from "./doctor.ts";
import { addEvents } from "./events.ts";
import { addFlows } from "./flows.ts";
import { addImport } from "./import.ts";
import { addInit } from "./init.ts";
import { addLab } from "./lab.ts";
import { addMetrics } from "./metrics.ts";
import { addReload } from "./reload.ts";
import { addRender } from "./render.ts";
import { report } from "./report.ts";
import { addResign } from "./resign.ts";
import { addRun } from "./run.ts";
import type { Session } from "./session.ts";
import { addStatus } from "./status.ts";

const EXIT_CODES = `
Exit status:
  0  done
  1  findings, a failed drill, or a request that the daemon refused
  2  wrong usage, or a configuration with errors
  3  the daemon cannot be reached
  4  no permission`;

/** The whole command line. Parsing throws CommanderError instead of ending the process. */
export function makeProgram(session: Session): Command {
  const program = new Command("duet")
    .description("Two routers that behave as one that does not fail.")
    .version(session.version, "-V, --version")
    .option("--debug", "show where an unexpected error comes from")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => session.out(text),
      writeErr: (text) => session.note(text),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(--help shows what is possible)")
    .addHelpText("after", EXIT_CODES);
  addRun(program, session);
  addStatus(program, session);
  addEvents(program, session);
  addFlows(program, session);
  addInit(program, session);
  addCheck(program, session);
  addDoctor(program, session);
  addReload(program, session);
  addImport(program, session);
  addRender(program, session);
  addResign(program, session);
  addMetrics(program, session);
  addLab(program);
  return program;
}

/** Runs one command line. Whatever goes wrong becomes one line and an exit status, never an exception. */
export async function runCommandLine(
  program: Command,
  argv: readonly string[],
  session: Session,
): Promise<void> {
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    session.finish(report(error, session, program.opts<{ debug?: boolean }>().debug === true));
  }
}
