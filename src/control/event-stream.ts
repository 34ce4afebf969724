/**
 * The live stream of events as server-sent events. The ring is the queue of every reader: a reader costs one cursor, reads
 * at its own pace, and is dropped when the ring has passed it by or when it has not read for a while. It then comes back
 * with Last-Event-ID and resumes where it was.
 */
import type { EventPage, EventRecord } from "./contract.ts";
import type { EventRing } from "./event-ring.ts";

/** A reader that does not read for two heartbeats is dropped. */
const STALLED_BEATS_MAX = 2;
/** Events that go out in one piece. */
const BATCH_COUNT_MAX = 64;
/** How soon a browser comes back after the stream ended. */
const RETRY_MS = 1_000;

export interface EventStreamOptions {
  readonly ring: EventRing;
  /** Id of the last event that the reader has; undefined: only what happens from now on. */
  readonly since: string | undefined;
  readonly heartbeatMs: number;
  /**
   * Called once, however the stream ends. With `dropped` the reader was too slow and its connection is to be cut, which no
   * end of the stream would do: there is no room to write it.
   */
  readonly onEnd: (dropped?: { readonly queued: number }) => void;
}

/** Opens the stream for one reader. */
export function openEventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const reader = new StreamReader(options);
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => reader.start(controller),
      pull: async (controller) => {
        await reader.pull(controller);
      },
      cancel: () => reader.end(),
    },
    { highWaterMark: 1 },
  );
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

class StreamReader {
  readonly #options: EventStreamOptions;
  readonly #encoder = new TextEncoder();
  /** Id of the last event that went out. */
  #cursor: string;
  #heartbeat: NodeJS.Timeout | undefined;
  /** Heartbeats in a row at which the reader had not taken what there was. */
  #stalledBeats = 0;
  #wake: () => void = () => {};
  #unsubscribe: () => void = () => {};
  #ended = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#cursor = options.since ?? options.ring.newestId();
  }

  start(controller: Controller): void {
    const { ring, since, heartbeatMs } = this.#options;
    this.#unsubscribe = ring.subscribe(() => this.#wake());
    this.#heartbeat = setInterval(() => this.#beat(controller), heartbeatMs);
    this.#send(controller, `retry: ${RETRY_MS}\n\n`);
    if (since === undefined) return;
    const page = ring.after(since, BATCH_COUNT_MAX);
    if (!page.complete) this.#send(controller, "event: missed\ndata: {}\n\n");
    this.#deliver(controller, page);
  }

  /** Called by the stream when the reader has taken what there was. */
  async pull(controller: Controller): Promise<void> {
    if (this.#next(1).events.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#ended) return;
    const page = this.#next(BATCH_COUNT_MAX);
    if (page.complete) this.#deliver(controller, page);
    else this.#drop();
  }

  end(dropped?: { readonly queued: number }): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#unsubscribe();
    this.#wake();
    this.#options.onEnd(dropped);
  }

  #beat(controller: Controller): void {
    this.#stalledBeats = (controller.desiredSize ?? 0) > 0 ? 0 : this.#stalledBeats + 1;
    if (this.#stalledBeats === 0) this.#send(controller, ": alive\n\n");
    else if (this.#stalledBeats >= STALLED_BEATS_MAX) this.#drop();
  }

  #next(limit: number): EventPage {
    return this.#options.ring.after(this.#cursor, limit);
  }

  #deliver(controller: Controller, { events, next }: EventPage): void {
    this.#cursor = next;
    if (events.length === 0) return;
    this.#send(controller, events.map((record) => formatServerEvent(record)).join(""));
  }

  #send(controller: Controller, text: string): void {
    controller.enqueue(this.#encoder.encode(text));
  }

  #drop(): void {
    this.end({ queued: this.#next(Number.MAX_SAFE_INTEGER).events.length });
  }
}

/** One event in the format of https://html.spec.whatwg.org/#server-sent-events. JSON has no line breaks of its own. */
const formatServerEvent = (record: EventRecord): string =>
  `id: ${record.id}\ndata: ${JSON.stringify(record)}\n\n`;
