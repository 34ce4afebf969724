/** Bodies of flow-sync messages, put together by hand. */
import { Span } from "../../src/wire/flow-record.ts";
import { bytes, hexOf, view } from "./bytes.ts";

/** One attribute with that payload in hex, zero padded. */
export function attribute(number: number, payload: string): string {
  const size = bytes(payload).length;
  const header = ((4 + size) * 65_536 + number).toString(16).padStart(8, "0");
  return `${header}${payload.replaceAll(/\s/g, "")}${"00".repeat(-size & 3)}`;
}

export const body = (...attributes: readonly string[]): Span => new Span(view(attributes.join("")));

export const recordHex = ({ view: out, at, size }: Span): string =>
  hexOf(new DataView(out.buffer, out.byteOffset + at, size));

/** A record in memory of its own. */
export const ownRecord = (record: Span): Span => new Span(view(recordHex(record)));
