/**
 * Layouts of the C structures that Linux system calls take, as codecs. Offsets follow the size of a pointer, so one code
 * serves 32- and 64-bit systems and is tested on either. Integers are in host order; addresses fit in 53 bits.
 */

/** True on little-endian hosts: the byte order of everything the kernel does not send over a network. */
export const HOST_LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const LE = HOST_LITTLE_ENDIAN;
const U32_RANGE = 0x1_0000_0000;

/** What of the binary interface differs between the architectures that Linux runs on. */
export interface Abi {
  /** Size in bytes of `void *`, `long` and `size_t`. */
  readonly pointerSize: 4 | 8;
  /** `struct epoll_event` has no padding on x86-64 (and none is needed on ia32). */
  readonly packedEpollEvent: boolean;
}

/** The interface of one of Node's architecture names (`process.arch`). */
export function abiOf(architecture: string): Abi {
  const narrow = ["arm", "ia32", "mips", "mipsel", "ppc"].includes(architecture);
  return {
    pointerSize: narrow ? 4 : 8,
    packedEpollEvent: architecture === "x64" || architecture === "ia32",
  };
}

const align = (size: number, unit: number): number => Math.ceil(size / unit) * unit;

/** Writes a non-negative integer below 2^53 as a `long`, `size_t` or `void *`. */
function writeWord(view: DataView, offset: number, value: number, abi: Abi): void {
  if (abi.pointerSize === 4) view.setUint32(offset, value, LE);
  else writeUint64(view, offset, value);
}

/** Reads a `size_t`. Exact below 2^53. */
function readWord(view: DataView, offset: number, abi: Abi): number {
  return abi.pointerSize === 4 ? view.getUint32(offset, LE) : readUint64(view, offset);
}

/** A non-negative integer below 2^53 as 64 bits. Two stores, because a BigInt would be garbage on hot paths. */
export function writeUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset + (LE ? 0 : 4), value % U32_RANGE, LE);
  view.setUint32(offset + (LE ? 4 : 0), Math.floor(value / U32_RANGE), LE);
}

/** Exact below 2^53. */
export function readUint64(view: DataView, offset: number): number {
  const low = view.getUint32(offset + (LE ? 0 : 4), LE);
  const high = view.getUint32(offset + (LE ? 4 : 0), LE);
  return high * U32_RANGE + low;
}

/**
 * struct epoll_event, epoll_ctl(2): `u32 events; u64 data`, of which Duet uses the low half of `data` for a file
 * descriptor.
 */
export const epollEventSize = (abi: Abi): number => (abi.packedEpollEvent ? 12 : 16);
const epollDataAt = (abi: Abi): number => (abi.packedEpollEvent ? 4 : 8);

export interface EpollEvent {
  readonly events: number;
  readonly fd: number;
}

export function encodeEpollEvent(view: DataView, { events, fd }: EpollEvent, abi: Abi): void {
  view.setUint32(4, 0, LE);
  view.setUint32(0, events, LE);
  writeUint64(view, epollDataAt(abi), fd);
}

/** The file descriptor of the event at `index` of an array of events. */
export const epollEventFd = (view: DataView, index: number, abi: Abi): number =>
  readUint64(view, index * epollEventSize(abi) + epollDataAt(abi));

/** struct __kernel_timespec: 64-bit seconds and nanoseconds on every architecture; clock as whole microseconds. */
export const KERNEL_TIMESPEC_SIZE = 16;

export function encodeKernelTimespec(view: DataView, spanUs: number): void {
  const seconds = Math.floor(spanUs / 1_000_000);
  writeUint64(view, 0, seconds);
  writeUint64(view, 8, (spanUs - seconds * 1_000_000) * 1_000);
}

/** struct timespec of the C library in microseconds: two `long`. */
export const timespecSize = (abi: Abi): number => 2 * abi.pointerSize;

export const decodeTimespecUs = (view: DataView, abi: Abi): number =>
  readWord(view, 0, abi) * 1_000_000 + Math.floor(readWord(view, abi.pointerSize, abi) / 1_000);

/** struct iovec, readv(2): `void *base; size_t length`. */
export const iovecSize = (abi: Abi): number => 2 * abi.pointerSize;

export interface Region {
  /** Address in the process's memory. */
  readonly address: number;
  /** Bytes. */
  readonly size: number;
}

/** Writes only the length of an iovec. */
export function writeIovecSize(view: DataView, offset: number, size: number, abi: Abi): void {
  writeWord(view, offset + abi.pointerSize, size, abi);
}

export function encodeIovec(view: DataView, offset: number, region: Region, abi: Abi): void {
  writeWord(view, offset, region.address, abi);
  writeWord(view, offset + abi.pointerSize, region.size, abi);
}

/**
 * struct mmsghdr, recvmmsg(2): struct msghdr and the length of what was received.
 *
 *   64 bits  0 name  8 name length, pad  16 iov  24 iov count  32 control  40 control length  48 flags, pad  56 length, pad
 *   32 bits  0 name  4 name length        8 iov  12 iov count  16 control  20 control length  24 flags       28 length
 *
 * The C libraries differ in the width of counts and lengths, but not in the place of their low halves.
 */
export const mmsghdrSize = (abi: Abi): number => 8 * abi.pointerSize;

export interface MessageHeader {
  readonly name: Region;
  readonly iovec: number;
  readonly control: Region;
}

/** Writes one element of an array of mmsghdr, with one iovec; the kernel overwrites the lengths on every call. */
export function encodeMmsghdr(
  view: DataView,
  index: number,
  header: MessageHeader,
  abi: Abi,
): void {
  const at = index * mmsghdrSize(abi);
  const words = [
    header.name.address,
    header.name.size,
    header.iovec,
    1,
    header.control.address,
    header.control.size,
    0,
    0,
  ];
  for (const [slot, word] of words.entries())
    writeWord(view, at + slot * abi.pointerSize, word, abi);
}

/** Bytes received into the message at `index`. */
export const mmsghdrLength = (view: DataView, index: number, abi: Abi): number =>
  view.getUint32(index * mmsghdrSize(abi) + 7 * abi.pointerSize, LE);

/** Whether the message at `index` was longer than its room, so that its end is lost. */
export const mmsghdrTruncated = (view: DataView, index: number, abi: Abi): boolean =>
  (view.getUint32(index * mmsghdrSize(abi) + 6 * abi.pointerSize, LE) & MSG_TRUNC) !== 0;

const MSG_TRUNC = 0x20;

/** Bytes of ancillary data that came with the message at `index`. */
export const mmsghdrControlLength = (view: DataView, index: number, abi: Abi): number =>
  readWord(view, index * mmsghdrSize(abi) + 5 * abi.pointerSize, abi);

/** Gives the lengths back that the kernel used up, so that the next call finds the whole room. */
export function resetMmsghdr(view: DataView, index: number, header: MessageHeader, abi: Abi): void {
  const at = index * mmsghdrSize(abi);
  writeWord(view, at + abi.pointerSize, header.name.size, abi);
  writeWord(view, at + 5 * abi.pointerSize, header.control.size, abi);
}

/** struct cmsghdr, cmsg(3): `size_t length; int level; int type`, then data, padded to the size of a pointer. */
const cmsgHeaderSize = (abi: Abi): number => abi.pointerSize + 8;
/** CMSG_SPACE: what one ancillary message with `size` bytes of data takes. */
export const cmsgSpace = (size: number, abi: Abi): number =>
  cmsgHeaderSize(abi) + align(size, abi.pointerSize);

/** Where ancillary data lies: from `offset`, `length` bytes of it. */
export interface ControlData {
  readonly offset: number;
  readonly length: number;
}

/** Offset of the data of the first ancillary message of that level and type with at least `size` bytes of it. */
export function findControl(
  view: DataView,
  { offset, length }: ControlData,
  wanted: { readonly level: number; readonly type: number; readonly size: number },
  abi: Abi,
): number | undefined {
  const end = offset + length;
  const headerSize = cmsgHeaderSize(abi);
  let at = offset;
  while (at + headerSize <= end) {
    const size = readWord(view, at, abi);
    if (size < headerSize || at + size > end) return undefined;
    const level = view.getInt32(at + abi.pointerSize, LE);
    const type = view.getInt32(at + abi.pointerSize + 4, LE);
    if (level === wanted.level && type === wanted.type && size >= headerSize + wanted.size)
      return at + headerSize;
    at += align(size, abi.pointerSize);
  }
  return undefined;
}

/** struct sock_fprog, socket(7): a `u16` count and a pointer to that many filter instructions of 8 bytes. */
export const sockFprogSize = (abi: Abi): number => 2 * abi.pointerSize;

export function encodeSockFprog(
  view: DataView,
  filter: { readonly address: number; readonly count: number },
  abi: Abi,
): void {
  writeWord(view, 0, 0, abi);
  view.setUint16(0, filter.count, LE);
  writeWord(view, abi.pointerSize, filter.address, abi);
}
