/** The main thread's end of the replication thread: starts it, asks it things, and hands on what it tells. */
import { Worker } from "node:worker_threads";
import { EventFd } from "../kernel/event-fd.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import type {
  Answer,
  Answers,
  FromReplicationThread,
  Question,
  ReplicationNews,
  ReplicationThreadStart,
  ToReplicationThread,
} from "./replication-messages.ts";
import type { LineEnd } from "./takeover-line.ts";

export interface ReplicationHandleOptions {
  readonly config: ReplicationConfig;
  readonly line: LineEnd | null;
  readonly realtimePriority: number | null;
  /** See ReplicationThreadStart. */
  readonly wasActive: boolean;
  readonly onNews: (news: ReplicationNews) => void;
  /** The thread ended although nobody asked it to. */
  readonly onLost: (reason: string) => void;
}

/** The thread did not answer: it hangs or is gone. */
export class ReplicationSilentError extends Error {
  override readonly name = "ReplicationSilentError";
}

const ANSWER_TIMEOUT_MS = 2_000;
/** What works through whole tables takes its time. */
const WORK_TIMEOUT_MS = 120_000;
const LONG: ReadonlySet<Question["type"]> = new Set<Question["type"]>([
  "commit",
  "kernel-resync",
  "kernel-flush",
  "reload",
]);

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class ReplicationHandle {
  readonly #worker: Worker;
  readonly #wake = EventFd.create();
  readonly #waiting = new Map<number, Waiting>();
  readonly #options: ReplicationHandleOptions;
  #nextRequest = 1;
  #stopping = false;
  #ended = false;
  #running: (() => void) | undefined;
  #stopped: (() => void) | undefined;

  private constructor(options: ReplicationHandleOptions) {
    const { config, line, realtimePriority, wasActive } = options;
    this.#options = options;
    const start: ReplicationThreadStart = {
      config,
      line,
      realtimePriority,
      wasActive,
      wakeFd: this.#wake.fd,
    };
    this.#worker = new Worker(new URL("./replication-thread.js", import.meta.url), {
      workerData: start,
      transferList: line === null ? [] : [line.port],
      name: "replication",
      // Node would wonder about descriptors that it did not open.
      trackUnmanagedFds: false,
    });
    this.#worker.on("message", (message: FromReplicationThread) => this.#take(message));
    this.#worker.on("error", (error) => this.#lost(messageOf(error)));
    this.#worker.on("exit", (code) => {
      this.#ended = true;
      this.#lost(`it ended with exit code ${code}`);
      this.#wake.close();
      this.#stopped?.();
    });
  }

  /** Starts the thread and waits until it replicates. Rejects when it cannot. */
  static async start(options: ReplicationHandleOptions): Promise<ReplicationHandle> {
    return new Promise((resolve, reject) => {
      let isUp = false;
      const handle = new ReplicationHandle({
        ...options,
        onLost: (reason) => (isUp ? options.onLost(reason) : reject(new Error(reason))),
      });
      handle.#running = () => {
        isUp = true;
        resolve(handle);
      };
    });
  }

  /** Rejects with ReplicationSilentError when there is no answer in time. */
  async ask<Type extends Question["type"]>(
    question: Extract<Question, { type: Type }>,
  ): Promise<Answers[Type]> {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    const timeoutMs = LONG.has(question.type) ? WORK_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Answers[Type]>((resolve, reject) => {
        timer = setTimeout(() => {
          const text = `the replication thread did not answer within ${timeoutMs} ms`;
          reject(new ReplicationSilentError(text));
        }, timeoutMs);
        // The thread answers a question with what belongs to its type.
        this.#waiting.set(request, { resolve: resolve as (answer: Answer) => void, reject });
        if (!this.#tell({ type: "ask", request, question }))
          reject(new ReplicationSilentError("the replication thread is gone"));
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(request);
    }
  }

  /** Ends the thread; gives up waiting after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#ended) return;
    const stopped = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    this.#tell({ type: "shutdown" });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([stopped, late]);
    clearTimeout(timer);
  }

  /** False when there is nobody to tell. */
  #tell(message: ToReplicationThread): boolean {
    if (this.#ended) return false;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    this.#worker.postMessage(message);
    this.#wake.signal();
    return true;
  }

  #take(message: FromReplicationThread): void {
    switch (message.type) {
      case "running":
        this.#running?.();
        break;
      case "answer":
        this.#waiting.get(message.request)?.resolve(message.answer);
        break;
      case "failed":
        this.#waiting.get(message.request)?.reject(new Error(message.reason));
        break;
      case "news":
        this.#options.onNews(message.news);
        break;
      case "stopped":
        this.#stopped?.();
        break;
    }
  }

  #lost(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new ReplicationSilentError(reason));
    if (this.#stopping) return;
    this.#stopping = true;
    this.#options.onLost(reason);
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
