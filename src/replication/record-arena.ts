/**
 * Memory for records: blocks in classes of sizes, cut from chunks that belong to one class each. A chunk is asked for as a
 * whole but its pages cost nothing until they are written, so a class that is hardly used hardly costs. Freed blocks are
 * used again by their class.
 *
 * Every so many freed blocks one of them becomes a page: its first word names the page before it, the others are the freed blocks.
 * Memory that was freed long ago is in no cache of the processor, so it is to be read as seldom as possible.
 */

/** Bytes of the largest block. */
export const BLOCK_SIZE_MAX = 2048;
/** Stands for "no block": the last word of the last possible chunk, where no block can begin. */
export const NO_BLOCK = 0xffffffff;

const CHUNK_SIZE = 1 << 18;
const CHUNK_WORDS = CHUNK_SIZE >>> 2;
const CHUNK_SHIFT = 16;
const CHUNK_MASK = CHUNK_WORDS - 1;
const CHUNKS_MAX = 1 << 16;

/** Up to FINE_MAX bytes classes are FINE_STEP apart, from there on COARSE_STEP. */
const FINE_MIN = 32;
const FINE_MAX = 256;
const FINE_STEP = 8;
const COARSE_STEP = 64;
const FINE_CLASSES = (FINE_MAX - FINE_MIN) / FINE_STEP + 1;
const CLASS_COUNT = FINE_CLASSES + (BLOCK_SIZE_MAX - FINE_MAX) / COARSE_STEP;

function classOf(size: number): number {
  if (size <= FINE_MIN) return 0;
  if (size <= FINE_MAX) return (size - FINE_MIN + FINE_STEP - 1) >>> 3;
  return FINE_CLASSES + ((size - FINE_MAX + COARSE_STEP - 1) >>> 6) - 1;
}

const sizeOfClass = (index: number): number =>
  index < FINE_CLASSES
    ? FINE_MIN + index * FINE_STEP
    : FINE_MAX + (index - FINE_CLASSES + 1) * COARSE_STEP;

/** Free blocks that a page of that class lists. */
const pageCapacity = (index: number): number => (sizeOfClass(index) >>> 2) - 1;

/** Whether a block made for `oldSize` bytes also serves `newSize`, no larger and no smaller. */
export const fitsSameBlock = (oldSize: number, newSize: number): boolean =>
  classOf(oldSize) === classOf(newSize);

export class RecordArena {
  /** Bytes of all chunks together may not pass this. */
  readonly #sizeMax: number;
  #views: DataView[] = [];
  #words: Uint32Array[] = [];
  /** By class: the last page of free blocks, and how many it lists; the pages before it are full. */
  readonly #page = new Uint32Array(CLASS_COUNT).fill(NO_BLOCK);
  readonly #listed = new Uint32Array(CLASS_COUNT);
  /** By class: what was never used of its newest chunk, as word addresses. */
  readonly #fresh = new Float64Array(CLASS_COUNT);
  readonly #freshEnd = new Float64Array(CLASS_COUNT);
  #used = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = Math.min(sizeMax, CHUNKS_MAX * CHUNK_SIZE);
  }

  /** Bytes of the blocks in use. */
  get usedBytes(): number {
    return this.#used;
  }

  /** Bytes that were ever written to and are kept. */
  get touchedBytes(): number {
    let untouched = 0;
    for (let index = 0; index < CLASS_COUNT; index += 1)
      untouched += (this.#freshEnd[index] ?? 0) - (this.#fresh[index] ?? 0);
    return this.#views.length * CHUNK_SIZE - untouched * 4;
  }

  /** A block for `size` bytes, 1 to BLOCK_SIZE_MAX; NO_BLOCK when there is no more memory for it. */
  allocate(size: number): number {
    const index = classOf(size);
    const page = this.#page[index] ?? NO_BLOCK;
    if (page === NO_BLOCK) return this.#allocateFresh(index);
    this.#used += sizeOfClass(index);
    const listed = this.#listed[index] ?? 0;
    const word = this.#words[page >>> CHUNK_SHIFT]?.[(page & CHUNK_MASK) + listed] ?? NO_BLOCK;
    if (listed > 0) {
      this.#listed[index] = listed - 1;
      return word;
    }
    this.#page[index] = word;
    this.#listed[index] = word === NO_BLOCK ? 0 : pageCapacity(index);
    return page;
  }

  /** Gives back a block that was allocated for `size` bytes. */
  release(block: number, size: number): void {
    const index = classOf(size);
    this.#used -= sizeOfClass(index);
    const page = this.#page[index] ?? NO_BLOCK;
    const listed = this.#listed[index] ?? 0;
    if (page !== NO_BLOCK && listed < pageCapacity(index)) {
      this.#wordsOf(page)[(page & CHUNK_MASK) + listed + 1] = block;
      this.#listed[index] = listed + 1;
      return;
    }
    this.#wordsOf(block)[block & CHUNK_MASK] = page;
    this.#page[index] = block;
    this.#listed[index] = 0;
  }

  /** The view in which a block lies. */
  view(block: number): DataView {
    const view = this.#views[block >>> CHUNK_SHIFT];
    if (view === undefined) throw new RangeError(`no block at ${block}`);
    return view;
  }

  /** Offset of a block in its view. */
  at(block: number): number {
    return (block & CHUNK_MASK) << 2;
  }

  /** Forgets all blocks and gives their memory back. */
  clear(): void {
    this.#views = [];
    this.#words = [];
    this.#page.fill(NO_BLOCK);
    this.#listed.fill(0);
    this.#fresh.fill(0);
    this.#freshEnd.fill(0);
    this.#used = 0;
  }

  #wordsOf(block: number): Uint32Array {
    const words = this.#words[block >>> CHUNK_SHIFT];
    if (words === undefined) throw new RangeError(`no block at ${block}`);
    return words;
  }

  #allocateFresh(index: number): number {
    const words = sizeOfClass(index) >>> 2;
    if ((this.#fresh[index] ?? 0) + words > (this.#freshEnd[index] ?? 0) && !this.#grow(index))
      return NO_BLOCK;
    const block = this.#fresh[index] ?? 0;
    this.#fresh[index] = block + words;
    this.#used += words << 2;
    return block;
  }

  #grow(index: number): boolean {
    const count = this.#views.length;
    if ((count + 1) * CHUNK_SIZE > this.#sizeMax) return false;
    const buffer = new ArrayBuffer(CHUNK_SIZE);
    this.#views.push(new DataView(buffer));
    this.#words.push(new Uint32Array(buffer));
    this.#fresh[index] = count * CHUNK_WORDS;
    this.#freshEnd[index] = (count + 1) * CHUNK_WORDS;
    return true;
  }
}
