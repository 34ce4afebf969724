/** Flow records as values, for people and programs: plain JSON. Not for hot paths. */
import { type IpAddress, readIp } from "../base/ip.ts";
import { FLOW, type TupleAttributes } from "./flow-attributes.ts";
import { RecordFields } from "./flow-fields.ts";
import {
  DCCP_STATES,
  hasPorts,
  icmpReplyType,
  isIcmp,
  PROTOCOL,
  protocolName,
  SCTP_STATES,
  STATUS,
  TCP_STATES,
} from "./flow-numbers.ts";
import type { Span } from "./flow-record.ts";
import { decodeText } from "./text.ts";

/** One direction of a flow. Protocols without ports and ICMP header have none of the optional fields. */
export interface TupleView {
  readonly family: 4 | 6;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** IP protocol number. */
  readonly protocol: number;
  /** Of GRE the keys. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly icmpId?: number;
}

interface SequenceAdjustment {
  /** Sequence number at which the last adjustment took place. */
  readonly correction: number;
  /** Bytes that are added to sequence numbers before it, and from it on; may be negative. */
  readonly before: number;
  readonly after: number;
}

/** What a record says. What it does not say is absent. */
export interface FlowView {
  /** "tcp", "icmpv6"; "unknown" for protocols of which only the addresses are tracked. */
  readonly protocol: string;
  readonly original: TupleView;
  /** Derived from the original tuple and the translation. */
  readonly reply: TupleView;
  /** By name, "ESTABLISHED"; of TCP, SCTP and DCCP. */
  readonly state?: string;
  /** Names of the bits that are set: "seenReply", "assured". */
  readonly status?: readonly (keyof typeof STATUS)[];
  /** Seconds left when it was sent. */
  readonly timeout?: number;
  readonly mark?: number;
  readonly zone?: number;
  readonly helper?: string;
  /** Numbers of the labels that are set. */
  readonly labels?: readonly number[];
  /** Original tuple of the flow that this one belongs to. */
  readonly master?: TupleView;
  readonly windowScales?: readonly [original: number, reply: number];
  readonly sequenceAdjustment?: readonly [original: SequenceAdjustment, reply: SequenceAdjustment];
}

/** "both" is for flows of one's own kernel, "original" for those of the peer, as conntrackd shows them. */
export type Directions = "both" | "original";

/** Takes a record or a body that passed checkFlow(). */
export function flowView(flow: Span): FlowView {
  const fields = new RecordFields();
  fields.load(flow);
  const original = decodeTuple(fields, ORIGINAL);
  const state = decodeState(fields);
  return {
    protocol: protocolName(original.protocol),
    original,
    reply: decodeReply(fields, original),
    ...(state !== undefined && { state }),
    ...(fields.has(FLOW.status) && { status: statusNames(fields.uint32(FLOW.status)) }),
    ...(fields.has(FLOW.timeout) && { timeout: fields.uint32(FLOW.timeout) }),
    ...(fields.has(FLOW.mark) && { mark: fields.uint32(FLOW.mark) }),
    ...(fields.has(FLOW.zone) && { zone: fields.uint16(FLOW.zone) }),
    ...(fields.has(FLOW.helper) && { helper: textOf(fields, FLOW.helper) }),
    ...(fields.has(FLOW.labels) && { labels: decodeLabels(fields) }),
    ...(hasMaster(fields) && { master: decodeTuple(fields, MASTER) }),
    ...decodeScales(fields),
    ...decodeAdjustment(fields),
  };
}

const ORIGINAL: TupleAttributes = {
  ipv4: FLOW.ipv4,
  ipv6: FLOW.ipv6,
  protocol: FLOW.protocol,
  ports: FLOW.ports,
};
const MASTER: TupleAttributes = {
  ipv4: FLOW.masterIpv4,
  ipv6: FLOW.masterIpv6,
  protocol: FLOW.masterProtocol,
  ports: FLOW.masterPorts,
};

const hasMaster = (fields: RecordFields): boolean =>
  fields.has(FLOW.masterIpv4) || fields.has(FLOW.masterIpv6);

/** The tuple in those attributes. Only flows have an ICMP header; in other tuples it reads as zeros. */
export function decodeTuple(fields: RecordFields, numbers: TupleAttributes): TupleView {
  const family = fields.has(numbers.ipv4) ? 4 : 6;
  const at = fields.at(family === 4 ? numbers.ipv4 : numbers.ipv6);
  const protocol = fields.uint8(numbers.protocol);
  const addresses = {
    family,
    source: readIp(fields.view, at, family),
    destination: readIp(fields.view, at + (family === 4 ? 4 : 16), family),
    protocol,
  } as const;
  if (isIcmp(protocol)) return { ...addresses, ...decodeIcmp(fields, numbers === ORIGINAL) };
  if (!hasPorts(protocol) && protocol !== PROTOCOL.gre) return addresses;
  const ports = fields.uint32(numbers.ports);
  return { ...addresses, sourcePort: ports >>> 16, destinationPort: ports & 0xffff };
}

const decodeIcmp = (
  fields: RecordFields,
  isKnown: boolean,
): Required<Pick<TupleView, "icmpType" | "icmpCode" | "icmpId">> => ({
  icmpType: isKnown ? fields.uint8(FLOW.icmpType) : 0,
  icmpCode: isKnown ? fields.uint8(FLOW.icmpCode) : 0,
  icmpId: isKnown ? fields.uint16(FLOW.icmpId) : 0,
});

function decodeReply(fields: RecordFields, original: TupleView): TupleView {
  const { family, protocol, sourcePort, destinationPort, icmpType } = original;
  const address = (number: number, otherwise: IpAddress): IpAddress =>
    fields.has(number) ? readIp(fields.view, fields.at(number), family) : otherwise;
  const port = (number: number, otherwise: number): number =>
    fields.has(number) ? fields.uint16(number) : otherwise;
  return {
    ...original,
    source: address(family === 4 ? FLOW.dnatIpv4 : FLOW.dnatIpv6, original.destination),
    destination: address(family === 4 ? FLOW.snatIpv4 : FLOW.snatIpv6, original.source),
    ...(destinationPort !== undefined && { sourcePort: port(FLOW.dnatPort, destinationPort) }),
    ...(sourcePort !== undefined && { destinationPort: port(FLOW.snatPort, sourcePort) }),
    ...(icmpType !== undefined && { icmpType: icmpReplyType(protocol, icmpType) ?? icmpType }),
  };
}

const STATES: readonly (readonly [number: number, names: readonly string[]])[] = [
  [FLOW.tcpState, TCP_STATES],
  [FLOW.sctpState, SCTP_STATES],
  [FLOW.dccpState, DCCP_STATES],
];

function decodeState(fields: RecordFields): string | undefined {
  const known = STATES.find(([number]) => fields.has(number));
  if (known === undefined) return undefined;
  const [number, names] = known;
  return names[fields.uint8(number)] ?? "NONE";
}

const statusNames = (status: number): (keyof typeof STATUS)[] =>
  (Object.keys(STATUS) as (keyof typeof STATUS)[]).filter((name) => (status & STATUS[name]) !== 0);

/** The text in an attribute. */
export const textOf = (fields: RecordFields, number: number): string =>
  decodeText(fields.view, fields.at(number), fields.size(number));

function decodeLabels(fields: RecordFields): number[] {
  const at = fields.at(FLOW.labels);
  const count = fields.size(FLOW.labels) * 8;
  return Array.from({ length: count }, (_, label) => label).filter(
    (label) => (fields.view.getUint32(at + (label >>> 5) * 4) & (1 << (label & 31))) !== 0,
  );
}

function decodeScales(fields: RecordFields): Pick<FlowView, "windowScales"> {
  if (!fields.has(FLOW.tcpScaleOriginal) || !fields.has(FLOW.tcpScaleReply)) return {};
  return { windowScales: [fields.uint8(FLOW.tcpScaleOriginal), fields.uint8(FLOW.tcpScaleReply)] };
}

function decodeAdjustment(fields: RecordFields): Pick<FlowView, "sequenceAdjustment"> {
  const { view } = fields;
  const start = fields.at(FLOW.sequenceAdjustment);
  if (start < 0) return {};
  const direction = (at: number): SequenceAdjustment => ({
    correction: view.getUint32(at),
    before: view.getInt32(at + 4),
    after: view.getInt32(at + 8),
  });
  return { sequenceAdjustment: [direction(start), direction(start + 12)] };
}
