/**
 * Replication as the main thread has it: the thread that does the work, started again when it is lost, its commands, and
 * its news on their way to the logs and to the readers of events.
 */
import { rmSync } from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type {
  ListQuery,
  ReplicationCommands,
  ReplicationStats,
  ReplicationStatus,
} from "../control/replication-contract.ts";
import { FileLock } from "../kernel/file-lock.ts";
import { CATALOGUE } from "../log/catalogue.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import { ActiveMarker } from "./active-marker.ts";
import { ConntrackdSocket } from "./conntrackd-socket.ts";
import { ReplicationHandle, ReplicationSilentError } from "./replication-handle.ts";
import { describePortion, entryFilter } from "./replication-listing.ts";
import { ReplicationLog } from "./replication-log.ts";
import type { Answers, Question, ReplicationNews } from "./replication-messages.ts";
import { type LogEvent, tellNews } from "./replication-news.ts";
import { settleFlows } from "./replication-settling.ts";
import { StartError } from "./start-error.ts";
import { type LineEnd, TakeoverWiring } from "./takeover-line.ts";

/** The thread is given this long to stop. */
const STOP_TIMEOUT_MS = 2_000;
const RESTART_PAUSE_MS = 1_000;
/** Entries per portion of a listing. */
const PORTION_MAX = 512;
const EXIT_USAGE = 2;
/** In the state directory. */
const ACTIVE_MARKER = "was-active";

export interface ReplicationParts {
  readonly config: ReplicationConfig;
  /** False: there is no election, and the role follows commands. */
  readonly isElected: boolean;
  /** See ReplicationThreadStart. */
  readonly realtimePriority: number | null;
  /** The state directory of the daemon. */
  readonly stateDirectory: string;
  readonly log: LogEvent;
}

export class Replication implements ReplicationCommands {
  readonly #parts: ReplicationParts;
  #config: ReplicationConfig;
  #handle: ReplicationHandle | undefined;
  #wiring: TakeoverWiring | undefined;
  #connect: ((end: LineEnd | null) => void) | undefined;
  #ownLog: ReplicationLog;
  #lock: { readonly path: string; readonly file: FileLock } | undefined;
  readonly #controlSocket: ConntrackdSocket;
  readonly #marker: ActiveMarker;
  /** Before this daemon was started. */
  #wasActive: boolean;
  #restart: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(parts: ReplicationParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.#marker = new ActiveMarker(path.join(parts.stateDirectory, ACTIVE_MARKER));
    this.#wasActive = this.#marker.isSet;
    this.#ownLog = this.#openLog();
    this.#controlSocket = new ConntrackdSocket({
      commands: this,
      log: this.#log,
      onKill: parts.isElected ? undefined : () => process.kill(process.pid, "SIGTERM"),
    });
  }

  /** Resolves when flows are replicated. Rejects with StartError when another daemon does that already. */
  static async start(parts: ReplicationParts): Promise<Replication> {
    const replication = new Replication(parts);
    try {
      replication.#takeLock();
      await replication.#run();
      await replication.#controlSocket.listen(parts.config.controlSocket);
    } catch (error) {
      await replication.stop();
      throw error;
    }
    return replication;
  }

  /** Resolves when this router may claim a role without breaking connections, or when waiting is in vain: see settleFlows(). */
  async settle(): Promise<void> {
    await settleFlows({
      replication: this,
      now: () => performance.now(),
      pause: async (milliseconds) => delay(milliseconds, undefined, { ref: false }),
    });
  }

  /** From now on, `connect` tells the VRRP thread where its orders go. */
  attach(connect: (end: LineEnd | null) => void): void {
    this.#connect = connect;
    if (this.#wiring !== undefined) connect(this.#wiring.vrrp);
  }

  /** Applies the difference; tables are kept. */
  async reload(config: ReplicationConfig): Promise<void> {
    await this.#controlSocket.listen(config.controlSocket);
    this.#config = config;
    await this.#ownLog.close();
    this.#ownLog = this.#openLog();
    this.#takeLock();
    await this.#handle?.ask<"reload">({ type: "reload", config });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    await this.#controlSocket.close();
    await this.#handle?.stop(STOP_TIMEOUT_MS);
    this.#disconnect();
    this.#releaseLock();
    await this.#ownLog.close();
  }

  async status(): Promise<ReplicationStatus> {
    return this.#ask<"status">({ type: "status" });
  }

  async stats(): Promise<ReplicationStats> {
    return this.#ask<"stats">({ type: "stats" });
  }

  async *list(query: ListQuery): AsyncGenerator<readonly string[], void, void> {
    const filter = entryFilter(query);
    const { cache, table } = query;
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    let cursor: number | null = 0;
    while (cursor !== null && left > 0) {
      const limit = Math.min(PORTION_MAX, left);
      const question = { type: "list", cache, table, filter, cursor, limit } as const;
      // oxlint-disable-next-line no-await-in-loop -- one portion after the other is the point
      const portion: Answers["list"] = await this.#ask<"list">(question);
      const lines = describePortion(query, portion).slice(0, left);
      left -= lines.length;
      cursor = portion.next;
      if (lines.length > 0) yield lines;
    }
  }

  async *resendQueue(): AsyncGenerator<readonly string[], void, void> {
    let cursor: number | null = 0;
    while (cursor !== null) {
      // oxlint-disable-next-line no-await-in-loop -- one portion after the other is the point
      const portion: Answers["resend-queue"] = await this.#ask<"resend-queue">({
        type: "resend-queue",
        cursor,
      });
      cursor = portion.next;
      if (portion.lines.length > 0) yield portion.lines;
    }
  }

  async resync(): Promise<Answers["resync"]> {
    return this.#ask<"resync">({ type: "resync" });
  }

  async send(): Promise<Answers["send"]> {
    return this.#ask<"send">({ type: "send" });
  }

  async commit(tables: Parameters<ReplicationCommands["commit"]>[0]): Promise<Answers["commit"]> {
    return this.#ask<"commit">({ type: "commit", tables });
  }

  async flush(cache: Parameters<ReplicationCommands["flush"]>[0]): Promise<Answers["flush"]> {
    return this.#ask<"flush">({ type: "flush", cache });
  }

  async kernelResync(
    tables: Parameters<ReplicationCommands["kernelResync"]>[0],
  ): Promise<Answers["kernel-resync"]> {
    return this.#ask<"kernel-resync">({ type: "kernel-resync", tables });
  }

  async kernelFlush(
    tables: Parameters<ReplicationCommands["kernelFlush"]>[0],
  ): Promise<Answers["kernel-flush"]> {
    return this.#ask<"kernel-flush">({ type: "kernel-flush", tables });
  }

  async schedulePurge(): Promise<Answers["schedule-purge"]> {
    return this.#ask<"schedule-purge">({ type: "schedule-purge" });
  }

  async #ask<Type extends Question["type"]>(
    question: Extract<Question, { type: Type }>,
  ): Promise<Answers[Type]> {
    if (this.#handle === undefined)
      throw new ReplicationSilentError("the replication thread is not running");
    return this.#handle.ask<Type>(question);
  }

  async #run(): Promise<void> {
    const wiring = this.#parts.isElected ? new TakeoverWiring() : undefined;
    const wasActive = this.#wasActive;
    // A thread that replaces a lost one is told by the election whether this router is active.
    this.#wasActive = false;
    this.#wiring = wiring;
    try {
      this.#handle = await ReplicationHandle.start({
        config: this.#config,
        line: wiring?.replication ?? null,
        realtimePriority: this.#parts.realtimePriority,
        wasActive,
        onNews: (news) => this.#takeNews(news),
        onLost: (reason) => this.#lost(reason),
      });
    } catch (error) {
      wiring?.close();
      this.#wiring = undefined;
      throw error;
    }
    if (wiring !== undefined) this.#connect?.(wiring.vrrp);
  }

  #takeNews(news: ReplicationNews): void {
    if (news.type === "loaded") this.#marker.set();
    tellNews(news, this.#config.mode.type, this.#log);
  }

  #lost(reason: string): void {
    this.#handle = undefined;
    this.#disconnect();
    this.#log("replication.thread-lost", { reason }, `the replication thread is lost: ${reason}`);
    this.#restartSoon();
  }

  #restartSoon(): void {
    if (this.#stopped) return;
    this.#restart = setTimeout(() => {
      this.#run().catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        const text = `the replication thread cannot be started: ${reason}`;
        this.#log("replication.thread-lost", { reason }, text);
        this.#restartSoon();
      });
    }, RESTART_PAUSE_MS);
  }

  /** The VRRP thread must let go of the line before its descriptors are closed; what it hears first closes nothing. */
  #disconnect(): void {
    const wiring = this.#wiring;
    if (wiring === undefined) return;
    this.#wiring = undefined;
    this.#connect?.(null);
    setTimeout(() => wiring.close(), RESTART_PAUSE_MS).unref();
  }

  #takeLock(): void {
    const { lockFile } = this.#config;
    if (lockFile === this.#lock?.path) return;
    this.#releaseLock();
    if (lockFile === undefined) return;
    this.#lock = { path: lockFile, file: acquireLock(lockFile) };
  }

  /** Like conntrackd, leaves no lock file behind. */
  #releaseLock(): void {
    if (this.#lock === undefined) return;
    rmSync(this.#lock.path, { force: true });
    this.#lock.file.release();
    this.#lock = undefined;
  }

  #openLog(): ReplicationLog {
    const { logFile, syslog } = this.#config;
    return new ReplicationLog({
      logFile,
      syslog,
      onUnusable: (place, reason) =>
        this.#parts.log("replication.log-unusable", { path: place, reason }, `${place}: ${reason}`),
    });
  }

  /** To Duet's log and events, and to the logs that conntrackd.conf asks for. */
  readonly #log: LogEvent = (name, fields, text) => {
    this.#parts.log(name, fields, text);
    this.#ownLog.write(CATALOGUE[name].level, text);
  };
}

function acquireLock(place: string): FileLock {
  let file: FileLock | undefined;
  try {
    file = FileLock.acquire(place);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = "make its folder, or name another one with LockFile in conntrackd.conf";
    throw new StartError(`the lock file ${place} cannot be used: ${reason}; ${advice}`, {
      exitCode: EXIT_USAGE,
    });
  }
  if (file !== undefined) return file;
  throw new StartError(`another daemon holds the lock file ${place}`, { exitCode: EXIT_USAGE });
}
