/** `duet flows`: what conntrackd's client options do, in words, on the control socket of the daemon. */
import { Argument, type Command, Option } from "commander";
import { ControlClient } from "../control/client.ts";
import { examples } from "./examples.ts";
import { EXIT } from "./exit-code.ts";
import { addFlowsList } from "./flows-list.ts";
import {
  type FlowsTopic,
  formatCommit,
  formatStats,
  STATS_TOPICS,
  statsPart,
} from "./flows-text.ts";
import type { Session } from "./session.ts";
import { type SocketOptions, socketOption } from "./socket-option.ts";
import { plural } from "./words.ts";

interface FlowsFlags extends SocketOptions {
  readonly json?: boolean;
}

interface FlushFlags extends FlowsFlags {
  readonly internal?: boolean;
  readonly external?: boolean;
}

interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly example: readonly [command: string, does: string];
}

export function addFlows(program: Command, session: Session): void {
  const flows = program
    .command("flows")
    .summary("show and command the replication of connections")
    .description(
      "Shows and commands the replication of the kernel's connection tracking, as conntrackd's client options do.",
    );
  addStats(flows, session);
  addFlowsList(flows, session);
  addResync(flows, session);
  addCommit(flows, session);
  addFlush(flows, session);
  addSend(flows, session);
  addKernelResync(flows, session);
}

function command(flows: Command, { name, summary, description, example }: CommandWords): Command {
  return flows
    .command(name)
    .summary(summary)
    .description(description)
    .addOption(socketOption())
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(example));
}

function addStats(flows: Command, session: Session): void {
  flows
    .command("stats")
    .summary("print statistics (-s)")
    .description(
      "Prints the statistics of replication as conntrackd prints them, with lag and rates: of everything, or of one topic in detail.",
    )
    .addArgument(new Argument("[topic]", "what to show in detail").choices(STATS_TOPICS))
    .addOption(socketOption())
    .option("--json", "print the statistics as JSON")
    .addHelpText(
      "after",
      examples(
        ["duet flows stats", "the tables, the dedicated link, lag and rates"],
        ["duet flows stats network", "messages lost, late and malformed"],
        ["duet flows stats --json | jq .lag", "how far the peer is behind"],
      ),
    )
    .action(async (topic: FlowsTopic = "general", { socket, json = false }: FlowsFlags) => {
      const client = new ControlClient(socket);
      if (topic === "rsqueue") {
        await printQueue(client, session, json);
        return;
      }
      const stats = await client.replicationStats();
      session.out(json ? formatJson(statsPart(stats, topic)) : formatStats(stats, topic));
    });
}

async function printQueue(client: ControlClient, session: Session, json: boolean): Promise<void> {
  if (!json) {
    for await (const piece of client.resendQueue()) session.out(piece);
    return;
  }
  let text = "";
  for await (const piece of client.resendQueue()) text += piece;
  session.out(formatJson(text.split("\n").slice(0, -1)));
}

function addResync(flows: Command, session: Session): void {
  command(flows, {
    name: "resync",
    summary: "ask the peer for all its flows (-n)",
    description: "Asks the peer to send all its flows. Modes FTFW and NOTRACK only.",
    example: ["duet flows resync", "on a router that was away"],
  }).action(async ({ socket, json = false }: FlowsFlags) => {
    await new ControlClient(socket).resync();
    session.out(json ? formatJson({}) : "the peer was asked for all its flows\n");
  });
}

function addCommit(flows: Command, session: Session): void {
  command(flows, {
    name: "commit",
    summary: "write the peer's flows to the kernel (-c)",
    description:
      "Writes the flows of the peer to the kernel and ends when they are there. The daemon does that by itself when it takes over. The exit status is 1 when the kernel refused any.",
    example: ["duet flows commit", "take over the connections by hand"],
  })
    .addOption(
      new Option("--table <table>", "what to commit")
        .choices(["all", "flows", "expectations"])
        .default("all"),
    )
    .action(async ({ socket, json = false, table }: FlowsFlags & TableFlag) => {
      const result = await new ControlClient(socket).commit(table);
      session.out(json ? formatJson(result) : formatCommit(result));
      session.finish(result.failed === 0 ? EXIT.done : EXIT.findings);
    });
}

interface TableFlag {
  readonly table: "all" | "flows" | "expectations";
}

function addFlush(flows: Command, session: Session): void {
  command(flows, {
    name: "flush",
    summary: "empty the tables of the daemon (-f)",
    description:
      "Empties the tables of the daemon. The kernel keeps its flows, and the peer keeps its copy of them.",
    example: ["duet flows flush --external", "forget what the peer has sent"],
  })
    .option("--internal", "only the flows of this router")
    .option("--external", "only the flows of the peer")
    .action(async ({ socket, json = false, internal, external }: FlushFlags) => {
      const only = internal === external ? "both" : internal === true ? "internal" : "external";
      const result = await new ControlClient(socket).flush(only);
      session.out(json ? formatJson(result) : `${plural(result.flows, "flow")} forgotten\n`);
    });
}

function addSend(flows: Command, session: Session): void {
  command(flows, {
    name: "send",
    summary: "send all own flows to the peer (-B)",
    description: "Sends all flows of this router to the peer. Modes FTFW and NOTRACK only.",
    example: ["duet flows send", "bring the peer up to date"],
  }).action(async ({ socket, json = false }: FlowsFlags) => {
    const result = await new ControlClient(socket).send();
    session.out(
      json ? formatJson(result) : `${plural(result.flows, "flow")} on the way to the peer\n`,
    );
  });
}

function addKernelResync(flows: Command, session: Session): void {
  command(flows, {
    name: "kernel-resync",
    summary: "read the kernel's flows again (-R)",
    description: "Reads the flows of the kernel again into the internal table of the daemon.",
    example: ["duet flows kernel-resync", "after changes that the kernel did not report"],
  }).action(async ({ socket, json = false }: FlowsFlags) => {
    const result = await new ControlClient(socket).kernelResync();
    session.out(
      json ? formatJson(result) : `${plural(result.flows, "flow")} of the kernel replicated\n`,
    );
  });
}

const formatJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
