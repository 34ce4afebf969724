/**
 * Many datagrams per system call, without sender addresses and ancillary data: recvmmsg(2) and sendmmsg(2) over headers
 * that are laid out once, so that neither call costs more JavaScript than the call itself.
 */
import {
  encodeIovec,
  encodeMmsghdr,
  iovecSize,
  mmsghdrLength,
  mmsghdrSize,
  mmsghdrTruncated,
  type Region,
  writeIovecSize,
} from "../wire/abi.ts";
import { ERRNO } from "./errno.ts";
import { ABI, failure, lastErrno, libc, Memory } from "./libc.ts";
import { MSG_DONTWAIT } from "./socket.ts";

const NOTHING: Region = { address: 0, size: 0 };
/** Rooms begin on a boundary that suits every structure that a message may be read as. */
const ALIGNMENT = 8;

/** Headers, iovecs and equal rooms for `count` datagrams in one piece of memory. */
class Rooms {
  readonly memory: Memory;
  readonly count: number;
  /** Bytes of each room. */
  readonly size: number;
  readonly #roomsAt: number;

  constructor(count: number, size: number, name: Region = NOTHING) {
    this.count = count;
    this.size = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    this.#roomsAt = count * (mmsghdrSize(ABI) + iovecSize(ABI));
    this.memory = new Memory(this.#roomsAt + count * this.size);
    for (let index = 0; index < count; index += 1) this.#layOut(index, name);
  }

  /** Offset of a room in the memory. */
  at(index: number): number {
    return this.#roomsAt + index * this.size;
  }

  iovecAt(index: number): number {
    return this.count * mmsghdrSize(ABI) + index * iovecSize(ABI);
  }

  /** Address of the header of a datagram. */
  header(index: number): number {
    return this.memory.address + index * mmsghdrSize(ABI);
  }

  setName(name: Region): void {
    for (let index = 0; index < this.count; index += 1) this.#writeHeader(index, name);
  }

  #layOut(index: number, name: Region): void {
    const room = { address: this.memory.address + this.at(index), size: this.size };
    encodeIovec(this.memory.view, this.iovecAt(index), room, ABI);
    this.#writeHeader(index, name);
  }

  #writeHeader(index: number, name: Region): void {
    const iovec = this.memory.address + this.iovecAt(index);
    encodeMmsghdr(this.memory.view, index, { name, iovec, control: NOTHING }, ABI);
  }
}

/** What came of a reception: a count of datagrams, or that the kernel had to drop some because nobody read them in time. */
export type Received = number | "overrun";

/** Errors that say that there is nothing to read now. */
const EMPTY: ReadonlySet<number> = new Set([ERRNO.EAGAIN, ERRNO.EINTR]);

export class ReceiveBatch {
  readonly #rooms: Rooms;
  readonly #views: readonly DataView[];

  /** `count` datagrams per call, of at most `size` bytes each. */
  constructor(count: number, size: number) {
    this.#rooms = new Rooms(count, size);
    const { buffer } = this.#rooms.memory.view;
    this.#views = Array.from(
      { length: count },
      (_, index) => new DataView(buffer, this.at(index), this.#rooms.size),
    );
  }

  /** Datagrams per call. */
  get count(): number {
    return this.#rooms.count;
  }

  /** Where datagrams lie; the same view for good. */
  get view(): DataView {
    return this.#rooms.memory.view;
  }

  /** Takes what is waiting, at most `count`. Throws SyscallError, with `subject` in its message. */
  receive(fd: number, subject: string): Received {
    const { memory, count } = this.#rooms;
    const received = libc.recvmmsg(fd, memory.address, count, MSG_DONTWAIT, 0);
    if (received >= 0) return received;
    const errno = lastErrno();
    if (EMPTY.has(errno)) return 0;
    if (errno === ERRNO.ENOBUFS) return "overrun";
    throw failure("recvmmsg", subject);
  }

  /** Offset of the datagram in `view`. */
  at(index: number): number {
    return this.#rooms.at(index);
  }

  /** The room of the datagram, which begins with it; the same view for good. */
  room(index: number): DataView {
    const view = this.#views[index];
    if (view === undefined) throw new RangeError(`no datagram ${index} in this batch`);
    return view;
  }

  /** Bytes of the datagram. */
  length(index: number): number {
    return mmsghdrLength(this.view, index, ABI);
  }

  /** The datagram was longer than its room. */
  isTruncated(index: number): boolean {
    return mmsghdrTruncated(this.view, index, ABI);
  }
}

export class SendBatch {
  readonly #rooms: Rooms;
  readonly #sizes: Uint32Array;
  #first = 0;
  #end = 0;

  /** `count` datagrams per call, of at most `size` bytes each. */
  constructor(count: number, size: number) {
    this.#rooms = new Rooms(count, size);
    this.#sizes = new Uint32Array(count);
  }

  /** Where datagrams are written; the same view for good. */
  get view(): DataView {
    return this.#rooms.memory.view;
  }

  /** Largest datagram. */
  get size(): number {
    return this.#rooms.size;
  }

  get isFull(): boolean {
    return this.#end === this.#rooms.count;
  }

  /** Datagrams that wait to be sent. */
  get waiting(): number {
    return this.#end - this.#first;
  }

  /** Where they all go: a socket address in memory that stays. */
  setDestination(name: Region): void {
    this.#rooms.setName(name);
  }

  /** Offset at which the next datagram is to be written; add() then takes it. */
  get nextAt(): number {
    return this.#rooms.at(this.#end);
  }

  add(size: number): void {
    writeIovecSize(this.view, this.#rooms.iovecAt(this.#end), size, ABI);
    this.#sizes[this.#end] = size;
    this.#end += 1;
  }

  /**
   * Sends what waits, in order. "sent": nothing waits any more. "full": the socket takes no more now. "failed": the
   * first one could not be sent and is gone; `errno` says why.
   */
  send(fd: number): "sent" | "full" | "failed" {
    while (this.#first < this.#end) {
      const sent = libc.sendmmsg(fd, this.#rooms.header(this.#first), this.waiting, MSG_DONTWAIT);
      if (sent < 0) return this.#refused(lastErrno());
      for (let index = this.#first; index < this.#first + sent; index += 1)
        this.sentBytes += this.#sizes[index] ?? 0;
      this.sentCount += sent;
      this.#first += sent;
    }
    this.clear();
    return "sent";
  }

  /** Since the batch was made. */
  sentBytes = 0;
  sentCount = 0;
  /** Why the last "failed" one failed. */
  errno = 0;

  /** Forgets what waits. */
  clear(): void {
    this.#first = 0;
    this.#end = 0;
  }

  #refused(errno: number): "full" | "failed" {
    if (errno === ERRNO.EAGAIN || errno === ERRNO.ENOBUFS || errno === ERRNO.EINTR) return "full";
    this.errno = errno;
    this.#first += 1;
    if (this.#first === this.#end) this.clear();
    return "failed";
  }
}
