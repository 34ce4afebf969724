/**
 * Flow records: what one flow-sync message says of a flow or of an expectation, without the message's header. They are
 * what tables keep and what messages carry. Attributes stand in the order in which conntrackd 1.4.7 sends them, each at
 * most once, padding is zero, and everything is in network order (of which swapPortsAndIds() knows the exceptions on
 * the wire). Nothing here allocates, except what is said to.
 */
import {
  type AttributeTable,
  EXPECT,
  EXPECT_TABLE,
  FLOW,
  FLOW_TABLE,
  RECORD_ATTRIBUTE_HEADER,
} from "./flow-attributes.ts";

/** A stretch of a buffer. Callers keep spans and move them, so that hot paths allocate nothing per flow. */
export class Span {
  view: DataView;
  /** Offset of the first byte. */
  at: number;
  /** Bytes. */
  size: number;

  constructor(view: DataView, at: number = 0, size: number = view.byteLength - at) {
    this.view = view;
    this.at = at;
    this.size = size;
  }

  move(view: DataView, at: number, size: number): this {
    this.view = view;
    this.at = at;
    this.size = size;
    return this;
  }
}

/** Bytes of the largest record of a flow or of an expectation. A multiple of 4. */
export const RECORD_SIZE_MAX: number = Math.max(
  FLOW_TABLE.recordSizeMax,
  EXPECT_TABLE.recordSizeMax,
);

export const padded = (size: number): number => (size + 3) & ~3;

/** The first 32 bits of an attribute whose payload has `size` bytes. */
export const attributeWord = (number: number, size: number): number =>
  ((RECORD_ATTRIBUTE_HEADER + size) << 16) | number;

/** Why the body of a received message is refused as a whole. All but the last are rules of conntrackd, too. */
export type RecordFault =
  | "attribute-too-short"
  | "attribute-beyond-end"
  | "unknown-attribute"
  | "wrong-attribute-size"
  | "no-usable-tuple";

/** Judges the body of a received CT_NEW, CT_UPD or CT_DEL. All other functions take bodies that passed, and records. */
export function checkFlow(body: Span): RecordFault | undefined {
  const seen = walkBody(body, FLOW_TABLE);
  if (typeof seen === "string") return seen;
  const isIpv4 = (seen & (1 << FLOW.ipv4)) !== 0;
  const isIpv6 = (seen & (1 << FLOW.ipv6)) !== 0;
  // A flow without addresses has no key, and one with both families has two.
  if (isIpv4 === isIpv6 || (seen & (1 << FLOW.protocol)) === 0) return "no-usable-tuple";
  return undefined;
}

const EXPECT_IPV4 = (1 << EXPECT.masterIpv4) | (1 << EXPECT.ipv4) | (1 << EXPECT.maskIpv4);
const EXPECT_IPV6 = (1 << EXPECT.masterIpv6) | (1 << EXPECT.ipv6) | (1 << EXPECT.maskIpv6);
const EXPECT_PROTOCOLS =
  (1 << EXPECT.masterProtocol) | (1 << EXPECT.protocol) | (1 << EXPECT.maskProtocol);

/** Judges the body of a received EXP_NEW, EXP_UPD or EXP_DEL. */
export function checkExpectation(body: Span): RecordFault | undefined {
  const seen = walkBody(body, EXPECT_TABLE);
  if (typeof seen === "string") return seen;
  const addresses = seen & (EXPECT_IPV4 | EXPECT_IPV6);
  if (addresses !== EXPECT_IPV4 && addresses !== EXPECT_IPV6) return "no-usable-tuple";
  return (seen & EXPECT_PROTOCOLS) === EXPECT_PROTOCOLS ? undefined : "no-usable-tuple";
}

/** The fault of a body, or bits of those of its attributes whose numbers are below 32. */
function walkBody({ view, at, size }: Span, table: AttributeTable): RecordFault | number {
  const end = at + size;
  let next = at;
  let seen = 0;
  while (end - next > RECORD_ATTRIBUTE_HEADER) {
    const length = view.getUint16(next);
    const number = view.getUint16(next + 2);
    if (length < RECORD_ATTRIBUTE_HEADER) return "attribute-too-short";
    if (length > end - next) return "attribute-beyond-end";
    if (number >= table.count) return "unknown-attribute";
    if (!sizeFits(table, number, length - RECORD_ATTRIBUTE_HEADER)) return "wrong-attribute-size";
    if (number < 32) seen |= 1 << number;
    next += padded(length);
  }
  return seen;
}

function sizeFits(table: AttributeTable, number: number, size: number): boolean {
  const min = table.sizeMin[number] ?? 0;
  const max = table.sizeMax[number] ?? 0;
  return size >= min && size <= max && (min === max || size % (table.sizeUnit[number] ?? 1) === 0);
}

const SNAT_PORT_WORD = attributeWord(FLOW.snatPort, 2);
const DNAT_PORT_WORD = attributeWord(FLOW.dnatPort, 2);
const ICMP_ID_WORD = attributeWord(FLOW.icmpId, 2);

/**
 * Turns the bytes of SPAT_PORT, DPAT_PORT and ICMP_ID of a flow, in place: what a little-endian conntrackd sends differs
 * in these from a record. Called on a received body that passed checkFlow(), or on the copy that is about to be sent.
 */
export function swapPortsAndIds({ view, at, size }: Span): void {
  const end = at + size;
  for (let next = at; end - next > RECORD_ATTRIBUTE_HEADER; ) {
    const word = view.getUint32(next);
    if (word === SNAT_PORT_WORD || word === DNAT_PORT_WORD || word === ICMP_ID_WORD)
      view.setUint16(next + 4, view.getUint16(next + 4), true);
    next += padded(word >>> 16);
  }
}

/** Copies a record to `at` of `to`, which has room for it. */
export function copyRecord({ view, at: from, size }: Span, to: DataView, at: number): void {
  for (let done = 0; done < size; done += 4) to.setUint32(at + done, view.getUint32(from + done));
}

/** Offset of the payload of the attribute with that first word; -1 when the record has none. The last one counts. */
function payloadAt({ view, at, size }: Span, word: number): number {
  const end = at + size;
  let found = -1;
  for (let next = at; end - next > RECORD_ATTRIBUTE_HEADER; ) {
    const current = view.getUint32(next);
    if (current === word) found = next + RECORD_ATTRIBUTE_HEADER;
    next += padded(current >>> 16);
  }
  return found;
}

function uint8(record: Span, number: number): number | undefined {
  const at = payloadAt(record, attributeWord(number, 1));
  return at < 0 ? undefined : record.view.getUint8(at);
}

function uint32(record: Span, number: number): number | undefined {
  const at = payloadAt(record, attributeWord(number, 4));
  return at < 0 ? undefined : record.view.getUint32(at);
}

/** IPS_* bits of a flow, see flow-numbers.ts; 0 when the record has none. */
export const recordStatus = (flow: Span): number => uint32(flow, FLOW.status) ?? 0;
/** IP protocol number; 0 when the record has none. */
export const recordProtocol = (flow: Span): number => uint8(flow, FLOW.protocol) ?? 0;
/** TCP state by number (1 SYN_SENT to 9 LISTEN); undefined when the record has none. */
export const recordTcpState = (flow: Span): number | undefined => uint8(flow, FLOW.tcpState);
/** Seconds that were left when it was sent; undefined when the sender leaves timeouts out. */
export const flowTimeout = (flow: Span): number | undefined => uint32(flow, FLOW.timeout);
/** Seconds that were left when it was sent; undefined when the sender leaves timeouts out. */
export const expectationTimeout = (expectation: Span): number | undefined =>
  uint32(expectation, EXPECT.timeout);

const IPV4_WORD = attributeWord(FLOW.ipv4, 8);
const IPV6_WORD = attributeWord(FLOW.ipv6, 32);
const MASTER_IPV4_WORD = attributeWord(FLOW.masterIpv4, 8);
const MASTER_IPV6_WORD = attributeWord(FLOW.masterIpv6, 32);
const DNAT_IPV4_WORD = attributeWord(FLOW.dnatIpv4, 4);
const DNAT_IPV6_WORD = attributeWord(FLOW.dnatIpv6, 16);

export const recordFamily = (flow: Span): 4 | 6 => (payloadAt(flow, IPV4_WORD) >= 0 ? 4 : 6);

/** Whether the flow has a master: it is committed after all that have none. */
export const isRelated = (flow: Span): boolean =>
  payloadAt(flow, MASTER_IPV4_WORD) >= 0 || payloadAt(flow, MASTER_IPV6_WORD) >= 0;

/** Offset in `flow.view` of the original source address, of 4 or 16 bytes. */
export function originalSourceAt(flow: Span): number {
  const at = payloadAt(flow, IPV4_WORD);
  return at >= 0 ? at : payloadAt(flow, IPV6_WORD);
}

/** Offset in `flow.view` of the reply's source address, of 4 or 16 bytes: the real destination, after any DNAT. */
export function replySourceAt(flow: Span): number {
  const ipv4At = payloadAt(flow, IPV4_WORD);
  const translatedAt = payloadAt(flow, ipv4At >= 0 ? DNAT_IPV4_WORD : DNAT_IPV6_WORD);
  if (translatedAt >= 0) return translatedAt;
  return ipv4At >= 0 ? ipv4At + 4 : payloadAt(flow, IPV6_WORD) + 16;
}
