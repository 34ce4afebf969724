import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeProgram, runCommandLine } from "../../../src/cli/program.ts";
import type { Session } from "../../../src/cli/session.ts";
import type { EventRecord } from "../../../src/control/contract.ts";
import { EventRing } from "../../../src/control/event-ring.ts";
import { newEvent, STATUS } from "../control/fixtures.ts";
import { duet, recordingSession, serve } from "./fixtures.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });
const SOON = { timeout: 20_000 };

test("status is printed for people", async () => {
  const { socketPath } = await serve();
  const { code, out } = await duet("status", "--socket", socketPath);
  expect(code).toBe(0);
  expect(out).toContain("G1  ACTIVE");
});

test("status --json is what the daemon said", async () => {
  const { socketPath } = await serve();
  const { out } = await duet("status", "--json", "--socket", socketPath);
  expect(JSON.parse(out)).toEqual(STATUS);
});

test("events are listed oldest first, the newest of them", async () => {
  const events = new EventRing("life");
  for (const text of ["one", "two", "three"]) events.append(newEvent(text));
  const { socketPath } = await serve({ events });
  const { out } = await duet("events", "--limit", "2", "--json", "--socket", socketPath);
  const texts = out
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as EventRecord).text);
  expect(texts).toEqual(["two", "three"]);
});

test("events --follow goes on without a gap, and ends with 3 when the daemon does", async () => {
  const events = new EventRing("life");
  events.append(newEvent("one"));
  const { socketPath, server } = await serve({ events });
  const { session, outcome } = recordingSession();
  const argv = ["events", "--follow", "--socket", socketPath];
  const following = runCommandLine(makeProgram(session), argv, session);
  await expect.poll(() => events.subscriberCount(), SOON).toBe(1);
  events.append(newEvent("two"));
  await expect.poll(() => outcome().out, SOON).toContain("G1: two\n");
  await server.close();
  await following;
  const { code, out, note } = outcome();
  expect(out.match(/G1: \w+/g)).toEqual(["G1: one", "G1: two"]);
  expect(code).toBe(3);
  expect(note).toContain("no daemon listens on");
});

test("reload prints what has changed", async () => {
  const { socketPath } = await serve();
  expect(await duet("reload", "--socket", socketPath)).toEqual({
    code: 0,
    out: "I1: priority 100 -> 101\n",
    note: "",
  });
});

test("reload of a configuration with errors prints them and ends with 2", async () => {
  const at = { file: "/etc/keepalived/keepalived.conf", line: 7, column: 3 };
  const finding = { at, severity: "error", code: "bad-number", message: "a number" } as const;
  const { socketPath } = await serve({
    reload: async () => ({ applied: false, diagnostics: [finding], changes: [] }),
  });
  const { code, note } = await duet("reload", "--socket", socketPath);
  expect(code).toBe(2);
  expect(note).toContain("/etc/keepalived/keepalived.conf:7:3: error: a number [bad-number]\n");
  expect(note).toContain("the earlier one stays in force");
});

test("resign says what was asked for, or why it was refused", async () => {
  const { socketPath } = await serve();
  expect(await duet("resign", "G1", "--socket", socketPath)).toMatchObject({ code: 0 });
  expect(await duet("resign", "G7", "--socket", socketPath)).toEqual({
    code: 2,
    out: "",
    note: "duet: there is no unit G7\n",
  });
});

test("resign of a unit that is not Active is refused with 1", async () => {
  const { socketPath } = await serve({
    resign: () => ({ accepted: false, code: "not-active", message: "G1 is backup" }),
  });
  expect(await duet("resign", "G1", "--socket", socketPath)).toMatchObject({ code: 1 });
});

test("metrics are printed as they come", async () => {
  const { socketPath } = await serve();
  const { out } = await duet("metrics", "--socket", socketPath);
  expect(out).toMatch(/^# TYPE duet info\n/);
});

test.each([["status"], ["events"], ["reload"], ["resign", "G1"], ["metrics"]])(
  "%s without a daemon ends with 3 and says what to do",
  async (...verb) => {
    const { code, out, note } = await duet(...verb, "--socket", "/nonexistent/duet.sock");
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(note).toBe(
      "duet: no daemon listens on /nonexistent/duet.sock: start it with duet run, or name its socket with --socket\n",
    );
  },
);

test.runIf(process.getuid?.() === 0)("a socket of another user ends with 4", async () => {
  const { socketPath } = await serve();
  chmodSync(path.dirname(socketPath), 0o755);
  process.seteuid?.("nobody");
  onTestFinished(() => process.seteuid?.(0));
  const { code, note } = await duet("status", "--socket", socketPath);
  expect(code).toBe(4);
  expect(note).toContain("run as root");
});

test.each([
  { argv: ["statsu"], says: "Did you mean status?" },
  { argv: ["status", "--jsno"], says: "Did you mean --json?" },
  { argv: ["run", "--config", "x", "--keepalived", "y"], says: "cannot be used with" },
  { argv: ["run", "--config-id", "x"], says: "--config-id goes with --keepalived only" },
  { argv: ["run", "--keepalived", "x", "--log-level", "loud"], says: "error, warn, info, debug" },
  { argv: ["events", "--limit", "-1"], says: "0 to 1000 is possible" },
  { argv: ["resign"], says: "missing required argument 'unit'" },
])("duet $argv is wrong usage and says $says", async ({ argv, says }) => {
  const { code, out, note } = await duet(...argv);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(note).toContain(says);
});

test("help and version are no errors", async () => {
  expect(await duet("--version")).toEqual({ code: 0, out: "0.1.0\n", note: "" });
  expect(await duet("--help")).toMatchObject({ code: 0, note: "" });
  expect(await duet("help", "status")).toMatchObject({ code: 0, note: "" });
});

test("nothing at all is wrong usage, with the help", async () => {
  const { code, note } = await duet();
  expect(code).toBe(2);
  expect(note).toContain("Usage: duet");
});

test("an error that nobody foresaw is one line, and with --debug its origin", async () => {
  const { session, outcome } = recordingSession();
  const broken: Session = {
    ...session,
    out: () => {
      throw new TypeError("cannot read it");
    },
  };
  const { socketPath } = await serve();
  await runCommandLine(makeProgram(broken), ["metrics", "--socket", socketPath], broken);
  expect(outcome()).toMatchObject({ code: 70, out: "" });
  expect(outcome().note).toBe(
    "duet: unexpected error: cannot read it (--debug shows where it comes from)\n",
  );
  const argv = ["--debug", "metrics", "--socket", socketPath];
  await runCommandLine(makeProgram(broken), argv, broken);
  expect(outcome().note).toContain("verbs.test.ts");
});

function writeConf(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-check-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "keepalived.conf");
  writeFileSync(file, text);
  return file;
}

/** dynamic_interfaces, so that the file is good on any machine. */
const INSTANCE = `global_defs {
  dynamic_interfaces
}
vrrp_instance I1 {
  interface lan0
  virtual_router_id 51
  priority 100
  virtual_ipaddress {
    192.0.2.4/24
  }
}
`;

test("check of a file without findings ends with 0", async () => {
  const file = writeConf(INSTANCE);
  expect(await duet("check", file)).toEqual({ code: 0, out: `${file}: no findings\n`, note: "" });
});

test("check of a file with warnings only ends with 0", async () => {
  const file = writeConf(`${INSTANCE}virtual_server 192.0.2.5 80 {\n}\n`);
  const { code, out } = await duet("check", file);
  expect(code).toBe(0);
  expect(out).toContain(`${file}:12:1: warning: `);
  expect(out).toMatch(/: 1 warning\n$/);
});

test("check of a file with errors ends with 1 and has its findings as JSON, too", async () => {
  const file = writeConf(INSTANCE.replace("virtual_router_id 51", "virtual_router_id 999"));
  const { code, out } = await duet("check", file);
  expect(code).toBe(1);
  expect(out).toContain(`${file}:6:`);
  const json = await duet("check", "--json", file);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject([{ file, diagnostics: [{ severity: "error" }] }]);
});

/** With an address and an interface of any machine. */
const REPLICATION = `Sync {
  Mode FTFW { }
  UDP {
    IPv4_address 127.0.0.1
    IPv4_Destination_Address 203.0.113.202
    Port 3780
    Interface lo
  }
}
`;

test("check knows a conntrackd.conf by its content", async () => {
  const file = writeConf(REPLICATION);
  expect(await duet("check", file)).toEqual({ code: 0, out: `${file}: no findings\n`, note: "" });
  const broken = writeConf(REPLICATION.replace("127.0.0.1", "203.0.113.77"));
  const { code, out } = await duet("check", broken);
  expect(code).toBe(1);
  expect(out).toContain(`${broken}:4:18: error: 203.0.113.77 is not an address of this router`);
});

test("check --as takes a file for what it is told", async () => {
  const { code, out } = await duet("check", "--as", "keepalived", writeConf(REPLICATION));
  expect(code).toBe(0);
  expect(out).toContain("Sync is not a keyword");
  expect((await duet("check", "--as", "conntrackd", writeConf(INSTANCE))).code).toBe(1);
  expect((await duet("check", "--as", "dnsmasq", writeConf(INSTANCE))).code).toBe(2);
});

test("check of a conntrackd.conf that is not there says so", async () => {
  const { code, out } = await duet("check", "/nonexistent/conntrackd.conf");
  expect(code).toBe(1);
  expect(out).toContain("the file cannot be read: there is no such file");
});

test("check of several files has the errors of each", async () => {
  const good = writeConf(INSTANCE);
  const { code, out } = await duet("check", good, "/nonexistent/keepalived.conf");
  expect(code).toBe(1);
  expect(out).toContain(`${good}: no findings\n`);
  expect(out).toContain("/nonexistent/keepalived.conf: 1 error\n");
});
