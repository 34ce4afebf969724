import { expect, test } from "vitest";
import type { IpAddress } from "../../../src/base/ip.ts";
import {
  encodeIpSocketAddress,
  encodeMembership,
  encodeNetlinkAddress,
  encodePacketAddress,
  readIpv6SocketAddress,
  readNetlinkPort,
} from "../../../src/wire/socket-address.ts";
import { hexOf, view } from "../../support/bytes.ts";

const ip = (text: string): IpAddress => text as IpAddress;

/** The bytes that `encode` says it wrote into a dirty buffer. */
function written(encode: (out: DataView) => number): string {
  const out = view("a5".repeat(32));
  const size = encode(out);
  return hexOf(out).slice(0, 2 * size);
}

test("struct sockaddr_in has no port here", () => {
  expect(written((out) => encodeIpSocketAddress(out, ip("224.0.0.18"), 3))).toBe(
    "02000000e00000120000000000000000",
  );
});

test("struct sockaddr_in6 carries the interface as its scope", () => {
  const expected = "0a00000000000000ff02000000000000000000000000001203000000";
  expect(written((out) => encodeIpSocketAddress(out, ip("ff02::12"), 3))).toBe(expected);
  expect(readIpv6SocketAddress(view(`0000${expected}`), 2)).toBe("ff02::12");
});

test("struct sockaddr_ll has its EtherType in network order", () => {
  expect(written((out) => encodePacketAddress(out, 3, 0x0806))).toBe(
    "1100080603000000000000000000000000000000",
  );
});

test("struct sockaddr_nl names groups, and tells who sent", () => {
  expect(written((out) => encodeNetlinkAddress(out, 0x51))).toBe("100000000000000051000000");
  expect(readNetlinkPort(view("10000000 39300000 00000000"))).toBe(12_345);
});

test("a membership is a struct ip_mreqn or a struct ipv6_mreq", () => {
  expect(written((out) => encodeMembership(out, ip("224.0.0.18"), 3))).toBe(
    "e00000120000000003000000",
  );
  expect(written((out) => encodeMembership(out, ip("ff02::12"), 3))).toBe(
    "ff02000000000000000000000000001203000000",
  );
});
