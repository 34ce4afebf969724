import { type Command, Option } from "commander";
import { LEVELS, type Level } from "../log/catalogue.ts";
import { examples } from "./examples.ts";
import type { Session } from "./session.ts";
import { SOCKET_DEFAULT, socketOption } from "./socket-option.ts";

const STATE_DIR_DEFAULT = "/var/lib/duet";

interface RunFlags {
  readonly keepalived?: string;
  readonly conntrackd?: string;
  readonly configId?: string;
  readonly socket: string;
  readonly stateDir: string;
  readonly logLevel: Level;
  readonly logFormat: "text" | "json";
  readonly node?: string;
}

export function addRun(program: Command, session: Session): void {
  program
    .command("run")
    .summary("run the daemon in the foreground")
    .description(
      "Runs the daemon in the foreground and logs to stderr. SIGHUP reads the configuration again, SIGTERM and SIGINT give up every role in good order and end.",
    )
    .option("--keepalived <file>", "keepalived.conf to take part in the election by, unmodified")
    .option("--conntrackd <file>", "conntrackd.conf to replicate connections by, unmodified")
    .option("-i, --config-id <id>", "id that @ID conditions of the file are compared with")
    .addOption(socketOption())
    .addOption(
      new Option("--state-dir <path>", "folder for what outlives the daemon")
        .default(STATE_DIR_DEFAULT)
        .env("DUET_STATE_DIR"),
    )
    .addOption(
      new Option("--log-level <level>", "least urgent events to log")
        .choices(LEVELS)
        .default("info"),
    )
    .addOption(
      new Option("--log-format <format>", "format of the log")
        .choices(["text", "json"])
        .default("text"),
    )
    .option(
      "--node <name>",
      "name of this router (default: router_id of the file, or the host name)",
    )
    .addHelpText(
      "after",
      examples(
        ["duet run --keepalived /etc/keepalived/keepalived.conf", "with keepalived's own file"],
        [
          "duet run --keepalived keepalived.conf --conntrackd conntrackd.conf",
          "also replicates connections, and loads them before the addresses move",
        ],
        [
          `duet run --keepalived keepalived.conf --socket ./duet.sock --state-dir ./state`,
          `without touching ${SOCKET_DEFAULT} and ${STATE_DIR_DEFAULT}`,
        ],
      ),
    )
    .action(async (flags: RunFlags, command: Command) => {
      if (flags.keepalived === undefined && flags.conntrackd === undefined)
        command.error("error: --keepalived or --conntrackd is needed, or both");
      const { runDaemon } = await import("../daemon/main.ts");
      session.handOver();
      const { keepalived = null, conntrackd = null, configId = null, node = null } = flags;
      const { version } = session;
      session.finish(
        await runDaemon({ ...flags, keepalived, conntrackd, configId, node, version }),
      );
    });
}
