/**
 * Memory for records: blocks in classes of sizes, cut from chunks that belong to one class each. A chunk is asked for as a
 * whole but its pages cost nothing until they are written, so a class that is hardly used hardly costs. Freed blocks are
 * used again by their class.
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

/** Whether a block made for `oldSize` bytes also serves `newSize`, no larger and no smaller. */
export const fitsSameBlock = (oldSize: number, newSize: number): boolean =>
  classOf(oldSize) === classOf(newSize);

export class RecordArena {
  /** Bytes of all chunks together may not pass this. */
  readonly #sizeMax: number;
  #views: DataView[] = [];
  #words: Uint32Array[] = [];
  /** By class: the first free block, whose first word names the next one. */
  readonly #free = new Uint32Array(CLASS_COUNT).fill(NO_BLOCK);
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
    const block = this.#free[index] ?? NO_BLOCK;
    if (block === NO_BLOCK) return this.#allocateFresh(index);
    this.#free[index] = this.#words[block >>> CHUNK_SHIFT]?.[block & CHUNK_MASK] ?? NO_BLOCK;
    this.#used += sizeOfClass(index);
    return block;
  }

  /** Gives back a block that was allocated for `size` bytes. */
  release(block: number, size: number): void {
    const index = classOf(size);
    const words = this.#words[block >>> CHUNK_SHIFT];
    if (words === undefined) throw new RangeError(`no block at ${block}`);
    words[block & CHUNK_MASK] = this.#free[index] ?? NO_BLOCK;
    this.#free[index] = block;
    this.#used -= sizeOfClass(index);
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
    this.#free.fill(NO_BLOCK);
    this.#fresh.fill(0);
    this.#freshEnd.fill(0);
    this.#used = 0;
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
