/** The main thread's end of the VRRP thread: starts it, asks it things, and hands on what it tells. */
import { Worker } from "node:worker_threads";
import type { Model } from "../config/model.ts";
import { EventFd } from "../kernel/event-fd.ts";
import type { TrackerValue } from "../vrrp/events.ts";
import type { RouterView } from "../vrrp/view.ts";
import type { Journal } from "./journal.ts";
import { Lateness } from "./lateness.ts";
import type { LineEnd } from "./takeover-line.ts";
import type { FromVrrpThread, ToVrrpThread, VrrpThreadStart } from "./thread-messages.ts";

export type ThreadNews = Exclude<FromVrrpThread, { type: "answer" | "stopped" | "listening" }>;
export type Listening = Extract<FromVrrpThread, { type: "listening" }>;

/** The thread did not answer: it hangs or is gone. */
class ThreadSilentError extends Error {
  override readonly name = "ThreadSilentError";
}

const ANSWER_TIMEOUT_MS = 2_000;

export interface VrrpHandleOptions {
  readonly model: Model;
  readonly journal: Journal;
  readonly onNews: (news: ThreadNews) => void;
  /** The thread ended although nobody asked it to. */
  readonly onLost: (reason: string) => void;
}

export class VrrpHandle {
  readonly lateness: Lateness;
  readonly #worker: Worker;
  readonly #wake = EventFd.create();
  readonly #onNews: (news: ThreadNews) => void;
  readonly #waiting = new Map<number, (view: RouterView | null) => void>();
  #nextRequest = 1;
  #stopping = false;
  #listening: ((message: Listening) => void) | undefined;
  #stopped: ((inOrder: boolean) => void) | undefined;
  #ended = false;

  private constructor({ model, journal, onNews, onLost }: VrrpHandleOptions) {
    const memory = Lateness.create();
    this.lateness = Lateness.over(memory);
    this.#onNews = onNews;
    const start: VrrpThreadStart = { model, journal, wakeFd: this.#wake.fd, lateness: memory };
    this.#worker = new Worker(new URL("./vrrp-thread.js", import.meta.url), {
      workerData: start,
      name: "vrrp",
      // Node would wonder about descriptors that it did not open.
      trackUnmanagedFds: false,
    });
    this.#worker.on("message", (message: FromVrrpThread) => this.#take(message));
    this.#worker.on("error", (error) => {
      if (!this.#stopping)
        onLost(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
    this.#worker.on("exit", (code) => {
      this.#ended = true;
      this.#stopped?.(false);
      if (!this.#stopping) onLost(`it ended with exit code ${code}`);
    });
  }

  /** Starts the thread and waits until it listens. Rejects when it cannot. */
  static async start(
    options: VrrpHandleOptions,
  ): Promise<{ readonly handle: VrrpHandle; readonly listening: Listening }> {
    return new Promise((resolve, reject) => {
      let isUp = false;
      const handle = new VrrpHandle({
        ...options,
        onLost: (reason) => (isUp ? options.onLost(reason) : reject(new Error(reason))),
      });
      handle.#listening = (listening) => {
        isUp = true;
        resolve({ handle, listening });
      };
    });
  }

  /** Throws ThreadSilentError when there is no answer within two seconds. */
  async view(): Promise<RouterView> {
    const view = await this.#ask((request) => ({ type: "view", request }));
    if (view === null) throw new ThreadSilentError("the VRRP thread answered without a view");
    return view;
  }

  async reload(model: Model): Promise<void> {
    await this.#ask((request) => ({ type: "reload", request, model }));
  }

  trackerChanged(tracker: string, value: TrackerValue): void {
    this.#tell({ type: "tracker", tracker, value });
  }

  /** Where the thread finds the replication thread from now on. */
  connect(end: LineEnd | null): void {
    const message: ToVrrpThread = { type: "takeover-line", end };
    this.#worker.postMessage(message, end === null ? [] : [end.port]);
    this.#wake.signal();
  }

  resign(unit: string, by: string): void {
    this.#tell({ type: "resign", unit, by });
  }

  /**
   * Resigns, takes everything back and ends the thread; gives up waiting after `timeoutMs`. True when the thread says that
   * it left nothing behind.
   */
  async stop(timeoutMs: number): Promise<boolean> {
    this.#stopping = true;
    if (this.#ended) return false;
    const stopped = new Promise<boolean>((resolve) => {
      this.#stopped = resolve;
    });
    this.#tell({ type: "shutdown" });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const inOrder = await Promise.race([stopped, late]);
    clearTimeout(timer);
    return inOrder;
  }

  #ask(question: (request: number) => ToVrrpThread): Promise<RouterView | null> {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(request);
        reject(
          new ThreadSilentError(`the VRRP thread did not answer within ${ANSWER_TIMEOUT_MS} ms`),
        );
      }, ANSWER_TIMEOUT_MS);
      this.#waiting.set(request, (view) => {
        clearTimeout(timer);
        resolve(view);
      });
      this.#tell(question(request));
    });
  }

  #tell(message: ToVrrpThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    this.#worker.postMessage(message);
    this.#wake.signal();
  }

  #take(message: FromVrrpThread): void {
    if (message.type === "listening") this.#listening?.(message);
    else if (message.type === "stopped") this.#stopped?.(true);
    else if (message.type === "answer") {
      this.#waiting.get(message.request)?.(message.view);
      this.#waiting.delete(message.request);
    } else this.#onNews(message);
  }
}
