/** Who may have the path of a control socket: nobody while another daemon answers there, we when what is there is stale. */
import { lstat, mkdir, unlink } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { ControlClient } from "./client.ts";

/** sun_path of unix(7) with its closing zero. */
const PATH_SIZE_MAX = 107;
const PROBE_TIMEOUT_MS = 3_000;

/** The control socket cannot be had. The message says why and what to do; `code` says whether rights are what is missing. */
export class ControlSocketError extends Error {
  override readonly name = "ControlSocketError";
  readonly code: "in-use" | "no-permission" | "unusable";
  constructor(code: ControlSocketError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Makes `socketPath` free to be listened on: makes its folder and removes a socket that nobody listens on any more.
 * Throws ControlSocketError when another daemon answers there, or when something else than a socket is there.
 */
export async function freeSocketPath(socketPath: string): Promise<void> {
  const size = Buffer.byteLength(socketPath);
  if (size > PATH_SIZE_MAX) {
    const text = `control socket ${socketPath} has a path of ${size} bytes, at most ${PATH_SIZE_MAX} are possible: choose another --socket`;
    throw new ControlSocketError("unusable", text);
  }
  try {
    await mkdir(path.dirname(socketPath), { recursive: true, mode: 0o755 });
    if (!(await isSocketThere(socketPath))) return;
    if (await isAnswered(socketPath)) throw await inUse(socketPath);
    await unlink(socketPath);
  } catch (error) {
    throw explain(error, socketPath);
  }
}

/** Any failure to have the socket as a ControlSocketError. */
export function explain(error: unknown, socketPath: string): ControlSocketError {
  if (error instanceof ControlSocketError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new ControlSocketError(
      "in-use",
      `control socket ${socketPath} was just taken by another`,
    );
  const denied = code === "EACCES" || code === "EPERM" || code === "EROFS";
  const advice = denied ? "run as root or choose --socket" : "choose --socket";
  return new ControlSocketError(
    denied ? "no-permission" : "unusable",
    `control socket ${socketPath} cannot be opened: ${message}: ${advice}`,
    { cause: error },
  );
}

async function isSocketThere(socketPath: string): Promise<boolean> {
  try {
    const stat = await lstat(socketPath);
    if (stat.isSocket()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  throw new ControlSocketError(
    "unusable",
    `${socketPath} exists and is not a socket: remove it or choose --socket`,
  );
}

/** True when somebody accepts connections. A full backlog (EAGAIN) is somebody, too. */
async function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else if (error.code === "EAGAIN") resolve(true);
      else reject(error);
    });
  });
}

async function inUse(socketPath: string): Promise<ControlSocketError> {
  const who = await whoAnswers(socketPath);
  const advice = "stop it or choose --socket";
  return new ControlSocketError(
    "in-use",
    `control socket ${socketPath} is in use by ${who}: ${advice}`,
  );
}

async function whoAnswers(socketPath: string): Promise<string> {
  try {
    const client = new ControlClient(socketPath, { timeoutMs: PROBE_TIMEOUT_MS });
    return `duet pid ${(await client.status()).node.pid}`;
  } catch {
    // It listens but does not answer as we do: another program, or a daemon that hangs.
    return "another process";
  }
}
