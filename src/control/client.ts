import { type IncomingMessage, request } from "node:http";
import * as v from "valibot";
import {
  type EventPage,
  type EventRecord,
  HEARTBEAT_MS,
  PATHS,
  type ReloadResult,
  type ResignResult,
  STREAM_TYPE,
  type StatusView,
} from "./contract.ts";
import { ControlError } from "./control-error.ts";
import {
  commitResultSchema,
  doneSchema,
  type FlowCount,
  flowCountSchema,
  replicationStatsSchema,
} from "./flows-schemas.ts";
import { PROBLEM_TYPE } from "./problems.ts";
import type { CommitResult, ListQuery, ReplicationStats, Tables } from "./replication-contract.ts";
import {
  eventPageSchema,
  eventSchema,
  problemSchema,
  reloadSchema,
  resignSchema,
  statusSchema,
} from "./schemas.ts";
import { readServerEvents } from "./server-events.ts";

export interface ControlClientOptions {
  /** Time without a byte from the daemon after which it counts as hanging. A reload may take half a minute. */
  readonly timeoutMs?: number;
}

export interface StreamOptions {
  /** Id of the last event that is known already. */
  readonly since?: string;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 35_000;
/** A status of 500 instances with all their counters has less than a megabyte. */
const ANSWER_SIZE_MAX: number = 32 * 1024 * 1024;

interface Exchange {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Speaks to a daemon over its control socket. Every method throws ControlError. */
export class ControlClient {
  readonly #socketPath: string;
  readonly #timeoutMs: number;

  constructor(socketPath: string, { timeoutMs = TIMEOUT_MS }: ControlClientOptions = {}) {
    this.#socketPath = socketPath;
    this.#timeoutMs = timeoutMs;
  }

  async status(): Promise<StatusView> {
    return this.#json(statusSchema, "GET", PATHS.status);
  }

  /** The newest events, or with `since` the oldest after that one. */
  async events(limit: number, since?: string): Promise<EventPage> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (since !== undefined) query.set("since", since);
    return this.#json(eventPageSchema, "GET", `${PATHS.events}?${query.toString()}`);
  }

  async reload(): Promise<ReloadResult> {
    return this.#json(reloadSchema, "POST", PATHS.reload);
  }

  async resign(unit: string): Promise<ResignResult> {
    return this.#json(resignSchema, "POST", PATHS.resign, JSON.stringify({ unit }));
  }

  /** The model in force as JSON, secrets masked. */
  async config(): Promise<unknown> {
    return this.#json(v.unknown(), "GET", PATHS.config);
  }

  /** OpenMetrics text. */
  async metrics(): Promise<string> {
    return this.#text({ method: "GET", path: PATHS.metrics, timeoutMs: this.#timeoutMs });
  }

  async replicationStats(): Promise<ReplicationStats> {
    return this.#json(replicationStatsSchema, "GET", PATHS.replicationStats);
  }

  /** Asks the peer for all its flows. */
  async resync(): Promise<void> {
    await this.#json(doneSchema, "POST", PATHS.resync);
  }

  /** Sends all own flows to the peer; tells how many were queued. */
  async send(): Promise<FlowCount> {
    return this.#json(flowCountSchema, "POST", PATHS.send);
  }

  /** Writes the peer's flows to the kernel. */
  async commit(tables: Tables = "all"): Promise<CommitResult> {
    return this.#json(commitResultSchema, "POST", PATHS.commit, JSON.stringify({ tables }));
  }

  /** Empties tables of the daemon; tells how many flows were in them. */
  async flush(cache: "internal" | "external" | "both"): Promise<FlowCount> {
    return this.#json(flowCountSchema, "POST", PATHS.flush, JSON.stringify({ cache }));
  }

  /** Has the daemon read the kernel's flows again; tells how many of them are replicated. */
  async kernelResync(tables: Tables = "all"): Promise<FlowCount> {
    return this.#json(flowCountSchema, "POST", PATHS.kernelResync, JSON.stringify({ tables }));
  }

  /** Entries of a table, one a line, in pieces that need not end where lines do. */
  list(query: ListQuery): AsyncGenerator<string, void, void> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const parameters = given.map(([name, value]): [string, string] => [name, String(value)]);
    return this.#pieces(`${PATHS.replicationList}?${new URLSearchParams(parameters).toString()}`);
  }

  /** What waits for an acknowledgement of the peer, one message a line, in pieces that need not end where lines do. */
  resendQueue(): AsyncGenerator<string, void, void> {
    return this.#pieces(PATHS.resendQueue);
  }

  /** Events as they happen. Ends without an error when the daemon closes the stream, which it does to slow readers. */
  async *stream({ since, signal }: StreamOptions = {}): AsyncGenerator<EventRecord, void, void> {
    const response = await this.#openStream(since, signal);
    if (response === undefined) return;
    if (response.headers["content-type"] !== STREAM_TYPE) throw this.#strange("no event stream");
    try {
      for await (const event of readServerEvents(response)) {
        if (event.type === "message") yield this.#checked(eventSchema, event.data);
      }
    } catch (error) {
      if (error instanceof RangeError) throw this.#strange(error.message);
      if (!isEndOfStream(error)) throw error;
    }
  }

  /** Undefined when the caller went away before there was an answer. */
  async #openStream(
    since: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage | undefined> {
    try {
      return await this.#exchange({
        method: "GET",
        path: PATHS.stream,
        headers: since === undefined ? {} : { "last-event-id": since },
        timeoutMs: 3 * HEARTBEAT_MS,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted === true) return undefined;
      throw error;
    }
  }

  async *#pieces(path: string): AsyncGenerator<string, void, void> {
    const response = await this.#exchange({ method: "GET", path, timeoutMs: this.#timeoutMs });
    response.setEncoding("utf8");
    try {
      yield* response as AsyncIterable<string>;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async #json<T>(
    schema: v.GenericSchema<unknown, T>,
    method: Exchange["method"],
    path: string,
    body?: string,
  ): Promise<T> {
    const exchange = { method, path, timeoutMs: this.#timeoutMs };
    const text = await this.#text(body === undefined ? exchange : { ...exchange, body });
    return this.#checked(schema, text);
  }

  #checked<T>(schema: v.GenericSchema<unknown, T>, text: string): T {
    const result = v.safeParse(schema, parseJson(text));
    if (result.success) return result.output;
    const [issue] = result.issues;
    throw this.#strange(`${v.getDotPath(issue) ?? "answer"}: ${issue.message}`);
  }

  async #text(exchange: Exchange): Promise<string> {
    return this.#readAll(await this.#exchange(exchange));
  }

  async #readAll(response: IncomingMessage): Promise<string> {
    try {
      return await readAll(response);
    } catch (error) {
      throw error instanceof RangeError ? this.#strange(error.message) : this.#explain(error);
    }
  }

  /** Sends a request; the answer is one of success. */
  async #exchange(exchange: Exchange): Promise<IncomingMessage> {
    let response: IncomingMessage;
    try {
      response = await send(this.#socketPath, exchange);
    } catch (error) {
      throw this.#explain(error);
    }
    if (response.statusCode === 200) return response;
    const text = await this.#readAll(response);
    const isProblem = response.headers["content-type"] === PROBLEM_TYPE;
    if (!isProblem) throw this.#strange(`HTTP status ${response.statusCode}`);
    const problem = this.#checked(problemSchema, text);
    throw new ControlError("problem", problem.detail, problem);
  }

  #explain(error: unknown): ControlError {
    const { code, message } = error as NodeJS.ErrnoException;
    const path = this.#socketPath;
    if (code === "ENOENT" || code === "ECONNREFUSED") {
      const advice = "start it with duet run, or name its socket with --socket";
      return new ControlError("unreachable", `no daemon listens on ${path}: ${advice}`);
    }
    if (code === "EACCES" || code === "EPERM")
      return new ControlError("no-permission", `no permission to open ${path}: run as root`);
    return new ControlError("unreachable", `the daemon on ${path} does not answer: ${message}`);
  }

  #strange(what: string): ControlError {
    const text = `what answers on ${this.#socketPath} does not speak as this version of duet does (${what})`;
    return new ControlError("protocol", text);
  }
}

async function send(socketPath: string, exchange: Exchange): Promise<IncomingMessage> {
  const { method, path, body = "", headers = {}, timeoutMs, signal } = exchange;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath,
        method,
        path,
        agent: false,
        timeout: timeoutMs,
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
        ...(signal === undefined ? {} : { signal }),
      },
      resolve,
    );
    outgoing.once("timeout", () => {
      outgoing.destroy(new Error(`nothing was heard for ${timeoutMs / 1_000} s`));
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** The daemon cut the connection, or the caller gave the signal. */
function isEndOfStream(error: unknown): boolean {
  const { code, name } = error as NodeJS.ErrnoException;
  return code === "ECONNRESET" || name === "AbortError";
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_SIZE_MAX) throw new RangeError("the answer has no end");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Undefined when `text` is no JSON, which no schema of ours takes. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
