/** Duet against frames that keepalived and FRR really sent: test/vectors/vrrp. */
import { expect, test } from "vitest";
import { formatHex } from "../../src/base/hex.ts";
import { type Mac, parseMac } from "../../src/base/mac.ts";
import { Admission, type ReceivedPacket, vridOf } from "../../src/vrrp/admission.ts";
import { Outgoing } from "../../src/vrrp/outgoing.ts";
import { decodeArp, encodeArp, encodeGratuitousArp } from "../../src/wire/arp.ts";
import {
  decodeEthernetHeader,
  ETHERNET_HEADER_SIZE,
  encodeEthernetHeader,
} from "../../src/wire/ethernet.ts";
import { decodeIpv4Header, encodeIpv4Header, IPV4_HEADER_SIZE } from "../../src/wire/ipv4.ts";
import { decodeIpv6Header, encodeIpv6Header, IPV6_HEADER_SIZE } from "../../src/wire/ipv6.ts";
import {
  decodeNeighbourAdvertisement,
  encodeUnsolicitedAdvertisement,
} from "../../src/wire/ndp.ts";
import { pseudoHeaderSum } from "../../src/wire/pseudo-header.ts";
import {
  checksumMatches,
  decodeAdvertisement,
  encodeAdvertisement,
  VRRP_GROUP_IPV4,
  writeChecksum,
} from "../../src/wire/vrrp.ts";
import {
  AH_SIZE,
  decodeAuthenticationHeader,
  decodeTrailer,
  encodeAuthenticationHeader,
  encodeTrailer,
  integrityCheckValue,
  TRAILER_SIZE,
  trailerMac,
} from "../../src/wire/vrrp-auth.ts";
import { bitFlips, bytes, encoded, hexOf, view, viewOf } from "../support/bytes.ts";
import { hmac } from "../support/hmac.ts";
import {
  advertisementFrames,
  arpFrames,
  type CapturedAdvertisement,
  captures,
  configOf,
  HMAC_KEY,
  naFrames,
  sourceOf,
} from "../support/vrrp-captures.ts";
import { ip } from "../support/vrrp-config.ts";

const mac = (text: string): Mac => parseMac(text)!;
const key = bytes(HMAC_KEY);

/** The parts of a captured advertisement, cut by the lengths that its decoder noted. */
function dissect(hex: string, ad: CapturedAdvertisement) {
  const isIpv6 = ad.ip_src.includes(":");
  const packet = bytes(hex).slice(ETHERNET_HEADER_SIZE);
  const ipSize = isIpv6 ? IPV6_HEADER_SIZE : IPV4_HEADER_SIZE;
  const pduAt = ipSize + (ad.kind === "vrrp-ah" ? AH_SIZE : 0);
  const pdu = viewOf(packet.slice(pduAt, pduAt + ad.body_len));
  const signed = viewOf(packet.slice(pduAt, pduAt + ad.payload_len));
  const trailer = ad.trailer === undefined ? undefined : signed;
  return { isIpv6, packet, pdu, signed, trailer, covered: isIpv6 ? signed : pdu };
}

/** The seed of the checksum rule that the capture's notes name. */
function seedOf(ad: CapturedAdvertisement, length: number): number {
  const rule = ad.checksum_valid_with[0]!;
  if (rule === "none") return 0;
  const destination = rule === "pseudo4(224.0.0.18)" ? VRRP_GROUP_IPV4 : ip(ad.ip_dst);
  return pseudoHeaderSum({ source: sourceOf(ad), destination, protocol: 112, length });
}

function receivedFrom(hex: string, ad: CapturedAdvertisement): ReceivedPacket {
  const { isIpv6, packet, signed } = dissect(hex, ad);
  return {
    source: sourceOf(ad),
    destination: ip(ad.ip_dst),
    ttl: ad.ttl ?? ad.hlim!,
    protocol: ad.proto,
    bytes: isIpv6 ? signed : viewOf(packet),
  };
}

const ipv4Frames = advertisementFrames.filter(([, { decoded: ad }]) => ad.ttl !== undefined);
const ipv6Frames = advertisementFrames.filter(([, { decoded: ad }]) => ad.hlim !== undefined);
const headerFrames = advertisementFrames.filter(([, { decoded: ad }]) => ad.ah !== undefined);
const trailerFrames = advertisementFrames.filter(([, { decoded: ad }]) => ad.trailer !== undefined);
const keepalivedFrames = advertisementFrames.filter(([name]) => !name.startsWith("frr"));
const gratuitousFrames = arpFrames.filter(([, { decoded: arp }]) => arp.kind === "garp");
/** The kernel answers solicitations of its own accord. */
const unsolicitedFrames = naFrames.filter(([, { decoded: na }]) => na.ip_dst === "ff02::1");

test("there are captures of every kind to test against", () => {
  expect(Object.keys(captures).length).toBeGreaterThanOrEqual(29);
  expect(advertisementFrames.length).toBeGreaterThanOrEqual(132);
  expect(arpFrames.length).toBeGreaterThanOrEqual(40);
  expect(naFrames.length).toBeGreaterThanOrEqual(14);
  for (const some of [ipv4Frames, ipv6Frames, headerFrames, trailerFrames])
    expect(some.length).toBeGreaterThan(0);
});

test.each(advertisementFrames)(
  "%s: its Ethernet header decodes and encodes",
  (_name, { hex, decoded: ad }) => {
    const { isIpv6 } = dissect(hex, ad);
    const header = decodeEthernetHeader(view(hex));
    const type = isIpv6 ? 0x86dd : 0x0800;
    const value = { destination: ad.eth_dst, source: ad.eth_src, type };
    expect(header).toEqual({ ok: true, value });
    expect(header.ok && encoded((out) => encodeEthernetHeader(header.value, out))).toBe(
      hex.slice(0, ETHERNET_HEADER_SIZE * 2),
    );
  },
);

test.each(ipv4Frames)("%s: its IPv4 header decodes and encodes", (_name, { hex, decoded: ad }) => {
  const { packet } = dissect(hex, ad);
  const header = decodeIpv4Header(viewOf(packet));
  expect(header).toEqual({
    ok: true,
    value: {
      headerSize: 20,
      totalLength: packet.length,
      tos: ad.tos,
      id: ad.ip_id,
      fragment: ad.ip_frag,
      ttl: ad.ttl,
      protocol: ad.proto,
      source: ad.ip_src,
      destination: ad.ip_dst,
    },
  });
  expect(header.ok && encoded((out) => encodeIpv4Header(header.value, out))).toBe(
    formatHex(packet.subarray(0, IPV4_HEADER_SIZE)),
  );
});

test.each(ipv6Frames)("%s: its IPv6 header decodes and encodes", (_name, { hex, decoded: ad }) => {
  const { packet } = dissect(hex, ad);
  const header = decodeIpv6Header(viewOf(packet), 0);
  expect(header).toEqual({
    ok: true,
    value: {
      payloadLength: ad.payload_len,
      trafficClass: ad.tclass,
      flowLabel: ad.flow,
      nextHeader: 112,
      hopLimit: ad.hlim,
      source: ad.ip_src,
      destination: ad.ip_dst,
    },
  });
  expect(header.ok && encoded((out) => encodeIpv6Header(header.value, out, 0))).toBe(
    formatHex(packet.subarray(0, IPV6_HEADER_SIZE)),
  );
});

test.each(advertisementFrames)(
  "%s: its advertisement decodes and encodes",
  (_name, { hex, decoded: ad }) => {
    const { isIpv6, pdu, trailer, covered } = dissect(hex, ad);
    const advertisement = decodeAdvertisement(pdu, isIpv6 ? 6 : 4);
    const { version, vrid, priority, addresses } = ad;
    const common = { version, vrid, priority, addresses };
    const rest =
      version === 3
        ? { intervalCs: ad.max_adver_int_cs }
        : {
            authenticationType: ad.auth_type,
            intervalSeconds: ad.adver_int_s,
            authenticationData: bytes(ad.auth_data!),
          };
    expect(advertisement).toEqual({ ok: true, value: { ...common, ...rest } });
    if (!advertisement.ok) return;
    const encode = (out: DataView): number => {
      const size = encodeAdvertisement(advertisement.value, out);
      const seed = seedOf(ad, covered.byteLength);
      if (trailer !== undefined && isIpv6)
        for (let at = size; at < trailer.byteLength; at += 1)
          out.setUint8(at, trailer.getUint8(at));
      writeChecksum(new DataView(out.buffer, out.byteOffset, covered.byteLength), seed);
      return covered.byteLength;
    };
    expect(encoded(encode)).toBe(hexOf(covered));
  },
);

test.each(advertisementFrames)(
  "%s: its checksum is right by the rule that was noted, and by no other",
  (_name, { hex, decoded: ad }) => {
    const { covered } = dissect(hex, ad);
    const rules = {
      none: 0,
      "pseudo4(ip_dst)": seedOf(
        { ...ad, checksum_valid_with: ["pseudo4(ip_dst)"] },
        covered.byteLength,
      ),
      "pseudo4(224.0.0.18)": seedOf(
        { ...ad, checksum_valid_with: ["pseudo4(224.0.0.18)"] },
        covered.byteLength,
      ),
    };
    const matching = Object.entries(rules)
      .filter(([, seed]) => checksumMatches(covered, seed))
      .map(([rule]) => rule);
    const expected = ad.checksum_valid_with.map((rule) =>
      rule === "pseudo6" ? "pseudo4(ip_dst)" : rule,
    );
    const toTheGroup = ad.ip_dst === "224.0.0.18" && expected.includes("pseudo4(ip_dst)");
    expect(matching).toEqual(toTheGroup ? [...expected, "pseudo4(224.0.0.18)"] : expected);
  },
);

test.each(headerFrames)(
  "%s: its authentication header decodes, verifies and encodes",
  (_name, { hex, decoded: ad }) => {
    const { packet } = dissect(hex, ad);
    const header = decodeAuthenticationHeader(viewOf(packet), IPV4_HEADER_SIZE);
    const { spi, seq, icv } = ad.ah!;
    expect(header).toEqual({ ok: true, value: { spi, sequence: seq, icv: bytes(icv) } });
    const secret = { hmac, key: bytes("733363726574"), unicast: false };
    expect(formatHex(integrityCheckValue(viewOf(packet), secret))).toBe(icv);
    expect(header.ok && encoded((out) => encodeAuthenticationHeader(header.value, out, 0))).toBe(
      formatHex(packet.subarray(IPV4_HEADER_SIZE, IPV4_HEADER_SIZE + AH_SIZE)),
    );
  },
);

test.each(trailerFrames)(
  "%s: its trailer decodes, verifies and encodes",
  (_name, { hex, decoded: ad }) => {
    const { signed } = dissect(hex, ad);
    const decodedTrailer = decodeTrailer(signed, ad.body_len);
    const { key_id: keyId, sec, subsec, ctr, hmac: digest } = ad.trailer!;
    const value = { keyId, seconds: sec, fraction: subsec, counter: ctr, mac: bytes(digest) };
    expect(decodedTrailer).toEqual({ ok: true, value });
    expect(formatHex(trailerMac(signed, sourceOf(ad), { hmac, key }))).toBe(digest);
    expect(encoded((out) => encodeTrailer(value, out, 0))).toBe(
      hexOf(signed).slice(-TRAILER_SIZE * 2),
    );
  },
);

test.each(advertisementFrames)("%s: its peer admits it", (name, { hex, decoded: ad }) => {
  const packetReceived = receivedFrom(hex, ad);
  expect(vridOf(packetReceived)).toBe(51);
  const admission = new Admission(configOf(name, ad), hmac);
  const context = { wallSeconds: ad.trailer?.sec ?? 0, active: false, lastSource: undefined };
  expect(admission.admit(packetReceived, context)).toEqual({
    ok: true,
    heard: {
      priority: ad.priority,
      interval: (ad.adver_int_s ?? 0) * 1_000_000 + (ad.max_adver_int_cs ?? 0) * 10_000,
      sameAddresses: true,
    },
  });
  expect(admission.oldChecksum).toBe(ad.checksum_valid_with[0] === "pseudo4(224.0.0.18)");
});

test.each(keepalivedFrames)(
  "%s: a Duet in its place would have sent the same bytes",
  (name, { hex, decoded: ad }) => {
    const { isIpv6, packet, signed } = dissect(hex, ad);
    const outgoing = new Outgoing(configOf(name, ad), hmac);
    const context = {
      wallMicroseconds: clockOf(ad),
      oldChecksum: ad.checksum_valid_with[0] === "pseudo4(224.0.0.18)",
      sequenceHeard: (ad.ah?.seq ?? 1) - 1,
    };
    for (let sent = 1; sent < (ad.ip_id ?? 1); sent += 1)
      outgoing.begin(ad.priority, sourceOf(ad), {
        ...context,
        wallMicroseconds: 0,
        sequenceHeard: 0,
      });
    const sent = outgoing.datagram(ad.priority, sourceOf(ad), ip(ad.ip_dst), context);
    expect(formatHex(sent)).toBe(isIpv6 ? hexOf(signed) : formatHex(packet));
  },
);

test.each(advertisementFrames)(
  "%s: its peer refuses it with any one bit flipped",
  (name, frame) => {
    const received = receivedFrom(frame.hex, frame.decoded);
    const whole = Uint8Array.from(new Uint8Array(received.bytes.buffer));
    const config = configOf(name, frame.decoded);
    const wallSeconds = frame.decoded.trailer?.sec ?? 0;
    // The kernel answers for the IPv4 header; it covers it with a checksum of its own.
    const from = frame.decoded.ttl === undefined ? 0 : IPV4_HEADER_SIZE * 8;
    for (const { bit, flipped } of bitFlips(whole)) {
      if (bit < from) continue;
      const admission = new Admission(config, hmac);
      const context = { wallSeconds, active: false, lastSource: undefined };
      const verdict = admission.admit({ ...received, bytes: viewOf(flipped) }, context);
      expect(verdict.ok, `bit ${bit}`).toBe(false);
    }
  },
);

/** A time of day, in microseconds, that the trailer's fraction of 1/65536 s stands for. */
function clockOf(ad: CapturedAdvertisement): number {
  if (ad.trailer === undefined) return 0;
  return ad.trailer.sec * 1_000_000 + Math.ceil((ad.trailer.subsec * 1_000_000) / 0x10000);
}

test.each(arpFrames)("%s: decodes and encodes", (_name, { hex, decoded: arp }) => {
  const frame = decodeArp(view(hex));
  expect(frame).toEqual({
    ok: true,
    value: {
      destination: arp.eth_dst,
      source: arp.eth_src,
      operation: arp.op,
      senderMac: arp.sha,
      senderAddress: arp.spa,
      targetMac: arp.tha,
      targetAddress: arp.tpa,
    },
  });
  expect(frame.ok && encoded((out) => encodeArp(frame.value, out))).toBe(hex);
});

test.each(gratuitousFrames)("%s: Duet would have sent the same bytes", (_name, frame) => {
  const { hex, decoded: arp } = frame;
  expect(encoded((out) => encodeGratuitousArp(mac(arp.sha), ip(arp.spa), out))).toBe(hex);
});

test.each(naFrames)("%s: decodes", (_name, { hex, decoded: na }) => {
  const flags = Number.parseInt(na.flags, 16);
  expect(decodeNeighbourAdvertisement(view(hex))).toEqual({
    ok: true,
    value: {
      destinationMac: na.eth_dst,
      sourceMac: na.eth_src,
      source: na.ip_src,
      destination: na.ip_dst,
      router: (flags & 0x80) !== 0,
      solicited: (flags & 0x40) !== 0,
      override: (flags & 0x20) !== 0,
      target: na.target,
      targetMac: na.eth_src,
    },
  });
});

test.each(unsolicitedFrames)("%s: Duet would have sent the same bytes", (_name, frame) => {
  const { hex, decoded: na } = frame;
  const router = na.flags === "a0";
  const announcement = { mac: mac(na.eth_src), address: ip(na.target), router };
  expect(encoded((out) => encodeUnsolicitedAdvertisement(announcement, out))).toBe(hex);
});
