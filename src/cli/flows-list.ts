import { type Command, InvalidArgumentError, Option } from "commander";
import { parsePrefix } from "../base/ip.ts";
import { ControlClient } from "../control/client.ts";
import type { ListQuery } from "../control/replication-contract.ts";
import { examples } from "./examples.ts";
import type { Session } from "./session.ts";
import { type SocketOptions, socketOption } from "./socket-option.ts";

interface ListFlags extends SocketOptions {
  readonly internal?: boolean;
  readonly external?: boolean;
  readonly expectations?: boolean;
  readonly protocol?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly limit?: number;
  readonly json?: boolean;
  readonly xml?: boolean;
}

export function addFlowsList(flows: Command, session: Session): void {
  flows
    .command("list")
    .summary("list the flows of this router or of the peer (-i, -e)")
    .description(
      "Lists the flows that the daemon knows, one a line as conntrackd does: with --internal those of this router, with --external those that the peer has sent. One of the two is needed.",
    )
    .addOption(new Option("--internal", "the flows of this router").conflicts("external"))
    .option("--external", "the flows of the peer")
    .option("--expectations", "expectations instead of flows")
    .option("--protocol <protocol>", "only of this IP protocol, by name or number")
    .option("--source <address>", "only from this address or prefix, original direction", parseNet)
    .option(
      "--destination <address>",
      "only to this address or prefix, original direction",
      parseNet,
    )
    .option("--limit <count>", "at most so many", parseCount)
    .addOption(new Option("--json", "print one JSON object a line").conflicts("xml"))
    .option("--xml", "print one XML element a line, as conntrackd -x does")
    .addOption(socketOption())
    .addHelpText(
      "after",
      examples(
        ["duet flows list --external", "what this router would take over"],
        [
          "duet flows list --internal --protocol tcp --source 192.168.1.0/24",
          "connections of the local network",
        ],
        ["duet flows list --external --json | wc -l", "for programs"],
      ),
    )
    .action(async (flags: ListFlags, command: Command) => {
      if (flags.internal === undefined && flags.external === undefined)
        command.error("error: --internal or --external is needed");
      const query = await makeQuery(flags, command);
      for await (const piece of new ControlClient(flags.socket).list(query)) session.out(piece);
    });
}

async function makeQuery(flags: ListFlags, command: Command): Promise<ListQuery> {
  const { source, destination, limit } = flags;
  const protocol = await protocolOf(flags.protocol, command);
  return {
    cache: flags.internal === true ? "internal" : "external",
    table: flags.expectations === true ? "expectations" : "flows",
    format: flags.json === true ? "json" : flags.xml === true ? "xml" : "text",
    ...(protocol === undefined ? {} : { protocol }),
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(limit === undefined ? {} : { limit }),
  };
}

/** Names are those that conntrackd.conf takes. */
async function protocolOf(text: string | undefined, command: Command): Promise<number | undefined> {
  if (text === undefined) return undefined;
  const { ProtocolNames } = await import("../config/conntrackd/protocols.ts");
  const { systemFiles } = await import("../daemon/config-files.ts");
  const number = new ProtocolNames(systemFiles).lookUp(text);
  if (number !== undefined) return number;
  return command.error(
    `error: option '--protocol <protocol>' argument '${text}' is invalid. It is no protocol of /etc/protocols and no number from 0 to 255.`,
  );
}

function parseNet(text: string): string {
  if (parsePrefix(text) !== undefined) return text;
  throw new InvalidArgumentError("An address, or a prefix as ADDRESS/LENGTH, is needed.");
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number is needed.");
}
