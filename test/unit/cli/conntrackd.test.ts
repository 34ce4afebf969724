import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { runConntrackd } from "../../../src/cli/conntrackd-program.ts";
import type { ReplicationCommands } from "../../../src/control/replication-contract.ts";
import { ConntrackdSocket } from "../../../src/daemon/conntrackd-socket.ts";
import { fakeReplication } from "../control/flows-fixtures.ts";
import { type Outcome, recordingSession } from "./fixtures.ts";

// Machines that run the suite may be busy with something else.
vi.setConfig({ testTimeout: 30_000 });

async function conntrackd(...argv: readonly string[]): Promise<Outcome> {
  const { session, outcome } = recordingSession();
  await runConntrackd(argv, session);
  return outcome();
}

/** Its interface is on no machine: a client must not mind. */
const confText = (unix: string): string => `
Sync {
  Mode FTFW { }
  UDP {
    IPv4_address 192.0.2.1
    IPv4_Destination_Address 192.0.2.2
    Port 3780
    Interface sync
    Checksum on
  }
}
General {
  HashSize 32768
  HashLimit 131072
  ${unix}
  Filter From Userspace { Protocol Accept { TCP UDP ICMP } }
}
`;

function writeConf(makeUnix: (socketPath: string) => string) {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-conntrackd-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "conntrackd.conf");
  const socketPath = path.join(folder, "conntrackd.ctl");
  writeFileSync(file, confText(makeUnix(socketPath)));
  return { file, socketPath };
}

const withSocket = (socketPath: string): string => `UNIX { Path ${socketPath}\nBacklog 20 }`;

async function daemon(commands: Partial<ReplicationCommands> = {}, onKill = vi.fn()) {
  const { file, socketPath } = writeConf(withSocket);
  const options = { commands: fakeReplication(commands), log: () => {}, onKill };
  const socket = new ConntrackdSocket(options);
  await socket.listen(socketPath);
  onTestFinished(() => socket.close());
  return { file, onKill };
}

test.each([
  [["-s"], /^cache internal:\n/],
  [["-s", "net"], /^network statistics:\n/],
  [["-i"], /^internal flows text\nsecond\n$/],
  [["-e", "ct", "-x"], /^external flows xml\nsecond\n$/],
  [["-e", "expect"], /^external expectations text\nsecond\n$/],
])("conntrackd %s prints what the daemon answers", async (argv, text) => {
  const { file } = await daemon();
  const { code, out, note } = await conntrackd("-C", file, ...argv);
  expect({ code, note }).toEqual({ code: 0, note: "" });
  expect(out).toMatch(text);
});

test("the classical script of a router that becomes primary says nothing and succeeds", async () => {
  const commit = vi.fn<ReplicationCommands["commit"]>(async (tables) =>
    fakeReplication().commit(tables),
  );
  const flush = vi.fn<ReplicationCommands["flush"]>(async () => ({ done: true, flows: 3 }));
  const { file } = await daemon({ commit, flush });
  const script = [["-c"], ["-f"], ["-R"], ["-B"]];
  const outcomes = [];
  // oxlint-disable-next-line no-await-in-loop -- a script runs one command after the other
  for (const argv of script) outcomes.push(await conntrackd("-C", file, ...argv));
  expect(outcomes).toEqual(script.map(() => ({ code: 0, out: "", note: "" })));
  expect(commit).toHaveBeenCalledExactlyOnceWith("all");
  expect(flush).toHaveBeenCalledExactlyOnceWith("both");
});

test("conntrackd -k ends the daemon", async () => {
  const { file, onKill } = await daemon();
  expect(await conntrackd("-C", file, "-k")).toEqual({ code: 0, out: "", note: "" });
  await expect.poll(() => onKill.mock.calls.length, { timeout: 20_000 }).toBe(1);
});

test("without a daemon it says so and ends with 1", async () => {
  const { file, socketPath } = writeConf(withSocket);
  expect(await conntrackd("-C", file, "-c")).toEqual({
    code: 1,
    out: "",
    note: `conntrackd: no daemon listens on ${socketPath}: start it with duet run --conntrackd FILE\n`,
  });
});

test("a configuration without a control socket is told what it lacks", async () => {
  const { file } = writeConf(() => "");
  expect(await conntrackd("-C", file, "-c")).toEqual({
    code: 1,
    out: "",
    note: `conntrackd: ${file} names no control socket: add UNIX { Path FILE } to General\n`,
  });
});

test("a configuration with errors is told with their places", async () => {
  const { file } = writeConf(() => "Lockfile /var/lock/conntrack.lock");
  const { code, note } = await conntrackd("-C", file, "-c");
  expect(code).toBe(1);
  expect(note).toContain(`${file}:15:`);
  expect(note).toMatch(/conntrackd: .* has errors\n$/);
});

test.each([[["-q"]], [["-s", "foo"]], [["-x"]], [["-C"]]])(
  "conntrackd %s is refused",
  async (argv) => {
    const { code, out, note } = await conntrackd(...argv);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(note).toContain("(-h shows what is possible)");
  },
);

test("help and version are no errors", async () => {
  expect(await conntrackd("-v")).toEqual({ code: 0, out: "conntrackd by Duet 0.1.0\n", note: "" });
  const { code, out } = await conntrackd("-h");
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: conntrackd/);
});
