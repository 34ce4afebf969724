import type { Command } from "commander";
import { CONFIG_DEFAULT } from "./config-default.ts";
import { examples } from "./examples.ts";
import type { InitFlags } from "./init-run.ts";
import type { Session } from "./session.ts";

export function addInit(program: Command, session: Session): void {
  program
    .command("init")
    .summary("write the pair's file for a new pair")
    .description(
      "Looks at this router's interfaces, addresses and default route, asks for the rest, and writes the pair's file and a secret, for both routers. What a flag says is not asked. Nothing is written over without --force, nothing else is changed on the system. IPv6 and everything else is added to the file by hand.",
    )
    .option("--config <file>", "the file to write", CONFIG_DEFAULT)
    .option("--pair <name>", "name of the pair")
    .option("--node <name>", "name of this router")
    .option("--peer <name>", "name of the other router")
    .option("--lan <interface>", "interface of the LAN")
    .option("--lan-address <address>", "address of this router there, with its length")
    .option("--lan-peer <address>", "address of the other router there")
    .option("--lan-virtual <address>", "virtual address there: the gateway of the hosts")
    .option("--wan <interface>", "interface of the WAN, or none")
    .option("--wan-address <address>", "address of this router there, with its length")
    .option("--wan-peer <address>", "address of the other router there")
    .option("--wan-virtual <address>", "virtual address there")
    .option("--gateway <address>", "next hop of the default route, or none")
    .option("--link <interface>", "interface of a cable between the routers, or none")
    .option("--link-address <address>", "address of this router there, with its length")
    .option("--link-peer <address>", "address of the other router there")
    .option("--dhcp", "the routers lend addresses to the hosts of the LAN")
    .option("--no-dhcp", "they do not")
    .option("--secret-file <file>", "the secret to write (default: secret beside the pair's file)")
    .option(
      "--no-secret",
      "advertisements are not authenticated, as keepalived before 2.4 needs it",
    )
    .option("--force", "write over the file and the secret that are there")
    .addHelpText(
      "after",
      examples(
        ["duet init", "asks for everything"],
        [
          "duet init --peer beta --lan br-lan --lan-peer 192.168.1.3 --lan-virtual 192.168.1.4",
          "asks for the rest",
        ],
      ),
    )
    .action(async (flags: InitFlags) => {
      // Only loaded when it is needed: the other verbs start sooner.
      const { runInit } = await import("./init-run.ts");
      const { processTerminal } = await import("./terminal.ts");
      const { lookAround } = await import("../daemon/router-surroundings.ts");
      const terminal = processTerminal();
      try {
        await runInit(flags, { session, terminal, surroundings: lookAround() });
      } finally {
        terminal.close();
      }
    });
}
