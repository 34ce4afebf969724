import type { Command } from "commander";
import { ControlClient } from "../control/client.ts";
import { examples } from "./examples.ts";
import type { Session } from "./session.ts";
import { type SocketOptions, socketOption } from "./socket-option.ts";

export function addResign(program: Command, session: Session): void {
  program
    .command("resign")
    .summary("give up the Active role once")
    .description(
      "Asks a sync group or single instance to give up the Active role once. It then behaves as any Backup Router does: with preemption and the highest priority it takes the role back.",
    )
    .argument("<unit>", "sync group, or instance that is in none")
    .addOption(socketOption())
    .addHelpText("after", examples(["duet resign G1", "move G1 to the other router"]))
    .action(async (unit: string, { socket }: SocketOptions) => {
      await new ControlClient(socket).resign(unit);
      session.out(`${unit} gives up the Active role\n`);
    });
}
