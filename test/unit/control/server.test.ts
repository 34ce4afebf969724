import { existsSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { STREAM_COUNT_MAX } from "../../../src/control/app.ts";
import { ControlClient } from "../../../src/control/client.ts";
import type { ControlSource, EventRecord } from "../../../src/control/contract.ts";
import { ControlError } from "../../../src/control/control-error.ts";
import { EventRing } from "../../../src/control/event-ring.ts";
import { BODY_SIZE_MAX } from "../../../src/control/requests.ts";
import { openControlServer } from "../../../src/control/server.ts";
import { ControlSocketError } from "../../../src/control/socket-path.ts";
import { fakeSource, newEvent, recordingLogger, STATUS, temporarySocket } from "./fixtures.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });
const SOON = { timeout: 20_000 };

async function serve(source: Partial<ControlSource> = {}, heartbeatMs = 15_000) {
  const socketPath = temporarySocket();
  const { logger, lines } = recordingLogger();
  const options = { source: fakeSource(source), logger, socketPath, heartbeatMs };
  const server = await openControlServer({ ...options, answerTimeoutMs: 100 });
  onTestFinished(() => server.close());
  return { socketPath, client: new ControlClient(socketPath), lines, server };
}

interface RawAnswer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly allow: string | undefined;
  readonly body: unknown;
}

async function raw(
  socketPath: string,
  method: string,
  path: string,
  body = "",
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        const type = response.headers["content-type"];
        const isJson = type?.includes("json") === true && text !== "";
        const parsed: unknown = isJson ? JSON.parse(text) : text;
        resolve({
          status: response.statusCode,
          type,
          allow: response.headers["allow"],
          body: parsed,
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Reads `count` events of a stream. */
async function take(stream: AsyncIterable<EventRecord>, count: number): Promise<EventRecord[]> {
  const taken: EventRecord[] = [];
  for await (const event of stream) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

test("a status arrives as the source gave it", async () => {
  const { client } = await serve();
  expect(await client.status()).toEqual(STATUS);
});

test("the socket may be opened by its owner only", async () => {
  const { socketPath } = await serve();
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
});

test("the umask is what it was after the socket was made", async () => {
  const before = process.umask();
  await serve();
  expect(process.umask()).toBe(before);
});

test("closing the server removes the socket", async () => {
  const { socketPath, server } = await serve();
  await server.close();
  expect(existsSync(socketPath)).toBe(false);
});

test("a socket that another daemon answers on is refused with its pid", async () => {
  const { socketPath } = await serve();
  const { logger } = recordingLogger();
  const opening = openControlServer({ socketPath, source: fakeSource(), logger });
  await expect(opening).rejects.toThrow(
    `control socket ${socketPath} is in use by duet pid 4711: stop it or choose another --socket`,
  );
});

test("a socket that something else answers on is refused", async () => {
  const socketPath = temporarySocket();
  const other = createServer((_, response) => response.end("hello"));
  await new Promise<void>((resolve) => {
    other.listen(socketPath, resolve);
  });
  onTestFinished(() => void other.close());
  const { logger } = recordingLogger();
  const opening = openControlServer({ socketPath, source: fakeSource(), logger });
  await expect(opening).rejects.toThrow("in use by another process");
});

test("a socket that nobody listens on any more is replaced", async () => {
  const socketPath = temporarySocket();
  await leaveStaleSocket(socketPath);
  const { logger } = recordingLogger();
  const server = await openControlServer({ socketPath, source: fakeSource(), logger });
  onTestFinished(() => server.close());
  expect(await new ControlClient(socketPath).status()).toEqual(STATUS);
});

test("a file that is no socket is left alone", async () => {
  const socketPath = temporarySocket();
  writeFileSync(socketPath, "precious");
  const { logger } = recordingLogger();
  const opening = openControlServer({ socketPath, source: fakeSource(), logger });
  await expect(opening).rejects.toBeInstanceOf(ControlSocketError);
  expect(existsSync(socketPath)).toBe(true);
});

test("a path that is too long for a socket is refused in words", async () => {
  const { logger } = recordingLogger();
  const socketPath = `/tmp/${"x".repeat(120)}`;
  const opening = openControlServer({ socketPath, source: fakeSource(), logger });
  await expect(opening).rejects.toThrow("at most 107 are possible");
});

test("reload tells what changed", async () => {
  const { client } = await serve();
  expect((await client.reload()).changes).toEqual(["I1: priority 100 -> 101"]);
});

test("resign is passed on, and refused for a unit that is not there", async () => {
  const { client } = await serve();
  expect(await client.resign("G1")).toEqual({ unit: "G1" });
  await expect(client.resign("G7")).rejects.toMatchObject({
    code: "problem",
    problem: { status: 404, code: "unknown-unit", detail: "there is no unit G7" },
  });
});

test("metrics are OpenMetrics text", async () => {
  const { client } = await serve();
  const text = await client.metrics();
  expect(text).toContain('duet_unit_state{unit="G1",duet_unit_state="active"} 1\n');
  expect(text.endsWith("# EOF\n")).toBe(true);
});

test.each([
  { method: "GET", path: "/v2/status", body: "", status: 404, code: "not-found" },
  { method: "POST", path: "/v1/status", body: "", status: 405, code: "method-not-allowed" },
  { method: "GET", path: "/v1/reload", body: "", status: 405, code: "method-not-allowed" },
  { method: "HEAD", path: "/v1/events/stream", body: "", status: 405, code: undefined },
  { method: "POST", path: "/v1/resign", body: "{", status: 400, code: "bad-request" },
  { method: "POST", path: "/v1/resign", body: "{}", status: 400, code: "bad-request" },
  {
    method: "POST",
    path: "/v1/resign",
    body: '{"unit":"G1","force":true}',
    status: 400,
    code: "bad-request",
  },
  { method: "GET", path: "/v1/events?limit=0", body: "", status: 400, code: "bad-request" },
  { method: "GET", path: "/v1/events?limit=1001", body: "", status: 400, code: "bad-request" },
  { method: "GET", path: "/v1/events?limit=many", body: "", status: 400, code: "bad-request" },
  { method: "GET", path: "/v1/events?sicne=a", body: "", status: 400, code: "bad-request" },
])("$method $path $body is answered $status $code", async ({ code, status, ...asked }) => {
  const { socketPath } = await serve();
  const answer = await raw(socketPath, asked.method, asked.path, asked.body);
  expect(answer.status).toBe(status);
  expect(answer.type).toBe("application/problem+json");
  if (code !== undefined) expect(answer.body).toMatchObject({ status, code });
});

test("a body that is too large is refused", async () => {
  const { socketPath } = await serve();
  const answer = await raw(socketPath, "POST", "/v1/resign", "x".repeat(BODY_SIZE_MAX + 1));
  expect(answer.body).toMatchObject({ status: 413, code: "body-too-large" });
});

test("a body that comes in chunks of unknown number is read", async () => {
  const { socketPath } = await serve();
  const socket = connect(socketPath);
  onTestFinished(() => void socket.destroy());
  const head = "POST /v1/resign HTTP/1.1\r\nHost: duet\r\nTransfer-Encoding: chunked\r\n\r\n";
  socket.write(`${head}8\r\n{"unit":\r\n5\r\n"G1"}\r\n0\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => {
    socket.once("data", (chunk) => resolve(chunk.toString()));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
});

test("a refused method names the one that is taken", async () => {
  const { socketPath } = await serve();
  expect(await raw(socketPath, "DELETE", "/v1/reload")).toMatchObject({
    status: 405,
    allow: "POST",
  });
});

test("a source that throws is a problem for the client and a line in the log", async () => {
  const { socketPath, lines } = await serve({
    status: () => {
      throw new Error("no view");
    },
  });
  const answer = await raw(socketPath, "GET", "/v1/status");
  expect(answer.body).toMatchObject({ status: 500, code: "internal", detail: "no view" });
  expect(lines.at(-1)?.name).toBe("control.request-failed");
});

test("a source that says nothing is given up on", async () => {
  const { socketPath } = await serve({ status: () => new Promise(() => {}) });
  expect((await raw(socketPath, "GET", "/v1/status")).body).toMatchObject({ code: "timed-out" });
});

test("events are listed from an id on", async () => {
  const events = new EventRing("life");
  for (const text of ["one", "two", "three"]) events.append(newEvent(text));
  const { client } = await serve({ events });
  const page = await client.events(10, "life-1");
  expect(page.complete).toBe(true);
  expect(page.events.map(({ text }) => text)).toEqual(["two", "three"]);
});

test("a stream without an id starts with what happens next", async () => {
  const events = new EventRing("life");
  events.append(newEvent("before"));
  const { client } = await serve({ events });
  const taking = take(client.stream(), 1);
  await streamOpened(events);
  events.append(newEvent("after"));
  expect((await taking).map(({ text }) => text)).toEqual(["after"]);
});

test("a stream resumes after the last event that was seen, and goes on live", async () => {
  const events = new EventRing("life");
  for (const text of ["one", "two", "three"]) events.append(newEvent(text));
  const { client } = await serve({ events });
  const taking = take(client.stream({ since: "life-1" }), 3);
  await streamOpened(events);
  events.append(newEvent("four"));
  expect((await taking).map(({ text }) => text)).toEqual(["two", "three", "four"]);
});

test("a backlog longer than one batch arrives whole and in order", async () => {
  const events = new EventRing("life");
  for (let index = 0; index < 500; index += 1) events.append(newEvent(`${index}`));
  const { client } = await serve({ events });
  const taken = await take(client.stream({ since: "life-0" }), 500);
  expect(taken.map(({ text }) => text)).toEqual(
    Array.from({ length: 500 }, (_, index) => `${index}`),
  );
});

test("a stream that resumes from an earlier life of the daemon gets everything there is", async () => {
  const events = new EventRing("second");
  events.append(newEvent("one"));
  const { client } = await serve({ events });
  expect((await take(client.stream({ since: "first-77" }), 1))[0]?.text).toBe("one");
});

test("a reader that does not read is dropped, and counted in the log", async () => {
  const events = new EventRing("life", 5_000);
  const { socketPath, lines } = await serve({ events }, 20);
  const socket = connect(socketPath);
  onTestFinished(() => void socket.destroy());
  socket.write("GET /v1/events/stream HTTP/1.1\r\nHost: duet\r\n\r\n");
  await streamOpened(events);
  const closed = new Promise<void>((resolve) => {
    events.subscribe(() => {});
    const poll = setInterval(() => {
      if (!lines.some(({ name }) => name === "control.stream-dropped")) return;
      clearInterval(poll);
      resolve();
    }, 5);
  });
  const filling = "x".repeat(10_000);
  for (let index = 0; index < 400; index += 1) events.append(newEvent(filling));
  await closed;
  expect(events.subscriberCount()).toBe(1);
});

test("a reader that goes away is forgotten", async () => {
  const events = new EventRing("life");
  const { client } = await serve({ events });
  const gone = new AbortController();
  const taking = take(client.stream({ signal: gone.signal }), 1);
  await streamOpened(events);
  gone.abort();
  expect(await taking).toEqual([]);
  await expect.poll(() => events.subscriberCount(), SOON).toBe(0);
});

test("a reader that goes away before it is answered is forgotten too", async () => {
  const { client } = await serve({});
  const gone = new AbortController();
  const taking = take(client.stream({ signal: gone.signal }), 1);
  gone.abort();
  expect(await taking).toEqual([]);
});

test("an idle stream carries a comment from time to time", async () => {
  const { socketPath } = await serve({}, 10);
  const socket = connect(socketPath);
  onTestFinished(() => void socket.destroy());
  socket.write("GET /v1/events/stream HTTP/1.1\r\nHost: duet\r\n\r\n");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  await expect.poll(() => text.split(": alive\n\n").length, SOON).toBeGreaterThan(3);
});

test("more readers than are served are turned away, and room is made when one leaves", async () => {
  const events = new EventRing("life");
  const { client } = await serve({ events });
  const leaving = new AbortController();
  for (let index = 0; index < STREAM_COUNT_MAX; index += 1)
    void take(client.stream({ signal: leaving.signal }), 1);
  await expect.poll(() => events.subscriberCount(), SOON).toBe(STREAM_COUNT_MAX);
  await expect(take(client.stream(), 1)).rejects.toMatchObject({
    problem: { code: "too-many-streams" },
  });
  leaving.abort();
  await expect.poll(() => events.subscriberCount(), SOON).toBe(0);
  const taking = take(client.stream(), 1);
  await streamOpened(events);
  events.append(newEvent("room"));
  expect(await taking).toHaveLength(1);
});

test("closing the server ends its streams", async () => {
  const events = new EventRing("life");
  const { client, server } = await serve({ events });
  const received: EventRecord[] = [];
  const reading = (async () => {
    for await (const event of client.stream()) received.push(event);
  })();
  await streamOpened(events);
  events.append(newEvent("one"));
  await expect.poll(() => received.length, SOON).toBe(1);
  await server.close();
  await reading;
  expect(received).toHaveLength(1);
});

test("a client without a daemon says what to do", async () => {
  const socketPath = temporarySocket();
  await expect(new ControlClient(socketPath).status()).rejects.toMatchObject({
    code: "unreachable",
    message: `no daemon listens on ${socketPath}: start it with duet run, or name its socket with --socket`,
  });
});

test("a client of something else says so", async () => {
  const socketPath = temporarySocket();
  const other = createServer((_, response) => response.end('{"node":{}}'));
  await new Promise<void>((resolve) => {
    other.listen(socketPath, resolve);
  });
  onTestFinished(() => void other.close());
  const error = await new ControlClient(socketPath).status().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ControlError);
  expect(error).toMatchObject({ code: "protocol" });
});

async function streamOpened(events: EventRing): Promise<void> {
  await expect.poll(() => events.subscriberCount(), { ...SOON, interval: 5 }).toBe(1);
}

/** A socket file whose listener is gone, as SIGKILL leaves it. */
async function leaveStaleSocket(socketPath: string): Promise<void> {
  const { execFileSync } = await import("node:child_process");
  const script = `require("node:net").createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, "SIGKILL"))`;
  try {
    execFileSync(process.execPath, ["-e", script]);
  } catch {
    // It ends by the signal, as it should.
  }
  expect(existsSync(socketPath)).toBe(true);
}
