/** conntrackd's own client program asks Duet's end of conntrackd's control socket. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { formatFlowStats } from "../../src/control/flows-text.ts";
import type { ReplicationCommands } from "../../src/control/replication-contract.ts";
import { ConntrackdSocket } from "../../src/daemon/conntrackd-socket.ts";
import { missingConntrackd } from "../support/replication-peers.ts";
import { BUSY_STATS, fakeReplication } from "../unit/control/flows-fixtures.ts";

const run = promisify(execFile);
const missing = missingConntrackd();

async function daemon(commands: Partial<ReplicationCommands> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-client-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "conntrackd.conf");
  const socketPath = path.join(folder, "conntrackd.ctl");
  writeFileSync(
    file,
    `Sync {
  Mode FTFW { }
  UDP { IPv4_address 127.0.0.1 IPv4_Destination_Address 127.0.0.1 Port 3780 Interface lo }
}
General { LockFile ${folder}/lock UNIX { Path ${socketPath} } }
`,
  );
  const socket = new ConntrackdSocket({
    commands: fakeReplication(commands),
    log: () => {},
    onKill: undefined,
  });
  await socket.listen(socketPath);
  onTestFinished(() => socket.close());
  return async (...argv: readonly string[]): Promise<string> => {
    const { stdout } = await run("/usr/sbin/conntrackd", ["-C", file, ...argv]);
    return stdout;
  };
}

describe.skipIf(missing !== undefined)(`conntrackd's client ${missing ?? ""}`, () => {
  test.each([
    ["network", "network"],
    ["cache", "cache"],
    ["runtime", "runtime"],
    ["link", "link"],
    ["queue", "queue"],
    ["expect", "expect"],
    ["ct", "general"],
  ] as const)("prints what Duet says to -s %s", async (word, topic) => {
    const client = await daemon();
    expect(await client("-s", word)).toBe(formatFlowStats(BUSY_STATS, topic));
  });

  test("prints lists", async () => {
    const client = await daemon();
    expect(await client("-i")).toBe("internal flows text\nsecond\n");
    expect(await client("-e", "ct", "-x")).toBe("external flows xml\nsecond\n");
    expect(await client("-i", "expect")).toBe("internal expectations text\nsecond\n");
    expect(await client("-s", "rsqueue")).toContain("object -> seq:8\n");
  });

  test("has every command of a notify script carried out before it ends", async () => {
    const calls: string[] = [];
    const note = (name: string) => async () => {
      calls.push(name);
      return { done: true } as never;
    };
    const client = await daemon({
      commit: note("commit"),
      flush: note("flush"),
      kernelResync: note("kernel-resync"),
      kernelFlush: note("kernel-flush"),
      send: note("send"),
      resync: note("resync"),
      schedulePurge: note("purge"),
    });
    for (const option of ["-c", "-f", "-R", "-B", "-t", "-n", "-F"]) {
      // oxlint-disable-next-line no-await-in-loop -- a script runs one command after the other
      expect(await client(option)).toBe("");
    }
    expect(calls).toEqual("commit flush kernel-resync send purge resync kernel-flush".split(" "));
  });

  test("prints why Duet refused a command", async () => {
    const message = "a commit is running";
    const client = await daemon({
      flush: async () => ({ done: false, code: "commit-running", message }),
    });
    expect(await client("-f")).toBe(`${message}\n`);
  });
});
