/** Which expectations are replicated: the ExpectationSync clause of conntrackd.conf(5). */
import { EXPECT, RECORD_ATTRIBUTE_HEADER } from "../wire/flow-attributes.ts";
import { padded, type Span } from "../wire/flow-record.ts";

export class ExpectationFilter {
  /** In lower case, as bytes; undefined lets all pass. */
  readonly #helpers: readonly (readonly number[])[] | undefined;

  /** `helpers`: true, or the beginnings of names of helpers, in any case. */
  constructor(helpers: boolean | readonly string[]) {
    this.#helpers =
      typeof helpers === "boolean"
        ? undefined
        : helpers.map((name) => Array.from(name.toLowerCase(), (letter) => letter.charCodeAt(0)));
  }

  passes(expectation: Span): boolean {
    if (this.#helpers === undefined) return true;
    const { view, at, size } = expectation;
    for (let next = at; at + size - next > RECORD_ATTRIBUTE_HEADER; ) {
      const length = view.getUint16(next);
      if (view.getUint16(next + 2) === EXPECT.helper)
        return this.#isListed(view, next + RECORD_ATTRIBUTE_HEADER, next + length);
      next += padded(length);
    }
    return false;
  }

  #isListed(view: DataView, at: number, end: number): boolean {
    return this.#helpers?.some((name) => startsWith(view, at, end, name)) ?? true;
  }
}

const CASE_BIT = 0x20;

function startsWith(view: DataView, at: number, end: number, name: readonly number[]): boolean {
  if (name.length > end - at) return false;
  return name.every((letter, index) => {
    const byte = view.getUint8(at + index);
    return byte === letter || (byte | CASE_BIT) === letter;
  });
}
