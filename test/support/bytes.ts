import { formatHex, parseHex } from "../../src/base/hex.ts";

/** Bytes of hex that may be grouped by white space. */
export function bytes(hex: string): Uint8Array {
  const parsed = parseHex(hex.replaceAll(/\s+/g, ""));
  if (parsed === undefined) throw new TypeError(`not hex: ${hex}`);
  return parsed;
}

export const viewOf = (data: Uint8Array): DataView =>
  new DataView(data.buffer, data.byteOffset, data.byteLength);

export const view = (hex: string): DataView => viewOf(bytes(hex));

export const hexOf = (data: DataView): string =>
  formatHex(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

/** What `encode` writes into a buffer full of `dirt`, in hex; nothing beyond the size it returns may be touched. */
export function encoded(encode: (out: DataView) => number, dirt = 0xa5): string {
  const out = new Uint8Array(4200).fill(dirt);
  const size = encode(viewOf(out));
  if (out.subarray(size).some((byte) => byte !== dirt)) throw new Error("wrote beyond its size");
  return formatHex(out.subarray(0, size));
}

/** Every copy of `data` in which exactly one bit differs. */
export function* bitFlips(
  data: Uint8Array,
): Generator<{ readonly bit: number; readonly flipped: Uint8Array }> {
  for (let bit = 0; bit < data.length * 8; bit += 1) {
    const flipped = Uint8Array.from(data);
    flipped[bit >>> 3]! ^= 0x80 >>> (bit & 7);
    yield { bit, flipped };
  }
}
