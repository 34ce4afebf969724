import {
  type ControlData,
  cmsgSpace,
  encodeIovec,
  encodeMmsghdr,
  iovecSize,
  type MessageHeader,
  mmsghdrControlLength,
  mmsghdrLength,
  mmsghdrSize,
  resetMmsghdr,
} from "../wire/abi.ts";
import { SOCKET_ADDRESS_SIZE_MAX } from "../wire/socket-address.ts";
import { ERRNO } from "./errno.ts";
import { ABI, failure, lastErrno, libc, Memory } from "./libc.ts";
import { MSG_DONTWAIT } from "./socket.ts";

export interface BatchShape {
  /** Packets per call. */
  readonly count: number;
  /** Bytes per packet, more is cut off. */
  readonly size: number;
  /** Sizes of the ancillary data that each packet brings. */
  readonly controlSizes: readonly number[];
}

const ALIGNMENT = 8;

/** Buffers for recvmmsg(2), laid out once in one piece of memory: headers, iovecs, and for each packet its room. */
export class MessageBatch {
  readonly #memory: Memory;
  readonly #shape: BatchShape;
  readonly #headers: readonly MessageHeader[];
  /** The views handed out last, kept because packets of one sender have one size. */
  readonly #data: DataView[];

  constructor(shape: BatchShape) {
    const { count, size, controlSizes } = shape;
    const controlSize = controlSizes.reduce((total, data) => total + cmsgSpace(data, ABI), 0);
    const room = align(SOCKET_ADDRESS_SIZE_MAX) + align(controlSize) + align(size);
    const fixed = count * (mmsghdrSize(ABI) + iovecSize(ABI));
    this.#shape = shape;
    this.#memory = new Memory(align(fixed) + count * room);
    const headers: MessageHeader[] = [];
    for (let index = 0; index < count; index += 1)
      headers.push(this.#layOut(index, align(fixed) + index * room, controlSize));
    this.#headers = headers;
    this.#data = headers.map(() => new DataView(this.view.buffer, 0, 0));
  }

  /** Everything; the offsets below are into this view. */
  get view(): DataView {
    return this.#memory.view;
  }

  /** Takes up to `count` packets from the socket and returns how many; `subject` is for the message of an error. */
  receive(fd: number, count: number, subject: string): number {
    for (let index = 0; index < count; index += 1)
      resetMmsghdr(this.view, index, this.#header(index), ABI);
    const received = libc.recvmmsg(fd, this.#memory.address, count, MSG_DONTWAIT, 0);
    if (received >= 0) return received;
    // ENETDOWN is left behind once when the interface goes down; the next call finds what there is.
    if ([ERRNO.EAGAIN, ERRNO.EINTR, ERRNO.ENETDOWN].includes(lastErrno())) return 0;
    throw failure("recvmmsg", subject);
  }

  /** The bytes of the packet at `index`, valid until the next receive(). */
  data(index: number): DataView {
    const length = Math.min(mmsghdrLength(this.view, index, ABI), this.#shape.size);
    const last = this.#data[index];
    if (last !== undefined && last.byteLength === length && length > 0) return last;
    const { control } = this.#header(index);
    const at = control.address + align(control.size) - this.#memory.address;
    const data = new DataView(this.view.buffer, at, length);
    this.#data[index] = data;
    return data;
  }

  /** Where the sender's socket address lies. */
  nameAt(index: number): number {
    return this.#header(index).name.address - this.#memory.address;
  }

  control(index: number): ControlData {
    const offset = this.#header(index).control.address - this.#memory.address;
    return { offset, length: mmsghdrControlLength(this.view, index, ABI) };
  }

  #header(index: number): MessageHeader {
    const header = this.#headers[index];
    if (header === undefined) throw new RangeError(`no packet ${index} in this batch`);
    return header;
  }

  /** A packet's room: sender's address, ancillary data, bytes. */
  #layOut(index: number, at: number, controlSize: number): MessageHeader {
    const iovecAt = this.#shape.count * mmsghdrSize(ABI) + index * iovecSize(ABI);
    const name = { address: this.#memory.address + at, size: SOCKET_ADDRESS_SIZE_MAX };
    const control = { address: name.address + align(name.size), size: controlSize };
    const data = { address: control.address + align(controlSize), size: this.#shape.size };
    const header = { name, control, iovec: this.#memory.address + iovecAt };
    encodeIovec(this.view, iovecAt, data, ABI);
    encodeMmsghdr(this.view, index, header, ABI);
    return header;
  }
}

const align = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;
