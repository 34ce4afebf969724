/** Records that wait in the order they came, with a number each, in one bounded piece of memory. */
import { copyRecord, Span } from "../wire/flow-record.ts";

/** Two bytes of the number, two of the size. */
const HEADER_SIZE = 4;
/** In the place of a size: the next record is at the start of the memory. */
const WRAPS = 0xffff;

export class RecordRing {
  readonly #view: DataView;
  readonly #record: Span;
  #readAt = 0;
  #writeAt = 0;
  #count = 0;

  /** `size` in bytes, a multiple of 4. */
  constructor(size: number) {
    this.#view = new DataView(new ArrayBuffer(size));
    this.#record = new Span(this.#view, 0, 0);
  }

  get count(): number {
    return this.#count;
  }

  /** Appends a record with a number of 16 bits; false when there is no room for it. */
  push(number: number, record: Span): boolean {
    const needed = HEADER_SIZE + record.size;
    if (!this.#makeRoom(needed)) return false;
    this.#view.setUint16(this.#writeAt, number);
    this.#view.setUint16(this.#writeAt + 2, record.size);
    copyRecord(record, this.#view, this.#writeAt + HEADER_SIZE);
    this.#writeAt += needed;
    this.#count += 1;
    return true;
  }

  /** Number of the first record. There must be one. */
  get number(): number {
    return this.#view.getUint16(this.#readAt);
  }

  /** The first record; the same span for every call. There must be one. */
  get record(): Span {
    const size = this.#view.getUint16(this.#readAt + 2);
    return this.#record.move(this.#view, this.#readAt + HEADER_SIZE, size);
  }

  /** Removes the first record. */
  shift(): void {
    this.#readAt += HEADER_SIZE + this.#view.getUint16(this.#readAt + 2);
    this.#count -= 1;
    if (this.#count === 0) this.clear();
    else this.#followWrap();
  }

  clear(): void {
    this.#readAt = 0;
    this.#writeAt = 0;
    this.#count = 0;
  }

  /** Moves the place of writing to the start where the end is too near. */
  #makeRoom(needed: number): boolean {
    const size = this.#view.byteLength;
    const isWrapped = this.#count > 0 && this.#writeAt <= this.#readAt;
    // One header's worth stays free, so that a full ring never looks like an empty one, and a wrap can be marked.
    if (isWrapped) return this.#writeAt + needed + HEADER_SIZE <= this.#readAt;
    if (this.#writeAt + needed + HEADER_SIZE <= size) return true;
    if (needed + HEADER_SIZE > this.#readAt) return false;
    this.#view.setUint16(this.#writeAt + 2, WRAPS);
    this.#writeAt = 0;
    return true;
  }

  #followWrap(): void {
    if (this.#view.getUint16(this.#readAt + 2) === WRAPS) this.#readAt = 0;
  }
}
