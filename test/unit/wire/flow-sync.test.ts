import { describe, expect, test } from "vitest";
import {
  CONTROL,
  CT_DEL,
  CT_NEW,
  EXP_DEL,
  headerWord,
  SYNC_ACK,
  SYNC_ALIVE,
  SYNC_DUET,
  SYNC_HELLO,
  SYNC_HELLO_BACK,
  SYNC_NACK,
  SYNC_RESYNC,
  SyncCursor,
  wholeMessages,
  writeSyncHeader,
  writeSyncRange,
} from "../../../src/wire/flow-sync.ts";
import { encoded, view } from "../../support/bytes.ts";
import { recordHex } from "../../support/record-bytes.ts";

interface Seen {
  readonly kind: string;
  readonly fault: string | undefined;
  readonly sequence: number;
  readonly body: string;
}

function walk(...hex: readonly string[]): Seen[] {
  const datagram = view(hex.join(""));
  const cursor = new SyncCursor(datagram);
  cursor.reset(datagram.byteLength);
  const seen: Seen[] = [];
  while (cursor.next()) {
    const { kind, fault, sequence, body } = cursor;
    seen.push({ kind, fault, sequence, body: recordHex(body) });
  }
  return seen;
}

const ALIVE = "1a10 0008 00000001";
const ACK = "1a08 0010 00000002 00000001 00000003";
const NEW = "1000 0010 00000004 0008000500000198";

const faults = (...hex: readonly string[]): (string | undefined)[] =>
  walk(...hex).map(({ fault }) => fault);

describe("a datagram", () => {
  test("holds messages of mixed kinds", () => {
    expect(walk(ALIVE, ACK, NEW)).toEqual([
      { kind: "alive", fault: undefined, sequence: 1, body: "" },
      { kind: "ack", fault: undefined, sequence: 2, body: "" },
      { kind: "data", fault: undefined, sequence: 4, body: "0008000500000198" },
    ]);
    expect(walk("")).toEqual([]);
  });

  test("ends with a header that is not whole, once", () => {
    for (const rest of ["10", "1000 0010", "1000 0010 000000"])
      expect(faults(NEW, rest)).toEqual([undefined, "truncated"]);
  });

  test.each(["0000", "0007", "0014", "ffff"])("ends with a message of size 0x%s", (size) => {
    expect(faults(NEW, `1000 ${size} 00000005 0008000500000198`)).toEqual([undefined, "bad-size"]);
  });

  test("goes on behind a message of another version, or of no known type", () => {
    for (const first of ["00", "20", "f0"])
      expect(faults(`${first}00 0008 00000001`, ALIVE)).toEqual(["wrong-version", undefined]);
    for (const first of ["16", "17", "18", "19", "1b", "1f"])
      expect(faults(`${first}00 0008 00000001`, ALIVE)).toEqual(["malformed-header", undefined]);
  });

  test("is read up to the length that was received, whatever the buffer holds behind it", () => {
    const buffer = view(`${NEW}${NEW}`);
    const cursor = new SyncCursor(buffer);
    cursor.reset(20);
    expect(cursor.next()).toBe(true);
    expect(cursor.fault).toBeUndefined();
    expect(cursor.next()).toBe(true);
    expect(cursor.fault).toBe("truncated");
    expect(cursor.next()).toBe(false);
    cursor.reset(10_000);
    expect([cursor.next(), cursor.next(), cursor.next()]).toEqual([true, true, false]);
  });
});

describe("data", () => {
  test("may greet, and carries no other flag", () => {
    for (let flags = 0; flags < 256; flags += 1) {
      const byte = flags.toString(16).padStart(2, "0");
      const isGreeting = (flags & ~(SYNC_HELLO | SYNC_HELLO_BACK)) === 0;
      for (let type = CT_NEW; type <= EXP_DEL; type += 1)
        expect(walk(`1${type}${byte} 0008 00000001`)).toMatchObject([
          isGreeting
            ? { kind: "data", fault: undefined }
            : { kind: "none", fault: "malformed-header" },
        ]);
    }
  });
});

describe("a control message", () => {
  const kindOf = (flags: number): string => {
    const byte = flags.toString(16).padStart(2, "0");
    return walk(`1a${byte} 0010 00000001 00000002 00000002`)[0]!.kind;
  };

  test("is an ack before it is a nack, a resync, or alive; else it is none", () => {
    expect(kindOf(0xff)).toBe("ack");
    expect(kindOf(0xff & ~SYNC_ACK)).toBe("nack");
    expect(kindOf(0xff & ~(SYNC_ACK | SYNC_NACK))).toBe("resync");
    expect(kindOf(SYNC_ALIVE | SYNC_HELLO)).toBe("alive");
    expect(kindOf(SYNC_ALIVE | SYNC_DUET)).toBe("alive");
    expect(kindOf(SYNC_HELLO | SYNC_HELLO_BACK)).toBe("none");
    expect(kindOf(0)).toBe("none");
  });

  test.each([SYNC_ACK, SYNC_NACK, SYNC_RESYNC])("with flag 0x%s needs its range", (flag) => {
    const first = `1a${flag.toString(16).padStart(2, "0")}`;
    expect(faults(`${first} 0008 00000001`)).toEqual(["truncated"]);
    expect(faults(`${first} 000c 00000001 00000002`)).toEqual(["truncated"]);
    expect(faults(`${first} 0008 00000001`, ALIVE)).toEqual(["bad-size"]);
    expect(faults(`${first} 0010 00000001 00000000 00000000`)).toEqual([undefined]);
  });

  test("has a range that does not run backwards, across the wrap too", () => {
    const range = (first: string, from: string, to: string): string | undefined =>
      faults(`${first} 0010 00000001 ${from} ${to}`)[0];
    for (const first of ["1a08", "1a04"]) {
      expect(range(first, "00000005", "00000004")).toBe("malformed-header");
      expect(range(first, "fffffffe", "00000002")).toBeUndefined();
      expect(range(first, "00000002", "fffffffe")).toBe("malformed-header");
    }
    expect(range("1a02", "00000005", "00000004")).toBeUndefined();
  });
});

describe("a header", () => {
  test("is written as conntrackd writes it", () => {
    const ack = encoded((out) => {
      writeSyncHeader(out, 0, headerWord(CONTROL, SYNC_ACK, 16), 0x6b03_31cc);
      writeSyncRange(out, 0, 0x6b03_31cc, 0x6b03_31cd);
      return 16;
    });
    expect(ack).toBe("1a0800106b0331cc6b0331cc6b0331cd");
    const gone = encoded((out) => {
      writeSyncHeader(out, 0, headerWord(CT_DEL, SYNC_HELLO | SYNC_HELLO_BACK, 60), 0xffff_ffff);
      return 8;
    });
    expect(gone).toBe("1260003cffffffff");
  });
});

describe("a stream", () => {
  const whole = (hex: string): number => {
    const data = view(hex);
    return wholeMessages(data, data.byteLength);
  };

  test("keeps what is not a whole message yet", () => {
    expect(whole(`${ALIVE}${ACK}`)).toBe(24);
    expect(whole(`${ALIVE}${ACK.slice(0, -2)}`)).toBe(8);
    expect(whole("1a10 00")).toBe(0);
    expect(whole("")).toBe(0);
  });

  test("is given up where a message has an impossible size", () => {
    expect(whole(`${ALIVE}1000 0007 00000001 00`)).toBe(17);
  });
});
