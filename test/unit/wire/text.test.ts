import { expect, test } from "vitest";
import { decodeText, encodeText } from "../../../src/wire/text.ts";
import { view, viewOf } from "../../support/bytes.ts";

test.each(["", "eth0", "100% sure", "größe", "日本", "🦆"])("%j survives as UTF-8", (text) => {
  const data = Uint8Array.from(encodeText(text));
  expect(data).toEqual(new Uint8Array(Buffer.from(text)));
  expect(decodeText(viewOf(data), 0, data.length)).toBe(text);
});

test("text ends at the first NUL", () => {
  expect(decodeText(view("65 74 68 30 00 78"), 0, 6)).toBe("eth0");
});

test("bytes that are no UTF-8 are kept as they are", () => {
  expect(decodeText(view("66 fc 72"), 0, 3)).toBe("für");
});
