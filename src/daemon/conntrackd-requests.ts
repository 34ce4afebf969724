/** What a request on conntrackd's control socket does, and the text that its client prints. */
import { printableLines } from "../control/flows-stream.ts";
import { formatFlowStats, formatResendHead } from "../control/flows-text.ts";
import type { CommandOutcome, ReplicationCommands } from "../control/replication-contract.ts";
import type { ControlRequest, StatsTopic } from "../replication/control-requests.ts";

/** A command that was not carried out; the message says why. */
class CommandRefusedError extends Error {
  override readonly name = "CommandRefusedError";
}

type Command = Exclude<ControlRequest, { type: "kill" | "list" | "stats" }>;

/**
 * Carries out anything but the end of the daemon, in portions of text that are made when they are asked for. Commands
 * say nothing and end when the work is done. Throws when a command is refused.
 */
export async function* answerRequest(
  request: Exclude<ControlRequest, { type: "kill" }>,
  commands: ReplicationCommands,
): AsyncGenerator<string, void, void> {
  if (request.type === "list") {
    const { cache, table, format } = request;
    yield* texts(commands.list({ cache, table, format }));
    return;
  }
  if (request.type === "stats") {
    yield* statistics(request.topic, commands);
    return;
  }
  for (const step of steps(request, commands)) {
    // oxlint-disable-next-line no-await-in-loop -- One step comes after the other.
    const outcome = await step();
    if (!outcome.done) throw new CommandRefusedError(outcome.message);
  }
}

async function* statistics(
  topic: StatsTopic,
  commands: ReplicationCommands,
): AsyncGenerator<string, void, void> {
  // These are conntrackd's child processes; Duet has none.
  if (topic === "process") return;
  const stats = await commands.stats();
  if (topic !== "rsqueue") {
    yield formatFlowStats(stats, topic);
    return;
  }
  const head = formatResendHead(stats);
  if (head === "") return;
  yield head;
  yield* texts(commands.resendQueue());
}

async function* texts(
  portions: AsyncIterable<readonly string[]>,
): AsyncGenerator<string, void, void> {
  for await (const lines of printableLines(portions))
    if (lines.length > 0) yield `${lines.join("\n")}\n`;
}

type Step = () => Promise<CommandOutcome>;

function steps(request: Command, commands: ReplicationCommands): readonly Step[] {
  switch (request.type) {
    case "commit":
      return [() => commands.commit(request.tables)];
    case "flush":
      // Both caches, but of flows only, is what clients older than expectations ask for.
      return request.cache === "both" && request.tables === "flows"
        ? [() => commands.flush("internal"), () => commands.flush("external")]
        : [() => commands.flush(request.cache)];
    case "flush-kernel":
      return [() => commands.kernelFlush(request.tables)];
    case "resync-kernel":
      return [() => commands.kernelResync(request.tables)];
    case "send":
      return [() => commands.send()];
    case "request-resync":
      return [() => commands.resync()];
    case "schedule-purge":
      return [() => commands.schedulePurge()];
  }
}
