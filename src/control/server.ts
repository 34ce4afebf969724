import { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { type AppOptions, makeApp } from "./app.ts";
import { freeSocketPath, listenForOwner } from "./socket-path.ts";

export interface ControlServerOptions extends AppOptions {
  readonly socketPath: string;
}

export interface ControlServer {
  readonly socketPath: string;
  /** Ends every connection and removes the socket. */
  close(): Promise<void>;
}

/** Readers of the event stream keep their connections; the rest is for requests. */
export const CONNECTION_COUNT_MAX = 64;

/**
 * Serves the control API on a UNIX socket with mode 0600. Throws ControlSocketError when another daemon answers there
 * or when the path cannot be had. Must be called on the main thread, which alone may set the umask.
 */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { socketPath, logger } = options;
  await freeSocketPath(socketPath);
  const server = makeServer(options);
  await listenForOwner(server, socketPath);
  server.on("error", ({ message: reason }) => {
    logger.event("control.accept-failed", { reason }, `control socket: ${reason}`);
  });
  logger.event("control.listening", { socket: socketPath }, `control socket is ${socketPath}`);
  return {
    socketPath,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function makeServer(options: ControlServerOptions): Server {
  const app = makeApp(options);
  const server = createAdaptorServer({
    fetch: (request, bindings) => app.fetch(request, bindings),
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8 * 1024,
    },
  });
  if (!(server instanceof Server)) throw new TypeError("the adaptor made no HTTP/1 server");
  server.maxConnections = CONNECTION_COUNT_MAX;
  return server;
}
