/** Sequence numbers that make a recorded advertisement worthless: who sent which one last. */
import type { IpAddress } from "../base/ip.ts";

/** A 64-bit number in two unsigned halves, since a double holds only 53 bits of it. */
export interface Sequence {
  readonly high: number;
  readonly low: number;
}

/** Serial number arithmetic (RFC 1982) in the upper half, so that the order survives a wrap of 32-bit seconds. */
export const isAfter = (a: Sequence, b: Sequence): boolean =>
  a.high === b.high ? a.low > b.low : ((a.high - b.high) | 0) > 0;

export const following = ({ high, low }: Sequence): Sequence =>
  low === 0xffff_ffff ? { high: (high + 1) >>> 0, low: 0 } : { high, low: low + 1 };

/** The newest sequence number of each of a bounded number of senders. The one silent for longest makes room. */
export class ReplayMemory {
  readonly #sendersMax: number;
  /** In the order of last use, as a Map keeps insertion order. */
  readonly #newest = new Map<IpAddress, Sequence>();

  /** With a `predecessor`, begins with what that one remembers. */
  constructor(sendersMax: number, predecessor?: ReplayMemory) {
    this.#sendersMax = sendersMax;
    if (predecessor === undefined) return;
    for (const [sender, sequence] of predecessor.#newest) this.remember(sender, sequence);
  }

  newest(sender: IpAddress): Sequence | undefined {
    return this.#newest.get(sender);
  }

  remember(sender: IpAddress, sequence: Sequence): void {
    this.#newest.delete(sender);
    this.#newest.set(sender, sequence);
    if (this.#newest.size <= this.#sendersMax) return;
    for (const eldest of this.#newest.keys()) {
      this.#newest.delete(eldest);
      return;
    }
  }
}
