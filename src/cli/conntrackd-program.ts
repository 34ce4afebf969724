/**
 * What conntrackd(8) does when it is called, by Duet: a client of the daemon, or the daemon itself, which replicates as
 * `duet run --conntrackd` does. Notify scripts that were written for conntrackd work unchanged.
 */
import path from "node:path";
import { loadConntrackdConf } from "../config/conntrackd/load.ts";
import { formatDiagnostic } from "../config/diagnostics.ts";
import type { Environment } from "../config/source.ts";
import { systemEnvironment, systemFiles } from "../daemon/config-files.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import type { ControlRequest } from "../replication/control-requests.ts";
import {
  CONNTRACKD_OPTIONS,
  type ConntrackdInvocation,
  parseConntrackdArguments,
} from "./conntrackd-arguments.ts";
import { askConntrackd } from "./conntrackd-client.ts";
import type { Session } from "./session.ts";

const EXIT_FAILED = 1;

/** A client asks about a daemon that runs: what is wrong with this router's interfaces is not its concern. */
const ANY_ROUTER: Environment = { hostName: "", variables: {} };

/** Runs one command line. Whatever goes wrong becomes a line on stderr and exit status 1. */
export async function runConntrackd(argv: readonly string[], session: Session): Promise<void> {
  try {
    await carryOut(parseConntrackdArguments(argv), session);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), session);
  }
}

async function carryOut(invocation: ConntrackdInvocation, session: Session): Promise<void> {
  switch (invocation.type) {
    case "help":
      session.out(helpText());
      break;
    case "version":
      session.out(`conntrackd by Duet ${session.version}\n`);
      break;
    case "refused":
      fail(`${invocation.message} (-h shows what is possible)`, session);
      break;
    case "request":
      await ask(invocation.configFile, invocation.request, session);
      break;
    case "daemon":
      await run(invocation.configFile, invocation.background, session);
      break;
  }
}

async function ask(configFile: string, request: ControlRequest, session: Session): Promise<void> {
  const { controlSocket } = readConfig(configFile, ANY_ROUTER, session);
  if (controlSocket === undefined)
    throw new Error(`${configFile} names no control socket: add UNIX { Path FILE } to General`);
  await askConntrackd(controlSocket, request, (text) => session.out(text));
}

async function run(configFile: string, background: boolean, session: Session): Promise<void> {
  if (!background) {
    const { makeProgram, runCommandLine } = await import("./program.ts");
    await runCommandLine(makeProgram(session), ["run", "--conntrackd", configFile], session);
    return;
  }
  readConfig(configFile, systemEnvironment(), session);
  const { startInBackground } = await import("./conntrackd-background.ts");
  await startInBackground(path.resolve(configFile));
}

/** Tells the errors and throws when there are any. Warnings are the daemon's to tell. */
function readConfig(
  configFile: string,
  environment: Environment,
  session: Session,
): ReplicationConfig {
  const file = path.resolve(configFile);
  const { config, diagnostics } = loadConntrackdConf(file, systemFiles, environment);
  if (config !== undefined) return config;
  for (const finding of diagnostics)
    if (finding.severity === "error") session.note(`${formatDiagnostic(finding)}\n`);
  throw new Error(`${configFile} has errors`);
}

function fail(message: string, session: Session): void {
  session.note(`conntrackd: ${message}\n`);
  session.finish(EXIT_FAILED);
}

function helpText(): string {
  const lines = CONNTRACKD_OPTIONS.map(([option, meaning]) => `  ${option}\n        ${meaning}\n`);
  return `Usage: conntrackd [-d] [-C FILE] [command]\n\nWithout a command it runs in the foreground.\n\n${lines.join("")}`;
}
