import { describe, expect, test } from "vitest";
import { formatHex } from "../../../src/base/hex.ts";
import {
  decodeAuthenticationHeader,
  decodeTrailer,
  encodeAuthenticationHeader,
  encodeTrailer,
  integrityCheckValue,
  trailerMac,
} from "../../../src/wire/vrrp-auth.ts";
import { bitFlips, bytes, encoded, view, viewOf } from "../../support/bytes.ts";
import { hmac } from "../../support/hmac.ts";
import { ip } from "../../support/vrrp-config.ts";

const HEADER = "70040000 c0000201 00000001 f1477022 1e1cd840 2b9ea525";
const TRAILER = "01010000 6b03346b 9ea00000 8e0e583d 6c0565d5 ad9b1628 9d7676db";

describe("the authentication header", () => {
  const header = {
    spi: ip("192.0.2.1"),
    sequence: 1,
    icv: bytes("f14770221e1cd8402b9ea525"),
  };

  test("decodes and encodes", () => {
    expect(decodeAuthenticationHeader(view(HEADER), 0)).toEqual({ ok: true, value: header });
    expect(encoded((out) => encodeAuthenticationHeader(header, out, 0))).toBe(
      HEADER.replaceAll(" ", ""),
    );
  });

  test("is refused at every shorter length", () => {
    for (let length = 0; length < 24; length += 1)
      expect(decodeAuthenticationHeader(viewOf(bytes(HEADER).subarray(0, length)), 0)).toEqual({
        ok: false,
        fault: "truncated",
      });
    expect(decodeAuthenticationHeader(view(HEADER), 1).ok).toBe(false);
  });

  test.each(["06040000", "70030000", "70050000"])("that begins with %s is malformed", (start) => {
    const packet = view(start + HEADER.slice(8));
    expect(decodeAuthenticationHeader(packet, 0)).toEqual({ ok: false, fault: "malformed" });
  });
});

describe("the integrity check value", () => {
  const datagram = bytes(`45c00040 00010000 ff3318b6 c0000201 e0000012 ${HEADER}
    21336401 0201b665 c0000264 00000000 00000000`);
  const secret = { hmac, key: bytes("733363726574"), unicast: false };
  const value = (packet: Uint8Array, unicast = false): string =>
    formatHex(integrityCheckValue(viewOf(packet), { ...secret, unicast }));
  const original = "f14770221e1cd8402b9ea525";

  test("is that of keepalived, and leaves the packet as it was", () => {
    const before = formatHex(datagram);
    expect(value(datagram)).toBe(original);
    expect(formatHex(datagram)).toBe(before);
  });

  test("changes with every bit but those of TOS, fragment word, header checksum and itself", () => {
    const ignored = new Set([1, 6, 7, 10, 11]);
    for (let at = 32; at < 44; at += 1) ignored.add(at);
    for (const { bit, flipped } of bitFlips(datagram)) {
      // The header's own length says where the value is.
      if (bit < 8) continue;
      expect(value(flipped) === original, `bit ${bit}`).toBe(ignored.has(bit >>> 3));
    }
  });

  test("of unicast does not change with the TTL", () => {
    const lowered = Uint8Array.from(datagram);
    lowered[8] = 12;
    expect(value(lowered, true)).toBe(value(datagram, true));
    expect(value(lowered)).not.toBe(original);
  });
});

describe("the trailer", () => {
  const trailer = {
    keyId: 1,
    seconds: 1_795_372_139,
    fraction: 40_608,
    counter: 0,
    mac: bytes("8e0e583d6c0565d5ad9b16289d7676db"),
  };

  test("decodes and encodes", () => {
    expect(decodeTrailer(view(TRAILER), 0)).toEqual({ ok: true, value: trailer });
    expect(encoded((out) => encodeTrailer(trailer, out, 0))).toBe(TRAILER.replaceAll(" ", ""));
  });

  test("is refused at every shorter length", () => {
    for (let length = 0; length < 28; length += 1)
      expect(decodeTrailer(viewOf(bytes(TRAILER).subarray(0, length)), 0)).toEqual({
        ok: false,
        fault: "truncated",
      });
  });

  test.each(["00010000", "02010000", "01010001", "01018000"])(
    "that begins with %s is malformed",
    (start) => {
      const packet = view(start + TRAILER.slice(8));
      expect(decodeTrailer(packet, 0)).toEqual({ ok: false, fault: "malformed" });
    },
  );

  test("is signed over everything but the checksum and the signature itself", () => {
    const signed = bytes(`21336401 0001b865 c0000264 00000000 00000000 ${TRAILER}`);
    const key = bytes("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    const mac = (packet: Uint8Array, source = "192.0.2.1"): string =>
      formatHex(trailerMac(viewOf(packet), ip(source), { hmac, key }));
    const original = "8e0e583d6c0565d5ad9b16289d7676db";
    expect(mac(signed)).toBe(original);
    expect(mac(signed, "192.0.2.2")).not.toBe(original);
    for (const { bit, flipped } of bitFlips(signed)) {
      const ignored = (bit >= 48 && bit < 64) || bit >= (signed.length - 16) * 8;
      expect(mac(flipped) === original, `bit ${bit}`).toBe(ignored);
    }
  });
});
