import { type Command, Option } from "commander";
import { examples } from "./examples.ts";
import type { Session } from "./session.ts";

export interface ImportFlags {
  readonly router: readonly string[];
  readonly pair?: string;
  readonly address: readonly string[];
  readonly configId?: string;
  readonly output?: string;
  readonly json?: boolean;
}

const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text];

export function addImport(program: Command, session: Session): void {
  program
    .command("import")
    .summary("write the pair's file from existing files")
    .description(
      "Reads keepalived.conf, conntrackd.conf and OpenWrt's network, dhcp, firewall and keepalived of one router or of both, and prints the pair's file that says the same. What it has no word for is listed on stderr and at the end of the file, with its place and what to do. Where only one router's files are given the other one is taken to be alike, and what is not known of it is asked for. Files of both routers that contradict each other are an error. Nothing is changed on the system.",
    )
    .argument(
      "[file...]",
      "files, told apart by their content; those below one folder belong to one router, and a folder is a router of its name",
    )
    .addOption(
      new Option(
        "--router <name=folder>",
        "the files of a router, by its name; give it twice for both",
      )
        .argParser(collect)
        .default([], "none"),
    )
    .option("--pair <name>", "name of the pair (default: that of the sync group, or home)")
    .addOption(
      new Option(
        "--address <router.network=address/length>",
        "an address that no file gives; may be repeated",
      )
        .argParser(collect)
        .default([], "none"),
    )
    .option("-i, --config-id <id>", "id that @ID conditions of keepalived.conf are compared with")
    .option("--output <file>", "write the pair's file there instead of printing it")
    .option("--json", "print the pair and what was left out as JSON")
    .addHelpText(
      "after",
      examples(
        [
          "duet import /etc/keepalived/keepalived.conf /etc/conntrackd/conntrackd.conf",
          "from this router's files",
        ],
        [
          "duet import backup/alpha backup/beta --output duet.yaml",
          "from the files of both routers, each in a folder of its name",
        ],
        [
          "duet import keepalived.conf --address alpha.lan=192.168.1.2/24",
          "with an address that the file does not give",
        ],
      ),
    )
    .action(async (files: readonly string[], flags: ImportFlags, command: Command) => {
      if (files.length + flags.router.length === 0)
        command.error("error: name files, or the folder of a router");
      // Readers are only loaded when they are needed: the other verbs start sooner.
      const { runImport } = await import("./import-run.ts");
      const wrong = runImport(files, flags, session);
      if (wrong !== undefined) command.error(`error: ${wrong}`);
    });
}
