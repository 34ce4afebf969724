import { existsSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { endianness } from "node:os";
import { expect, onTestFinished, test, vi } from "vitest";
import type { ReplicationCommands } from "../../../src/control/replication-contract.ts";
import { ConntrackdSocket } from "../../../src/daemon/conntrackd-socket.ts";
import type { LogEvent } from "../../../src/daemon/replication-news.ts";
import {
  CONTROL_REQUEST_NUMBERS,
  decodeControlRequest,
} from "../../../src/replication/control-requests.ts";
import { temporarySocket } from "../control/fixtures.ts";
import { fakeReplication } from "../control/flows-fixtures.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });

interface Options {
  readonly commands?: Partial<ReplicationCommands>;
  readonly onKill?: () => void;
}

async function serve({ commands = {}, onKill }: Options = {}) {
  const path = temporarySocket();
  const refusals: string[] = [];
  const log: LogEvent = (name, _, text) => {
    if (name === "control.conntrackd-refused") refusals.push(text);
  };
  const socket = new ConntrackdSocket({ commands: fakeReplication(commands), log, onKill });
  await socket.listen(path);
  onTestFinished(() => socket.close());
  return { path, socket, refusals };
}

function numberBytes(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (endianness() === "LE") bytes.writeInt32LE(number);
  else bytes.writeInt32BE(number);
  return bytes;
}

async function readAll(socket: Socket): Promise<string> {
  socket.setEncoding("utf8");
  let text = "";
  for await (const piece of socket as AsyncIterable<string>) text += piece;
  return text;
}

/** What a client reads that sends `bytes` and leaves its own side open, as conntrackd's does. */
async function exchange(path: string, bytes: Buffer): Promise<string> {
  const socket = connect({ path });
  socket.write(bytes);
  return readAll(socket);
}

const ask = async (path: string, number: number): Promise<string> =>
  exchange(path, numberBytes(number));

/** Commands that note what they were told. */
function notedCommands() {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    async (...parameters: readonly unknown[]) => {
      calls.push([name, ...parameters]);
      return { done: true } as never;
    };
  async function* list(query: unknown) {
    calls.push(["list", query]);
    yield [] as readonly string[];
  }
  const names = ["resync", "send", "commit", "flush", "kernelResync", "kernelFlush"] as const;
  const commands = Object.fromEntries(
    [...names, "schedulePurge"].map((name) => [name, note(name)]),
  );
  return { calls, commands: { ...commands, list } };
}

const listed = (cache: string, table: string, format: string) => [
  ["list", { cache, table, format }],
];

test.each<[number, unknown[][]]>([
  [0, [["kernelFlush", "flows"]]],
  [1, [["kernelResync", "flows"]]],
  [16, listed("internal", "flows", "text")],
  [17, listed("external", "flows", "text")],
  [18, [["commit", "flows"]]],
  [
    19,
    [
      ["flush", "internal"],
      ["flush", "external"],
    ],
  ],
  [22, [["send"]]],
  [23, [["resync"]]],
  [24, listed("internal", "flows", "xml")],
  [25, listed("external", "flows", "xml")],
  [26, [["schedulePurge"]]],
  [33, [["flush", "internal"]]],
  [34, [["flush", "external"]]],
  [38, [["kernelFlush", "expectations"]]],
  [39, [["kernelResync", "expectations"]]],
  [40, listed("internal", "expectations", "text")],
  [41, listed("external", "expectations", "text")],
  [42, [["commit", "expectations"]]],
  [43, [["kernelFlush", "all"]]],
  [44, [["kernelResync", "all"]]],
  [45, [["flush", "both"]]],
  [46, [["commit", "all"]]],
  [47, listed("internal", "expectations", "xml")],
  [48, listed("external", "expectations", "xml")],
])("request %i is carried out, and its answer has no text", async (number, expected) => {
  const { calls, commands } = notedCommands();
  const { path } = await serve({ commands });
  expect(await ask(path, number)).toBe("");
  expect(calls).toEqual(expected);
});

test.each([
  [21, /^cache internal:\n/],
  [28, /^network statistics:\n/],
  [29, /^cache:internal\t/],
  [30, /^daemon uptime: /],
  [31, /^UDP traffic device=sync /],
  [32, /^resent queue \(len=2\)\ncontrol -> seq:7 flags:72\nobject -> seq:8\n$/],
  [35, /^$/],
  [36, /^allocated queue nodes:/],
  [37, /^cache internal:\n/],
])("request %i is answered with statistics", async (number, text) => {
  const { path } = await serve();
  expect(await ask(path, number)).toMatch(text);
});

test("every number that conntrackd knows is served", async () => {
  const { path, refusals } = await serve({ onKill: () => {} });
  await Promise.all(CONTROL_REQUEST_NUMBERS.map((number) => ask(path, number)));
  expect(refusals).toEqual([]);
});

test("a list is sent whole, line by line", async () => {
  const lines = Array.from(
    { length: 20_000 },
    (_, index) => `udp      17 src=10.0.0.1 id=${index}`,
  );
  async function* list() {
    for (let at = 0; at < lines.length; at += 512) yield lines.slice(at, at + 512);
  }
  const { path } = await serve({ commands: { list } });
  expect(await ask(path, 17)).toBe(`${lines.join("\n")}\n`);
});

test("a client that leaves early ends the list", async () => {
  const ended = vi.fn();
  async function* list() {
    try {
      for (;;) yield ["x".repeat(60_000)] as readonly string[];
    } finally {
      ended();
    }
  }
  const { path } = await serve({ commands: { list } });
  const socket = connect({ path });
  socket.write(numberBytes(16));
  await new Promise((resolve) => {
    socket.once("data", resolve);
  });
  socket.destroy();
  await expect.poll(() => ended.mock.calls.length, { timeout: 20_000 }).toBe(1);
});

test("a commit keeps the connection until it is done", async () => {
  let finish: () => void = () => {};
  const commit: ReplicationCommands["commit"] = async () => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return { done: true, committed: 1, kept: 0, failed: 0, failures: {}, tookMs: 1 };
  };
  const { path, refusals } = await serve({ commands: { commit } });
  let isOver = false;
  const asking = ask(path, 46).then((text) => {
    isOver = true;
    return text;
  });
  // Another request is answered meanwhile.
  expect(await ask(path, 35)).toBe("");
  expect(isOver).toBe(false);
  finish();
  expect(await asking).toBe("");
  expect(refusals).toEqual([]);
});

test("a refused command is told to its client and to the log", async () => {
  const flush: ReplicationCommands["flush"] = async () => ({
    done: false,
    code: "commit-running",
    message: "a commit is running",
  });
  const { path, refusals } = await serve({ commands: { flush } });
  expect(await ask(path, 45)).toBe("a commit is running\n");
  expect(refusals).toEqual(["conntrackd's control socket: flush: a commit is running"]);
});

test("a command that fails is told to its client and to the log", async () => {
  const stats: ReplicationCommands["stats"] = async () => {
    throw new Error("the replication thread is gone");
  };
  const { path, refusals } = await serve({ commands: { stats } });
  expect(await ask(path, 21)).toBe("the replication thread is gone\n");
  expect(refusals).toHaveLength(1);
});

test("a kill ends the daemon where it does nothing else", async () => {
  const onKill = vi.fn();
  const { path } = await serve({ onKill });
  expect(await ask(path, 20)).toBe("");
  await expect.poll(() => onKill.mock.calls.length, { timeout: 20_000 }).toBe(1);
});

test("a kill is refused where it would take the virtual addresses away", async () => {
  const { path, refusals } = await serve();
  expect(await ask(path, 20)).toBe(
    "this daemon does more than replicate flows: end it with SIGTERM\n",
  );
  expect(refusals).toHaveLength(1);
});

test.each([2, 27, 49, -1])("the unknown number %i is closed without an answer", async (number) => {
  expect(decodeControlRequest(number)).toBeUndefined();
  const { path, refusals } = await serve();
  expect(await ask(path, number)).toBe("");
  expect(refusals).toHaveLength(1);
});

test.each([0, 1, 3])("a request of %i bytes is closed without an answer", async (size) => {
  const { path } = await serve();
  const socket = connect({ path });
  socket.end(numberBytes(21).subarray(0, size));
  expect(await readAll(socket)).toBe("");
});

test("a number in pieces, and a client that closes its own side first, are understood", async () => {
  const { path } = await serve();
  const socket = connect({ path, allowHalfOpen: true });
  const bytes = numberBytes(35);
  socket.write(bytes.subarray(0, 1));
  socket.end(bytes.subarray(1));
  expect(await readAll(socket)).toBe("");
  const other = connect({ path, allowHalfOpen: true });
  other.end(numberBytes(28));
  expect(await readAll(other)).toMatch(/^network statistics:/);
});

test("what follows the number is ignored", async () => {
  const { path } = await serve();
  const bytes = Buffer.concat([numberBytes(28), Buffer.alloc(100_000)]);
  expect(await exchange(path, bytes)).toMatch(/^network statistics:/);
});

test("only the owner may open the socket, and closing removes it", async () => {
  const { path, socket } = await serve();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await socket.close();
  expect(existsSync(path)).toBe(false);
});

test("another path takes the place of the first, unless it cannot be had", async () => {
  const { path, socket } = await serve();
  const taken = temporarySocket();
  const other = createServer(() => {});
  await new Promise<void>((resolve) => {
    other.listen(taken, resolve);
  });
  onTestFinished(() => void other.close());
  await expect(socket.listen(taken)).rejects.toThrow(
    `conntrackd's control socket ${taken} is in use by another process, perhaps conntrackd: stop it or name another one in UNIX { Path } of conntrackd.conf`,
  );
  expect(await ask(path, 35)).toBe("");
  const free = temporarySocket();
  await socket.listen(free);
  expect(existsSync(path)).toBe(false);
  expect(await ask(free, 28)).toMatch(/^network/);
  await socket.listen(undefined);
  expect(existsSync(free)).toBe(false);
});
