import type { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import type { Argument, Command, Option } from "commander";
import { makeProgram } from "../../../src/cli/program.ts";

/** The whole command line as the reference describes it. */
export function referenceProgram(): Command {
  return makeProgram({
    version: packageVersion(),
    colour: false,
    out: () => {},
    note: () => {},
    finish: () => {},
    handOver: () => {},
  });
}

function packageVersion(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

export interface VerbPage {
  /** "lab drill". */
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  readonly arguments: readonly Argument[];
  readonly options: readonly Option[];
  readonly examples: readonly { readonly command: string; readonly does: string }[];
}

/** Every verb that does something, those below others included. */
export function verbs(command: Command, path: readonly string[] = []): VerbPage[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible
    .filter((verb) => verb.name() !== "help")
    .flatMap((verb) => {
      const names = [...path, verb.name()];
      const below = verbs(verb, names);
      return below.length > 0 ? below : [describe(verb, names.join(" "))];
    });
}

function describe(verb: Command, name: string): VerbPage {
  const help = verb.createHelp();
  return {
    name,
    usage: `duet ${name} ${verb.usage()}`,
    description: verb.description(),
    arguments: verb.registeredArguments,
    options: help.visibleOptions(verb).filter(({ long }) => long !== "--help"),
    examples: readExamples(verb),
  };
}

/** Choices, default and environment variable of an option or argument, as sentences to be appended; empty when it has none. */
export function optionNotes({
  argChoices,
  defaultValue,
  envVar,
  mandatory = false,
}: Pick<Option, "argChoices" | "defaultValue"> &
  Partial<Pick<Option, "envVar" | "mandatory">>): string {
  const value = defaultValue as string | number | boolean | undefined;
  const notes = [
    ...(mandatory ? ["required"] : []),
    ...(argChoices === undefined ? [] : [argChoices.join(", ")]),
    ...(value === undefined || value === false ? [] : [`default: ${value}`]),
    ...(envVar === undefined ? [] : [`environment: ${envVar}`]),
  ];
  return notes.length === 0 ? "" : ` (${notes.join("; ")})`;
}

/** The text that a verb adds to its help, as commander prints it. */
function readExamples(verb: Command): { command: string; does: string }[] {
  let text = "";
  const context = {
    command: verb,
    error: false,
    write: (part: string) => {
      text += part;
    },
  };
  // What addHelpText does is listen; commander's types do not say that a command is an emitter.
  (verb as unknown as EventEmitter).emit("afterHelp", context);
  return [...text.matchAll(/^ {2}\$ (.*)\n {6}(.*)$/gm)].map(([, command = "", does = ""]) => ({
    command,
    does,
  }));
}
