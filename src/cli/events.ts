import { type Command, InvalidArgumentError } from "commander";
import { ControlClient } from "../control/client.ts";
import { EVENTS_LIMIT_MAX, type EventRecord } from "../control/contract.ts";
import { formatEvent } from "./event-text.ts";
import { examples } from "./examples.ts";
import { paintFor } from "./paint.ts";
import type { Session } from "./session.ts";
import { type SocketOptions, socketOption } from "./socket-option.ts";

const LIMIT_DEFAULT = 50;

interface EventsFlags extends SocketOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly limit: number;
}

export function addEvents(program: Command, session: Session): void {
  program
    .command("events")
    .summary("list what happened, with causes")
    .description(
      "Lists the newest events, oldest first: every transition with its cause and how long each step took, and whatever else deserves attention.",
    )
    .addOption(socketOption())
    .option("-f, --follow", "go on with what happens from now on, until the daemon ends")
    .option("--json", "print one JSON object a line")
    .option(
      "--limit <count>",
      `number of events from the past, 0 to ${EVENTS_LIMIT_MAX}`,
      parseLimit,
      LIMIT_DEFAULT,
    )
    .addHelpText(
      "after",
      examples(
        ["duet events --follow", "watch a failover as it happens"],
        ["duet events --json | jq 'select(.level == \"warn\")'", "warnings only"],
      ),
    )
    .action(async ({ socket, follow = false, json = false, limit }: EventsFlags) => {
      const paint = paintFor(session.colour);
      const show = (record: EventRecord): void => {
        session.out(json ? `${JSON.stringify(record)}\n` : formatEvent(record, paint));
      };
      const client = new ControlClient(socket);
      const page = await client.events(Math.max(1, limit));
      for (const record of limit === 0 ? [] : page.events) show(record);
      if (follow) await followFrom(client, page.next, show);
    });
}

/** Goes on until the daemon is gone, which ends it with the error of the connection. */
async function followFrom(
  client: ControlClient,
  since: string,
  show: (record: EventRecord) => void,
): Promise<never> {
  let last = since;
  for (;;) {
    // The daemon cuts off readers that are too slow; they resume where they were.
    // oxlint-disable-next-line no-await-in-loop -- One stream comes after the other.
    for await (const record of client.stream({ since: last })) {
      last = record.id;
      show(record);
    }
  }
}

function parseLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (limit > EVENTS_LIMIT_MAX)
    throw new InvalidArgumentError(`0 to ${EVENTS_LIMIT_MAX} is possible.`);
  return limit;
}
