/** Brings what is known of an entry up to date, without allocation, and without the general merge where nothing moved. */
import type { Instant } from "../base/time.ts";
import { FLOW, RECORD_ATTRIBUTE_HEADER } from "../wire/flow-attributes.ts";
import { RecordMerger } from "../wire/flow-merge.ts";
import { attributeWord, padded, Span } from "../wire/flow-record.ts";
import type { FlowTable, RecordKind } from "./flow-table.ts";

/** First word of a TIMEOUT attribute: number 6 of a flow, 12 of an expectation, with 4 bytes of payload. */
const TIMEOUT_WORD = { flow: 0x0008_0006, expectation: 0x0008_000c } as const;
const MARK_WORD = attributeWord(FLOW.mark, 4);
const MARK_SIZE = 8;

export class Merging {
  readonly #merger: RecordMerger;
  readonly #timeoutWord: number;
  readonly #known = new Span(new DataView(new ArrayBuffer(0)));

  constructor(kind: RecordKind) {
    this.#merger = new RecordMerger(kind);
    this.#timeoutWord = TIMEOUT_WORD[kind];
  }

  /** A received body as a record that can be stored and sent: in words, and within the largest size of a record. */
  normalise(body: Span): Span {
    return this.#merger.merge(undefined, body);
  }

  /** Attributes of `update` overwrite those of the entry, absent ones stay. False when there is no memory for it. */
  apply(table: FlowTable, slot: number, update: Span, now: Instant): boolean {
    const known = table.load(slot, this.#known);
    if (haveSameShape(known, update)) return table.replace(slot, update, now);
    return table.replace(slot, this.#merger.merge(known, update), now);
  }

  /** Whether `update` tells more of an entry than another timeout, or a mark of zero, of which only dumps speak. */
  isNews(table: FlowTable, slot: number, update: Span): boolean {
    const known = table.load(slot, this.#known);
    if (haveSameShape(known, update)) return !areSameButTimeout(known, update, this.#timeoutWord);
    const merged = this.#merger.merge(known, update);
    if (merged.size === known.size + MARK_SIZE) merged.size = withoutZeroMark(merged);
    return !areSameButTimeout(known, merged, this.#timeoutWord);
  }

  /** Whether an entry of which a dump may have told says the same as `record`: a mark of zero is none, timeouts do not count. */
  isSame(table: FlowTable, slot: number, record: Span): boolean {
    const known = table.load(slot, this.#known);
    if (known.size !== record.size + MARK_SIZE)
      return areSameButTimeout(known, record, this.#timeoutWord);
    const copy = this.#merger.merge(undefined, known);
    copy.size = withoutZeroMark(copy);
    return areSameButTimeout(copy, record, this.#timeoutWord);
  }

  /** Whether `record` in the place of the entry's would change more than the timeout. */
  differs(table: FlowTable, slot: number, record: Span): boolean {
    return !areSameButTimeout(table.load(slot, this.#known), record, this.#timeoutWord);
  }
}

/** Whether both have the same attributes with the same sizes in the same order: then one can take the other's place. */
function haveSameShape(a: Span, b: Span): boolean {
  if (a.size !== b.size) return false;
  const end = a.at + a.size;
  const shift = b.at - a.at;
  for (let at = a.at; end - at > RECORD_ATTRIBUTE_HEADER; ) {
    const word = a.view.getUint32(at);
    if (word !== b.view.getUint32(at + shift)) return false;
    at += padded(word >>> 16);
  }
  return true;
}

function areSameButTimeout(a: Span, b: Span, timeoutWord: number): boolean {
  if (!haveSameShape(a, b)) return false;
  const end = a.at + a.size;
  const shift = b.at - a.at;
  for (let at = a.at; end - at > RECORD_ATTRIBUTE_HEADER; ) {
    const word = a.view.getUint32(at);
    const next = Math.min(end, at + padded(word >>> 16));
    if (word !== timeoutWord && !haveSameWords(a.view, b.view, { at, next, shift })) return false;
    at = next;
  }
  return true;
}

/** Cuts a mark of zero out of a record that may be changed. Returns its size from then on. */
function withoutZeroMark({ view, at, size }: Span): number {
  const end = at + size;
  for (let next = at; end - next > RECORD_ATTRIBUTE_HEADER; ) {
    const word = view.getUint32(next);
    if (word === MARK_WORD) {
      if (view.getUint32(next + RECORD_ATTRIBUTE_HEADER) !== 0) return size;
      for (let rest = next + MARK_SIZE; rest < end; rest += 4)
        view.setUint32(rest - MARK_SIZE, view.getUint32(rest));
      return size - MARK_SIZE;
    }
    next += padded(word >>> 16);
  }
  return size;
}

interface Stretch {
  readonly at: number;
  readonly next: number;
  readonly shift: number;
}

function haveSameWords(a: DataView, b: DataView, { at, next, shift }: Stretch): boolean {
  for (let offset = at; offset < next; offset += 4)
    if (a.getUint32(offset) !== b.getUint32(offset + shift)) return false;
  return true;
}
