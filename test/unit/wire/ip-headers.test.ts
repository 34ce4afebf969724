import { describe, expect, test } from "vitest";
import { decodeIpv4Header, encodeIpv4Header, ipv4HeaderSize } from "../../../src/wire/ipv4.ts";
import { decodeIpv6Header, encodeIpv6Header } from "../../../src/wire/ipv6.ts";
import { addressSum, pseudoHeaderSum } from "../../../src/wire/pseudo-header.ts";
import { bitFlips, bytes, encoded, view, viewOf } from "../../support/bytes.ts";
import { ip } from "../../support/vrrp-config.ts";

describe("the IPv4 header", () => {
  const HEX = "45c00028 c1ba4000 ff7016d5 c0000203 e0000012";
  const packet = bytes(`${HEX} ${"00".repeat(20)}`);
  const header = {
    totalLength: 40,
    tos: 0xc0,
    id: 0xc1ba,
    fragment: 0x4000,
    ttl: 255,
    protocol: 112,
    source: ip("192.0.2.3"),
    destination: ip("224.0.0.18"),
  };

  test("decodes and encodes", () => {
    expect(decodeIpv4Header(viewOf(packet))).toEqual({
      ok: true,
      value: { headerSize: 20, ...header },
    });
    expect(encoded((out) => encodeIpv4Header(header, out))).toBe(HEX.replaceAll(" ", ""));
  });

  test("is refused when it or what it announces is cut off", () => {
    for (let length = 0; length < packet.length; length += 1)
      expect(decodeIpv4Header(viewOf(packet.subarray(0, length)))).toEqual({
        ok: false,
        fault: "truncated",
      });
  });

  test("may be followed by padding", () => {
    const padded = new Uint8Array(46);
    padded.set(packet);
    expect(decodeIpv4Header(viewOf(padded)).ok).toBe(true);
  });

  test("with any one bit flipped is refused", () => {
    for (const { bit, flipped } of bitFlips(packet.subarray(0, 20))) {
      const spoilt = Uint8Array.from(packet);
      spoilt.set(flipped);
      expect(decodeIpv4Header(viewOf(spoilt)).ok, `bit ${bit}`).toBe(false);
    }
  });

  test.each([
    ["of version 6", "65c00028", "bad-version"],
    ["of 16 bytes", "44c00028", "bad-length"],
    ["longer than the packet", "45c00013", "bad-length"],
  ])("%s is refused", (_what, start, fault) => {
    const spoilt = view(`${start} ${HEX.slice(8)} ${"00".repeat(20)}`);
    expect(decodeIpv4Header(spoilt)).toEqual({ ok: false, fault });
  });

  test("may have options, which the checksum covers", () => {
    const withOptions = "46c0001c 00010000 ff708398 c0000201 e0000012 94040000 00000000";
    const decoded = decodeIpv4Header(view(withOptions));
    expect(decoded).toMatchObject({ ok: true, value: { headerSize: 24, totalLength: 28 } });
    expect(ipv4HeaderSize(view(withOptions))).toBe(24);
    expect(decodeIpv4Header(view(withOptions.replace("94", "95")))).toEqual({
      ok: false,
      fault: "bad-checksum",
    });
  });
});

describe("the IPv6 header", () => {
  const HEX = `6c0900e3 000270ff fe800000 00000000 02005eff fe000233
    ff020000 00000000 00000000 00000012`;
  const packet = bytes(`${HEX} abcd`);
  const header = {
    payloadLength: 2,
    trafficClass: 0xc0,
    flowLabel: 0x900e3,
    nextHeader: 112,
    hopLimit: 255,
    source: ip("fe80::200:5eff:fe00:233"),
    destination: ip("ff02::12"),
  };

  test("decodes and encodes", () => {
    expect(decodeIpv6Header(viewOf(packet), 0)).toEqual({ ok: true, value: header });
    expect(encoded((out) => encodeIpv6Header(header, out, 0))).toBe(HEX.replaceAll(/\s/g, ""));
  });

  test("decodes in the middle of a frame", () => {
    const frame = new Uint8Array(packet.length + 14);
    frame.set(packet, 14);
    expect(decodeIpv6Header(viewOf(frame), 14)).toEqual({ ok: true, value: header });
  });

  test("is refused when it or what it announces is cut off", () => {
    for (let length = 0; length < packet.length; length += 1)
      expect(decodeIpv6Header(viewOf(packet.subarray(0, length)), 0)).toEqual({
        ok: false,
        fault: "truncated",
      });
  });

  test("of another version is refused", () => {
    const spoilt = Uint8Array.from(packet);
    spoilt[0] = 0x4c;
    expect(decodeIpv6Header(viewOf(spoilt), 0)).toEqual({ ok: false, fault: "bad-version" });
  });
});

test("pseudo headers are summed in 16-bit words", () => {
  expect(addressSum(ip("192.0.2.1"))).toBe(0xc000 + 0x0201);
  expect(addressSum(ip("fe80::1:ff"))).toBe(0xfe80 + 1 + 0xff);
  const [source, destination] = [ip("192.0.2.1"), ip("224.0.0.18")];
  expect(pseudoHeaderSum({ source, destination, protocol: 112, length: 12 })).toBe(
    0xc000 + 0x0201 + 0xe000 + 0x12 + 112 + 12,
  );
});
