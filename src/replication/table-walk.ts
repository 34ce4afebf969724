/** Queues every living entry of some caches, in portions. */
import type { Instant } from "../base/time.ts";
import { type InternalCache, TRANSMIT } from "./internal-cache.ts";

/** Entries are queued while fewer than this wait. */
const WAITING_MAX = 1024;
/** Slots looked at per call, most of which may be empty. */
const SCAN_MAX = 8192;

export class TableWalk {
  readonly #caches: readonly InternalCache[];
  #cacheIndex = 0;
  #slot = 0;
  #entries = 0;

  constructor(caches: readonly InternalCache[]) {
    this.#caches = caches;
  }

  /** Entries queued since the start. */
  get entries(): number {
    return this.#entries;
  }

  restart(): void {
    this.#cacheIndex = 0;
    this.#slot = 0;
    this.#entries = 0;
  }

  /** Queues up to `max` more; true when all were queued. */
  feed(max: number, now: Instant): boolean {
    const until = this.#entries + max;
    let budget = SCAN_MAX;
    for (;;) {
      const cache = this.#caches[this.#cacheIndex];
      if (cache === undefined) return true;
      const { table } = cache;
      while (this.#slot < table.slotEnd) {
        const isFull = table.lengthOf(TRANSMIT) >= WAITING_MAX || this.#entries >= until;
        if (budget === 0 || isFull) return false;
        budget -= 1;
        if (table.holds(this.#slot) && !table.isDead(this.#slot)) {
          cache.enqueue(this.#slot, now);
          this.#entries += 1;
        }
        this.#slot += 1;
      }
      this.#cacheIndex += 1;
      this.#slot = 0;
    }
  }
}
