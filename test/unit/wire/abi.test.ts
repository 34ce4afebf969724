import { describe, expect, test } from "vitest";
import {
  type Abi,
  abiOf,
  cmsgSpace,
  decodeTimespecUs,
  encodeEpollEvent,
  encodeIovec,
  encodeKernelTimespec,
  encodeMmsghdr,
  encodeSockFprog,
  epollEventFd,
  epollEventSize,
  findControl,
  iovecSize,
  type MessageHeader,
  mmsghdrControlLength,
  mmsghdrLength,
  mmsghdrSize,
  readUint64,
  resetMmsghdr,
  sockFprogSize,
  timespecSize,
  writeUint64,
} from "../../../src/wire/abi.ts";
import { encoded, view, viewOf } from "../../support/bytes.ts";

const x64 = abiOf("x64");
const arm64 = abiOf("arm64");
const arm = abiOf("arm");

const hex = (text: string): string => text.replaceAll(/\s+/g, "");

test.each<[string, Abi]>([
  ["x64", { pointerSize: 8, packedEpollEvent: true }],
  ["arm64", { pointerSize: 8, packedEpollEvent: false }],
  ["riscv64", { pointerSize: 8, packedEpollEvent: false }],
  ["arm", { pointerSize: 4, packedEpollEvent: false }],
  ["ia32", { pointerSize: 4, packedEpollEvent: true }],
])("knows the interface of %s", (architecture, abi) => {
  expect(abiOf(architecture)).toEqual(abi);
});

test("64-bit numbers keep their value up to 2^53", () => {
  const room = viewOf(new Uint8Array(8));
  for (const value of [0, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER]) {
    writeUint64(room, 0, value);
    expect(readUint64(room, 0)).toBe(value);
    expect(room.getBigUint64(0, true)).toBe(BigInt(value));
  }
});

describe("struct epoll_event", () => {
  const event = { events: 1, fd: 7 };

  test.each([
    ["has no padding on x86-64", x64, "01000000 0700000000000000"],
    ["aligns its data elsewhere", arm64, "01000000 00000000 0700000000000000"],
    ["aligns its data on 32-bit ARM, too", arm, "01000000 00000000 0700000000000000"],
  ])("%s", (_, abi, expected) => {
    const write = (out: DataView): number => {
      encodeEpollEvent(out, event, abi);
      return epollEventSize(abi);
    };
    expect(encoded(write)).toBe(hex(expected));
  });

  test("gives back the descriptor of each element of an array", () => {
    expect(epollEventFd(view("01000000 0700000000000000 01000000 0900000000000000"), 1, x64)).toBe(
      9,
    );
  });
});

test("struct __kernel_timespec is 64 bits wide everywhere", () => {
  const write = (out: DataView): number => {
    encodeKernelTimespec(out, 3_600_001);
    return 16;
  };
  expect(encoded(write)).toBe(hex("0300000000000000 e849c32300000000"));
});

test("struct timespec follows the size of long", () => {
  expect(timespecSize(x64)).toBe(16);
  expect(decodeTimespecUs(view("0500000000000000 d007000000000000"), x64)).toBe(5_000_002);
  expect(timespecSize(arm)).toBe(8);
  expect(decodeTimespecUs(view("05000000 d0070000"), arm)).toBe(5_000_002);
});

test("struct iovec and struct sock_fprog hold a pointer", () => {
  const region = { address: 0x7f00_1122_3344, size: 0x20 };
  const iovec = (abi: Abi) => (out: DataView) => {
    encodeIovec(out, 0, region, abi);
    return iovecSize(abi);
  };
  expect(encoded(iovec(x64))).toBe(hex("44332211007f0000 2000000000000000"));
  expect(encoded(iovec(arm))).toBe(hex("44332211 20000000"));
  const program = (abi: Abi) => (out: DataView) => {
    encodeSockFprog(out, { address: 0x1122_3344, count: 1 }, abi);
    return sockFprogSize(abi);
  };
  expect(encoded(program(x64))).toBe(hex("0100000000000000 4433221100000000"));
  expect(encoded(program(arm))).toBe(hex("01000000 44332211"));
});

describe("struct mmsghdr", () => {
  const header: MessageHeader = {
    name: { address: 0x1000, size: 28 },
    iovec: 0x2000,
    control: { address: 0x3000, size: 64 },
  };

  test.each([
    [
      x64,
      `0010000000000000 1c00000000000000 0020000000000000 0100000000000000
       0030000000000000 4000000000000000 0000000000000000 0000000000000000`,
    ],
    [arm, "00100000 1c000000 00200000 01000000 00300000 40000000 00000000 00000000"],
  ])("has the layout of recvmmsg(2)", (abi, expected) => {
    const write = (out: DataView): number => {
      encodeMmsghdr(out, 0, header, abi);
      return mmsghdrSize(abi);
    };
    expect(encoded(write)).toBe(hex(expected));
  });

  test.each([x64, arm])("gives lengths back and takes them again for the next call", (abi) => {
    const room = viewOf(new Uint8Array(2 * mmsghdrSize(abi)));
    encodeMmsghdr(room, 1, header, abi);
    const at = mmsghdrSize(abi);
    room.setUint32(at + abi.pointerSize, 16, true);
    room.setUint32(at + 5 * abi.pointerSize, 40, true);
    room.setUint32(at + 7 * abi.pointerSize, 32, true);
    expect(mmsghdrLength(room, 1, abi)).toBe(32);
    expect(mmsghdrControlLength(room, 1, abi)).toBe(40);
    resetMmsghdr(room, 1, header, abi);
    expect(mmsghdrControlLength(room, 1, abi)).toBe(64);
    expect(room.getUint32(at + abi.pointerSize, true)).toBe(28);
  });
});

describe("ancillary data", () => {
  /** As a kernel wrote it: IPV6_PKTINFO, then IPV6_HOPLIMIT. */
  const control64 = view(`
    2400000000000000 29000000 32000000 ff020000000000000000000000000012 02000000 00000000
    1400000000000000 29000000 34000000 ff000000 00000000`);
  const control32 = view(`
    20000000 29000000 32000000 ff020000000000000000000000000012 02000000
    10000000 29000000 34000000 ff000000`);
  const hopLimit = { level: 41, type: 52, size: 4 };

  test.each([
    ["64-bit", control64, x64, 40 + 16],
    ["32-bit", control32, arm, 32 + 12],
  ])("is found by level and type on %s systems", (_, control, abi, expected) => {
    const all = { offset: 0, length: control.byteLength };
    expect(findControl(control, all, hopLimit, abi)).toBe(expected);
    expect(control.getInt32(expected, true)).toBe(255);
    expect(findControl(control, all, { ...hopLimit, type: 67 }, abi)).toBeUndefined();
    expect(findControl(control, all, { ...hopLimit, size: 64 }, abi)).toBeUndefined();
    expect(control.byteLength).toBe(cmsgSpace(20, abi) + cmsgSpace(4, abi));
  });

  test("that is cut off or makes no sense is not read", () => {
    for (let length = 0; length < control64.byteLength - 4; length += 1)
      expect(findControl(control64, { offset: 0, length }, hopLimit, x64)).toBeUndefined();
    const endless = view("0000000000000000 29000000 34000000");
    expect(findControl(endless, { offset: 0, length: 16 }, hopLimit, x64)).toBeUndefined();
  });
});
