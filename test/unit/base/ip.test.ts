import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  anyAddress,
  compareIp,
  formatPrefix,
  type IpAddress,
  ipBits,
  ipBytes,
  ipFamily,
  ipFromBytes,
  ipSize,
  isLinkLocal,
  isMulticast,
  parseIp,
  parsePrefix,
  prefixContains,
  readIp,
  writeIp,
} from "../../../src/base/ip.ts";
import { ip } from "../../support/vrrp-config.ts";

const anyIp: fc.Arbitrary<IpAddress> = fc
  .constantFrom(4, 16)
  .chain((size) => fc.uint8Array({ minLength: size, maxLength: size }))
  .map(ipFromBytes);

describe("an address", () => {
  // RFC 5952 section 4, and the text forms of RFC 4291 section 2.2.
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["2001:0db8::0001", "2001:db8::1"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:DB8::ABCD", "2001:db8::abcd"],
    ["::", "::"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"],
  ])("%s has the canonical form %s", (text, canonical) => {
    expect(parseIp(text)).toBe(canonical);
  });

  test.each([
    "",
    "192.0.2",
    "192.0.2.1.1",
    "192.0.2.256",
    "192.0.2.01",
    "192.0.2.-1",
    "192.0.2.+1",
    "192.0.2.1 ",
    " 192.0.2.1",
    "192.0.2.0x1",
    "192.0.2.",
    "3221225985",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1::2::3",
    ":1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:",
    "12345::",
    "g::",
    "fe80::1%eth0",
    "fe80::1/64",
    "192.0.2.1::",
    "::192.0.2.1:1",
    "1:2:3:4:5:6:7:192.0.2.1",
    "::192.0.2.256",
  ])("is not %o", (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test("is its own canonical form, and its bytes are its own", () => {
    fc.assert(
      fc.property(anyIp, (address) => {
        expect(parseIp(address)).toBe(address);
        expect(ipFromBytes(ipBytes(address))).toBe(address);
      }),
    );
  });

  test("has the same canonical form in URLs", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect(parseIp(text)).toBe(new URL(`http://[${text}]/`).hostname.slice(1, -1));
      }),
    );
  });

  test("no text makes the parser throw", () => {
    const characters = fc.constantFrom(...Array.from("0123456789abcdef:./%"));
    const text = fc.oneof(fc.string(), fc.string({ unit: characters }));
    fc.assert(
      fc.property(text, (line) => {
        const address = parseIp(line);
        if (address !== undefined) expect(parseIp(address)).toBe(address);
      }),
      { numRuns: 500 },
    );
  });

  test("is written to and read from any place of a packet", () => {
    const packet = new DataView(new ArrayBuffer(40), 3);
    expect(writeIp(packet, 1, ip("192.0.2.1"))).toBe(4);
    expect(readIp(packet, 1, 4)).toBe("192.0.2.1");
    expect(writeIp(packet, 5, ip("2001:db8::1"))).toBe(16);
    expect(readIp(packet, 5, 6)).toBe("2001:db8::1");
    expect(packet.getUint8(0)).toBe(0);
    expect(packet.getUint8(21)).toBe(0);
  });

  test("has a family, and the family a size", () => {
    expect([ipFamily(ip("192.0.2.1")), ipFamily(ip("::"))]).toEqual([4, 6]);
    expect([ipSize(4), ipSize(6)]).toEqual([4, 16]);
    expect([ipBits(4), ipBits(6)]).toEqual([32, 128]);
    expect([anyAddress(4), anyAddress(6)]).toEqual(["0.0.0.0", "::"]);
  });

  test("that is none has no bytes", () => {
    expect(() => ipBytes("nonsense" as IpAddress)).toThrow("not an IP address: nonsense");
  });
});

describe("the order of addresses", () => {
  test.each([
    ["192.0.2.1", "192.0.2.2", -1],
    ["192.0.2.10", "192.0.2.9", 1],
    ["9.0.0.0", "10.0.0.0", -1],
    ["200.0.0.0", "100.0.0.0", 1],
    ["192.0.2.1", "192.0.2.1", 0],
    ["fe80::1", "fe80::2", -1],
    ["fe80::10", "fe80::9", 1],
    ["fe80::ff", "fe80:0:0:1::", -1],
    ["255.255.255.255", "::", -1],
    ["::", "0.0.0.0", 1],
  ])("%s against %s: %i", (a, b, expected) => {
    expect(Math.sign(compareIp(ip(a), ip(b)))).toBe(expected);
  });

  test("is that of unsigned big-endian numbers", () => {
    const number = (address: IpAddress): bigint =>
      ipBytes(address).reduce((value, byte) => value * 256n + BigInt(byte), 0n);
    fc.assert(
      fc.property(anyIp, anyIp, (a, b) => {
        fc.pre(ipFamily(a) === ipFamily(b));
        const [x, y] = [number(a), number(b)];
        const expected = x < y ? -1 : Number(x > y);
        expect(Math.sign(compareIp(a, b))).toBe(expected);
        expect(Math.sign(compareIp(b, a))).toBe(expected === 0 ? 0 : -expected);
      }),
    );
  });
});

describe("a prefix", () => {
  test.each([
    ["192.0.2.1/24", "192.0.2.1", 24],
    ["192.0.2.1", "192.0.2.1", 32],
    ["0.0.0.0/0", "0.0.0.0", 0],
    ["2001:DB8::/32", "2001:db8::", 32],
    ["::1", "::1", 128],
  ])("%s is read with its host bits", (text, address, length) => {
    expect(parsePrefix(text)).toEqual({ address, length });
  });

  test.each([
    "192.0.2.1/33",
    "192.0.2.1/-1",
    "192.0.2.1/",
    "192.0.2.1/08",
    "192.0.2.1/24/24",
    "192.0.2.1/ 24",
    "192.0.2.1/1e1",
    "::/129",
    "/24",
    "",
  ])("is not %o", (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  });

  test("is written as it is read", () => {
    expect(formatPrefix({ address: ip("2001:db8::1"), length: 64 })).toBe("2001:db8::1/64");
  });

  test.each([
    ["192.0.2.0/24", "192.0.2.255", true],
    ["192.0.2.0/24", "192.0.3.0", false],
    ["192.0.2.77/24", "192.0.2.1", true],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.128/25", "192.0.2.128", true],
    ["192.0.2.4/30", "192.0.2.7", true],
    ["192.0.2.4/30", "192.0.2.8", false],
    ["192.0.2.1/32", "192.0.2.1", true],
    ["192.0.2.1/32", "192.0.2.0", false],
    ["0.0.0.0/0", "255.255.255.255", true],
    ["0.0.0.0/0", "::1", false],
    ["::/0", "ff02::12", true],
    ["::/0", "0.0.0.0", false],
    ["2001:db8::/33", "2001:db8:7fff::", true],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["fe80::1/128", "fe80::1", true],
  ])("%s contains %s: %s", (prefix, address, expected) => {
    expect(prefixContains(parsePrefix(prefix)!, ip(address))).toBe(expected);
  });
});

test.each([
  ["224.0.0.18", true],
  ["239.255.255.255", true],
  ["223.255.255.255", false],
  ["240.0.0.1", false],
  ["ff02::12", true],
  ["fe80::1", false],
  ["::", false],
])("%s is multicast: %s", (address, expected) => {
  expect(isMulticast(ip(address))).toBe(expected);
});

test.each([
  ["fe80::1", true],
  ["febf:ffff::", true],
  ["fec0::1", false],
  ["fe7f::1", false],
  ["2001:db8::1", false],
  ["169.254.0.1", false],
])("%s is link-local as IPv6 means it: %s", (address, expected) => {
  expect(isLinkLocal(ip(address))).toBe(expected);
});
