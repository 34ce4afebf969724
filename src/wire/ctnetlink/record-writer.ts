/** Writes the attributes of a record one after the other; the caller keeps to the canonical order. */
import { RECORD_ATTRIBUTE_HEADER } from "../flow-attributes.ts";
import { attributeWord, padded, Span } from "../flow-record.ts";

export class RecordWriter {
  /** What has been written. */
  readonly record: Span;
  readonly #out: DataView;

  /** For records of at most `sizeMax` bytes, which the caller's attributes cannot exceed. */
  constructor(sizeMax: number) {
    this.#out = new DataView(new ArrayBuffer(sizeMax));
    this.record = new Span(this.#out, 0, 0);
  }

  clear(): void {
    this.record.size = 0;
  }

  uint8(number: number, value: number): void {
    this.#put(attributeWord(number, 1), value << 24);
  }

  uint16(number: number, value: number): void {
    this.#put(attributeWord(number, 2), value << 16);
  }

  uint32(number: number, value: number): void {
    this.#put(attributeWord(number, 4), value);
  }

  /** Starts an attribute, zeroed, and returns the offset of its payload, which is to be filled in. */
  start(number: number, size: number): number {
    const at = this.record.size;
    const past = at + padded(RECORD_ATTRIBUTE_HEADER + size);
    this.#out.setUint32(at, attributeWord(number, size));
    for (let next = at + 4; next < past; next += 4) this.#out.setUint32(next, 0);
    this.record.size = past;
    return at + RECORD_ATTRIBUTE_HEADER;
  }

  /** One attribute of an address of `size` bytes. */
  address(number: number, from: DataView, at: number, size: 4 | 16): void {
    this.#put(attributeWord(number, size), from.getUint32(at));
    this.#words(from, at + 4, size - 4);
  }

  /** One attribute of two addresses. */
  addresses(number: number, from: DataView, tuple: AddressPair): void {
    const size = tuple.family === 4 ? 4 : 16;
    this.#out.setUint32(this.record.size, attributeWord(number, 2 * size));
    this.record.size += RECORD_ATTRIBUTE_HEADER;
    this.#words(from, tuple.sourceAt, size);
    this.#words(from, tuple.destinationAt, size);
  }

  #words(from: DataView, at: number, size: number): void {
    const to = this.record.size;
    for (let done = 0; done < size; done += 4)
      this.#out.setUint32(to + done, from.getUint32(at + done));
    this.record.size = to + size;
  }

  #put(word: number, value: number): void {
    const at = this.record.size;
    this.#out.setUint32(at, word);
    this.#out.setUint32(at + 4, value);
    this.record.size = at + 8;
  }
}

interface AddressPair {
  readonly family: 4 | 6;
  readonly sourceAt: number;
  readonly destinationAt: number;
}
