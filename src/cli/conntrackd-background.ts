import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ControlClient } from "../control/client.ts";
import { SOCKET_DEFAULT } from "./socket-option.ts";

const POLL_PAUSE_MS = 50;
const START_TIMEOUT_MS = 30_000;

/**
 * Runs `duet run --conntrackd` with that file as a process of its own that outlives this one, and waits until it works.
 * It logs where its configuration says. Rejects when it does not come up; the message says how to find out why.
 */
export async function startInBackground(configFile: string): Promise<void> {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const socket = path.resolve(process.env["DUET_SOCKET"] ?? SOCKET_DEFAULT);
  const verb = ["run", "--conntrackd", configFile, "--socket", socket];
  const daemon = spawn(process.execPath, [main, ...verb], {
    detached: true,
    stdio: "ignore",
    cwd: "/",
  });
  const watching = new AbortController();
  try {
    await Promise.race([
      untilItEnds(daemon, watching.signal),
      untilItAnswers(daemon, socket, watching.signal),
    ]);
  } finally {
    watching.abort();
    daemon.unref();
  }
}

async function untilItEnds(daemon: ChildProcess, signal: AbortSignal): Promise<never> {
  const [status] = (await once(daemon, "exit", { signal })) as unknown[];
  const text = `the daemon did not start (exit status ${String(status)})`;
  throw new Error(`${text}: without -d it says why`);
}

async function untilItAnswers(
  { pid }: ChildProcess,
  socket: string,
  signal: AbortSignal,
): Promise<void> {
  const client = new ControlClient(socket);
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!signal.aborted && performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    const answering = await client.status().catch(() => undefined);
    if (answering?.node.pid === pid) return;
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    await pause(POLL_PAUSE_MS);
  }
  throw new Error(`the daemon did not answer within ${START_TIMEOUT_MS / 1_000} s`);
}
