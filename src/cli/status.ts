import type { Command } from "commander";
import { ControlClient } from "../control/client.ts";
import { examples } from "./examples.ts";
import { paintFor } from "./paint.ts";
import type { Session } from "./session.ts";
import { type SocketOptions, socketOption } from "./socket-option.ts";
import { formatStatus } from "./status-text.ts";

interface StatusFlags extends SocketOptions {
  readonly json?: boolean;
}

export function addStatus(program: Command, session: Session): void {
  program
    .command("status")
    .summary("show roles, addresses and what is heard of other routers")
    .description(
      "Shows the role of each sync group and single instance with its reason, then addresses, the Active router last heard, faults and counters, and whether the replication of flows is ready for a takeover.",
    )
    .addOption(socketOption())
    .option("--json", "print the status as JSON")
    .addHelpText(
      "after",
      examples(
        ["duet status", "for people"],
        ["duet status --json | jq -r '.units[] | .name + \" \" + .state'", "roles for scripts"],
      ),
    )
    .action(async ({ socket, json = false }: StatusFlags) => {
      const status = await new ControlClient(socket).status();
      const text = json
        ? `${JSON.stringify(status, null, 2)}\n`
        : formatStatus(status, paintFor(session.colour));
      session.out(text);
    });
}
