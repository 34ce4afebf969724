import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { internetChecksum, onesComplementSum } from "../../../src/base/checksum.ts";
import { formatHex, parseHex } from "../../../src/base/hex.ts";
import { macBytes, macFromBytes, parseMac, virtualMac, writeMac } from "../../../src/base/mac.ts";
import { Prng } from "../../../src/base/random.ts";
import { decoded, refused, unreachable } from "../../../src/base/result.ts";
import {
  after,
  between,
  centiseconds,
  type Duration,
  earliest,
  formatDuration,
  instant,
  microseconds,
  milliseconds,
  NO_TIME,
  seconds,
  sum,
  times,
  toMilliseconds,
  toSeconds,
} from "../../../src/base/time.ts";
import { hexOf, view, viewOf } from "../../support/bytes.ts";

describe("the Internet checksum", () => {
  test("of the example in RFC 1071 section 3 is right", () => {
    const example = view("0001 f203 f4f5 f6f7");
    expect(onesComplementSum(example, 0, 8)).toBe(0xddf2);
    expect(internetChecksum(example, 0, 8)).toBe(0x220d);
  });

  test("takes an odd last byte as the upper half of a word", () => {
    expect(internetChecksum(view("0001 f2"), 0, 3)).toBe(internetChecksum(view("0001 f200"), 0, 4));
  });

  test("covers the given bytes only, on top of the seed", () => {
    expect(onesComplementSum(view("ffff 1234 ffff"), 2, 2, 0x1111)).toBe(0x2345);
    expect(onesComplementSum(view("ffff"), 0, 2, 0xffff)).toBe(0xffff);
    expect(onesComplementSum(view(""), 0, 0)).toBe(0);
  });

  test("makes the sum over data that includes it all ones", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 2, maxLength: 1500 }),
        fc.nat(0xffff),
        (data, seed) => {
          const packet = viewOf(data);
          packet.setUint16(0, 0);
          packet.setUint16(0, internetChecksum(packet, 0, data.length, seed));
          const total = onesComplementSum(packet, 0, data.length, seed);
          // A packet of nothing but zeros sums up to zero, of which all ones is the other form.
          expect(total).toBe(0xffff);
        },
      ),
    );
  });
});

describe("hex", () => {
  test("is read in either case and written in lower case", () => {
    expect(parseHex("00fFA0")).toEqual(Uint8Array.of(0, 255, 160));
    expect(formatHex(Uint8Array.of(0, 255, 160))).toBe("00ffa0");
    expect(parseHex("")).toEqual(new Uint8Array(0));
  });

  test.each(["0", "0g", "0x00", " 00", "00 ", "00:01"])("is not %o", (text) => {
    expect(parseHex(text)).toBeUndefined();
  });
});

describe("a MAC address", () => {
  test.each([
    ["02:00:00:00:00:0a", "02:00:00:00:00:0a"],
    ["02-00-5E-00-01-FF", "02:00:5e:00:01:ff"],
    ["2:0:0:0:0:a", "02:00:00:00:00:0a"],
  ])("%s is %s", (text, canonical) => {
    expect(parseMac(text)).toBe(canonical);
  });

  test.each([
    "",
    "02:00:00:00:00",
    "02:00:00:00:00:00:00",
    "02:00:00:00:00:0g",
    "020000000000",
    "02:00:00:00:00:100",
  ])("is not %o", (text) => {
    expect(parseMac(text)).toBeUndefined();
  });

  test("has bytes, which may stand anywhere in a packet", () => {
    const mac = parseMac("02:00:5e:00:01:ff")!;
    expect(macFromBytes(macBytes(mac))).toBe(mac);
    const packet = view("a5".repeat(10));
    writeMac(packet, 2, mac);
    expect(hexOf(packet)).toBe("a5a502005e0001ffa5a5");
  });

  test("of a virtual router is that of RFC 9568 section 7.3", () => {
    expect(virtualMac(4, 51)).toBe("00:00:5e:00:01:33");
    expect(virtualMac(6, 255)).toBe("00:00:5e:00:02:ff");
    expect(virtualMac(4, 1)).toBe("00:00:5e:00:01:01");
  });
});

describe("time", () => {
  test("is counted in microseconds", () => {
    const spans = [microseconds(1), milliseconds(1), centiseconds(1), seconds(1)];
    expect(spans).toEqual([1, 1_000, 10_000, 1_000_000]);
    expect(toMilliseconds(seconds(2))).toBe(2_000);
    expect(toSeconds(milliseconds(250))).toBe(0.25);
  });

  test("spans add up, grow and lie between instants, never negative", () => {
    expect(sum(seconds(1), milliseconds(1), NO_TIME)).toBe(1_001_000);
    expect(sum()).toBe(NO_TIME);
    expect(times(seconds(1), 3)).toBe(seconds(3));
    expect(times(microseconds(3), 0.5)).toBe(2);
    expect(after(instant(5), microseconds(7))).toBe(12);
    expect(between(instant(5), instant(12))).toBe(7);
    expect(between(instant(12), instant(5))).toBe(NO_TIME);
  });

  test("the earlier of two deadlines is the one that is armed", () => {
    expect(earliest(undefined, undefined)).toBeUndefined();
    expect(earliest(instant(3), undefined)).toBe(3);
    expect(earliest(undefined, instant(3))).toBe(3);
    expect(earliest(instant(4), instant(3))).toBe(3);
    expect(earliest(instant(3), instant(4))).toBe(3);
  });

  test.each<[Duration, string]>([
    [NO_TIME, "0us"],
    [microseconds(950), "950us"],
    [microseconds(1_000), "1ms"],
    [microseconds(36_400), "36.4ms"],
    [microseconds(999_499), "999ms"],
    [microseconds(999_600), "1s"],
    [seconds(1), "1s"],
    [milliseconds(2_609), "2.61s"],
    [seconds(59), "59s"],
    [milliseconds(3_600_400), "3600s"],
  ])("%i microseconds are written as %s", (span, text) => {
    expect(formatDuration(span)).toBe(text);
  });
});

describe("seeded randomness", () => {
  test("repeats itself for a seed and differs between seeds", () => {
    const draw = (seed: number): readonly number[] => {
      const prng = new Prng(seed);
      return Array.from({ length: 20 }, () => prng.below(1_000_000));
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("stays below its bound and reaches every number there", () => {
    const prng = new Prng(7);
    const seen = new Set(Array.from({ length: 1_000 }, () => prng.below(10)));
    expect([...seen].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("gives chances that are kept", () => {
    const prng = new Prng(7);
    const hits = Array.from({ length: 10_000 }, () => prng.chance(30)).filter(Boolean).length;
    expect(hits).toBeGreaterThan(2_800);
    expect(hits).toBeLessThan(3_200);
    expect(prng.chance(0)).toBe(false);
    expect(prng.chance(100)).toBe(true);
  });
});

test("a result is a value or a fault", () => {
  expect(decoded(5)).toEqual({ ok: true, value: 5 });
  expect(refused("truncated")).toEqual({ ok: false, fault: "truncated" });
});

test("a place that cannot be reached says what reached it", () => {
  expect(() => unreachable({ state: "odd" } as never)).toThrow('unreachable: {"state":"odd"}');
});
