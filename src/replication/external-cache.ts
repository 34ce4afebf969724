/**
 * What the peer says of its flows or expectations, and how much of it is in this router's kernel. An entry that the kernel
 * should be told of is in one of the lists of the commit plan: PENDING, RELATED (to a master, which must be there first),
 * DOOMED (dead here, still in the kernel) or AHEAD (to be told while this router is backup, see load-ahead.ts).
 */
import { after, type Duration, type Instant, seconds } from "../base/time.ts";
import { isRelated, Span } from "../wire/flow-record.ts";
import { type CacheCounters, newCacheCounters } from "./counters.ts";
import { FlowTable, NONE, type TableOptions, UNLISTED } from "./flow-table.ts";
import { Merging } from "./merging.ts";
import { BLOCK_SIZE_MAX } from "./record-arena.ts";
import { isBefore } from "./serial.ts";

export const PENDING = 1;
export const RELATED = 2;
export const DOOMED = 3;
export const AHEAD = 4;

/** The kernel has the entry, though maybe an older state of it. */
export const IN_KERNEL = 0x01;
/** The kernel refused the entry, and nothing was heard of it since. */
export const REFUSED = 0x02;
/**
 * What the kernel has must be deleted before the entry can be created. Without IN_KERNEL it is nothing that came from the peer:
 * a session of this router's own, perhaps, which only a takeover may end.
 */
export const REPLACE = 0x04;
/** A request for it is on its way to the kernel. */
export const BATCHED = 0x08;

/** Message types, less that of the table's NEW. */
const CHANGE_UPDATE = 1;
const CHANGE_DELETE = 2;

/** Entries of an earlier round go when none of them was heard of for this long after a restart of the peer. */
const UNCONFIRMED_FOR: Duration = seconds(60);
/** Slots looked at per call of a sweep. */
const SWEEP_MAX = 8192;
/** Microseconds of the unit in which is kept until when the kernel's copy is as good as new. */
const FRESH_UNIT = 100_000;

const freshTime = (now: Instant): number => Math.floor(now / FRESH_UNIT) >>> 0;

export class ExternalCache {
  readonly counters: CacheCounters = newCacheCounters();
  /** What this router answers for itself: its kernel keeps that when the peer's copy ends. */
  isOwn: (record: Span) => boolean = () => false;
  #table: FlowTable;
  readonly #merging: Merging;
  readonly #record = new Span(new DataView(new ArrayBuffer(0)));
  /** Whether what the kernel lost is given to it again only at a takeover: see kernelLost(). */
  readonly #isEager: boolean;
  #round = 0;
  #sweepSlot: number | undefined;
  #sweepAt: number | undefined;
  #swept = 0;

  constructor(options: TableOptions, isEager: boolean) {
    this.#table = new FlowTable(options);
    this.#merging = new Merging(options.kind);
    this.#isEager = isEager;
  }

  get table(): FlowTable {
    return this.#table;
  }

  /** Entries of which the kernel is to be told. */
  get pendingCount(): number {
    const table = this.#table;
    return table.lengthOf(PENDING) + table.lengthOf(RELATED) + table.lengthOf(AHEAD);
  }

  get doomedCount(): number {
    return this.#table.lengthOf(DOOMED);
  }

  /** Entries that were removed because a complete resync did not mention them. */
  get sweptCount(): number {
    return this.#swept;
  }

  get isSweeping(): boolean {
    return this.#sweepSlot !== undefined;
  }

  /** When sweep() is wanted. */
  get deadline(): Instant | undefined {
    return this.#sweepAt as Instant | undefined;
  }

  /** How long ago the peer last spoke of an entry that is alive here; undefined when there is none. */
  idleOf(record: Span, now: Instant): Duration | undefined {
    const slot = this.#table.find(record);
    return slot === NONE || this.#table.isDead(slot) ? undefined : this.#table.idle(slot, now);
  }

  exchange(table: FlowTable): FlowTable {
    const old = this.#table;
    this.#table = table;
    this.#stopSweep();
    return old;
  }

  /** Points at an entry's record; the same span for every call. */
  record(slot: number): Span {
    return this.#table.load(slot, this.#record);
  }

  /** Takes in a checked body; `change` is the message's type less that of the table's NEW. */
  apply(change: number, body: Span, now: Instant): void {
    const isRecord = body.size % 4 === 0 && body.size <= BLOCK_SIZE_MAX;
    const record = isRecord ? body : this.#merging.normalise(body);
    const slot = this.#table.find(record);
    if (change === CHANGE_DELETE) this.#delete(slot);
    else if (slot === NONE) this.#create(record, now);
    else this.#change(slot, record, change, now);
  }

  /**
   * The kernel says that it no longer has this flow; true when it was one of the peer's. Where this router is the one that
   * the traffic goes through, `isActive`, that is the end of the flow.
   */
  kernelLost(record: Span, isActive: boolean): boolean {
    const slot = this.#table.find(record);
    if (slot === NONE) return false;
    const wasLoaded = this.#table.has(slot, IN_KERNEL);
    this.#table.unset(slot, IN_KERNEL | REPLACE);
    if (this.#table.has(slot, BATCHED)) return true;
    if (isActive || this.#table.isDead(slot)) {
      this.#table.remove(slot);
    } else if (!this.#isEager) {
      // The peer does not tell when traffic keeps a flow alive. What is injected as it comes is not created again whenever it
      // expires; where there is a cache, whoever loads decides. What the kernel lost and had not from us was its own.
      if (!wasLoaded) this.#table.set(slot, REPLACE);
      this.plan(slot);
    }
    return true;
  }

  /** Whether this router's kernel has the flow because the peer told of it. */
  isInKernel(record: Span): boolean {
    const slot = this.#table.find(record);
    return slot !== NONE && this.#table.has(slot, IN_KERNEL);
  }

  /** Whether the kernel's copy of an entry has all the time that it should have, and says what the entry says. */
  isFresh(slot: number, now: Instant): boolean {
    return this.#table.has(slot, IN_KERNEL) && !isBefore(this.#table.stampOf(slot), freshTime(now));
  }

  /** We deleted what the kernel had of this flow, for another reason than a message of the peer. */
  kernelForgot(record: Span): void {
    if (!this.kernelLost(record, false)) return;
    const slot = this.#table.find(record);
    if (slot === NONE || this.#table.isDead(slot)) return;
    this.#table.unset(slot, REPLACE);
    this.plan(slot);
  }

  /** Puts an entry on the list of what the kernel is to be told. */
  plan(slot: number): void {
    if (this.#table.listOf(slot) !== UNLISTED) return;
    const isLater = this.#table.kind === "flow" && isRelated(this.record(slot));
    this.#table.enlist(slot, isLater ? RELATED : PENDING);
  }

  /** The kernel has the entry as it is now, and for so long it is not to be told again. */
  committed(slot: number, freshFor: Duration, now: Instant): void {
    this.#table.set(slot, IN_KERNEL);
    this.#table.unset(slot, REPLACE | REFUSED);
    this.#table.setStamp(slot, freshTime(after(now, freshFor)));
  }

  /**
   * Plans what the kernel does not have, and what it was given too long ago: its timeouts run down. `isWhole` plans everything.
   * Leaves alone what `isOwn` says that this router knows better, given how long ago the peer spoke of it. Returns how many
   * entries need nothing.
   */
  reopen(
    isWhole: boolean,
    now: Instant,
    isOwn?: (record: Span, idle: Duration) => boolean,
  ): number {
    const table = this.#table;
    let fresh = 0;
    for (let slot = 0; slot < table.slotEnd; slot += 1) {
      if (!table.holds(slot) || table.isDead(slot)) continue;
      if (isOwn?.(this.record(slot), table.idle(slot, now)) === true) {
        table.unlist(slot);
        fresh += 1;
        continue;
      }
      if (table.listOf(slot) !== UNLISTED) continue;
      if (!isWhole && this.isFresh(slot, now)) fresh += 1;
      else this.plan(slot);
    }
    return fresh;
  }

  /** From here on entries count as mentioned in a new round. */
  beginRound(): void {
    while (this.isSweeping) this.#sweepPortion();
    this.#sweepAt = undefined;
    this.#round = (this.#round + 1) & 0xffff;
  }

  /** The peer restarted: what it does not mention again is removed after a while, even if it never marks a round's end. */
  suspect(now: Instant): void {
    this.beginRound();
    if (this.#table.count > 0) this.#sweepAt = now + UNCONFIRMED_FOR;
  }

  /** The round is complete: what it did not mention is gone. sweep() removes it. */
  endRound(): void {
    this.#sweepAt = 0;
  }

  /** Removes a portion of what is to be removed; harmless when nothing is. */
  sweep(now: Instant): void {
    if (this.#sweepAt === undefined || now < this.#sweepAt) return;
    this.#sweepSlot ??= 0;
    this.#sweepPortion();
    if (!this.isSweeping) this.#sweepAt = undefined;
  }

  /** Removes what was not heard of for `timeout`, in the `part`-th of `parts` of the table. */
  expire(timeout: Duration, { part, parts }: { part: number; parts: number }, now: Instant): void {
    for (let slot = part; slot < this.#table.slotEnd; slot += parts) {
      if (!this.#table.holds(slot) || this.#table.isDead(slot)) continue;
      if (this.#table.idle(slot, now) >= timeout) this.#drop(slot);
    }
  }

  /** Forgets everything; what is in the kernel stays there. */
  clear(): void {
    this.#table.clear();
    this.#stopSweep();
  }

  /** Forgets everything; what is in the kernel is to be deleted there. */
  doom(): void {
    const table = this.#table;
    for (let slot = 0; slot < table.slotEnd; slot += 1)
      if (table.holds(slot) && !table.isDead(slot)) this.#discard(slot);
    this.#stopSweep();
  }

  #delete(slot: number): void {
    if (slot === NONE || this.#table.isDead(slot)) {
      this.counters.destroyFailed += 1;
      return;
    }
    this.#drop(slot);
  }

  #drop(slot: number): void {
    this.counters.destroyed += 1;
    const isKept = !this.#table.has(slot, BATCHED) && this.isOwn(this.record(slot));
    if (isKept) this.#table.remove(slot);
    else this.#discard(slot);
  }

  /** Forgets an entry, as soon as the kernel has. */
  #discard(slot: number): void {
    if (!this.#table.has(slot, IN_KERNEL | BATCHED)) {
      this.#table.remove(slot);
      return;
    }
    this.#table.kill(slot);
    this.#table.enlist(slot, DOOMED);
  }

  #stopSweep(): void {
    this.#sweepSlot = undefined;
    this.#sweepAt = undefined;
  }

  #create(record: Span, now: Instant): void {
    const slot = this.#table.insert(record, now);
    if (slot === NONE) {
      this.counters.refused += 1;
      return;
    }
    this.counters.created += 1;
    this.#table.setRound(slot, this.#round);
    this.plan(slot);
  }

  #change(slot: number, record: Span, change: number, now: Instant): void {
    const table = this.#table;
    const wasDead = table.isDead(slot);
    if (wasDead) {
      table.revive(slot, now);
      table.unlist(slot);
    }
    const isReplaced = wasDead || change !== CHANGE_UPDATE;
    const isKnown = table.has(slot, IN_KERNEL) && !this.#isNews(slot, record, isReplaced);
    if (isReplaced && table.has(slot, IN_KERNEL) && !isKnown) table.set(slot, REPLACE);
    const isStored = isReplaced
      ? table.replace(slot, record, now)
      : this.#merging.apply(table, slot, record, now);
    if (!isStored) {
      this.counters.updateFailed += 1;
      return;
    }
    this.counters[wasDead ? "created" : "updated"] += 1;
    this.#confirm(slot, now);
    table.unset(slot, REFUSED);
    // Of what a peer only repeats the kernel need not hear, unless nothing else gives the flow more time there.
    if (!isKnown || this.#isEager) this.plan(slot);
  }

  /** Whether the peer says more of an entry than before, the time that is left apart. */
  #isNews(slot: number, record: Span, isReplaced: boolean): boolean {
    return isReplaced
      ? this.#merging.differs(this.#table, slot, record)
      : this.#merging.isNews(this.#table, slot, record);
  }

  /** The entry was mentioned in this round. */
  #confirm(slot: number, now: Instant): void {
    if (this.#table.roundOf(slot) === this.#round) return;
    this.#table.setRound(slot, this.#round);
    // As long as the peer goes on to mention what it had said before, it has not mentioned all of it.
    if (this.#sweepAt !== undefined && this.#sweepAt > 0) this.#sweepAt = now + UNCONFIRMED_FOR;
  }

  #sweepPortion(): void {
    const start = this.#sweepSlot ?? 0;
    const end = Math.min(this.#table.slotEnd, start + SWEEP_MAX);
    for (let slot = start; slot < end; slot += 1) {
      if (!this.#table.holds(slot) || this.#table.isDead(slot)) continue;
      if (this.#table.roundOf(slot) === this.#round) continue;
      this.#swept += 1;
      this.#drop(slot);
    }
    this.#sweepSlot = end < this.#table.slotEnd ? end : undefined;
  }
}
