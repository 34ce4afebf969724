/** The programs and pipes of global_defs, read once it is known as whom scripts run. */
import type { Duration } from "../../base/time.ts";
import type { Command, Fifo } from "../model.ts";
import { checkCommand, readCommand } from "./commands.ts";
import type { Globals } from "./globals.ts";
import type { Reading } from "./reading.ts";
import type { Statement } from "./tree.ts";

export interface GlobalPrograms {
  readonly fifos: readonly Fifo[];
  readonly startupScript?: { readonly command: Command; readonly timeout: Duration };
  readonly shutdownScript?: { readonly command: Command; readonly timeout: Duration };
}

export function readPrograms(reading: Reading, globals: Globals): GlobalPrograms {
  const read = (statement: Statement | undefined): Command | undefined => {
    const command = statement && readCommand(reading, statement);
    if (command !== undefined) checkCommand(reading, command);
    return command;
  };
  const startup = read(globals.startupScript);
  const shutdown = read(globals.shutdownScript);
  const fifos: Fifo[] = [];
  for (const [name, pipe] of globals.fifos) {
    const command = read(globals.fifoScripts.get(name));
    fifos.push(command === undefined ? pipe : { ...pipe, script: command });
  }
  reportScriptsWithoutFifo(reading, globals);
  return {
    fifos,
    ...(startup && { startupScript: { command: startup, timeout: globals.startupTimeout } }),
    ...(shutdown && { shutdownScript: { command: shutdown, timeout: globals.shutdownTimeout } }),
  };
}

function reportScriptsWithoutFifo({ findings }: Reading, { fifos, fifoScripts }: Globals): void {
  for (const [name, { keyword: word }] of fifoScripts) {
    if (fifos.has(name)) continue;
    findings.warn(word.at, "value-missing", `${word.text} needs ${name} PATH; it does not run`);
  }
}
