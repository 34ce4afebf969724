/** `duet run`: everything from the command line to the exit code. */
import os from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { formatDiagnostic, hasErrors } from "../config/diagnostics.ts";
import type { ControlServer } from "../control/server.ts";
import { ControlSocketError, freeSocketPath } from "../control/socket-path.ts";
import { missingCapabilities } from "../kernel/capabilities.ts";
import { nameThread } from "../kernel/scheduling.ts";
import { createLogger, type Logger } from "../log/logger.ts";
import { isJournal, openLogSink } from "../log/sink.ts";
import { loadAtBoot } from "./boot-wait.ts";
import { loadConfiguration, nodeName } from "./configuration.ts";
import { Daemon, type Usable } from "./daemon.ts";
import type { RunOptions } from "./run-options.ts";
import { ServiceManager } from "./service-manager.ts";
import { StartError } from "./start-error.ts";
import { StateDirectory } from "./state-directory.ts";

const EXIT_DONE = 0;
const EXIT_USAGE = 2;
/** EX_SOFTWARE of sysexits.h: the service manager restarts us. */
const EXIT_LOST = 70;

/** Runs until a signal ends it; resolves to the exit code. Nothing on the system is changed unless everything is in order. */
export async function runDaemon(options: RunOptions): Promise<number> {
  nameThread("duet");
  const logger = openLogger(options);
  try {
    return await run(options, logger);
  } catch (error) {
    const known = error instanceof StartError || error instanceof ControlSocketError;
    const reason =
      known || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
    logger.event("daemon.failed", { reason }, `cannot run: ${reason}`);
    if (error instanceof StartError) return error.exitCode;
    if (error instanceof ControlSocketError) return error.code === "no-permission" ? 4 : EXIT_USAGE;
    return EXIT_LOST;
  } finally {
    await logger.close();
  }
}

async function run(options: RunOptions, logger: Logger): Promise<number> {
  const loaded = await readConfiguration(options, logger);
  requireCapabilities();
  const state = StateDirectory.open(options.stateDir);
  const ending = new Ending(logger);
  const services = new ServiceManager(process.env, process.pid);
  const node = nodeName(options.node, loaded);
  const daemon = new Daemon({
    options,
    node,
    loaded,
    logger,
    state,
    services,
    onLost: (reason) => ending.lost(reason),
  });
  daemon.logFindings(loaded);
  // Known to be free before anything is changed; opened while the VRRP thread loads, because it takes as long.
  await freeSocketPath(options.socket);
  const started = daemon.start();
  // A reload that failed was logged where it failed, and the earlier configuration is in force.
  ending.listen(() => void started.then(() => daemon.reload()).catch(() => {}));
  const server = await bothUp(daemon, started, openServer(daemon, logger, options.socket));
  try {
    const end = await ending.wait();
    await daemon.stop(end.reason);
    return end.exitCode;
  } finally {
    await server.close();
    state.release();
  }
}

async function openServer(
  source: Daemon,
  logger: Logger,
  socketPath: string,
): Promise<ControlServer> {
  const { openControlServer } = await import("../control/server.ts");
  return openControlServer({ source, logger, socketPath });
}

/** When one of the two cannot be had, the other is taken back before the error goes on. */
async function bothUp(
  daemon: Daemon,
  started: Promise<void>,
  opened: Promise<ControlServer>,
): Promise<ControlServer> {
  const [start, server] = await Promise.allSettled([started, opened]);
  if (server.status === "rejected") {
    if (start.status === "fulfilled") await daemon.stop("there is no control socket");
    throw server.reason;
  }
  if (start.status === "fulfilled") return server.value;
  await server.value.close();
  throw start.reason;
}

function openLogger({ logLevel, logFormat }: RunOptions): Logger {
  const fd = process.stderr.fd;
  const journal = logFormat === "text" && isJournal(fd, process.env["JOURNAL_STREAM"]);
  return createLogger({
    level: logLevel,
    format: journal ? "journal" : logFormat,
    destination: openLogSink(fd),
  });
}

/** Findings of a configuration that cannot be used are told all at once, on stderr as they are. */
async function readConfiguration(options: RunOptions, logger: Logger): Promise<Usable> {
  const loaded = await loadAtBoot(() => loadConfiguration(options), {
    uptime: () => os.uptime(),
    pause: async (milliseconds) => delay(milliseconds),
    tell: (reason) =>
      logger.event("config.waiting", { reason }, `waiting for an address: ${reason}`),
  });
  const { model, diagnostics, files, how } = loaded;
  if (model === undefined || hasErrors(diagnostics)) {
    for (const finding of diagnostics) process.stderr.write(`${formatDiagnostic(finding)}\n`);
    const count = diagnostics.filter(({ severity }) => severity === "error").length;
    const errors = count === 1 ? "an error" : `${count} errors`;
    const [file] = files;
    throw new StartError(`${file} has ${errors}; nothing was changed`, {
      exitCode: EXIT_USAGE,
    });
  }
  logger.event(
    "config.loaded",
    { files, warnings: diagnostics.length },
    `configuration read from ${files.join(", ")}${how === undefined ? "" : `; ${how}`}`,
  );
  return { ...loaded, model };
}

function requireCapabilities(): void {
  const missing = missingCapabilities(["CAP_NET_ADMIN", "CAP_NET_RAW"]);
  if (missing.length === 0) return;
  throw new StartError(
    `${missing.join(" and ")} needed for raw sockets, addresses and routes, but user ${userName()} ` +
      "does not have that; run duet as root, or with these as ambient capabilities (see packaging/systemd)",
    { exitCode: 4 },
  );
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A user without an entry in /etc/passwd has a number and no name.
    return String(process.getuid?.() ?? "unknown");
  }
}

interface End {
  readonly reason: string;
  readonly exitCode: number;
}

/** Waits for whatever ends the daemon: a signal, a lost thread, an error nobody caught. */
class Ending {
  readonly #logger: Logger;
  readonly #end: Promise<End>;
  #resolve: (end: End) => void = () => {};

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#end = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  listen(reload: () => void): void {
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.on(signal, () => this.#resolve({ reason: signal, exitCode: EXIT_DONE }));
    process.on("SIGHUP", reload);
    // keepalived dumps its state on these. Without a listener SIGUSR1 would open Node's debugger.
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const)
      process.on(signal, () =>
        this.#logger.event(
          "daemon.signal-ignored",
          { signal },
          `${signal} ignored: ask with duet status`,
        ),
      );
    process.on("uncaughtException", (error) => this.#failed(error));
    process.on("unhandledRejection", (error) => this.#failed(error));
  }

  lost(reason: string): void {
    this.#logger.event("daemon.thread-lost", { reason }, `the VRRP thread is lost: ${reason}`);
    this.#resolve({ reason: "the VRRP thread is lost", exitCode: EXIT_LOST });
  }

  async wait(): Promise<End> {
    return this.#end;
  }

  #failed(error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#logger.event("daemon.failed", { reason }, `cannot go on: ${reason}`);
    this.#resolve({ reason: "internal error", exitCode: EXIT_LOST });
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
