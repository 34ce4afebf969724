/** Text as the kernel keeps it: bytes that are UTF-8 by convention, ended by a NUL. */

/** The UTF-8 bytes of `text`, without a NUL. */
export function encodeText(text: string): number[] {
  const bytes: number[] = [];
  for (const part of encodeURIComponent(text).match(/%..|[^%]/g) ?? [])
    bytes.push(part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0));
  return bytes;
}

/** Reads up to `size` bytes or to the first NUL. Bytes that are not UTF-8 are taken as Latin-1, so nothing is refused. */
export function decodeText(view: DataView, offset: number, size: number): string {
  let text = "";
  let ascii = true;
  for (let index = 0; index < size; index += 1) {
    const byte = view.getUint8(offset + index);
    if (byte === 0) break;
    ascii &&= byte < 0x80;
    text += String.fromCharCode(byte);
  }
  return ascii ? text : fromUtf8(text);
}

function fromUtf8(latin1: string): string {
  const escaped = latin1.replace(
    /[\s\S]/g,
    (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  try {
    return decodeURIComponent(escaped);
  } catch {
    return latin1;
  }
}
