import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type IpAddress, type IpFamily, ipFromBytes, isMulticast } from "../../src/base/ip.ts";
import { macFromBytes } from "../../src/base/mac.ts";
import { centiseconds, type Duration, seconds } from "../../src/base/time.ts";
import { Admission, type ReceivedPacket, vridOf } from "../../src/vrrp/admission.ts";
import type { Authentication, InstanceConfig, VirtualAddress } from "../../src/vrrp/config.ts";
import { Outgoing } from "../../src/vrrp/outgoing.ts";
import { decodeArp, encodeArp } from "../../src/wire/arp.ts";
import { decodeEthernetHeader } from "../../src/wire/ethernet.ts";
import { decodeIpv4Header, encodeIpv4Header } from "../../src/wire/ipv4.ts";
import { decodeIpv6Header, encodeIpv6Header } from "../../src/wire/ipv6.ts";
import {
  decodeNeighbourAdvertisement,
  encodeUnsolicitedAdvertisement,
} from "../../src/wire/ndp.ts";
import {
  type Advertisement,
  decodeAdvertisement,
  encodeAdvertisement,
  statedSize,
} from "../../src/wire/vrrp.ts";
import {
  decodeAuthenticationHeader,
  decodeTrailer,
  encodeAuthenticationHeader,
  encodeTrailer,
} from "../../src/wire/vrrp-auth.ts";
import { encoded, view, viewOf } from "../support/bytes.ts";
import { hmac } from "../support/hmac.ts";
import { instanceConfig, multicast, virtualAddress } from "../support/vrrp-config.ts";

const byte = fc.nat(0xff);
const word = fc.nat(0xffff);
const long = fc.nat(0xffff_ffff);
const fixed = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const ipv4 = fixed(4).map(ipFromBytes);
const ipv6 = fixed(16).map(ipFromBytes);
const address = (family: IpFamily): fc.Arbitrary<IpAddress> => (family === 4 ? ipv4 : ipv6);
const mac = fixed(6).map(macFromBytes);

const common = { vrid: byte, priority: byte };
const version2: fc.Arbitrary<Advertisement> = fc.record({
  ...common,
  version: fc.constant(2 as const),
  authenticationType: byte,
  intervalSeconds: byte,
  addresses: fc.array(ipv4, { maxLength: 255 }),
  authenticationData: fixed(8),
});
const version3 = (family: IpFamily): fc.Arbitrary<Advertisement> =>
  fc.record({
    ...common,
    version: fc.constant(3 as const),
    intervalCs: fc.nat(0xfff),
    addresses: fc.array(address(family), { maxLength: 255 }),
  });

describe("decode undoes encode, whatever was in the buffer before:", () => {
  /** Encodes into a buffer full of `dirt`, decodes what was written, and expects the same value. */
  function roundTrip<Value>(
    values: fc.Arbitrary<Value>,
    encode: (value: Value, out: DataView) => number,
    decode: (packet: DataView) => unknown,
  ): void {
    const property = fc.property(values, byte, (value, dirt) => {
      const hex = encoded((out) => encode(value, out), dirt);
      expect(decode(view(hex))).toEqual({ ok: true, value });
    });
    fc.assert(property);
  }

  test.each([
    ["version 2", 4, version2],
    ["version 3 over IPv4", 4, version3(4)],
    ["version 3 over IPv6", 6, version3(6)],
  ] as const)("advertisements of %s", (_name, family, advertisements) => {
    roundTrip(advertisements, encodeAdvertisement, (pdu) => decodeAdvertisement(pdu, family));
  });

  test("IPv4 headers", () => {
    const headers = fc.record({
      headerSize: fc.constant(20),
      totalLength: fc.constant(20),
      tos: byte,
      id: word,
      fragment: word,
      ttl: byte,
      protocol: byte,
      source: ipv4,
      destination: ipv4,
    });
    roundTrip(headers, encodeIpv4Header, decodeIpv4Header);
  });

  test("IPv6 headers", () => {
    const headers = fc.record({
      payloadLength: fc.constant(0),
      trafficClass: byte,
      flowLabel: fc.nat(0xfffff),
      nextHeader: byte,
      hopLimit: byte,
      source: ipv6,
      destination: ipv6,
    });
    roundTrip(
      headers,
      (header, out) => encodeIpv6Header(header, out, 0),
      (packet) => decodeIpv6Header(packet, 0),
    );
  });

  test("ARP", () => {
    const frames = fc.record({
      destination: mac,
      source: mac,
      operation: word,
      senderMac: mac,
      senderAddress: ipv4,
      targetMac: mac,
      targetAddress: ipv4,
    });
    roundTrip(frames, encodeArp, decodeArp);
  });

  test("unsolicited neighbour advertisements", () => {
    const announcements = fc.record({ mac, address: ipv6, router: fc.boolean() });
    const property = fc.property(announcements, byte, (announcement, dirt) => {
      const hex = encoded((out) => encodeUnsolicitedAdvertisement(announcement, out), dirt);
      expect(decodeNeighbourAdvertisement(view(hex))).toMatchObject({
        ok: true,
        value: {
          source: announcement.address,
          target: announcement.address,
          targetMac: announcement.mac,
          router: announcement.router,
        },
      });
    });
    fc.assert(property);
  });

  test("authentication headers", () => {
    roundTrip(
      fc.record({ spi: ipv4, sequence: long, icv: fixed(12) }),
      (header, out) => encodeAuthenticationHeader(header, out, 0),
      (packet) => decodeAuthenticationHeader(packet, 0),
    );
  });

  test("trailers", () => {
    roundTrip(
      fc.record({ keyId: byte, seconds: long, fraction: word, counter: word, mac: fixed(16) }),
      (trailer, out) => encodeTrailer(trailer, out, 0),
      (packet) => decodeTrailer(packet, 0),
    );
  });
});

describe("no bytes make a decoder throw:", () => {
  const decoders: Readonly<Record<string, (packet: DataView) => unknown>> = {
    "VRRP over IPv4": (packet) => decodeAdvertisement(packet, 4),
    "VRRP over IPv6": (packet) => decodeAdvertisement(packet, 6),
    "VRRP's size": (packet) => statedSize(packet, 3, 4),
    "authentication header": (packet) => decodeAuthenticationHeader(packet, 3),
    trailer: (packet) => decodeTrailer(packet, 3),
    IPv4: decodeIpv4Header,
    IPv6: (packet) => decodeIpv6Header(packet, 3),
    Ethernet: decodeEthernetHeader,
    ARP: decodeArp,
    "neighbour advertisement": decodeNeighbourAdvertisement,
  };
  test.each(Object.entries(decoders))("%s", (_name, decode) => {
    const property = fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => {
      expect(decode(viewOf(bytes))).toHaveProperty("ok");
    });
    fc.assert(property, { numRuns: 500 });
  });
});

const password = fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => hexOf(bytes));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const none: fc.Arbitrary<Authentication> = fc.constant({ type: "none" });
const trailer: fc.Arbitrary<Authentication> = fc.record({
  type: fc.constant("hmac" as const),
  keys: fixed(32).map((bytes) => [{ id: 7, secret: hexOf(bytes) }]),
  activeKey: fc.constant(7),
  replay: fc.constantFrom("time" as const, "monotonic" as const),
  window: fc.constant(seconds(5)),
  mode: fc.constantFrom("enforce" as const, "permissive" as const, "receive-only" as const),
});
const authenticationV2: fc.Arbitrary<Authentication> = fc.oneof(
  none,
  trailer,
  fc.record({ type: fc.constant("password" as const), password }),
  fc.record({ type: fc.constant("header" as const), key: password }),
);

const virtual = (family: IpFamily): fc.Arbitrary<readonly VirtualAddress[]> =>
  fc
    .uniqueArray(address(family), { maxLength: family === 4 ? 255 : 80 })
    .map((addresses) =>
      addresses.map((text) => virtualAddress(`${text}/${family === 4 ? 24 : 64}`)),
    );

/** Instances of every version, family, kind of authentication and transport. */
const instance: fc.Arbitrary<InstanceConfig> = fc
  .constantFrom([2, 4] as const, [3, 4] as const, [3, 6] as const)
  .chain(([version, family]) => {
    const interval: fc.Arbitrary<Duration> =
      version === 2
        ? fc.integer({ min: 1, max: 255 }).map(seconds)
        : fc.integer({ min: 1, max: 4095 }).map(centiseconds);
    return fc
      .record({
        vrid: fc.integer({ min: 1, max: 255 }),
        interval,
        authentication: version === 2 ? authenticationV2 : fc.oneof(none, trailer),
        addresses: virtual(family),
        checksum: fc.constantFrom("pseudo-header" as const, "payload-only" as const),
        isUnicast: fc.boolean(),
      })
      .map(({ isUnicast, ...rest }) =>
        instanceConfig({
          version,
          family,
          transport: isUnicast
            ? { type: "unicast", peers: [], checkSource: false, faultWithoutPeer: false }
            : multicast(family),
          ...rest,
        }),
      );
  });

interface Exchange {
  readonly config: InstanceConfig;
  readonly packet: ReceivedPacket;
  readonly priority: number;
}

/** One advertisement from a random host to a random destination that fits the transport. */
const exchange: fc.Arbitrary<Exchange> = instance.chain((config) => {
  const unicastAddress = address(config.family).filter((host) => !isMulticast(host));
  return fc
    .record({
      source: unicastAddress,
      destination: unicastAddress,
      priority: byte,
      old: fc.boolean(),
    })
    .map(({ source, destination, priority, old }) => {
      const { transport, authentication, family } = config;
      const isUnicast = transport.type === "unicast";
      const to = isUnicast ? destination : transport.group;
      const context = { wallMicroseconds: 1_000_000, oldChecksum: old, sequenceHeard: 0 };
      const bytes = new Outgoing(config, hmac).datagram(priority, source, to, context);
      const protocol = authentication.type === "header" && family === 4 ? 51 : 112;
      const peers = [{ address: source, ttlMin: 0, ttlMax: 255 }];
      return {
        config: isUnicast ? { ...config, transport: { ...transport, peers } } : config,
        priority,
        packet: { source, destination: to, ttl: 255, protocol, bytes: viewOf(bytes) },
      };
    });
});

const CONTEXT = { wallSeconds: 1, active: false, lastSource: undefined };

describe("admission", () => {
  test("accepts what a router of the same configuration sends", () => {
    fc.assert(
      fc.property(exchange, ({ config, packet, priority }) => {
        expect(vridOf(packet)).toBe(config.vrid);
        expect(new Admission(config, hmac).admit(packet, CONTEXT)).toEqual({
          ok: true,
          heard: { priority, interval: config.interval, sameAddresses: true },
        });
      }),
      { numRuns: 300 },
    );
  });

  test("refuses it cut anywhere, and never throws", () => {
    fc.assert(
      fc.property(exchange, fc.nat(), ({ config, packet }, pick) => {
        const { buffer, byteLength } = packet.bytes;
        const cut = new DataView(buffer, 0, pick % byteLength);
        const verdict = new Admission(config, hmac).admit({ ...packet, bytes: cut }, CONTEXT);
        expect(verdict.ok).toBe(false);
      }),
    );
  });

  test("never throws on an advertisement with random damage", () => {
    const damage = fc.array(fc.tuple(fc.nat(), byte), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(exchange, damage, ({ config, packet }, changes) => {
        const admission = new Admission(config, hmac);
        for (const [pick, value] of changes) {
          packet.bytes.setUint8(pick % packet.bytes.byteLength, value);
          expect(admission.admit(packet, CONTEXT)).toHaveProperty("ok");
        }
      }),
    );
  });

  test("never throws on random bytes, and accepts none", () => {
    const garbage = fc.record({ bytes: fc.uint8Array({ maxLength: 96 }), isHeader: fc.boolean() });
    fc.assert(
      fc.property(exchange, garbage, ({ config, packet }, { bytes, isHeader }) => {
        const received: ReceivedPacket = {
          ...packet,
          protocol: isHeader ? 51 : 112,
          bytes: viewOf(bytes),
        };
        vridOf(received);
        expect(new Admission(config, hmac).admit(received, CONTEXT).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
