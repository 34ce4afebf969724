/** The part of the control socket that tells of the replication of flows and commands it. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Logger } from "../log/logger.ts";
import type { ControlApp } from "./app.ts";
import { type ControlSource, PATHS } from "./contract.ts";
import { flushRequestSchema, listQuerySchema, tablesRequestSchema } from "./flows-schemas.ts";
import { OpenLists, openLineStream, printableLines } from "./flows-stream.ts";
import { ProblemError } from "./problems.ts";
import type { CommandOutcome, ReplicationCommands } from "./replication-contract.ts";
import { checked, readJson, within } from "./requests.ts";

/** How long a command may take. A commit of a million flows takes some seconds. */
const COMMAND_TIMEOUT_MS = 30_000;
const STALL_TIMEOUT_MS = 30_000;

const TEXT_TYPE = "text/plain; charset=utf-8";
const JSON_LINES_TYPE = "application/x-ndjson; charset=utf-8";

export interface ReplicationRoutesOptions {
  readonly source: Pick<ControlSource, "replication">;
  readonly logger: Logger;
  readonly answerTimeoutMs: number;
  readonly stallTimeoutMs?: number;
}

export function addReplication(app: ControlApp, options: ReplicationRoutesOptions): void {
  const commands = (): ReplicationCommands => replicationOf(options.source);
  app.get(PATHS.replicationStats, async (c) =>
    c.json(await within(commands().stats(), options.answerTimeoutMs)),
  );
  app.post(PATHS.resync, async (c) => c.json(await carryOut(commands().resync())));
  app.post(PATHS.send, async (c) => c.json(await carryOut(commands().send())));
  app.post(PATHS.commit, async (c) => {
    const { tables } = checked(tablesRequestSchema, await readJson(c.req.raw));
    return c.json(await carryOut(commands().commit(tables)));
  });
  app.post(PATHS.flush, async (c) => {
    const { cache } = checked(flushRequestSchema, await readJson(c.req.raw));
    return c.json(await carryOut(commands().flush(cache)));
  });
  app.post(PATHS.kernelResync, async (c) => {
    const { tables } = checked(tablesRequestSchema, await readJson(c.req.raw));
    return c.json(await carryOut(commands().kernelResync(tables)));
  });
  addLists(app, options);
}

function addLists(app: ControlApp, options: ReplicationRoutesOptions): void {
  const { source, logger, answerTimeoutMs, stallTimeoutMs = STALL_TIMEOUT_MS } = options;
  const open = new OpenLists();
  const answer = async (
    c: Context<{ Bindings: HttpBindings }>,
    portions: AsyncIterable<readonly string[]>,
    type: string,
  ): Promise<Response> => {
    const { method, path } = c.req;
    // A HEAD request would open a list that nobody reads.
    if (method === "HEAD")
      throw new ProblemError("method-not-allowed", `${path} takes GET, not HEAD`, { allow: "GET" });
    open.enter();
    const stream = await openLineStream(portions, {
      answerTimeoutMs,
      stallTimeoutMs,
      onEnd: () => open.leave(),
      onBroken: (reason) => {
        const fields = { method: "GET", path, reason };
        logger.event("control.request-failed", fields, `GET ${path} was cut off: ${reason}`);
        c.env.outgoing.destroy();
      },
    });
    return c.body(stream, 200, { "content-type": type, "cache-control": "no-store" });
  };
  app.get(PATHS.replicationList, async (c) => {
    const query = checked(listQuerySchema, c.req.query());
    const portions = replicationOf(source).list(query);
    if (query.format === "json") return answer(c, portions, JSON_LINES_TYPE);
    return answer(c, printableLines(portions), TEXT_TYPE);
  });
  app.get(PATHS.resendQueue, async (c) =>
    answer(c, replicationOf(source).resendQueue(), TEXT_TYPE),
  );
}

function replicationOf(source: ReplicationRoutesOptions["source"]): ReplicationCommands {
  const commands = source.replication();
  if (commands !== undefined) return commands;
  const advice = "start it with duet run --conntrackd FILE";
  throw new ProblemError("no-replication", `the daemon does not replicate flows: ${advice}`);
}

/** The result of a command; throws the problem that stands for a refusal. */
async function carryOut<Result extends object>(
  command: Promise<CommandOutcome<Result>>,
): Promise<Omit<Result, "done">> {
  const outcome = await within(command, COMMAND_TIMEOUT_MS);
  if (!outcome.done) throw new ProblemError(outcome.code, outcome.message);
  const { done: _, ...result } = outcome;
  return result;
}
