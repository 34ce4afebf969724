/** Tuples of kernel messages: CTA_TUPLE_* and what is nested in it. */
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";
import { TUPLE, TUPLE_IP, TUPLE_PROTOCOL, TYPE_MASK } from "./attributes.ts";

const HEADER = 4;
const ALL_PORTS = 3;

/** What one tuple says. One reader serves any number of tuples, and holds the one read last. */
export class TupleReader {
  family: 4 | 6 = 4;
  /** Offsets of the addresses. */
  sourceAt = 0;
  destinationAt = 0;
  /** IP protocol number. */
  protocol = 0;
  /** Source port in the upper and destination port in the lower half; of ICMP type, code (8 bits each) and id. */
  ports = 0;
  /** False when the kernel did not tell both ports. */
  portsKnown = false;

  /** Reads the attribute at offset `at`; false when it is -1 or holds no addresses or no protocol. */
  read(view: DataView, at: number): boolean {
    if (at < 0) return false;
    this.sourceAt = -1;
    this.destinationAt = -1;
    this.protocol = -1;
    this.ports = 0;
    this.portsKnown = false;
    const end = at + view.getUint16(at, LE);
    for (let next = at + HEADER; end - next >= HEADER; ) {
      const length = view.getUint16(next, LE);
      if (length < HEADER || length > end - next) break;
      const type = view.getUint16(next + 2, LE) & TYPE_MASK;
      if (type === TUPLE.ip) this.#readAddresses(view, next + HEADER, next + length);
      else if (type === TUPLE.protocol) this.#readProtocol(view, next + HEADER, next + length);
      next += (length + 3) & ~3;
    }
    return this.sourceAt >= 0 && this.destinationAt >= 0 && this.protocol >= 0;
  }

  #readAddresses(view: DataView, start: number, end: number): void {
    for (let next = start; end - next >= HEADER; ) {
      const length = view.getUint16(next, LE);
      if (length < HEADER || length > end - next) return;
      this.#takeAddress(view.getUint16(next + 2, LE) & TYPE_MASK, next + HEADER, length - HEADER);
      next += (length + 3) & ~3;
    }
  }

  #takeAddress(type: number, at: number, size: number): void {
    const { ipv4Source, ipv4Destination, ipv6Source, ipv6Destination } = TUPLE_IP;
    const isSource = type === ipv4Source || type === ipv6Source;
    if (!isSource && type !== ipv4Destination && type !== ipv6Destination) return;
    const family = type === ipv4Source || type === ipv4Destination ? 4 : 6;
    if (size < (family === 4 ? 4 : 16)) return;
    if (family !== this.family) {
      // One address of each family makes no tuple.
      this.sourceAt = -1;
      this.destinationAt = -1;
      this.family = family;
    }
    if (isSource) this.sourceAt = at;
    else this.destinationAt = at;
  }

  #readProtocol(view: DataView, start: number, end: number): void {
    let known = 0;
    for (let next = start; end - next >= HEADER; ) {
      const length = view.getUint16(next, LE);
      if (length < HEADER || length > end - next) break;
      const type = view.getUint16(next + 2, LE) & TYPE_MASK;
      if (length >= HEADER + sizeOf(type)) known |= this.#takeHeader(view, type, next + HEADER);
      next += (length + 3) & ~3;
    }
    this.portsKnown = known === ALL_PORTS;
  }

  /** Returns a bit for each of the two ports. */
  #takeHeader(view: DataView, type: number, at: number): number {
    switch (type) {
      case TUPLE_PROTOCOL.number:
        this.protocol = view.getUint8(at);
        return 0;
      case TUPLE_PROTOCOL.sourcePort:
        this.ports |= view.getUint16(at) << 16;
        return 1;
      case TUPLE_PROTOCOL.destinationPort:
        this.ports |= view.getUint16(at);
        return 2;
      case TUPLE_PROTOCOL.icmpId:
      case TUPLE_PROTOCOL.icmpv6Id:
        this.ports |= view.getUint16(at);
        return 0;
      case TUPLE_PROTOCOL.icmpType:
      case TUPLE_PROTOCOL.icmpv6Type:
        this.ports |= view.getUint8(at) << 24;
        return 0;
      case TUPLE_PROTOCOL.icmpCode:
      case TUPLE_PROTOCOL.icmpv6Code:
        this.ports |= view.getUint8(at) << 16;
        return 0;
      default:
        return 0;
    }
  }
}

/** Bytes of the value of a TUPLE_PROTOCOL attribute: ports and ids have two. */
const sizeOf = (type: number): number =>
  (type >= TUPLE_PROTOCOL.sourcePort && type <= TUPLE_PROTOCOL.icmpId) ||
  type === TUPLE_PROTOCOL.icmpv6Id
    ? 2
    : 1;
