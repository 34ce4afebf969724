import { describe, expect, test } from "vitest";
import type { IpAddress } from "../../../src/base/ip.ts";
import type { Mac } from "../../../src/base/mac.ts";
import {
  AttributeCursor,
  decodeAcknowledgement,
  decodeDone,
  MessageCursor,
  MessageWriter,
} from "../../../src/wire/netlink.ts";
import { bytes, hexOf, view, viewOf } from "../../support/bytes.ts";

describe("messages", () => {
  const two = view(`
    11000000 1400 0500 07000000 09000000 ff000000
    10000000 0300 0200 08000000 09000000`);

  test("are walked through one by one, padding skipped", () => {
    const cursor = new MessageCursor(two);
    cursor.reset(two.byteLength);
    expect(cursor.next()).toBe(true);
    expect(cursor).toMatchObject({
      type: 20,
      flags: 5,
      sequence: 7,
      port: 9,
      bodyAt: 16,
      endAt: 17,
    });
    expect(cursor.next()).toBe(true);
    expect(cursor).toMatchObject({ type: 3, flags: 2, sequence: 8, bodyAt: 36, endAt: 36 });
    expect(cursor.next()).toBe(false);
  });

  test.each(Array.from({ length: 36 }, (_, length) => length))(
    "end where a datagram was cut off after %i bytes",
    (length) => {
      const cursor = new MessageCursor(two);
      cursor.reset(length);
      let count = 0;
      while (cursor.next()) count += 1;
      expect(count).toBe(length < 17 ? 0 : 1);
    },
  );

  test("with an impossible length end the reading", () => {
    for (const length of ["00000000", "0f000000", "ffffffff"]) {
      const cursor = new MessageCursor(view(`${length} 1400 0500 07000000 09000000 ff000000`));
      cursor.reset(20);
      expect(cursor.next()).toBe(false);
    }
  });

  test("are not read beyond their buffer, whatever length is claimed", () => {
    const cursor = new MessageCursor(view("20000000 1400 0500 07000000 09000000"));
    cursor.reset(1000);
    expect(cursor.next()).toBe(false);
  });
});

describe("attributes", () => {
  const list = view(`
    0500 0100 2a000000
    0600 0200 3930 0000
    0800 0380 04030201
    0800 0400 c0000204
    0a00 0500 020000000009 0000
    0900 0600 6574683000 000000
    0c00 0740 0000000100000002`);

  const walk = (data: DataView): AttributeCursor => new AttributeCursor(data, 0, data.byteLength);

  test("are read by type, with the flag bits taken off", () => {
    const cursor = walk(list);
    const seen: unknown[] = [];
    const readers = [
      () => cursor.uint8(),
      () => cursor.uint16(),
      () => cursor.uint32(),
      () => cursor.ip(),
      () => cursor.mac(),
      () => cursor.text(),
      () => cursor.uint64NetworkOrder(),
    ];
    while (cursor.next()) seen.push([cursor.type, readers[cursor.type - 1]!()]);
    expect(seen).toEqual([
      [1, 42],
      [2, 12_345],
      [3, 0x0102_0304],
      [4, "192.0.2.4"],
      [5, "02:00:00:00:00:09"],
      [6, "eth0"],
      [7, 0x1_0000_0002],
    ]);
  });

  test("that are too short for what is asked read as nothing", () => {
    const cursor = walk(view("0400 0100"));
    expect(cursor.next()).toBe(true);
    expect([cursor.uint8(), cursor.uint16(), cursor.uint32(), cursor.uint64NetworkOrder()]).toEqual(
      [0, 0, 0, 0],
    );
    expect([cursor.ip(), cursor.mac(), cursor.text()]).toEqual([undefined, undefined, ""]);
    expect(cursor.uint32(2)).toBe(0);
    expect(cursor.nested().next()).toBe(false);
  });

  test("with impossible lengths end the reading", () => {
    for (const length of ["0000", "0300", "0900", "ffff"])
      expect(walk(view(`${length} 0100 2a000000`)).next()).toBe(false);
    expect(walk(view("0500")).next()).toBe(false);
  });

  test("nest", () => {
    const cursor = walk(view("1000 1280 0b00 0100 6d6163766c616e 00"));
    cursor.next();
    const inner = cursor.nested();
    expect(inner.next()).toBe(true);
    expect([inner.type, inner.text()]).toEqual([1, "macvlan"]);
  });
});

describe("the writer", () => {
  const write = (size: number, body: (writer: MessageWriter) => void): [boolean, string] => {
    const room = viewOf(new Uint8Array(size).fill(0xa5));
    const writer = new MessageWriter(room);
    writer.begin({ type: 20, flags: 5, sequence: 7 });
    body(writer);
    const fits = writer.finish();
    return [fits, hexOf(room).slice(0, 2 * writer.size)];
  };
  const hex = (text: string): string => text.replaceAll(/\s+/g, "");

  test("writes header, fixed fields, attributes and padding into a dirty buffer", () => {
    const [fits, written] = write(200, (writer) =>
      writer
        .uint8(2)
        .zeros(3)
        .attributeUint8(1, 42)
        .attributeUint32(3, 0x0102_0304)
        .attributeIp(4, "192.0.2.4" as IpAddress)
        .attribute(5, (w) => w.mac("02:00:00:00:00:09" as Mac))
        .attributeText(6, "eth0")
        .attribute(7, (w) => w.uint32NetworkOrder(1).uint16(2)),
    );
    expect(fits).toBe(true);
    expect(written).toBe(
      hex(`50000000 1400 0500 07000000 00000000 02000000
        0500 0100 2a000000   0800 0300 04030201   0800 0400 c0000204
        0a00 0500 020000000009 0000   0900 0600 6574683000 000000
        0a00 0700 00000001 0200 0000`),
    );
  });

  test("nests attributes with the length of all they hold", () => {
    const [, written] = write(200, (writer) =>
      writer.attribute(18, (info) => info.attributeText(1, "veth").attributeUint8(2, 1)),
    );
    expect(written.slice(32)).toBe(hex("1800 1200 0900 0100 7665746800 000000 0500 0200 01000000"));
  });

  test("takes a message back that does not fit, at any size, and keeps those before it", () => {
    for (let size = 16; size < 48; size += 1) {
      const room = viewOf(new Uint8Array(size));
      const writer = new MessageWriter(room);
      writer.begin({ type: 1, flags: 0, sequence: 1 });
      expect(writer.finish()).toBe(true);
      writer.begin({ type: 2, flags: 0, sequence: 2 });
      writer.attributeText(3, "far too long");
      expect(writer.finish()).toBe(false);
      expect(writer.size).toBe(16);
    }
  });

  test("starts anew after clear()", () => {
    const room = viewOf(new Uint8Array(16));
    const writer = new MessageWriter(room);
    for (let round = 0; round < 2; round += 1) {
      writer.clear();
      writer.begin({ type: 1, flags: 0, sequence: round });
      expect(writer.finish()).toBe(true);
    }
    expect(room.getUint32(8, true)).toBe(1);
  });
});

describe("acknowledgements", () => {
  const read = (flags: number, body: string): unknown => {
    const data = bytes(body);
    return decodeAcknowledgement(viewOf(data), { flags, bodyAt: 0, endAt: data.length });
  };
  const request = "58000000 1400 0506 07000000 00000000";
  const text = "0d00 0100 4e6f7420 6e6f7721 00 000000";

  test("say that all went well", () => {
    expect(read(0x100, `00000000 ${request}`)).toEqual({ errno: 0, text: "" });
  });

  test("give the errno and the kernel's words, with the request capped", () => {
    expect(read(0x300, `efffffff ${request} ${text}`)).toEqual({ errno: 17, text: "Not now!" });
  });

  test("give them with the whole request echoed", () => {
    const echoed = `18000000 1400 0506 07000000 00000000 0011223344556677`;
    expect(read(0x200, `efffffff ${echoed} ${text}`)).toEqual({ errno: 17, text: "Not now!" });
  });

  test("are read as far as they go", () => {
    expect(read(0x300, "efffffff")).toEqual({ errno: 17, text: "" });
    expect(read(0x300, "ef")).toEqual({ errno: 0, text: "" });
    expect(read(0x200, `efffffff ffffffff ${request.slice(8)} ${text}`)).toEqual({
      errno: 17,
      text: "",
    });
  });

  test("end a dump with an errno, a count or nothing", () => {
    const done = (flags: number, body: string): unknown => {
      const data = bytes(body);
      return decodeDone(viewOf(data), { flags, bodyAt: 0, endAt: data.length });
    };
    expect(done(2, "00000000")).toEqual({ errno: 0, text: "" });
    expect(done(2, "05000000")).toEqual({ errno: 0, text: "" });
    expect(done(2, "")).toEqual({ errno: 0, text: "" });
    expect(done(0x202, `eaffffff ${text}`)).toEqual({ errno: 22, text: "Not now!" });
  });
});
