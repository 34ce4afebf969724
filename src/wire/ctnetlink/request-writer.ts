/** Writes requests to ctnetlink one after the other into a buffer: netlink header, struct nfgenmsg, attributes. */
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { isIcmp, PROTOCOL } from "../flow-numbers.ts";
import { ATTRIBUTE_HEADER_SIZE, NETLINK_HEADER_SIZE, NLM_F_REQUEST } from "../netlink.ts";
import { NESTED, NFGENMSG_SIZE, TUPLE, TUPLE_IP, TUPLE_PROTOCOL } from "./attributes.ts";

/** More than any request about one flow or expectation takes. */
const REQUEST_SIZE_MAX = 2048;
const AF_INET = 2;
const AF_INET6 = 10;

/** Where a tuple's addresses lie in `view`, and the rest of it. */
export interface TupleSource {
  readonly view: DataView;
  readonly family: 4 | 6;
  readonly sourceAt: number;
  readonly destinationAt: number;
  /** IP protocol number. */
  readonly protocol: number;
  /** Source port in the upper and destination port in the lower half; of ICMP type, code (8 bits each) and id. */
  readonly ports: number;
  /** False where two numbers mean nothing to the protocol. */
  readonly hasPorts: boolean;
}

/** One writer serves any number of batches. Callers ask hasRoom() first, so nothing overflows. */
export class RequestWriter {
  /** Bytes of all finished requests. */
  size = 0;
  /** Sequence number of the next request; goes up by 1 with each. */
  sequence = 0;
  readonly #view: DataView;
  #at = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  hasRoom(): boolean {
    return this.#view.byteLength - this.size >= REQUEST_SIZE_MAX;
  }

  begin(type: number, flags: number, family: 4 | 6): void {
    const view = this.#view;
    const at = this.size;
    view.setUint16(at + 4, type, LE);
    view.setUint16(at + 6, flags | NLM_F_REQUEST, LE);
    view.setUint32(at + 8, this.sequence, LE);
    view.setUint32(at + 12, 0, LE);
    // Version 0 and resource id 0.
    view.setUint32(at + NETLINK_HEADER_SIZE, (family === 4 ? AF_INET : AF_INET6) << 24);
    this.#at = at + NETLINK_HEADER_SIZE + NFGENMSG_SIZE;
  }

  finish(): void {
    this.#view.setUint32(this.size, this.#at - this.size, LE);
    this.size = this.#at;
    this.sequence = (this.sequence + 1) >>> 0;
  }

  /** Starts an attribute that holds others; what it returns is for close(). */
  open(type: number): number {
    const start = this.#at;
    this.#view.setUint16(start + 2, type | NESTED, LE);
    this.#at = start + ATTRIBUTE_HEADER_SIZE;
    return start;
  }

  close(start: number): void {
    this.#view.setUint16(start, this.#at - start, LE);
  }

  uint8(type: number, value: number): void {
    this.#header(type, 1);
    this.#word(value << 24);
  }

  uint16(type: number, value: number): void {
    this.#header(type, 2);
    this.#word(value << 16);
  }

  uint32(type: number, value: number): void {
    this.#header(type, 4);
    this.#word(value);
  }

  /** Two bytes: a struct nf_ct_tcp_flags. */
  bytes(type: number, first: number, second: number): void {
    this.#header(type, 2);
    this.#word((first << 24) | (second << 16));
  }

  /** Starts an attribute of `size` bytes and returns the offset of its value in `view`, which is to be filled in. */
  value(type: number, size: number): number {
    this.#header(type, size);
    const at = this.#at;
    const past = at + ((size + 3) & ~3);
    for (; this.#at < past; this.#at += 4) this.#view.setUint32(this.#at, 0);
    return at;
  }

  get view(): DataView {
    return this.#view;
  }

  /** An attribute with `size` bytes of another buffer, a multiple of 4. */
  copy(type: number, from: DataView, at: number, size: number): void {
    this.#header(type, size);
    for (let done = 0; done < size; done += 4) this.#word(from.getUint32(at + done));
  }

  /** Text of at most `size` bytes, up to its NUL, with a NUL behind it. */
  text(type: number, from: DataView, at: number, size: number): void {
    let length = 0;
    while (length < size && from.getUint8(at + length) !== 0) length += 1;
    const to = this.value(type, length + 1);
    for (let index = 0; index < length; index += 1)
      this.#view.setUint8(to + index, from.getUint8(at + index));
  }

  tuple(type: number, tuple: TupleSource): void {
    const start = this.open(type);
    const addresses = this.open(TUPLE.ip);
    const isIpv4 = tuple.family === 4;
    const size = isIpv4 ? 4 : 16;
    const { ipv4Source, ipv4Destination, ipv6Source, ipv6Destination } = TUPLE_IP;
    this.copy(isIpv4 ? ipv4Source : ipv6Source, tuple.view, tuple.sourceAt, size);
    this.copy(isIpv4 ? ipv4Destination : ipv6Destination, tuple.view, tuple.destinationAt, size);
    this.close(addresses);
    const protocol = this.open(TUPLE.protocol);
    this.uint8(TUPLE_PROTOCOL.number, tuple.protocol);
    if (isIcmp(tuple.protocol)) this.#icmp(tuple);
    else if (tuple.hasPorts) {
      this.uint16(TUPLE_PROTOCOL.sourcePort, tuple.ports >>> 16);
      this.uint16(TUPLE_PROTOCOL.destinationPort, tuple.ports & 0xffff);
    }
    this.close(protocol);
    this.close(start);
  }

  #icmp({ protocol, ports }: TupleSource): void {
    const isIpv4 = protocol === PROTOCOL.icmp;
    const { icmpId, icmpv6Id, icmpType, icmpv6Type, icmpCode, icmpv6Code } = TUPLE_PROTOCOL;
    this.uint16(isIpv4 ? icmpId : icmpv6Id, ports & 0xffff);
    this.uint8(isIpv4 ? icmpType : icmpv6Type, ports >>> 24);
    this.uint8(isIpv4 ? icmpCode : icmpv6Code, (ports >>> 16) & 0xff);
  }

  #header(type: number, size: number): void {
    const length = ATTRIBUTE_HEADER_SIZE + size;
    // Length and type in one store, whichever half comes first.
    this.#view.setUint32(this.#at, LE ? (type << 16) | length : (length << 16) | type, LE);
    this.#at += ATTRIBUTE_HEADER_SIZE;
  }

  #word(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }
}
