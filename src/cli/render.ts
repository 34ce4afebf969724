import { Argument, type Command, Option } from "commander";
import { CONFIG_DEFAULT } from "./config-default.ts";
import { examples } from "./examples.ts";
import { EVERYTHING, RENDER_TARGETS } from "./render-targets.ts";
import type { Session } from "./session.ts";

const BACKUPS_DEFAULT = "/var/lib/duet/backups";

export interface RenderFlags {
  readonly config: string;
  readonly node?: string;
  readonly output?: string;
  readonly files?: string;
  readonly diff?: boolean;
  readonly apply?: boolean;
  readonly undo?: boolean;
  readonly backups: string;
}

export function addRender(program: Command, session: Session): void {
  const targets = RENDER_TARGETS.map(({ name, describe }) => `${name} (${describe})`).join("; ");
  program
    .command("render")
    .summary("write the files of other programs from the pair's file")
    .description(
      `Writes what other programs need from the pair's file, for one router and always the same way. Targets: ${targets}; ${EVERYTHING} (every file that the pair needs). What a target cannot express is told on stderr. No other program is reloaded; the command to do so is printed.`,
    )
    .addArgument(
      new Argument("[target]", "what to write; not needed with --undo").choices([
        ...RENDER_TARGETS.map(({ name }) => name),
        EVERYTHING,
      ]),
    )
    .option("--config <file>", "the pair's file", CONFIG_DEFAULT)
    .option("--node <name>", "the router to write for (default: the one this is, by its addresses)")
    .option("--files <dir>", "edit the files in this folder instead of writing anew (uci)")
    .addOption(
      new Option(
        "--output <path>",
        "write to this file; several files go below this folder, by their full paths",
      ).conflicts(["diff", "apply", "undo"]),
    )
    .addOption(
      new Option(
        "--diff",
        "show what would change on this router; the exit status is 1 if anything would",
      ).conflicts(["apply", "undo"]),
    )
    .addOption(
      new Option(
        "--apply",
        "put the files in place, all or none, and keep what was there",
      ).conflicts(["undo"]),
    )
    .option("--undo", "put back what the last --apply replaced")
    .option("--backups <dir>", "where --apply keeps what was there", BACKUPS_DEFAULT)
    .addHelpText(
      "after",
      examples(
        ["duet render keepalived --node alpha", "prints keepalived.conf of alpha"],
        ["duet render all --diff", "what would change on this router"],
        ["duet render all --apply", "puts every file in place"],
        ["duet render --undo", "has the former ones back"],
      ),
    )
    .action(async (target: string | undefined, flags: RenderFlags, command: Command) => {
      if (target === undefined && flags.undo !== true)
        command.error("error: missing argument 'target'");
      if (flags.files !== undefined && target !== "uci")
        command.error("error: --files goes with the target uci only");
      // Readers and renderers are only loaded when they are needed: the other verbs start sooner.
      const { runRender, runUndo } = await import("./render-run.ts");
      if (target === undefined) runUndo(flags.backups, session);
      else if (flags.undo === true)
        command.error("error: --undo takes no target: the last --apply is undone as a whole");
      else await runRender(target, flags, session);
    });
}
