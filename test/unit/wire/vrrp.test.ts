import { describe, expect, test } from "vitest";
import {
  type Advertisement,
  advertisementSize,
  checksumMatches,
  decodeAdvertisement,
  encodeAdvertisement,
  statedSize,
  statedVersion,
  writeChecksum,
} from "../../../src/wire/vrrp.ts";
import { bitFlips, bytes, encoded, hexOf, view, viewOf } from "../../support/bytes.ts";
import { ip } from "../../support/vrrp-config.ts";

const PASSWORD_AD = "21336401 01010000 c0000264 73336372 65740000";
const IPV4_AD = "31336401 00640000 c0000264";
const IPV6_AD = "3133ff01 0fff0000 20010db8 00000000 00000000 00000100";

const passwordAd: Advertisement = {
  version: 2,
  vrid: 51,
  priority: 100,
  authenticationType: 1,
  intervalSeconds: 1,
  addresses: [ip("192.0.2.100")],
  authenticationData: bytes("7333637265740000"),
};
const ipv4Ad: Advertisement = {
  version: 3,
  vrid: 51,
  priority: 100,
  intervalCs: 100,
  addresses: [ip("192.0.2.100")],
};
const ipv6Ad: Advertisement = {
  version: 3,
  vrid: 51,
  priority: 255,
  intervalCs: 4095,
  addresses: [ip("2001:db8::100")],
};

describe.each([
  ["VRRPv2 with a password", 4, PASSWORD_AD, passwordAd],
  ["VRRPv3 over IPv4", 4, IPV4_AD, ipv4Ad],
  ["VRRPv3 over IPv6", 6, IPV6_AD, ipv6Ad],
] as const)("%s", (_name, family, hex, advertisement) => {
  test("decodes", () => {
    expect(decodeAdvertisement(view(hex), family)).toEqual({ ok: true, value: advertisement });
  });

  test("encodes, with the checksum still to be written", () => {
    const withoutChecksum = bytes(hex).fill(0, 6, 8);
    expect(encoded((out) => encodeAdvertisement(advertisement, out))).toBe(
      hexOf(viewOf(withoutChecksum)),
    );
  });

  test("is refused at every length but its own", () => {
    const whole = bytes(hex);
    for (let length = 0; length < whole.length; length += 1)
      expect(decodeAdvertisement(viewOf(whole.subarray(0, length)), family)).toEqual({
        ok: false,
        fault: "truncated",
      });
    const longer = new Uint8Array(whole.length + 1);
    longer.set(whole);
    expect(decodeAdvertisement(viewOf(longer), family)).toEqual({
      ok: false,
      fault: "bad-length",
    });
  });

  test("with any one bit flipped no longer matches its checksum", () => {
    const whole = bytes(hex);
    writeChecksum(viewOf(whole), 0x1234);
    expect(checksumMatches(viewOf(whole), 0x1234)).toBe(true);
    for (const { bit, flipped } of bitFlips(whole))
      expect(checksumMatches(viewOf(flipped), 0x1234), `bit ${bit}`).toBe(false);
  });
});

test("the checksum of a captured packet is right without a pseudo header, and only so", () => {
  const captured = view("21336401 0001b865 c0000264 00000000 00000000");
  expect(checksumMatches(captured, 0)).toBe(true);
  expect(checksumMatches(captured, 1)).toBe(false);
});

test.each([
  ["11336401 00640000 c0000264", "bad-version"],
  ["41336401 00640000 c0000264", "bad-version"],
  ["30336401 00640000 c0000264", "bad-type"],
  ["32336401 00640000 c0000264", "bad-type"],
  ["3f336400 00640000", "bad-type"],
  ["31336400 00640000 c0000264", "bad-length"],
  ["31336402 00640000 c0000264", "truncated"],
])("%s is refused as %s", (hex, fault) => {
  expect(decodeAdvertisement(view(hex), 4)).toEqual({ ok: false, fault });
});

test("VRRPv2 over IPv6, which no RFC defines, is refused", () => {
  const ad = "21336400 00010000 00000000 00000000";
  expect(decodeAdvertisement(view(ad), 6)).toEqual({ ok: false, fault: "bad-version" });
});

test("the reserved bits of VRRPv3 are ignored", () => {
  const ad = decodeAdvertisement(view("31336400 f0640000"), 4);
  expect(ad).toMatchObject({ ok: true, value: { intervalCs: 100, addresses: [] } });
});

test("sizes follow version, family and count", () => {
  expect(advertisementSize(2, 4, 0)).toBe(16);
  expect(advertisementSize(2, 4, 255)).toBe(1036);
  expect(advertisementSize(3, 4, 1)).toBe(12);
  expect(advertisementSize(3, 6, 255)).toBe(4088);
});

test("the stated size is read anywhere in a packet, whatever lies behind", () => {
  const packet = view("ffff 21336403 00010000 0000");
  expect(statedVersion(packet, 2)).toBe(2);
  expect(statedSize(packet, 2, 4)).toEqual({ ok: true, value: 28 });
  expect(statedSize(packet, 5, 4)).toEqual({ ok: false, fault: "truncated" });
  expect(statedSize(packet, 0, 4)).toEqual({ ok: false, fault: "bad-version" });
});
