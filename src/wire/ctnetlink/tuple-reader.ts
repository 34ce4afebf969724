/** Tuples of kernel messages: CTA_TUPLE_* and what is nested in it. */
import { isIcmp, PROTOCOL } from "../flow-numbers.ts";
import { AttributeIndex, TUPLE, TUPLE_IP, TUPLE_PROTOCOL } from "./attributes.ts";

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
  readonly #parts: AttributeIndex = new AttributeIndex(4);
  readonly #inner: AttributeIndex = new AttributeIndex(16);

  /** Reads the attribute at offset `at`; false when it is -1 or holds no addresses or no protocol. */
  read(view: DataView, at: number): boolean {
    if (at < 0) return false;
    this.#parts.readNested(view, at);
    return this.#readAddresses(view) && this.#readProtocol(view);
  }

  #readAddresses(view: DataView): boolean {
    const inner = this.#inner;
    inner.readNested(view, this.#parts.headerAt(TUPLE.ip));
    this.sourceAt = inner.valueAt(view, TUPLE_IP.ipv4Source, 4);
    this.destinationAt = inner.valueAt(view, TUPLE_IP.ipv4Destination, 4);
    this.family = 4;
    if (this.sourceAt >= 0 && this.destinationAt >= 0) return true;
    this.sourceAt = inner.valueAt(view, TUPLE_IP.ipv6Source, 16);
    this.destinationAt = inner.valueAt(view, TUPLE_IP.ipv6Destination, 16);
    this.family = 6;
    return this.sourceAt >= 0 && this.destinationAt >= 0;
  }

  #readProtocol(view: DataView): boolean {
    const inner = this.#inner;
    inner.readNested(view, this.#parts.headerAt(TUPLE.protocol));
    const numberAt = inner.valueAt(view, TUPLE_PROTOCOL.number, 1);
    if (numberAt < 0) return false;
    this.protocol = view.getUint8(numberAt);
    if (isIcmp(this.protocol)) {
      this.#readIcmp(view);
      return true;
    }
    const sourceAt = inner.valueAt(view, TUPLE_PROTOCOL.sourcePort, 2);
    const destinationAt = inner.valueAt(view, TUPLE_PROTOCOL.destinationPort, 2);
    this.portsKnown = sourceAt >= 0 && destinationAt >= 0;
    this.ports = this.portsKnown
      ? (view.getUint16(sourceAt) << 16) | view.getUint16(destinationAt)
      : 0;
    return true;
  }

  #readIcmp(view: DataView): void {
    const inner = this.#inner;
    const isIpv4 = this.protocol === PROTOCOL.icmp;
    const { icmpId, icmpv6Id, icmpType, icmpv6Type, icmpCode, icmpv6Code } = TUPLE_PROTOCOL;
    const idAt = inner.valueAt(view, isIpv4 ? icmpId : icmpv6Id, 2);
    const typeAt = inner.valueAt(view, isIpv4 ? icmpType : icmpv6Type, 1);
    const codeAt = inner.valueAt(view, isIpv4 ? icmpCode : icmpv6Code, 1);
    this.portsKnown = false;
    this.ports =
      ((typeAt < 0 ? 0 : view.getUint8(typeAt)) << 24) |
      ((codeAt < 0 ? 0 : view.getUint8(codeAt)) << 16) |
      (idAt < 0 ? 0 : view.getUint16(idAt));
  }
}
