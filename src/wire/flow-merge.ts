/** Brings received bodies into the form of records, and updates onto what is known of a flow. */
import {
  type AttributeTable,
  EXPECT_TABLE,
  FLOW_TABLE,
  RECORD_ATTRIBUTE_HEADER,
} from "./flow-attributes.ts";
import { padded, Span } from "./flow-record.ts";

const ABSENT = -1;

/** One merger serves any number of records of its kind. */
export class RecordMerger {
  /** The record made last; overwritten by the next merge. */
  readonly record: Span;
  readonly #table: AttributeTable;
  readonly #out: DataView;
  /** Offsets of attributes, by number. */
  readonly #knownAt: Int32Array;
  readonly #updateAt: Int32Array;

  constructor(kind: "flow" | "expectation") {
    this.#table = kind === "flow" ? FLOW_TABLE : EXPECT_TABLE;
    this.#out = new DataView(new ArrayBuffer(this.#table.recordSizeMax));
    this.record = new Span(this.#out, 0, 0);
    this.#knownAt = new Int32Array(this.#table.count);
    this.#updateAt = new Int32Array(this.#table.count);
  }

  /**
   * Attributes of `update` overwrite those of `known`, absent ones stay. Both are records or checked bodies with
   * attributes in any order, of which the last of its number counts. Without `known` this normalises `update`.
   */
  merge(known: Span | undefined, update: Span): Span {
    indexAttributes(update, this.#updateAt);
    if (known !== undefined) indexAttributes(known, this.#knownAt);
    let size = 0;
    const { order } = this.#table;
    for (let index = 0; index < order.length; index += 1) {
      const number = order[index] ?? 0;
      const updateAt = this.#updateAt[number] ?? ABSENT;
      const knownAt = known === undefined ? ABSENT : (this.#knownAt[number] ?? ABSENT);
      if (updateAt !== ABSENT) size += copyAttribute(update.view, updateAt, this.#out, size);
      else if (knownAt !== ABSENT && known !== undefined)
        size += copyAttribute(known.view, knownAt, this.#out, size);
    }
    this.record.size = size;
    return this.record;
  }
}

/** Fills `offsets` with the offset of each attribute of a record or checked body; -1 says that it has none. */
export function indexAttributes({ view, at, size }: Span, offsets: Int32Array): void {
  offsets.fill(ABSENT);
  const end = at + size;
  for (let next = at; end - next > RECORD_ATTRIBUTE_HEADER; ) {
    const word = view.getUint32(next);
    offsets[word & 0xffff] = next;
    next += padded(word >>> 16);
  }
}

/** Returns the padded size of what it wrote: 0 for an attribute with an empty payload. */
function copyAttribute(from: DataView, at: number, to: DataView, toAt: number): number {
  const length = from.getUint16(at);
  if (length === RECORD_ATTRIBUTE_HEADER) return 0;
  const whole = length & ~3;
  for (let done = 0; done < whole; done += 4) to.setUint32(toAt + done, from.getUint32(at + done));
  if (whole === length) return length;
  // The sender's padding need not be zero, and need not be there at all behind the last attribute.
  let tail = 0;
  for (let index = 0; index < 3; index += 1)
    tail = (tail << 8) | (whole + index < length ? from.getUint8(at + whole + index) : 0);
  to.setUint32(toAt + whole, tail << 8);
  return whole + 4;
}
