/**
 * How many messages FTFW may have in flight: sent and not acknowledged.
 *
 * A socket buffer of the default size holds the least of them. A peer that is a Duet says how many its buffers hold
 * (kernel-facts.ts); then there may become more of them, by what each acknowledgement covers, as in slow start and congestion
 * avoidance of RFC 5681, but as long as acknowledgements come promptly only: on a slow line there would soon be more on its way
 * than is acknowledged before it is sent again. A conntrackd says nothing, but must be sent more than it acknowledges at once.
 */

/** Messages that any peer's socket buffer holds, at the default size of 208 KiB and full datagrams. */
const SIZE_MIN = 900;
/** Some 600 full datagrams: queues of interfaces hold a thousand. */
const SIZE_MAX = 8192;
/** Of a socket's buffer, as the kernel accounts for full datagrams in pages of 4 KiB. */
const BUFFER_PER_MESSAGE = 350;
/** Steps of acknowledgement that fit in flight at once: more than one, or the peer would wait for us as we for it. */
const STEPS_IN_FLIGHT = 1.5;

/** How many messages a socket's receive buffer of so many bytes, as SO_RCVBUF tells, is sure to hold. */
export const messagesIn = (buffer: number): number => Math.floor(buffer / BUFFER_PER_MESSAGE);

/** How many messages may be in flight to one peer now. */
export class SendWindow {
  #min = 1;
  #max = 1;
  /** Messages that the peer's socket buffers hold, as far as it said. */
  #room = 0;
  #size = 1;
  /** Up to here it grows by all that is acknowledged, and slowly beyond. */
  #threshold = 1;

  /** `bound`: messages that may be unacknowledged at all, at least 1. */
  constructor(bound: number) {
    this.setBound(bound);
  }

  /** Messages that may be in flight. */
  get size(): number {
    return this.#size;
  }

  /** Begins again with the least. */
  setBound(bound: number): void {
    this.#min = Math.min(SIZE_MIN, bound);
    this.#max = Math.min(SIZE_MAX, bound);
    this.reset();
  }

  /** The peer's socket buffers hold so many messages; undefined when it does not say. */
  setRoom(messages: number | undefined): void {
    this.#room = messages ?? 0;
    // What a step of acknowledgement has made room for comes again with the next one.
    this.#size = Math.min(this.#size, this.#bounded(this.#room));
  }

  /** The peer knows nothing of what was sent. */
  reset(): void {
    this.#size = this.#min;
    this.#threshold = this.#max;
  }

  /** `step` messages were acknowledged while more waited for that. `isPrompt`: a moment after they were. */
  acknowledged(step: number, isPrompt: boolean): void {
    const needed = Math.ceil(step * STEPS_IN_FLIGHT);
    const ceiling = this.#bounded(Math.max(needed, this.#room));
    const growth = this.#size < this.#threshold ? step : (step * step) / this.#size;
    const grown = isPrompt ? Math.floor(this.#size + growth) : this.#size;
    this.#size = Math.min(ceiling, Math.max(grown, Math.min(needed, this.#threshold)));
  }

  /** Messages were lost, perhaps for want of room. */
  lost(): void {
    if (this.#size > this.#min) this.#threshold = Math.max(this.#min, Math.floor(this.#size / 2));
    this.#size = this.#min;
  }

  #bounded(size: number): number {
    return Math.min(this.#max, Math.max(this.#min, size));
  }
}
