/** Flows for simulations: as the kernel tells of them, as records tell of them, and as requests to the kernel do. */
import {
  CTA,
  NAT,
  NFGENMSG_SIZE,
  PROTOCOL_STATE,
  TCP_STATE,
  TUPLE,
  TUPLE_IP,
  TUPLE_PROTOCOL,
} from "../../src/wire/ctnetlink/attributes.ts";
import { FLOW } from "../../src/wire/flow-attributes.ts";
import { padded, Span } from "../../src/wire/flow-record.ts";
import { AttributeCursor, MessageWriter, NETLINK_HEADER_SIZE } from "../../src/wire/netlink.ts";

export interface SimFlow {
  readonly protocol: 6 | 17;
  readonly source: number;
  readonly destination: number;
  readonly ports: number;
  /** IPS_* bits. */
  readonly status: number;
  /** Of TCP; 0 for UDP. */
  readonly state: number;
  readonly mark: number;
  /** The address in the place of the source; 0 for none. */
  readonly translated: number;
  readonly timeout: number;
}

const TCP = 6;
const UDP = 17;
const CONFIRMED = 0x8;
const TRANSLATED = 0x90;

/** The same number makes the same flow; neighbours differ in protocol, translation and ports. */
export function flowOf(number: number): SimFlow {
  const protocol = number % 3 === 0 ? UDP : TCP;
  const isTranslated = number % 2 === 0;
  return {
    protocol,
    source: 0x0a000000 + (number % 65_521),
    destination: 0xcb007100 + (number % 7),
    ports: (((1024 + (number % 60_000)) << 16) | (80 + (number % 5))) >>> 0,
    status: CONFIRMED | (isTranslated ? TRANSLATED : 0),
    state: protocol === TCP ? 1 : 0,
    mark: 0,
    translated: isTranslated ? 0xc0a80004 : 0,
    timeout: 120,
  };
}

export const keyOf = ({ protocol, source, destination, ports }: SimFlow): string =>
  `${protocol}/${source}>${destination}/${ports}`;

/** All that two tables should agree on. */
export const saying = (flow: SimFlow): string =>
  `${keyOf(flow)} ${flow.status.toString(16)} ${flow.state} ${flow.mark} ${flow.translated}`;

const scratch = new DataView(new ArrayBuffer(1024));

/** The attributes of the kernel's message about a flow; overwritten by the next call. */
export function kernelAttributes(flow: SimFlow): Span {
  const writer = new MessageWriter(scratch);
  writer.begin({ type: 0, flags: 0, sequence: 0 });
  const [source, target] = [flow.ports >>> 16, flow.ports & 0xffff];
  const back = flow.translated === 0 ? flow.source : flow.translated;
  writeTuple(writer, CTA.tupleOriginal, [
    flow.source,
    flow.destination,
    source,
    target,
    flow.protocol,
  ]);
  writeTuple(writer, CTA.tupleReply, [flow.destination, back, target, source, flow.protocol]);
  writer.attribute(CTA.status, (w) => w.uint32NetworkOrder(flow.status));
  writer.attribute(CTA.timeout, (w) => w.uint32NetworkOrder(flow.timeout));
  if (flow.protocol === TCP)
    writer.attribute(CTA.protocolState, (w) =>
      w.attribute(PROTOCOL_STATE.tcp, (inner) => inner.attributeUint8(TCP_STATE.state, flow.state)),
    );
  if (flow.mark !== 0) writer.attribute(CTA.mark, (w) => w.uint32NetworkOrder(flow.mark));
  writer.finish();
  return new Span(scratch, NETLINK_HEADER_SIZE, writer.size - NETLINK_HEADER_SIZE);
}

type Tuple = readonly [
  source: number,
  destination: number,
  from: number,
  to: number,
  protocol: number,
];

function writeTuple(writer: MessageWriter, type: number, tuple: Tuple): void {
  const [source, destination, from, to, protocol] = tuple;
  writer.attribute(type, (w) => {
    w.attribute(TUPLE.ip, (ip) => {
      ip.attribute(TUPLE_IP.ipv4Source, (a) => a.uint32NetworkOrder(source));
      ip.attribute(TUPLE_IP.ipv4Destination, (a) => a.uint32NetworkOrder(destination));
    });
    w.attribute(TUPLE.protocol, (proto) => {
      proto.attributeUint8(TUPLE_PROTOCOL.number, protocol);
      writePort(proto, TUPLE_PROTOCOL.sourcePort, from);
      writePort(proto, TUPLE_PROTOCOL.destinationPort, to);
    });
  });
}

const writePort = (writer: MessageWriter, type: number, port: number): unknown =>
  writer.attribute(type, (w) => w.uint8(port >>> 8).uint8(port & 255));

/** What a record says. */
export function flowOfRecord({ view, at, size }: Span): SimFlow {
  const flow = { ...EMPTY };
  for (let next = at; at + size - next > 4; next += padded(view.getUint16(next))) {
    const value = next + 4;
    switch (view.getUint16(next + 2)) {
      case FLOW.ipv4:
        flow.source = view.getUint32(value);
        flow.destination = view.getUint32(value + 4);
        break;
      case FLOW.protocol:
        flow.protocol = view.getUint8(value) as 6 | 17;
        break;
      case FLOW.ports:
        flow.ports = view.getUint32(value);
        break;
      case FLOW.status:
        flow.status = view.getUint32(value);
        break;
      case FLOW.tcpState:
        flow.state = view.getUint8(value);
        break;
      case FLOW.mark:
        flow.mark = view.getUint32(value);
        break;
      case FLOW.snatIpv4:
        flow.translated = view.getUint32(value);
        break;
      case FLOW.timeout:
        flow.timeout = view.getUint32(value);
        break;
      default:
        break;
    }
  }
  return flow;
}

const EMPTY: { -readonly [Key in keyof SimFlow]: SimFlow[Key] } = {
  protocol: TCP,
  source: 0,
  destination: 0,
  ports: 0,
  status: 0,
  state: 0,
  mark: 0,
  translated: 0,
  timeout: 0,
};

/** What a request to the kernel asks for; of an update only what it mentions counts. */
export function flowOfRequest(view: DataView, bodyAt: number, endAt: number): SimFlow {
  const flow = { ...EMPTY };
  const attributes = new AttributeCursor(view, bodyAt + NFGENMSG_SIZE, endAt);
  while (attributes.next()) {
    const { at, type } = attributes;
    if (type === CTA.tupleOriginal) Object.assign(flow, readTuple(attributes));
    else if (type === CTA.status) flow.status = view.getUint32(at);
    else if (type === CTA.timeout) flow.timeout = view.getUint32(at);
    else if (type === CTA.mark) flow.mark = view.getUint32(at);
    else if (type === CTA.natSource) flow.translated = nested(attributes, NAT.ipv4Min)?.at ?? 0;
    else if (type === CTA.protocolState) flow.state = readState(attributes);
    if (type === CTA.natSource && flow.translated !== 0)
      flow.translated = view.getUint32(flow.translated);
  }
  return flow;
}

function nested(parent: AttributeCursor, type: number): AttributeCursor | undefined {
  const inner = parent.nested();
  while (inner.next()) if (inner.type === type) return inner;
  return undefined;
}

function readState(attributes: AttributeCursor): number {
  const tcp = nested(attributes, PROTOCOL_STATE.tcp);
  return (tcp && nested(tcp, TCP_STATE.state)?.uint8()) ?? 0;
}

function readTuple(
  attributes: AttributeCursor,
): Pick<SimFlow, "source" | "destination" | "protocol" | "ports"> {
  const { view } = attributes;
  const ip = nested(attributes, TUPLE.ip)!;
  const proto = nested(attributes, TUPLE.protocol)!;
  const port = (type: number): number => view.getUint16(nested(proto, type)!.at);
  return {
    source: view.getUint32(nested(ip, TUPLE_IP.ipv4Source)!.at),
    destination: view.getUint32(nested(ip, TUPLE_IP.ipv4Destination)!.at),
    protocol: nested(proto, TUPLE_PROTOCOL.number)!.uint8() as 6 | 17,
    ports: ((port(TUPLE_PROTOCOL.sourcePort) << 16) | port(TUPLE_PROTOCOL.destinationPort)) >>> 0,
  };
}
