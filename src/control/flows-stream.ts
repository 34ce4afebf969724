/**
 * Long lists of lines as an answer. The next portion is taken from its source when the reader has room for it, so that
 * neither side keeps a table of a million flows in memory, and a reader that stops reading is cut off.
 */
import { printable } from "../log/line.ts";
import { ProblemError } from "./problems.ts";
import { within } from "./requests.ts";

export interface LineStreamOptions {
  /** How long the source may take for one portion. */
  readonly answerTimeoutMs: number;
  /** How long the reader may take for one portion. */
  readonly stallTimeoutMs: number;
  /** Called once, however the stream ends. */
  readonly onEnd: () => void;
  /** The answer cannot be finished: its connection is to be cut, so that the reader does not take it for whole. */
  readonly onBroken: (reason: string) => void;
}

type Portion = IteratorResult<readonly string[], unknown>;

/** Takes the first portion before it returns: what fails by then rejects, and can still be answered in words. */
export async function openLineStream(
  portions: AsyncIterable<readonly string[]>,
  options: LineStreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  const iterator = portions[Symbol.asyncIterator]();
  try {
    const first = await within(iterator.next(), options.answerTimeoutMs);
    const lines = new LineStream(iterator, first, options);
    return new ReadableStream<Uint8Array>(
      { pull: (controller) => lines.pull(controller), cancel: () => lines.end() },
      { highWaterMark: 0 },
    );
  } catch (error) {
    options.onEnd();
    throw error;
  }
}

class LineStream {
  readonly #iterator: AsyncIterator<readonly string[]>;
  readonly #options: LineStreamOptions;
  readonly #encoder = new TextEncoder();
  #first: Portion | undefined;
  #stall: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(
    iterator: AsyncIterator<readonly string[]>,
    first: Portion,
    options: LineStreamOptions,
  ) {
    this.#iterator = iterator;
    this.#first = first;
    this.#options = options;
    this.#watch();
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    clearTimeout(this.#stall);
    try {
      const lines = await this.#next();
      if (this.#ended) return;
      if (lines === undefined) {
        this.end();
        controller.close();
        return;
      }
      controller.enqueue(this.#encoder.encode(`${lines.join("\n")}\n`));
      this.#watch();
    } catch (error) {
      this.#break(error instanceof Error ? error.message : String(error));
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#stall);
    // The source is told to stop; whether it minds is of no interest to anybody any more.
    this.#iterator.return?.()?.catch(() => {});
    this.#options.onEnd();
  }

  /** The next portion that has lines; undefined after the last. */
  async #next(): Promise<readonly string[] | undefined> {
    for (;;) {
      const { answerTimeoutMs } = this.#options;
      // oxlint-disable-next-line no-await-in-loop -- One portion comes after the other.
      const portion = this.#first ?? (await within(this.#iterator.next(), answerTimeoutMs));
      this.#first = undefined;
      if (portion.done === true) return undefined;
      if (portion.value.length > 0) return portion.value;
    }
  }

  #watch(): void {
    const { stallTimeoutMs } = this.#options;
    this.#stall = setTimeout(() => {
      this.#break(`its reader did not read for ${stallTimeoutMs / 1_000} s`);
    }, stallTimeoutMs);
  }

  #break(reason: string): void {
    if (this.#ended) return;
    this.end();
    this.#options.onBroken(reason);
  }
}

/** How many lists may be open at a time. Each keeps a place in a table of the replication thread. */
export const LIST_COUNT_MAX = 8;

/** Counts lists that are open. */
export class OpenLists {
  #count = 0;

  /** Throws the problem "too-many-streams" when there are as many as may be. */
  enter(): void {
    if (this.#count >= LIST_COUNT_MAX)
      throw new ProblemError("too-many-streams", `at most ${LIST_COUNT_MAX} lists are served`);
    this.#count += 1;
  }

  leave(): void {
    this.#count -= 1;
  }
}

/** Names in flows come from the network: none may forge a line or drive a terminal. */
export async function* printableLines(
  portions: AsyncIterable<readonly string[]>,
): AsyncGenerator<readonly string[], void, void> {
  for await (const lines of portions) yield lines.map((line) => printable(line));
}
