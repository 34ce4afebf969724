/** The routes of the control socket. Knows nothing of sockets and threads: it asks the source and answers. */
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { Logger } from "../log/logger.ts";
import { type ControlSource, HEARTBEAT_MS, PATHS, STREAM_TYPE } from "./contract.ts";
import { openEventStream } from "./event-stream.ts";
import { addReplication } from "./flows-routes.ts";
import { maskSecrets } from "./mask.ts";
import { formatMetrics } from "./metrics.ts";
import { METRICS_TYPE } from "./openmetrics.ts";
import { ProblemError } from "./problems.ts";
import { checked, readJson, within } from "./requests.ts";
import { eventsQuerySchema, resignRequestSchema } from "./schemas.ts";

export const STREAM_COUNT_MAX = 16;
/** How long the source may take; reading and applying a configuration takes longer than looking something up. */
const ANSWER_TIMEOUT_MS = 5_000;
const RELOAD_TIMEOUT_MS = 30_000;

/** Runs behind Node's HTTP server, whose response it may cut off. */
export type ControlApp = Hono<{ Bindings: HttpBindings }>;

export interface AppOptions {
  readonly source: ControlSource;
  readonly logger: Logger;
  readonly heartbeatMs?: number;
  readonly answerTimeoutMs?: number;
}

export function makeApp(options: AppOptions): ControlApp {
  const { source, logger, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  const app: ControlApp = new Hono<{ Bindings: HttpBindings }>();
  const answer = async <T>(value: T | Promise<T>): Promise<T> => within(value, answerTimeoutMs);
  app.use(
    methodNotAllowed({ app, onMethodNotAllowed: ({ req }, methods) => refuse(req, methods) }),
  );
  app.get(PATHS.status, async (c) => c.json(await answer(source.status())));
  app.get(PATHS.metrics, async (c) => {
    const status = await answer(source.status());
    return c.body(formatMetrics(status), 200, { "content-type": METRICS_TYPE });
  });
  app.get(PATHS.config, (c) => c.json(maskSecrets(source.model())));
  app.get(PATHS.events, (c) => {
    const { since, limit } = checked(eventsQuerySchema, c.req.query());
    const { events } = source;
    return c.json(since === undefined ? events.latest(limit) : events.after(since, limit));
  });
  app.post(PATHS.reload, async (c) => c.json(await within(source.reload(), RELOAD_TIMEOUT_MS)));
  app.post(PATHS.resign, async (c) => {
    const { unit } = checked(resignRequestSchema, await readJson(c.req.raw));
    const outcome = await answer(source.resign(unit));
    if (!outcome.accepted) throw new ProblemError(outcome.code, outcome.message);
    return c.json({ unit });
  });
  addStream(app, options);
  addReplication(app, { source, logger, answerTimeoutMs });
  app.notFound(({ req }) => new ProblemError("not-found", `no such path: ${req.path}`).response());
  app.onError((error, { req }) => {
    if (error instanceof ProblemError) return error.response();
    const { method, path } = req;
    const fields = { method, path, reason: error.message };
    logger.event("control.request-failed", fields, `${method} ${path} failed: ${error.message}`);
    return new ProblemError("internal", error.message).response();
  });
  return app;
}

function addStream(
  app: ControlApp,
  { source, logger, heartbeatMs = HEARTBEAT_MS }: AppOptions,
): void {
  let streamCount = 0;
  app.get(PATHS.stream, (c) => {
    // A HEAD request would open a stream that nobody reads and nobody ends.
    if (c.req.method === "HEAD") return refuse(c.req, ["GET"]);
    if (streamCount >= STREAM_COUNT_MAX)
      throw new ProblemError("too-many-streams", `at most ${STREAM_COUNT_MAX} are served`);
    const since = c.req.header("last-event-id") ?? c.req.query("since");
    streamCount += 1;
    const stream = openEventStream({
      ring: source.events,
      since,
      heartbeatMs,
      onEnd: (dropped) => {
        streamCount -= 1;
        if (dropped === undefined) return;
        c.env.outgoing.destroy();
        const text = `dropped a reader of the event stream with ${dropped.queued} events waiting`;
        logger.event("control.stream-dropped", dropped, text);
      },
    });
    return c.body(stream, 200, { "content-type": STREAM_TYPE, "cache-control": "no-store" });
  });
}

function refuse({ method, path }: { method: string; path: string }, methods: string[]): Response {
  const allow = methods.join(", ");
  return new ProblemError("method-not-allowed", `${path} takes ${allow}, not ${method}`, {
    allow,
  }).response();
}
