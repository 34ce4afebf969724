/**
 * A table of flows, or of expectations: records in an arena, found by the hash of their key. There is no object per entry:
 * an entry is a slot number, and what is kept about it lies in one typed array, eleven words side by side:
 *
 *    0      hash of the key
 *    1      next slot of the same bucket
 *    2      block of the record
 *    3      size of the record (16 bits), list (8), flags (8)
 *    4      sequence number or deadline, see `stamp`
 *    5, 6   previous and next slot of the list
 *    7, 8   when it was created and last touched, in ticks
 *    9      round in which it was last seen (16 bits), unused (16)
 *    10     digest of the key while the entry lives, 0 when it is dead
 *
 * Words have signs, because numbers beyond 31 bits would each take memory of their own whenever they are handed on.
 * Links are slot + 1, so that zeros mean "none" and fresh memory needs no filling. Memory for `limit` entries is asked for
 * at once and its pages are only taken when they are written: growing never pauses. Every entry is in at most one list.
 */
import { type Duration, type Instant, microseconds } from "../base/time.ts";
import { RecordKey } from "../wire/flow-key.ts";
import { copyRecord, Span } from "../wire/flow-record.ts";
import { BLOCK_SIZE_MAX, fitsSameBlock, NO_BLOCK, RecordArena } from "./record-arena.ts";

/** Stands for "no entry". */
export const NONE = -1;
/** Entries of the largest table, whatever the configuration says. */
const TABLE_LIMIT_MAX = 16_777_216;
/** Lists per table: 1 to LIST_COUNT - 1. */
const LIST_COUNT = 8;
/** The list of entries that are in no list. */
export const UNLISTED = 0;

const STRIDE = 11;
const HASH = 0;
const CHAIN = 1;
const BLOCK = 2;
const STAMP = 4;
const PREVIOUS = 5;
const NEXT = 6;
const CREATED = 7;
const TOUCHED = 8;
const DIGEST = 10;
/** Offsets for the views of 16 and 8 bits on the same memory. */
const SIZE_16 = 6;
const ROUND_16 = 18;
const LIST_8 = 14;
const FLAGS_8 = 15;
/** The flag of dead entries; the other seven are the owner's. */
const DEAD = 0x80;

/** Microseconds of a tick. 32 bits of them are two years. */
const TICK = 16_384;
/** What the arena may take per entry on average; real flows need a third of it. */
const BYTES_PER_ENTRY_MAX = 512;
const ARENA_SIZE_MIN = 1 << 24;

const tickOf = (now: Instant): number => Math.floor(now / TICK) >>> 0;
const powerOfTwo = (atLeast: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, atLeast)));

export type RecordKind = "flow" | "expectation";

export interface TableOptions {
  readonly kind: RecordKind;
  /** Entries at most, dead ones included (HashLimit). */
  readonly limit: number;
  /** A secret, against those who would choose flows that fall into one bucket. */
  readonly seed: number;
}

export class FlowTable {
  readonly kind: RecordKind;
  readonly limit: number;
  readonly #key: RecordKey;
  readonly #arena: RecordArena;
  readonly #bucketMask: number;
  #buckets: Uint32Array;
  #fields!: Int32Array;
  #halves!: Uint16Array;
  #bytes!: Uint8Array;
  readonly #heads = new Int32Array(LIST_COUNT).fill(NONE);
  readonly #tails = new Int32Array(LIST_COUNT).fill(NONE);
  readonly #lengths = new Uint32Array(LIST_COUNT);
  readonly #candidate = new Span(new DataView(new ArrayBuffer(0)));
  #hash = 0;
  #count = 0;
  #dead = 0;
  #digest = 0;
  /** Slots below this were used at some time. */
  #slotEnd = 0;
  /** Free slots below #slotEnd: a stack, apart from the entries because those are in no cache of the processor any more. */
  #free!: Int32Array;
  #freeCount = 0;
  #freeMost = 0;

  constructor({ kind, limit, seed }: TableOptions) {
    this.kind = kind;
    this.limit = Math.max(1, Math.min(limit, TABLE_LIMIT_MAX));
    this.#key = new RecordKey(kind, seed);
    this.#arena = new RecordArena(Math.max(ARENA_SIZE_MIN, this.limit * BYTES_PER_ENTRY_MAX));
    const buckets = powerOfTwo(this.limit);
    this.#bucketMask = buckets - 1;
    this.#buckets = new Uint32Array(buckets);
    this.#allocateFields();
  }

  /** Entries, dead ones included. */
  get count(): number {
    return this.#count;
  }

  /** Entries that are not dead. */
  get liveCount(): number {
    return this.#count - this.#dead;
  }

  /** The keys of all living entries, folded: equal tables have equal digests, on whichever host. */
  get digest(): number {
    return this.#digest >>> 0;
  }

  /** Slots are below this; not each of them holds an entry. */
  get slotEnd(): number {
    return this.#slotEnd;
  }

  /** Bytes that entries and their records occupy, buckets included. */
  get touchedBytes(): number {
    const fields = this.#slotEnd * STRIDE * 4 + this.#freeMost * 4;
    return fields + this.#buckets.byteLength + this.#arena.touchedBytes;
  }

  /** The entry with the key of `record`, or NONE. */
  find(record: Span): number {
    this.#hash = this.#key.load(record);
    let link = this.#buckets[this.#hash & this.#bucketMask] ?? 0;
    while (link !== 0) {
      const slot = link - 1;
      if (
        this.#get(slot, HASH) === this.#hash &&
        this.#key.matches(this.load(slot, this.#candidate))
      )
        return slot;
      link = this.#get(slot, CHAIN);
    }
    return NONE;
  }

  /** Adds the record that find() did not find just now; NONE when the table or its memory is full. */
  insert(record: Span, now: Instant): number {
    if (this.#count >= this.limit || record.size > BLOCK_SIZE_MAX || record.size === 0) return NONE;
    const block = this.#arena.allocate(record.size);
    if (block === NO_BLOCK) return NONE;
    const slot = this.#takeSlot();
    const bucket = this.#hash & this.#bucketMask;
    const base = slot * STRIDE;
    for (let field = BLOCK + 1; field < STRIDE; field += 1) this.#fields[base + field] = 0;
    this.#fields[base + HASH] = this.#hash;
    this.#fields[base + CHAIN] = this.#buckets[bucket] ?? 0;
    this.#buckets[bucket] = slot + 1;
    this.#fields[base + CREATED] = tickOf(now);
    this.#store(slot, block, record);
    this.touch(slot, now);
    this.#count += 1;
    this.#countIn(slot);
    return slot;
  }

  /** Puts another record of the same key in the place of an entry's; false when there is no memory for it. */
  replace(slot: number, record: Span, now: Instant): boolean {
    const oldSize = this.sizeOf(slot);
    if (fitsSameBlock(oldSize, record.size)) {
      this.#store(slot, this.#get(slot, BLOCK), record);
    } else {
      if (record.size > BLOCK_SIZE_MAX) return false;
      const block = this.#arena.allocate(record.size);
      if (block === NO_BLOCK) return false;
      this.#arena.release(this.#get(slot, BLOCK), oldSize);
      this.#store(slot, block, record);
    }
    this.touch(slot, now);
    return true;
  }

  remove(slot: number): void {
    this.unlist(slot);
    if (this.isDead(slot)) this.#dead -= 1;
    this.#digest ^= this.#get(slot, DIGEST);
    this.#unchain(slot);
    this.#arena.release(this.#get(slot, BLOCK), this.sizeOf(slot));
    this.#halves[slot * STRIDE * 2 + SIZE_16] = 0;
    this.#free[this.#freeCount] = slot;
    this.#freeCount += 1;
    if (this.#freeCount > this.#freeMost) this.#freeMost = this.#freeCount;
    this.#count -= 1;
  }

  /** Whether an entry only waits for its end to be told. */
  isDead(slot: number): boolean {
    return this.has(slot, DEAD);
  }

  /** Marks a living entry as dead: it can still be found, but no longer counts as living. */
  kill(slot: number): void {
    this.set(slot, DEAD);
    this.#dead += 1;
    this.#digest ^= this.#get(slot, DIGEST);
    this.#fields[slot * STRIDE + DIGEST] = 0;
  }

  /** Brings a dead entry, the one that find() found just now, back to life. */
  revive(slot: number, now: Instant): void {
    this.unset(slot, DEAD);
    this.#dead -= 1;
    this.#fields[slot * STRIDE + CREATED] = tickOf(now);
    this.#countIn(slot);
  }

  /** Removes all entries and gives their memory back. */
  clear(): void {
    this.#arena.clear();
    this.#buckets = new Uint32Array(this.#bucketMask + 1);
    this.#allocateFields();
    this.#heads.fill(NONE);
    this.#tails.fill(NONE);
    this.#lengths.fill(0);
    this.#count = 0;
    this.#dead = 0;
    this.#digest = 0;
    this.#slotEnd = 0;
    this.#freeCount = 0;
    this.#freeMost = 0;
  }

  /** Whether `slot` holds an entry. */
  holds(slot: number): boolean {
    return slot < this.#slotEnd && this.sizeOf(slot) > 0;
  }

  /** Points `span` at an entry's record, valid until the entry changes. */
  load(slot: number, span: Span): Span {
    const block = this.#get(slot, BLOCK);
    return span.move(this.#arena.view(block), this.#arena.at(block), this.sizeOf(slot));
  }

  /** Bytes of an entry's record. */
  sizeOf(slot: number): number {
    return this.#halves[slot * STRIDE * 2 + SIZE_16] ?? 0;
  }

  hashOf(slot: number): number {
    return this.#get(slot, HASH);
  }

  /** A number of 32 bits for the owner's use: the sequence number under which it was sent, or a tick. */
  stampOf(slot: number): number {
    return this.#get(slot, STAMP) >>> 0;
  }

  setStamp(slot: number, stamp: number): void {
    this.#fields[slot * STRIDE + STAMP] = stamp;
  }

  /** 16 bits for the owner's use: the round in which the entry was last seen. */
  roundOf(slot: number): number {
    return this.#halves[slot * STRIDE * 2 + ROUND_16] ?? 0;
  }

  setRound(slot: number, round: number): void {
    this.#halves[slot * STRIDE * 2 + ROUND_16] = round;
  }

  /** Whether any of `flags`, up to 7 bits of the owner's choice, is set. */
  has(slot: number, flags: number): boolean {
    return ((this.#bytes[slot * STRIDE * 4 + FLAGS_8] ?? 0) & flags) !== 0;
  }

  set(slot: number, flags: number): void {
    const at = slot * STRIDE * 4 + FLAGS_8;
    this.#bytes[at] = (this.#bytes[at] ?? 0) | flags;
  }

  unset(slot: number, flags: number): void {
    const at = slot * STRIDE * 4 + FLAGS_8;
    this.#bytes[at] = (this.#bytes[at] ?? 0) & ~flags;
  }

  touch(slot: number, now: Instant): void {
    this.#fields[slot * STRIDE + TOUCHED] = tickOf(now);
  }

  /** Time since the entry was last touched, as of `now`, to within 16 ms. */
  idle(slot: number, now: Instant): Duration {
    return microseconds(((tickOf(now) - this.#get(slot, TOUCHED)) >>> 0) * TICK);
  }

  /** Time since the entry was made, as of `now`, to within 16 ms. */
  age(slot: number, now: Instant): Duration {
    return microseconds(((tickOf(now) - this.#get(slot, CREATED)) >>> 0) * TICK);
  }

  /** The list an entry is in, or UNLISTED. */
  listOf(slot: number): number {
    return this.#bytes[slot * STRIDE * 4 + LIST_8] ?? 0;
  }

  /** First entry of a list, or NONE. */
  first(list: number): number {
    return this.#heads[list] ?? NONE;
  }

  /** The entry behind `slot` in its list, or NONE. */
  next(slot: number): number {
    return this.#get(slot, NEXT) - 1;
  }

  lengthOf(list: number): number {
    return this.#lengths[list] ?? 0;
  }

  /** Puts an entry at the end of a list, out of the one it was in. */
  enlist(slot: number, list: number): void {
    this.unlist(slot);
    const tail = this.#tails[list] ?? NONE;
    const base = slot * STRIDE;
    this.#fields[base + PREVIOUS] = tail + 1;
    this.#fields[base + NEXT] = 0;
    if (tail === NONE) this.#heads[list] = slot;
    else this.#fields[tail * STRIDE + NEXT] = slot + 1;
    this.#tails[list] = slot;
    this.#bytes[slot * STRIDE * 4 + LIST_8] = list;
    this.#lengths[list] = (this.#lengths[list] ?? 0) + 1;
  }

  /** Takes an entry out of its list, if it is in one. */
  unlist(slot: number): void {
    const at = slot * STRIDE * 4 + LIST_8;
    const list = this.#bytes[at] ?? UNLISTED;
    if (list === UNLISTED) return;
    const previous = this.#get(slot, PREVIOUS) - 1;
    const next = this.#get(slot, NEXT) - 1;
    if (previous === NONE) this.#heads[list] = next;
    else this.#fields[previous * STRIDE + NEXT] = next + 1;
    if (next === NONE) this.#tails[list] = previous;
    else this.#fields[next * STRIDE + PREVIOUS] = previous + 1;
    this.#bytes[at] = UNLISTED;
    this.#lengths[list] = (this.#lengths[list] ?? 0) - 1;
  }

  #get(slot: number, field: number): number {
    return this.#fields[slot * STRIDE + field] ?? 0;
  }

  /** The key was loaded by find(). */
  #countIn(slot: number): void {
    const digest = this.#key.digest();
    this.#fields[slot * STRIDE + DIGEST] = digest;
    this.#digest ^= digest;
  }

  #store(slot: number, block: number, record: Span): void {
    this.#fields[slot * STRIDE + BLOCK] = block;
    this.#halves[slot * STRIDE * 2 + SIZE_16] = record.size;
    copyRecord(record, this.#arena.view(block), this.#arena.at(block));
  }

  #takeSlot(): number {
    if (this.#freeCount === 0) {
      this.#slotEnd += 1;
      return this.#slotEnd - 1;
    }
    this.#freeCount -= 1;
    return this.#free[this.#freeCount] ?? NONE;
  }

  #unchain(slot: number): void {
    const bucket = this.#get(slot, HASH) & this.#bucketMask;
    const after = this.#get(slot, CHAIN);
    let link = this.#buckets[bucket] ?? 0;
    if (link === slot + 1) {
      this.#buckets[bucket] = after;
      return;
    }
    while (link !== 0) {
      const next = this.#get(link - 1, CHAIN);
      if (next === slot + 1) {
        this.#fields[(link - 1) * STRIDE + CHAIN] = after;
        return;
      }
      link = next;
    }
    throw new Error(`entry ${slot} is not in its bucket`);
  }

  #allocateFields(): void {
    this.#free = new Int32Array(this.limit);
    const buffer = new ArrayBuffer(this.limit * STRIDE * 4);
    this.#fields = new Int32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }
}
