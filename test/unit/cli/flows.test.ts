import { expect, test, vi } from "vitest";
import type { ListQuery, ReplicationCommands } from "../../../src/control/replication-contract.ts";
import { BUSY_STATS, fakeReplication } from "../control/flows-fixtures.ts";
import { duet, serve } from "./fixtures.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });

async function replicating(overrides: Partial<ReplicationCommands> = {}): Promise<string> {
  const { socketPath } = await serve({ replication: () => fakeReplication(overrides) });
  return socketPath;
}

async function flows(socketPath: string, ...argv: readonly string[]) {
  return duet("flows", ...argv, "--socket", socketPath);
}

/** Keeps the query of a list, which has no entries. */
function queryKeeper() {
  const queries: ListQuery[] = [];
  async function* list(query: ListQuery) {
    queries.push(query);
    yield [] as readonly string[];
  }
  return { queries, list };
}

test("stats are conntrackd's, then lag and rates", async () => {
  const { code, out } = await flows(await replicating(), "stats");
  expect(code).toBe(0);
  expect(out).toMatch(/^cache internal:\ncurrent active connections:\t {9}101\n/);
  expect(out.slice(out.indexOf("lag:"))).toMatchInlineSnapshot(`
    "lag:
                     803 Msgs waiting            42 Ms oldest

    rates:
                   20011 Events/s
                   20012 Msgs/s sent             13 Msgs/s recv

    connection tracking:
        here: 1234 of at most 262144 flows, 65536 buckets, tcp_be_liberal on, events on
        peer: ? of at most 262144 flows, 65536 buckets, tcp_be_liberal off, events on
    "
  `);
});

test("stats --json is what the daemon said", async () => {
  const { out } = await flows(await replicating(), "stats", "--json");
  expect(JSON.parse(out)).toEqual(BUSY_STATS);
});

test.each([
  ["network", /^network statistics:/, { messages: BUSY_STATS.messages }],
  ["cache", /^cache:internal\t/, { internal: { active: 101 } }],
  ["runtime", /^daemon uptime: 1 day 2 h 3 min\n/, { kernel: { events: 901 } }],
  ["link", /^UDP traffic device=sync status=RUNNING/, [{ interface: "sync" }, {}]],
  ["queue", /^allocated queue nodes:/, { lag: { messages: 803 } }],
  ["expect", /^cache internal:\ncurrent active connections:\t {9}301\n/, { internal: {} }],
  ["rsqueue", /^control -> seq:7 flags:72\nobject -> seq:8\n$/, ["control -> seq:7 flags:72", {}]],
])("stats %s shows that topic, as JSON too", async (topic, text, json) => {
  const socketPath = await replicating();
  expect((await flows(socketPath, "stats", topic)).out).toMatch(text);
  const parsed: unknown = JSON.parse((await flows(socketPath, "stats", topic, "--json")).out);
  if (topic === "rsqueue") expect(parsed).toEqual(["control -> seq:7 flags:72", "object -> seq:8"]);
  else expect(parsed).toMatchObject(json);
});

test("what the kernel refused and what Duet alone counts is in the runtime statistics", async () => {
  const { out } = await flows(await replicating(), "stats", "runtime");
  expect(out.slice(out.indexOf("replication:"))).toMatchInlineSnapshot(`
    "replication:
                     912 Resyncs asked          913 Resyncs served
                     914 Bulk sends             915 Commits
                     999 Flushes                705 Msgs again

    written to the kernel:
                     907 Created                908 Updated
                     909 Deleted                903 Own events left out
                     910 Refused with EINVAL

    rates:
                   20011 Events/s
                   20012 Msgs/s sent             13 Msgs/s recv

    connection tracking:
        here: 1234 of at most 262144 flows, 65536 buckets, tcp_be_liberal on, events on
        peer: ? of at most 262144 flows, 65536 buckets, tcp_be_liberal off, events on
    "
  `);
});

test("a list is printed as it comes", async () => {
  const { code, out } = await flows(await replicating(), "list", "--external");
  expect({ code, out }).toEqual({ code: 0, out: "external flows text\nsecond\n" });
});

test("a list asks for what the options say", async () => {
  const { queries, list } = queryKeeper();
  const socketPath = await replicating({ list });
  const options = "--expectations --json --protocol tcp --source 192.168.1.0/24";
  await flows(
    socketPath,
    "list",
    "--internal",
    ...`${options} --destination 2001:db8::1 --limit 7`.split(" "),
  );
  await flows(socketPath, "list", "--external", "--xml", "--protocol", "132");
  expect(queries).toEqual([
    {
      cache: "internal",
      table: "expectations",
      format: "json",
      protocol: 6,
      source: "192.168.1.0/24",
      destination: "2001:db8::1",
      limit: 7,
    },
    { cache: "external", table: "flows", format: "xml", protocol: 132 },
  ]);
});

test("a list that breaks off is an error, not a short list", async () => {
  async function* list() {
    yield ["first"] as readonly string[];
    throw new Error("the replication thread is gone");
  }
  const { code, note } = await flows(await replicating({ list }), "list", "--internal");
  expect(code).toBe(3);
  expect(note).toContain("does not answer");
});

test("names in a list cannot drive the terminal", async () => {
  async function* list() {
    yield ["helper=\u001b[2J\nforged"] as readonly string[];
  }
  const { out } = await flows(await replicating({ list }), "list", "--internal");
  expect(out).toBe(String.raw`helper=\x1b[2J\nforged` + "\n");
});

test.each([
  [["resync"], "the peer was asked for all its flows\n"],
  [["send"], "12 flows on the way to the peer\n"],
  [["flush"], "1212 flows forgotten\n"],
  [["kernel-resync"], "12 flows of the kernel replicated\n"],
])("flows %s says what it did", async (argv, out) => {
  expect(await flows(await replicating(), ...argv)).toEqual({ code: 0, out, note: "" });
});

test.each([
  [["resync"], {}],
  [["send"], { flows: 12 }],
  [["flush"], { flows: 1_212 }],
  [["kernel-resync"], { flows: 12 }],
])("flows %s --json prints the result", async (argv, result) => {
  const { out } = await flows(await replicating(), ...argv, "--json");
  expect(JSON.parse(out)).toEqual(result);
});

test("a commit that the kernel refused in part says why and ends with 1", async () => {
  expect(await flows(await replicating(), "commit")).toEqual({
    code: 1,
    out: "1190 flows written to the kernel, 8 were there, 2 refused by the kernel (EINVAL 2), within 35 ms\n",
    note: "",
  });
});

test("a whole commit ends with 0 and takes the table that was named", async () => {
  const commit = vi.fn<ReplicationCommands["commit"]>(async () => ({
    done: true,
    committed: 1,
    kept: 0,
    failed: 0,
    failures: {},
    tookMs: 0.4,
  }));
  const socketPath = await replicating({ commit });
  expect(await flows(socketPath, "commit", "--table", "expectations")).toEqual({
    code: 0,
    out: "1 flow written to the kernel, 0 were there, within 0 ms\n",
    note: "",
  });
  await flows(socketPath, "commit");
  expect(commit.mock.calls).toEqual([["expectations"], ["all"]]);
});

test.each([
  [[], "both"],
  [["--internal"], "internal"],
  [["--external"], "external"],
  [["--internal", "--external"], "both"],
])("flush %s empties %s", async (argv, cache) => {
  const flush = vi.fn<ReplicationCommands["flush"]>(async () => ({ done: true, flows: 0 }));
  await flows(await replicating({ flush }), "flush", ...argv);
  expect(flush).toHaveBeenCalledExactlyOnceWith(cache);
});

test("a command that is refused says why and ends with 1", async () => {
  const message = "a commit is running";
  const flush: ReplicationCommands["flush"] = async () => ({
    done: false,
    code: "commit-running",
    message,
  });
  expect(await flows(await replicating({ flush }), "flush")).toEqual({
    code: 1,
    out: "",
    note: `duet: ${message}\n`,
  });
});

test.each([["stats"], ["list", "--internal"], ["resync"], ["commit"], ["flush"], ["send"]])(
  "flows %s on a daemon that does not replicate ends with 2 and says what to do",
  async (...argv) => {
    const { socketPath } = await serve();
    const { code, note } = await flows(socketPath, ...argv);
    expect(code).toBe(2);
    expect(note).toContain("duet run --conntrackd FILE");
  },
);

test.each([
  [["list"], "--internal or --external is needed"],
  [["list", "--internal", "--external"], "cannot be used with"],
  [["list", "--internal", "--json", "--xml"], "cannot be used with"],
  [["list", "--internal", "--protocol", "tpc"], "no protocol of /etc/protocols"],
  [["list", "--internal", "--protocol", "256"], "no protocol of /etc/protocols"],
  [["list", "--internal", "--source", "192.168.1.0/33"], "ADDRESS/LENGTH"],
  [["list", "--internal", "--limit", "-1"], "A whole number is needed"],
  [["stats", "netwrok"], "Allowed choices are network, cache"],
])("flows %s is wrong usage and says %s", async (argv, says) => {
  const { code, out, note } = await flows("/nonexistent/duet.sock", ...argv);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(note).toContain(says);
});
