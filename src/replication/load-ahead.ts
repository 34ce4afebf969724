/**
 * Loading the peer's flows into the kernel of a backup while nobody waits for it, so that a takeover finds nearly all of them
 * there and the addresses need not wait. What is too young to be worth it is left to the takeover, and related flows are.
 *
 * A walk goes round the table and puts on the list AHEAD what has not changed for a while and is not in the kernel, and what
 * will soon have less than its timeout left there. The list is worked off in small batches, each followed by a rest of so
 * many times the time it took: the share of the processor is the same on a slow router, which only needs longer.
 *
 * Flows of this router's own are never touched. Where its kernel has one with the same tuple, the peer's waits for the takeover,
 * unless both say the same: then it was loaded before the daemon was started anew.
 */
import {
  after,
  between,
  type Duration,
  type Instant,
  microseconds,
  milliseconds,
  seconds,
} from "../base/time.ts";
import type { CachePair } from "./cache-pair.ts";
import { AHEAD, IN_KERNEL, PENDING, REPLACE } from "./external-cache.ts";
import { UNLISTED } from "./flow-table.ts";
import type { KernelFacts } from "./kernel-facts.ts";

/** Many flows end or change within the first moments. */
const SETTLED_AFTER: Duration = seconds(2);
/** The walk takes a portion so often, and goes round once in so many. */
const STEP: Duration = milliseconds(200);
const STEPS_PER_ROUND = 10;
/** A twentieth of the processor: a batch is followed by a rest this many times as long as it took. */
const RESTS = 19;
/** Between two batches at least, where the clock does not show how long one took. */
const REST_MIN: Duration = milliseconds(2);
/** Part of the kernel's table up to which it is filled; the rest is for whoever else needs it. */
const FILL_MAX = 0.8;

export class LoadAhead {
  readonly #pair: CachePair;
  #slot = 0;
  #roundEnd = 0;
  #walkAt: Instant;
  #restUntil: Instant;
  #isDue = false;
  #begunAt: Instant | undefined;
  #createdBefore = 0;
  #facts: KernelFacts | undefined;
  /** Flows for which there is room in the kernel. */
  #room = Infinity;
  /** Flows of the peer in the kernel, in the walk's round that goes on, and in the last one. */
  #counted = 0;
  #loaded = 0;

  constructor(pair: CachePair, now: Instant) {
    this.#pair = pair;
    this.#walkAt = now;
    this.#restUntil = now;
  }

  /** Whether a batch is to be filled now. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** Flows of the peer that were in the kernel when the walk was last round, less what must have gone since. */
  get loadedCount(): number {
    return Math.min(this.#loaded, this.#pair.external.table.liveCount);
  }

  /** When wake() is wanted, while nothing else is to be done to the kernel. */
  get deadline(): Instant {
    return this.#hasWork && this.#restUntil < this.#walkAt ? this.#restUntil : this.#walkAt;
  }

  /** How full the kernel's table is. To be told whenever it was read: the same object again is no news. */
  setFacts(facts: KernelFacts): void {
    if (facts === this.#facts) return;
    this.#facts = facts;
    const { max, count } = facts;
    this.#room = max === null || count === null ? Infinity : Math.floor(max * FILL_MAX) - count;
  }

  /** To be called at deadlines while nothing else is to be done to the kernel. */
  wake(now: Instant): void {
    if (now >= this.#walkAt) {
      this.#walkAt = after(now, STEP);
      this.#walk(now);
    }
    this.#isDue = now >= this.#restUntil && this.#hasWork;
  }

  /** Something else is to be done first. */
  pause(): void {
    this.#isDue = false;
  }

  /** A batch is being filled. */
  begin(now: Instant): void {
    this.#begunAt = now;
    this.#createdBefore = this.#pair.plan.counters.created;
  }

  /** It is settled. */
  settled(now: Instant): void {
    this.#isDue = false;
    if (this.#begunAt === undefined) return;
    const took = between(this.#begunAt, now);
    this.#begunAt = undefined;
    this.#room -= this.#pair.plan.counters.created - this.#createdBefore;
    this.#restUntil = after(now, microseconds(Math.max(took * RESTS, REST_MIN)));
  }

  get #hasWork(): boolean {
    return this.#room > 0 && this.#pair.external.table.lengthOf(AHEAD) > 0;
  }

  #walk(now: Instant): void {
    const count = Math.ceil(this.#roundEnd / STEPS_PER_ROUND);
    const end = Math.min(this.#roundEnd, this.#slot + count);
    for (; this.#slot < end; this.#slot += 1) this.#judge(this.#slot, now);
    if (end < this.#roundEnd) return;
    this.#loaded = this.#counted;
    this.#counted = 0;
    this.#slot = 0;
    // What is added meanwhile belongs to the next round: a walk that followed a growing table would meet young flows only.
    this.#roundEnd = this.#pair.external.table.slotEnd;
  }

  #judge(slot: number, now: Instant): void {
    const { external } = this.#pair;
    const { table } = external;
    if (!table.holds(slot) || table.isDead(slot)) return;
    const list = table.listOf(slot);
    const isLoaded = table.has(slot, IN_KERNEL);
    if (isLoaded) this.#counted += 1;
    if (isLoaded && list === UNLISTED) {
      if (!external.isFresh(slot, now)) table.enlist(slot, AHEAD);
      return;
    }
    if (list !== PENDING || table.idle(slot, now) < SETTLED_AFTER) return;
    if (isLoaded || this.#isPeers(slot)) table.enlist(slot, AHEAD);
  }

  /** Whether the kernel has no flow of this router's own with the tuple of an entry, as far as is known. */
  #isPeers(slot: number): boolean {
    const { internal, external } = this.#pair;
    const { table } = external;
    if (table.has(slot, REPLACE)) return false;
    const record = external.record(slot);
    if (internal === undefined || !internal.knows(record)) return true;
    if (internal.cede(record)) {
      table.set(slot, IN_KERNEL);
      return true;
    }
    table.set(slot, REPLACE);
    return false;
  }
}
