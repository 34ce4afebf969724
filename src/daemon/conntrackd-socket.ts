/**
 * conntrackd's own control socket, so that its client and the scripts around it work on Duet: a client connects, writes
 * one 32-bit number in the host's byte order, and reads text until the end of file. Nothing else is ever said, so that
 * what goes wrong shows in the text and in the log.
 */
import { createServer, type Server, type Socket } from "node:net";
import { endianness } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReplicationCommands } from "../control/replication-contract.ts";
import { freeSocketPath, listenForOwner, type SocketNaming } from "../control/socket-path.ts";
import { type ControlRequest, decodeControlRequest } from "../replication/control-requests.ts";
import { answerRequest } from "./conntrackd-requests.ts";
import type { LogEvent } from "./replication-news.ts";

const REQUEST_SIZE = 4;
/** Clients write at once; one that does not is no client. */
const REQUEST_TIMEOUT_MS = 5_000;
/** A client that does not read for so long is cut off. */
const STALL_TIMEOUT_MS = 30_000;
const CONNECTION_COUNT_MAX = 64;

const NAMING: SocketNaming = {
  what: "conntrackd's control socket",
  choose: "name another one in UNIX { Path } of conntrackd.conf",
  identify: async () => "another process, perhaps conntrackd",
};

export interface ConntrackdSocketOptions {
  readonly commands: ReplicationCommands;
  readonly log: LogEvent;
  /** Ends the daemon (`-k`). Undefined where that would end more than the replication of flows. */
  readonly onKill: (() => void) | undefined;
}

export class ConntrackdSocket {
  readonly #options: ConntrackdSocketOptions;
  #listening: { readonly path: string; readonly server: Server } | undefined;
  readonly #connections = new Set<Socket>();

  constructor(options: ConntrackdSocketOptions) {
    this.#options = options;
  }

  /**
   * Listens at `path` from now on and nowhere else; undefined: nowhere. Must be called on the main thread. Throws
   * ControlSocketError when the path cannot be had; then nothing has changed.
   */
  async listen(path: string | undefined): Promise<void> {
    if (path === this.#listening?.path) return;
    const next = path === undefined ? undefined : { path, server: await this.#open(path) };
    await this.close();
    this.#listening = next;
  }

  async #open(path: string): Promise<Server> {
    await freeSocketPath(path, NAMING);
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket));
    server.maxConnections = CONNECTION_COUNT_MAX;
    await listenForOwner(server, path, NAMING);
    const { log } = this.#options;
    server.on("error", ({ message: reason }) => {
      log("control.accept-failed", { reason }, `${path}: ${reason}`);
    });
    log("control.listening", { socket: path }, `conntrackd's control socket is ${path}`);
    return server;
  }

  /** Ends every connection and removes the socket. */
  async close(): Promise<void> {
    const server = this.#listening?.server;
    if (server === undefined) return;
    this.#listening = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of this.#connections) socket.destroy();
    });
  }

  #take(socket: Socket): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
    // A client that is gone is no concern of ours; "close" follows.
    socket.on("error", () => {});
    socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy());
    let bytes = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < REQUEST_SIZE) return;
      socket.off("data", read);
      socket.off("end", incomplete);
      // What else it may send is read and forgotten.
      socket.resume();
      void this.#serve(socket, numberOf(bytes));
    };
    const incomplete = (): void => void socket.destroy();
    socket.on("data", read);
    socket.once("end", incomplete);
  }

  async #serve(socket: Socket, number: number): Promise<void> {
    const request = decodeControlRequest(number);
    if (request === undefined) {
      const reason = `request ${number} is unknown`;
      this.#refused(String(number), reason);
      socket.end();
      return;
    }
    if (request.type === "kill") {
      this.#kill(socket);
      return;
    }
    // A command may be silent for as long as it takes; what is listed is being read.
    const isListed = request.type === "list" || request.type === "stats";
    socket.setTimeout(isListed ? STALL_TIMEOUT_MS : 0);
    try {
      await pipeline(Readable.from(this.#text(request), { objectMode: true }), socket);
    } catch {
      // The client has gone away or does not read; nobody is left to be told.
      socket.destroy();
    }
  }

  async *#text(
    request: Exclude<ControlRequest, { type: "kill" }>,
  ): AsyncGenerator<string, void, void> {
    try {
      yield* answerRequest(request, this.#options.commands);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#refused(request.type, reason);
      yield `${reason}\n`;
    }
  }

  #kill(socket: Socket): void {
    const { onKill } = this.#options;
    if (onKill !== undefined) {
      socket.end(onKill);
      return;
    }
    const reason = "this daemon does more than replicate flows: end it with SIGTERM";
    this.#refused("kill", reason);
    socket.end(`${reason}\n`);
  }

  #refused(request: string, reason: string): void {
    const text = `conntrackd's control socket: ${request}: ${reason}`;
    this.#options.log("control.conntrackd-refused", { request, reason }, text);
  }
}

function numberOf(bytes: Buffer): number {
  return endianness() === "LE" ? bytes.readUInt32LE() : bytes.readUInt32BE();
}
