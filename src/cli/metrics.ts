import type { Command } from "commander";
import { ControlClient } from "../control/client.ts";
import { examples } from "./examples.ts";
import type { Session } from "./session.ts";
import { type SocketOptions, socketOption } from "./socket-option.ts";

export function addMetrics(program: Command, session: Session): void {
  program
    .command("metrics")
    .summary("print metrics for Prometheus and its kin")
    .description("Prints states and counters as OpenMetrics text.")
    .addOption(socketOption())
    .addHelpText(
      "after",
      examples([
        "duet metrics > /var/lib/node_exporter/duet.prom",
        "for the text file collector of node_exporter",
      ]),
    )
    .action(async ({ socket }: SocketOptions) => {
      session.out(await new ControlClient(socket).metrics());
    });
}
