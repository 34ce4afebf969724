/**
 * What this router's own kernel says of its flows or expectations, and which of it the peer has yet to hear. An entry is in
 * one of two lists at most: TRANSMIT, first come first served, or RESEND, sent and not acknowledged, in the order of
 * sequence numbers. Newer news of an entry supersede older ones, so that a queue never outgrows the table.
 */
import type { Duration, Instant } from "../base/time.ts";
import { Span } from "../wire/flow-record.ts";
import { type CacheCounters, newCacheCounters } from "./counters.ts";
import { FlowTable, NONE, type RecordKind, type TableOptions } from "./flow-table.ts";
import { Merging } from "./merging.ts";
import { isBefore } from "./serial.ts";

export const TRANSMIT = 1;
export const RESEND = 2;

/** Was sent at some time: when it dies the peer must hear it. */
const KNOWN = 0x01;
/** The peer has it as it is now, so that updates may leave out what did not change. */
const SETTLED = 0x02;
/** All flags that are the owner's of a table. */
const OWN_FLAGS = 0x7f;

/** Offsets of the message types for flows (0) and expectations (3). */
const NEW = 0;
const UPDATE = 1;
const DELETE = 2;

/** What the kernel reports: three kinds of events, and entries of a dump. */
export type KernelNews = "new" | "update" | "destroy" | "dump";

export interface InternalCacheOptions extends TableOptions {
  /** Dead entries at most that wait for the peer to hear of their end. */
  readonly deadMax: number;
}

export class InternalCache {
  readonly counters: CacheCounters = newCacheCounters();
  #table: FlowTable;
  readonly #merging: Merging;
  readonly #deadMax: number;
  readonly #baseType: number;
  readonly #record = new Span(new DataView(new ArrayBuffer(0)));
  #round = 0;
  #sends = true;
  /** Something was given up that the peer may still hold or never got: only a full resync mends that. */
  hasDoubt = false;

  constructor(options: InternalCacheOptions) {
    this.#table = new FlowTable(options);
    this.#merging = new Merging(options.kind);
    this.#deadMax = options.deadMax;
    this.#baseType = options.kind === "flow" ? 0 : 3;
  }

  get table(): FlowTable {
    return this.#table;
  }

  get kind(): RecordKind {
    return this.#table.kind;
  }

  /** Takes another table as its own, without telling anybody. Returns the one it had. */
  exchange(table: FlowTable): FlowTable {
    const old = this.#table;
    this.#table = table;
    return old;
  }

  /** Whether news are queued for the peer. Switching it off drops what is queued. */
  setSending(sends: boolean): void {
    if (this.#sends && !sends) this.dropQueues();
    this.#sends = sends;
  }

  /** Takes in what the kernel says of one entry. */
  observe(news: KernelNews, record: Span, now: Instant): void {
    const slot = this.#table.find(record);
    if (news === "destroy") {
      if (slot === NONE || this.#table.isDead(slot)) this.counters.destroyFailed += 1;
      else this.#destroy(slot);
    } else if (slot === NONE) {
      this.#create(record, now);
    } else if (this.#table.isDead(slot)) {
      this.#revive(slot, record, now);
    } else {
      this.#update(slot, record, news, now);
    }
  }

  /** Whether an entry of this key is alive here. */
  knows(record: Span): boolean {
    const slot = this.#table.find(record);
    return slot !== NONE && !this.#table.isDead(slot);
  }

  /** Forgets a living entry that says the same as the peer's `record`, and tells nobody; false when it says something else. */
  cede(record: Span): boolean {
    const slot = this.#table.find(record);
    if (slot === NONE || !this.#merging.isSame(this.#table, slot, record)) return false;
    this.#table.remove(slot);
    return true;
  }

  /** How long ago the kernel last said something of an entry that is alive here; undefined when there is none. */
  idleOf(record: Span, now: Instant): Duration | undefined {
    const slot = this.#table.find(record);
    return slot === NONE || this.#table.isDead(slot) ? undefined : this.#table.idle(slot, now);
  }

  /** Adds an entry that another table held, without sending it. One of its key gives way only if the other one `isNews`. */
  adopt(record: Span, isNews: boolean, now: Instant): void {
    const known = this.#table.find(record);
    if (known !== NONE) {
      if (isNews && !this.#table.isDead(known))
        this.#merging.apply(this.#table, known, record, now);
      return;
    }
    const slot = this.#table.insert(record, now);
    if (slot === NONE) this.counters.refused += 1;
    else this.markAdopted(slot);
  }

  /** Marks an entry that came with another table: the peer may know it. */
  markAdopted(slot: number): void {
    this.#table.unlist(slot);
    this.#table.unset(slot, OWN_FLAGS);
    this.#table.set(slot, KNOWN);
    this.#table.setRound(slot, this.#round);
  }

  /** Queues an entry for the peer, behind what already waits. */
  enqueue(slot: number, now: Instant): void {
    if (!this.#sends || this.#table.listOf(slot) === TRANSMIT) return;
    this.#table.touch(slot, now);
    this.#table.enlist(slot, TRANSMIT);
  }

  /** Message type by which an entry is to be sent now. */
  typeOf(slot: number): number {
    if (this.#table.isDead(slot)) return this.#baseType + DELETE;
    return this.#baseType + (this.#table.has(slot, SETTLED) ? UPDATE : NEW);
  }

  /** An entry was sent under `sequence`, and waits for its acknowledgement. */
  sent(slot: number, sequence: number): void {
    this.#table.set(slot, KNOWN);
    this.#table.setStamp(slot, sequence);
    this.#table.enlist(slot, RESEND);
  }

  /** The peer has what was sent, or will never be asked whether it has. */
  settle(slot: number): void {
    if (this.#table.isDead(slot)) {
      this.#table.remove(slot);
      return;
    }
    this.#table.unlist(slot);
    this.#table.set(slot, KNOWN | SETTLED);
  }

  /** The peer has everything that was sent from `from` to `to`. */
  acknowledge(from: number, to: number): void {
    for (let slot = this.#firstSent(from); slot !== NONE; ) {
      if (isBefore(to, this.#table.stampOf(slot))) return;
      const next = this.#table.next(slot);
      this.settle(slot);
      slot = next;
    }
  }

  /** What was sent from `from` to `to`, and was not superseded, goes out again. Returns how many they are. */
  repeat(from: number, to: number): number {
    let count = 0;
    for (let slot = this.#firstSent(from); slot !== NONE; ) {
      if (isBefore(to, this.#table.stampOf(slot))) break;
      const next = this.#table.next(slot);
      this.#table.enlist(slot, TRANSMIT);
      count += 1;
      slot = next;
    }
    return count;
  }

  /** The peer has forgotten all it was told, or says so: what lives is told anew by a resync, what died is told again. */
  forgetSent(): void {
    for (let slot = this.#table.first(RESEND); slot !== NONE; slot = this.#table.first(RESEND))
      if (this.#table.isDead(slot)) this.#table.enlist(slot, TRANSMIT);
      else this.#table.unlist(slot);
  }

  dropQueues(): void {
    for (let slot = this.#table.first(RESEND); slot !== NONE; slot = this.#table.first(RESEND))
      this.#drop(slot);
    for (let slot = this.#table.first(TRANSMIT); slot !== NONE; slot = this.#table.first(TRANSMIT))
      this.#drop(slot);
  }

  /** A dump begins: entries that neither it nor an event mentions from here on have vanished. */
  beginDump(): void {
    this.#round = (this.#round + 1) & 0xffff;
  }

  /** A complete dump ended. Returns how many entries had vanished without an event. */
  endDump(): number {
    let vanished = 0;
    for (let slot = 0; slot < this.#table.slotEnd; slot += 1) {
      if (!this.#table.holds(slot) || this.#table.isDead(slot)) continue;
      if (this.#table.roundOf(slot) === this.#round) continue;
      this.#destroy(slot);
      vanished += 1;
    }
    return vanished;
  }

  /** Forgets everything and tells nobody. */
  clear(): void {
    this.#table.clear();
  }

  #create(record: Span, now: Instant): void {
    let slot = this.#table.insert(record, now);
    if (slot === NONE && this.#table.liveCount < this.#table.count) {
      // Room that only the dead take is better used by the living; the peer is brought up to date as a whole later.
      this.#evictDead();
      this.#table.find(record);
      slot = this.#table.insert(record, now);
    }
    if (slot === NONE) {
      this.counters.refused += 1;
      return;
    }
    this.#table.setRound(slot, this.#round);
    this.counters.created += 1;
    this.enqueue(slot, now);
  }

  #revive(slot: number, record: Span, now: Instant): void {
    // It is another flow that happens to have the same tuple, so nothing of the old one may remain at the peer.
    this.#table.revive(slot, now);
    this.#table.unset(slot, SETTLED);
    if (!this.#table.replace(slot, record, now)) {
      this.counters.updateFailed += 1;
      return;
    }
    this.#table.setRound(slot, this.#round);
    this.counters.created += 1;
    this.enqueue(slot, now);
  }

  #update(slot: number, record: Span, news: KernelNews, now: Instant): void {
    this.#table.setRound(slot, this.#round);
    const isNews = news !== "dump" || this.#merging.isNews(this.#table, slot, record);
    if (!this.#merging.apply(this.#table, slot, record, now)) {
      this.counters.updateFailed += 1;
      return;
    }
    if (!isNews) return;
    this.counters.updated += 1;
    this.enqueue(slot, now);
  }

  #destroy(slot: number): void {
    this.counters.destroyed += 1;
    if (!this.#sends || !this.#table.has(slot, KNOWN)) {
      this.#table.remove(slot);
      return;
    }
    if (this.#table.count - this.#table.liveCount >= this.#deadMax) this.#evictDead();
    this.#table.kill(slot);
    this.#table.enlist(slot, TRANSMIT);
  }

  #evictDead(): void {
    this.hasDoubt = true;
    for (let slot = 0; slot < this.#table.slotEnd; slot += 1) {
      if (!this.#table.holds(slot) || !this.#table.isDead(slot)) continue;
      this.counters.evicted += 1;
      this.#table.remove(slot);
    }
  }

  /** The first entry that was sent as `from` or later, and was not acknowledged. */
  #firstSent(from: number): number {
    let slot = this.#table.first(RESEND);
    while (slot !== NONE && isBefore(this.#table.stampOf(slot), from))
      slot = this.#table.next(slot);
    return slot;
  }

  #drop(slot: number): void {
    if (this.#table.isDead(slot)) this.#table.remove(slot);
    else this.#table.unlist(slot);
  }

  /** Points at an entry's record; the same span for every call. */
  record(slot: number): Span {
    return this.#table.load(slot, this.#record);
  }
}
