/**
 * Netlink messages: headers, attributes and acknowledgements, as netlink(7) and linux/netlink.h define them. Everything
 * is in host order. Readers check every length before they read and never throw; what is too short ends the reading.
 *
 *    0               4       6       8               12              16
 *   +---------------+-------+-------+---------------+---------------+----
 *   | length        | type  | flags | sequence      | port id       | body, attributes
 *   +---------------+-------+-------+---------------+---------------+----
 */
import { IPV4_SIZE, IPV6_SIZE, type IpAddress, readIp, writeIp } from "../base/ip.ts";
import { MAC_SIZE, type Mac, macFromBytes, writeMac } from "../base/mac.ts";
import { HOST_LITTLE_ENDIAN as LE } from "./abi.ts";
import { decodeText, encodeText } from "./text.ts";

export const NETLINK_HEADER_SIZE = 16;
export const ATTRIBUTE_HEADER_SIZE = 4;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x001;
export const NLM_F_ACK = 0x004;
export const NLM_F_DUMP_INTR = 0x010;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

/** NLA_F_NESTED and NLA_F_NET_BYTEORDER, which share a field with the type. */
const ATTRIBUTE_FLAGS = 0xc000;
const NLMSGERR_ATTR_MSG = 1;

const align = (size: number): number => (size + 3) & ~3;

/** Walks over the messages of one datagram. One cursor serves any number of datagrams. */
export class MessageCursor {
  readonly #view: DataView;
  #end = 0;
  #next = 0;
  /** Of the current message. */
  type = 0;
  flags = 0;
  sequence = 0;
  port = 0;
  /** Offsets of the current message's body and of its end. */
  bodyAt = 0;
  endAt = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  /** Starts at the first of `length` bytes from offset `start`. */
  reset(length: number, start = 0): void {
    this.#next = start;
    this.#end = Math.min(start + length, this.#view.byteLength);
  }

  /** Goes to the next message; false at the end and at the first message that is not whole. */
  next(): boolean {
    const at = this.#next;
    if (at + NETLINK_HEADER_SIZE > this.#end) return false;
    const length = this.#view.getUint32(at, LE);
    if (length < NETLINK_HEADER_SIZE || length > this.#end - at) return false;
    this.type = this.#view.getUint16(at + 4, LE);
    this.flags = this.#view.getUint16(at + 6, LE);
    this.sequence = this.#view.getUint32(at + 8, LE);
    this.port = this.#view.getUint32(at + 12, LE);
    this.bodyAt = at + NETLINK_HEADER_SIZE;
    this.endAt = at + length;
    this.#next = at + align(length);
    return true;
  }
}

/** Walks over attributes between two offsets. A value that is shorter than asked for reads as 0 or undefined. */
export class AttributeCursor {
  readonly view: DataView;
  #next: number;
  readonly #end: number;
  /** Of the current attribute, without the nested and byte-order bits. */
  type = 0;
  /** Offset and size of the current attribute's value. */
  at = 0;
  size = 0;

  constructor(view: DataView, start: number, end: number) {
    this.view = view;
    this.#next = start;
    this.#end = Math.min(end, view.byteLength);
  }

  /** Goes to the next attribute; false at the end and at the first attribute that is not whole. */
  next(): boolean {
    const at = this.#next;
    if (at + ATTRIBUTE_HEADER_SIZE > this.#end) return false;
    const length = this.view.getUint16(at, LE);
    if (length < ATTRIBUTE_HEADER_SIZE || length > this.#end - at) return false;
    this.type = this.view.getUint16(at + 2, LE) & ~ATTRIBUTE_FLAGS;
    this.at = at + ATTRIBUTE_HEADER_SIZE;
    this.size = length - ATTRIBUTE_HEADER_SIZE;
    this.#next = at + align(length);
    return true;
  }

  uint8(): number {
    return this.size >= 1 ? this.view.getUint8(this.at) : 0;
  }

  /** The 16-bit number `offset` bytes into the value, in host order. */
  uint16(offset = 0): number {
    return this.size >= offset + 2 ? this.view.getUint16(this.at + offset, LE) : 0;
  }

  /** The 32-bit number `offset` bytes into the value, in host order. */
  uint32(offset = 0): number {
    return this.size >= offset + 4 ? this.view.getUint32(this.at + offset, LE) : 0;
  }

  /** 64 bits in network order, exact below 2^53. */
  uint64NetworkOrder(): number {
    if (this.size < 8) return 0;
    return this.view.getUint32(this.at) * 0x1_0000_0000 + this.view.getUint32(this.at + 4);
  }

  /** An address whose family follows from the size of the value; undefined for any other size. */
  ip(): IpAddress | undefined {
    if (this.size === IPV4_SIZE) return readIp(this.view, this.at, 4);
    if (this.size === IPV6_SIZE) return readIp(this.view, this.at, 6);
    return undefined;
  }

  mac(): Mac | undefined {
    if (this.size !== MAC_SIZE) return undefined;
    return macFromBytes(new Uint8Array(this.view.buffer, this.view.byteOffset + this.at, MAC_SIZE));
  }

  /** Text up to the first NUL. */
  text(): string {
    return decodeText(this.view, this.at, this.size);
  }

  /** The attributes inside the value, after `skip` bytes of a fixed header. */
  nested(skip = 0): AttributeCursor {
    return new AttributeCursor(this.view, this.at + skip, this.at + this.size);
  }
}

export interface MessageStart {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
}

/**
 * Writes messages one after the other into a buffer. What does not fit marks the message as overflowed, and finish()
 * then takes it back, so callers check once per message. Every byte is written, padding included.
 */
export class MessageWriter {
  readonly #view: DataView;
  #start = 0;
  #at = 0;
  #overflowed = false;

  constructor(view: DataView) {
    this.#view = view;
  }

  /** Bytes of all finished messages. */
  get size(): number {
    return this.#start;
  }

  /** Forgets everything written. */
  clear(): void {
    this.#start = 0;
    this.#at = 0;
    this.#overflowed = false;
  }

  begin({ type, flags, sequence }: MessageStart): void {
    this.#at = this.#start;
    this.#overflowed = false;
    this.uint32(0).uint16(type).uint16(flags).uint32(sequence).uint32(0);
  }

  /** Completes the message. False: it did not fit and is gone. */
  finish(): boolean {
    if (this.#overflowed) return false;
    this.#view.setUint32(this.#start, this.#at - this.#start, LE);
    this.#pad();
    if (this.#overflowed) return false;
    this.#start = this.#at;
    return true;
  }

  uint8(value: number): this {
    if (this.#reserve(1)) this.#view.setUint8(this.#at - 1, value);
    return this;
  }

  uint16(value: number): this {
    if (this.#reserve(2)) this.#view.setUint16(this.#at - 2, value, LE);
    return this;
  }

  uint32(value: number): this {
    if (this.#reserve(4)) this.#view.setUint32(this.#at - 4, value, LE);
    return this;
  }

  uint32NetworkOrder(value: number): this {
    if (this.#reserve(4)) this.#view.setUint32(this.#at - 4, value);
    return this;
  }

  zeros(count: number): this {
    for (let written = 0; written < count; written += 1) this.uint8(0);
    return this;
  }

  ip(address: IpAddress): this {
    const size = address.includes(":") ? IPV6_SIZE : IPV4_SIZE;
    if (this.#reserve(size)) writeIp(this.#view, this.#at - size, address);
    return this;
  }

  mac(address: Mac): this {
    if (this.#reserve(MAC_SIZE)) writeMac(this.#view, this.#at - MAC_SIZE, address);
    return this;
  }

  /** Text with its closing NUL. */
  text(value: string): this {
    for (const byte of encodeText(value)) this.uint8(byte);
    return this.uint8(0);
  }

  /** An attribute whose value, or whose nested attributes, `write` writes. */
  attribute(type: number, write: (writer: this) => void): this {
    return this.sized((writer) => {
      writer.uint16(type);
      write(writer);
    });
  }

  /** What `write` writes, behind its 16-bit length (which counts itself) and padded. */
  sized(write: (writer: this) => void): this {
    const start = this.#at;
    this.uint16(0);
    write(this);
    if (!this.#overflowed) this.#view.setUint16(start, this.#at - start, LE);
    this.#pad();
    return this;
  }

  attributeUint8(type: number, value: number): this {
    return this.attribute(type, (writer) => writer.uint8(value));
  }

  attributeUint32(type: number, value: number): this {
    return this.attribute(type, (writer) => writer.uint32(value));
  }

  attributeIp(type: number, address: IpAddress): this {
    return this.attribute(type, (writer) => writer.ip(address));
  }

  attributeText(type: number, value: string): this {
    return this.attribute(type, (writer) => writer.text(value));
  }

  #pad(): void {
    while ((this.#at & 3) !== 0 && !this.#overflowed) this.uint8(0);
  }

  #reserve(size: number): boolean {
    if (this.#overflowed || this.#at + size > this.#view.byteLength) this.#overflowed = true;
    else this.#at += size;
    return !this.#overflowed;
  }
}

/** What an NLMSG_ERROR says: errno 0 is success. */
export interface Acknowledgement {
  readonly errno: number;
  /** The kernel's own explanation; "" when it gave none (it may comment on a success, too). */
  readonly text: string;
}

/**
 * Reads the body of an NLMSG_ERROR: `int error`, the header of the request, the rest of the request unless the kernel
 * capped it, and extended-ack attributes. One that is too short for its errno reads as a success without words.
 */
export function decodeAcknowledgement(view: DataView, message: MessageBounds): Acknowledgement {
  const { bodyAt, endAt, flags } = message;
  if (bodyAt + 4 > endAt) return { errno: 0, text: "" };
  const errno = Math.abs(view.getInt32(bodyAt, LE));
  if ((flags & NLM_F_ACK_TLVS) === 0 || bodyAt + 4 + NETLINK_HEADER_SIZE > endAt)
    return { errno, text: "" };
  const echoed = (flags & NLM_F_CAPPED) === 0 ? view.getUint32(bodyAt + 4, LE) : 0;
  const attributesAt = bodyAt + 4 + align(Math.max(NETLINK_HEADER_SIZE, echoed));
  return { errno, text: extendedAckText(view, attributesAt, endAt) };
}

/** What of a message its readers need: a MessageCursor has it. */
export interface MessageBounds {
  readonly flags: number;
  readonly bodyAt: number;
  readonly endAt: number;
}

/** The errno of a dump's closing NLMSG_DONE, and the kernel's explanation. */
export function decodeDone(view: DataView, message: MessageBounds): Acknowledgement {
  const { bodyAt, endAt, flags } = message;
  if (bodyAt + 4 > endAt) return { errno: 0, text: "" };
  // A dump may end with a count, which is no error.
  const errno = Math.max(0, -view.getInt32(bodyAt, LE));
  const explained = (flags & NLM_F_ACK_TLVS) !== 0;
  return { errno, text: explained ? extendedAckText(view, bodyAt + 4, endAt) : "" };
}

function extendedAckText(view: DataView, start: number, end: number): string {
  const attributes = new AttributeCursor(view, start, end);
  while (attributes.next()) if (attributes.type === NLMSGERR_ATTR_MSG) return attributes.text();
  return "";
}
