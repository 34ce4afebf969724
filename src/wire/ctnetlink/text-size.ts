import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";

/** Bytes of the text in the attribute at offset `at`, without the NUL that ends it. */
export function textSize(view: DataView, at: number): number {
  const size = view.getUint16(at, LE) - 4;
  for (let index = 0; index < size; index += 1)
    if (view.getUint8(at + 4 + index) === 0) return index;
  return size;
}
