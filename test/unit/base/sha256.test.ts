import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatHex } from "../../../src/base/hex.ts";
import { sha256 } from "../../../src/base/sha256.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

// The examples of FIPS 180-2, appendix B.
test.each([
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
])("hashes %j", (text, digest) => {
  expect(formatHex(sha256(bytes(text)))).toBe(digest);
});

test("agrees with node:crypto on anything, whatever the length", () => {
  const any = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(any, (message) => {
      const expected = createHash("sha256").update(message).digest("hex");
      expect(formatHex(sha256(message))).toBe(expected);
    }),
  );
});
