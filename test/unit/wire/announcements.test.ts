import { describe, expect, test } from "vitest";
import { type Mac, parseMac } from "../../../src/base/mac.ts";
import { decodeArp, encodeArp, encodeGratuitousArp } from "../../../src/wire/arp.ts";
import { decodeEthernetHeader } from "../../../src/wire/ethernet.ts";
import {
  decodeNeighbourAdvertisement,
  encodeUnsolicitedAdvertisement,
} from "../../../src/wire/ndp.ts";
import { bitFlips, bytes, encoded, view, viewOf } from "../../support/bytes.ts";
import { ip } from "../../support/vrrp-config.ts";

const MAC: Mac = parseMac("00:00:5e:00:01:33")!;

describe("gratuitous ARP", () => {
  const HEX = `ffffffffffff 00005e000133 0806 0001 0800 0604 0001
    00005e000133 c0000264 ffffffffffff c0000264`;

  test("is a broadcast request of an address for itself", () => {
    expect(encoded((out) => encodeGratuitousArp(MAC, ip("192.0.2.100"), out))).toBe(
      bytes(HEX).reduce((hex, byte) => hex + byte.toString(16).padStart(2, "0"), ""),
    );
  });

  test("is refused at every shorter length, and accepted with padding", () => {
    const frame = bytes(HEX);
    for (let length = 0; length < frame.length; length += 1)
      expect(decodeArp(viewOf(frame.subarray(0, length)))).toEqual({
        ok: false,
        fault: "truncated",
      });
    const padded = new Uint8Array(60);
    padded.set(frame);
    expect(decodeArp(viewOf(padded))).toEqual(decodeArp(viewOf(frame)));
  });

  test.each([
    ["another Ethernet type", "0806", "0800", "not-arp"],
    ["another hardware type", "0806 0001", "0806 0006", "not-ethernet-ipv4"],
    ["another protocol type", "0001 0800", "0001 86dd", "not-ethernet-ipv4"],
    ["other lengths", "0604", "0610", "not-ethernet-ipv4"],
  ])("with %s is no ARP for us", (_what, part, replacement, fault) => {
    expect(decodeArp(view(HEX.replace(part, replacement)))).toEqual({ ok: false, fault });
  });

  test("has each of its fields where ARP has it", () => {
    const arp = {
      destination: parseMac("02:00:00:00:00:01")!,
      source: parseMac("02:00:00:00:00:02")!,
      operation: 2,
      senderMac: parseMac("02:00:00:00:00:03")!,
      senderAddress: ip("192.0.2.4"),
      targetMac: parseMac("02:00:00:00:00:05")!,
      targetAddress: ip("192.0.2.6"),
    };
    const hex = encoded((out) => encodeArp(arp, out));
    expect(hex.slice(28)).toBe(
      "0001080006040002" + "020000000003c0000204" + "020000000005c0000206",
    );
    expect(decodeArp(view(hex))).toEqual({ ok: true, value: arp });
  });
});

describe("the unsolicited neighbour advertisement", () => {
  const HEX = `333300000001 00005e000233 86dd
    60000000 0020 3a ff fe800000000000000000000000000100 ff020000000000000000000000000001
    88 00 776a a0000000 fe800000000000000000000000000100 0201 00005e000233`;
  const announcement = {
    mac: parseMac("00:00:5e:00:02:33")!,
    address: ip("fe80::100"),
    router: true,
  };

  test("is sent from the address itself to all nodes", () => {
    const hex = HEX.replaceAll(/\s/g, "");
    expect(encoded((out) => encodeUnsolicitedAdvertisement(announcement, out))).toBe(hex);
  });

  test("says whether the sender is a router", () => {
    for (const router of [true, false]) {
      const hex = encoded((out) =>
        encodeUnsolicitedAdvertisement({ ...announcement, router }, out),
      );
      expect(hex.slice(116, 118)).toBe(router ? "a0" : "20");
      expect(decodeNeighbourAdvertisement(view(hex))).toMatchObject({
        ok: true,
        value: { router, override: true, solicited: false },
      });
    }
  });

  test("is refused at every shorter length", () => {
    const frame = bytes(HEX);
    for (let length = 0; length < frame.length; length += 1)
      expect(decodeNeighbourAdvertisement(viewOf(frame.subarray(0, length)))).toEqual({
        ok: false,
        fault: "truncated",
      });
  });

  test("with any one bit flipped behind the Ethernet addresses is refused", () => {
    // Traffic class and flow label are covered by no checksum and mean nothing here.
    const ignored = (bit: number): boolean => bit >= 14 * 8 + 4 && bit < 18 * 8;
    for (const { bit, flipped } of bitFlips(bytes(HEX))) {
      if (bit < 12 * 8) continue;
      const { ok } = decodeNeighbourAdvertisement(viewOf(flipped));
      expect(ok, `bit ${bit}`).toBe(ignored(bit));
    }
  });

  test("with a correct checksum is still refused when it is something else", () => {
    const solicitation = HEX.replace("88 00 776a", "87 00 786a");
    expect(decodeNeighbourAdvertisement(view(solicitation))).toEqual({
      ok: false,
      fault: "not-neighbour-advertisement",
    });
    const routed = HEX.replace("3a ff", "3a fe");
    expect(decodeNeighbourAdvertisement(view(routed))).toEqual({
      ok: false,
      fault: "bad-hop-limit",
    });
    const sourceOption = HEX.replace("0201 0000", "0101 0000").replace("776a", "786a");
    expect(decodeNeighbourAdvertisement(view(sourceOption))).toEqual({
      ok: false,
      fault: "no-link-layer-address",
    });
  });
});

test("an Ethernet header is 14 bytes", () => {
  expect(decodeEthernetHeader(view("ffffffffffff 00005e000133 08"))).toEqual({
    ok: false,
    fault: "truncated",
  });
  expect(decodeEthernetHeader(view("ffffffffffff 00005e000133 0806"))).toEqual({
    ok: true,
    value: { destination: "ff:ff:ff:ff:ff:ff", source: MAC, type: 0x0806 },
  });
});
