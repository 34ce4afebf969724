/** Who may have the path of a control socket: nobody while another daemon answers there, we when what is there is stale. */
import { lstat, mkdir, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import path from "node:path";
import { ControlClient } from "./client.ts";

/** sun_path of unix(7) with its closing zero. */
const PATH_SIZE_MAX = 107;
const PROBE_TIMEOUT_MS = 3_000;
/** Only the owner, so root, may connect: the socket can take the router's addresses and connections away. */
const SOCKET_UMASK = 0o177;

/** How messages speak of a socket. */
export interface SocketNaming {
  /** What it is, in front of its path. */
  readonly what: string;
  /** What to do when its path cannot be had, in the imperative. */
  readonly choose: string;
  /** Who answers there. */
  readonly identify: (socketPath: string) => Promise<string>;
}

const CONTROL_SOCKET: SocketNaming = {
  what: "control socket",
  choose: "choose another --socket",
  identify: whoAnswers,
};

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
export async function freeSocketPath(
  socketPath: string,
  naming: SocketNaming = CONTROL_SOCKET,
): Promise<void> {
  const { what, choose } = naming;
  const size = Buffer.byteLength(socketPath);
  if (size > PATH_SIZE_MAX) {
    const text = `${what} ${socketPath} has a path of ${size} bytes, at most ${PATH_SIZE_MAX} are possible: ${choose}`;
    throw new ControlSocketError("unusable", text);
  }
  try {
    await mkdir(path.dirname(socketPath), { recursive: true, mode: 0o755 });
    if (!(await isSocketThere(socketPath, choose))) return;
    if (await isAnswered(socketPath)) throw await inUse(socketPath, naming);
    await unlink(socketPath);
  } catch (error) {
    throw explain(error, socketPath, naming);
  }
}

/**
 * Has `server` listen on a socket that only its owner may open. The umask is in force when the socket comes to be, so that
 * there is no moment at which others may connect; that must happen on the main thread. Throws ControlSocketError.
 */
export async function listenForOwner(
  server: Server,
  socketPath: string,
  naming: SocketNaming = CONTROL_SOCKET,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => reject(explain(error, socketPath, naming));
    server.once("error", failed);
    const umask = process.umask(SOCKET_UMASK);
    try {
      server.listen({ path: socketPath }, () => {
        server.off("error", failed);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

/** Any failure to have the socket as a ControlSocketError. */
function explain(
  error: unknown,
  socketPath: string,
  { what, choose }: SocketNaming,
): ControlSocketError {
  if (error instanceof ControlSocketError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new ControlSocketError("in-use", `${what} ${socketPath} was just taken by another`);
  const denied = code === "EACCES" || code === "EPERM" || code === "EROFS";
  const advice = denied ? `run as root or ${choose}` : choose;
  return new ControlSocketError(
    denied ? "no-permission" : "unusable",
    `${what} ${socketPath} cannot be opened: ${message}: ${advice}`,
    { cause: error },
  );
}

async function isSocketThere(socketPath: string, choose: string): Promise<boolean> {
  try {
    const stat = await lstat(socketPath);
    if (stat.isSocket()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  throw new ControlSocketError(
    "unusable",
    `${socketPath} exists and is not a socket: remove it or ${choose}`,
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

async function inUse(
  socketPath: string,
  { what, choose, identify }: SocketNaming,
): Promise<ControlSocketError> {
  const who = await identify(socketPath);
  const text = `${what} ${socketPath} is in use by ${who}: stop it or ${choose}`;
  return new ControlSocketError("in-use", text);
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
