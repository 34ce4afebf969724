import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { LEVELS, type Level } from "../log/catalogue.ts";
import { CONFIG_DEFAULT } from "./config-default.ts";
import { examples } from "./examples.ts";
import type { Session } from "./session.ts";
import { SOCKET_DEFAULT, socketOption } from "./socket-option.ts";

const STATE_DIR_DEFAULT = "/var/lib/duet";

interface RunFlags {
  readonly config?: string;
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
    .addOption(
      new Option(
        "--config <file>",
        `the pair's file, the same on both routers (default: ${CONFIG_DEFAULT}, unless one of the next two is given)`,
      ).conflicts(["keepalived", "conntrackd", "configId"]),
    )
    .option("--keepalived <file>", "keepalived.conf to take part in the election by, unmodified")
    .option("--conntrackd <file>", "conntrackd.conf to replicate connections by, unmodified")
    .option("-i, --config-id <id>", "id that @ID conditions of keepalived.conf are compared with")
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
      "name of this router (default: with a pair's file the router whose addresses it has, else router_id or the host name)",
    )
    .addHelpText(
      "after",
      examples(
        ["duet run", `as one of the pair that ${CONFIG_DEFAULT} describes`],
        [
          "duet run --config duet.yaml --node alpha",
          "the same from another file, as the router that it calls alpha",
        ],
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
      if (flags.configId !== undefined && flags.keepalived === undefined)
        command.error("error: --config-id goes with --keepalived only");
      requireConfiguration(flags, command);
      const { runDaemon } = await import("../daemon/main.ts");
      session.handOver();
      const { keepalived = null, conntrackd = null, configId = null, node = null } = flags;
      const isClassic = keepalived !== null || conntrackd !== null;
      const config = isClassic ? null : (flags.config ?? CONFIG_DEFAULT);
      const { version } = session;
      session.finish(
        await runDaemon({ ...flags, config, keepalived, conntrackd, configId, node, version }),
      );
    });
}

/** Whoever names no file may not know that there must be one. */
function requireConfiguration(
  { config, keepalived, conntrackd }: RunFlags,
  command: Command,
): void {
  if (config !== undefined || keepalived !== undefined || conntrackd !== undefined) return;
  if (existsSync(CONFIG_DEFAULT)) return;
  command.error(
    `error: there is no ${CONFIG_DEFAULT}: let duet init write it for a new pair, or duet import from existing files; or name another one with --config, or run from keepalived's own file with --keepalived`,
  );
}
