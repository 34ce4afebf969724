import { describe, expect, test } from "vitest";
import {
  LOOKUP_SIZE_MAX,
  writeMasterLookup,
} from "../../../../src/wire/ctnetlink/master-lookup.ts";
import { encoded, view } from "../../../support/bytes.ts";

/** 192.168.1.100:40000 to 198.51.100.10:21, TCP, as the kernel nests it. */
const TUPLE = `1400 0180 0800 0100 c0a80164 0800 0200 c633640a
  1c00 0280 0500 0100 06000000 0600 0200 9c400000 0600 0300 00150000`;
const MASTER = `3400 0180 ${TUPLE}`;
const ASKED = `3400 0180 ${TUPLE}`;
const HEADER = "0101 0100 00000000 00000000";
const [GENERIC, MASK] = ["02000000", "0800 0380 00000000"];

const asked = (body: string): string => {
  const message = view(body);
  return encoded((out) => writeMasterLookup(out, message, 0, message.byteLength));
};
const hex = (text: string): string => text.replaceAll(/\s+/g, "");

describe("asking for the master of an expectation", () => {
  test("names its tuple as the flow's original one", () => {
    expect(asked(`${GENERIC} ${MASK} ${MASTER}`)).toBe(
      hex(`48000000 ${HEADER} ${GENERIC} ${ASKED}`),
    );
  });

  test("names its zone", () => {
    expect(asked(`${GENERIC} ${MASTER} 0600 0700 00050000`)).toBe(
      hex(`50000000 ${HEADER} ${GENERIC} ${ASKED} 0600 1200 00050000`),
    );
  });

  test("asks nothing where there is no master, or one of an impossible size", () => {
    expect(asked(`${GENERIC} ${MASK}`)).toBe("");
    expect(asked("02")).toBe("");
    const size = LOOKUP_SIZE_MAX;
    const length = size.toString(16).padStart(4, "0");
    const huge = `${length.slice(2)}${length.slice(0, 2)} 0180 ${"00".repeat(size - 4)}`;
    expect(asked(`${GENERIC} ${huge}`)).toBe("");
  });

  test("reads nothing beyond a message that is cut off anywhere", () => {
    const whole = view(`${GENERIC} ${MASTER}`);
    const out = new DataView(new ArrayBuffer(LOOKUP_SIZE_MAX));
    for (let end = 0; end < whole.byteLength; end += 1)
      expect(writeMasterLookup(out, whole, 0, end)).toBe(0);
  });
});
