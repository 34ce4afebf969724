import { request } from "node:http";
import { parse } from "valibot";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeApp } from "../../../src/control/app.ts";
import { ControlClient } from "../../../src/control/client.ts";
import { LIST_COUNT_MAX, openLineStream } from "../../../src/control/flows-stream.ts";
import type { ListQuery, ReplicationCommands } from "../../../src/control/replication-contract.ts";
import { statusSchema } from "../../../src/control/schemas.ts";
import { openControlServer } from "../../../src/control/server.ts";
import { fakeSource, recordingLogger, STATUS, temporarySocket } from "./fixtures.ts";
import { BUSY_STATS, fakeReplication, QUIET_STATS, REPLICATION } from "./flows-fixtures.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });
const SOON = { timeout: 20_000 };

async function serve(commands: Partial<ReplicationCommands> = {}) {
  const socketPath = temporarySocket();
  const { logger, lines } = recordingLogger();
  const source = fakeSource({ replication: () => fakeReplication(commands) });
  const server = await openControlServer({ source, logger, socketPath, answerTimeoutMs: 500 });
  onTestFinished(() => server.close());
  return { socketPath, client: new ControlClient(socketPath), lines };
}

/** Without a socket. */
function app(commands: Partial<ReplicationCommands> = {}) {
  const source = fakeSource({ replication: () => fakeReplication(commands) });
  return makeApp({ source, logger: recordingLogger().logger, answerTimeoutMs: 100 });
}

async function readAll(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

test.each([["busy", BUSY_STATS] as const, ["quiet", QUIET_STATS] as const])(
  "statistics of a %s daemon arrive as they were given",
  async (_, stats) => {
    const { client } = await serve({ stats: async () => stats });
    expect(await client.replicationStats()).toEqual(stats);
  },
);

test("the readiness of replication is part of the status", async () => {
  const socketPath = temporarySocket();
  const source = fakeSource({ status: () => ({ ...STATUS, replication: REPLICATION }) });
  const { logger } = recordingLogger();
  const server = await openControlServer({ source, logger, socketPath });
  onTestFinished(() => server.close());
  const client = new ControlClient(socketPath);
  expect((await client.status()).replication).toEqual(REPLICATION);
});

test("a daemon of a version before replication has a status, too", () => {
  const { replication: _, ...before } = STATUS;
  expect(parse(statusSchema, before)).toEqual({ ...before, replication: null });
});

test("a list of many portions arrives whole and in order", async () => {
  const lines = Array.from({ length: 50_000 }, (_, index) => `{"index":${index}}`);
  async function* list() {
    for (let at = 0; at < lines.length; at += 512) yield lines.slice(at, at + 512);
  }
  const { client } = await serve({ list });
  const text = await readAll(client.list({ cache: "internal", table: "flows", format: "json" }));
  expect(text).toBe(`${lines.join("\n")}\n`);
});

test("a list without entries is an empty answer", async () => {
  async function* list() {
    yield [] as readonly string[];
  }
  const { client } = await serve({ list });
  expect(await readAll(client.list({ cache: "internal", table: "flows", format: "text" }))).toBe(
    "",
  );
});

test("portions are only made while somebody reads", async () => {
  let made = 0;
  const ended = vi.fn();
  async function* list() {
    try {
      for (;;) {
        made += 1;
        yield ["x".repeat(100_000)] as readonly string[];
      }
    } finally {
      ended();
    }
  }
  const { client } = await serve({ list });
  for await (const _ of client.list({ cache: "internal", table: "flows", format: "json" })) break;
  await expect.poll(() => ended.mock.calls.length, SOON).toBe(1);
  // What the two sockets hold, and some in between; never without end.
  expect(made).toBeLessThan(100);
});

test("a list that fails before its first line is answered with a problem", async () => {
  // oxlint-disable-next-line require-yield -- It fails before it has anything to yield.
  async function* list(): AsyncGenerator<readonly string[]> {
    throw new Error("the replication thread is gone");
  }
  const { client } = await serve({ list });
  const reading = readAll(client.list({ cache: "internal", table: "flows", format: "text" }));
  await expect(reading).rejects.toMatchObject({ code: "problem", problem: { code: "internal" } });
});

test("a list that fails later is cut off and told to the log", async () => {
  async function* list() {
    for (let count = 0; count < 20; count += 1) yield ["x".repeat(100_000)] as readonly string[];
    throw new Error("the replication thread is gone");
  }
  const { client, lines } = await serve({ list });
  const reading = readAll(client.list({ cache: "internal", table: "flows", format: "text" }));
  await expect(reading).rejects.toMatchObject({ code: "unreachable" });
  expect(lines.map(({ text }) => text)).toContain(
    "GET /v1/replication/list was cut off: the replication thread is gone",
  );
});

test("a reader that does not read is cut off, and the source is told to stop", async () => {
  const returned = vi.fn();
  async function* list() {
    try {
      for (;;) yield ["line"] as readonly string[];
    } finally {
      returned();
    }
  }
  const onBroken = vi.fn();
  const onEnd = vi.fn();
  await openLineStream(list(), { answerTimeoutMs: 1_000, stallTimeoutMs: 5, onEnd, onBroken });
  await expect.poll(() => onBroken.mock.calls.length, SOON).toBe(1);
  expect(onEnd).toHaveBeenCalledTimes(1);
  await expect.poll(() => returned.mock.calls.length, SOON).toBe(1);
});

test("only so many lists are open at a time, and their places are given back", async () => {
  async function* list() {
    for (;;) yield ["x".repeat(100_000)] as readonly string[];
  }
  const { socketPath, client } = await serve({ list });
  const path = "/v1/replication/list?cache=internal";
  const open = Array.from({ length: LIST_COUNT_MAX }, () => {
    const outgoing = request({ socketPath, path, agent: false });
    outgoing.on("error", () => {});
    outgoing.end();
    return outgoing;
  });
  await Promise.all(
    open.map((outgoing) => new Promise((resolve) => outgoing.once("response", resolve))),
  );
  const query: ListQuery = { cache: "internal", table: "flows", format: "text" };
  await expect(readAll(client.list(query))).rejects.toMatchObject({
    problem: { code: "too-many-streams" },
  });
  for (const outgoing of open) outgoing.destroy();
  await expect
    .poll(async () => {
      for await (const piece of client.list(query)) return piece.length > 0;
      return false;
    }, SOON)
    .toBe(true);
});

test.each([
  ["", "cache"],
  ["cache=both", "cache"],
  ["cache=internal&table=neighbours", "table"],
  ["cache=internal&format=yaml", "format"],
  ["cache=internal&protocol=256", "protocol"],
  ["cache=internal&protocol=tcp", "protocol"],
  ["cache=internal&source=300.1.1.1", "source"],
  ["cache=internal&destination=10.0.0.0/33", "destination"],
  ["cache=internal&limit=-1", "limit"],
  ["cache=internal&limt=1", "limt"],
])("the query %j is refused with the name of what is wrong", async (query, name) => {
  const answer = await app().request(`/v1/replication/list?${query}`);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    code: "bad-request",
    detail: expect.stringContaining(name) as string,
  });
});

test.each([
  ["/v1/replication/commit", '{"tables":"neighbours"}'],
  ["/v1/replication/flush", '{"cache":"all"}'],
  ["/v1/replication/flush", '{"cahce":"both"}'],
  ["/v1/replication/kernel-resync", '"all"'],
])("POST %s with the body %s is refused", async (path, body) => {
  const answer = await app().request(path, { method: "POST", body });
  expect(answer.status).toBe(400);
});

test("a command without a body acts on everything", async () => {
  const commit = vi.fn<ReplicationCommands["commit"]>(async (tables) =>
    fakeReplication().commit(tables),
  );
  await app({ commit }).request("/v1/replication/commit", { method: "POST" });
  expect(commit).toHaveBeenCalledExactlyOnceWith("all");
});

test.each([
  ["commit-running", 409],
  ["not-supported", 409],
  ["not-ready", 503],
] as const)("a command that is refused as %s is answered with status %i", async (code, status) => {
  const resync: ReplicationCommands["resync"] = async () => ({ done: false, code, message: "no" });
  const answer = await app({ resync }).request("/v1/replication/resync", { method: "POST" });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code, detail: "no" });
});

test("a replication thread that says nothing is answered for in time", async () => {
  const stats: ReplicationCommands["stats"] = async () => new Promise(() => {});
  const answer = await app({ stats }).request("/v1/replication/stats");
  expect(answer.status).toBe(504);
});
