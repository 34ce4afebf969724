/** Records of flows, made by hand, and a receiver for what replication sends. */
import { instant } from "../../src/base/time.ts";
import { FLOW } from "../../src/wire/flow-attributes.ts";
import type { Span } from "../../src/wire/flow-record.ts";
import { SYNC_DUET, SyncCursor } from "../../src/wire/flow-sync.ts";
import { attribute, body } from "./record-bytes.ts";

export const at = (seconds: number): ReturnType<typeof instant> =>
  instant(Math.round(seconds * 1_000_000));

const hex = (value: number, digits: number): string =>
  (value >>> 0).toString(16).padStart(digits, "0");

export interface FlowDetails {
  readonly state?: number;
  readonly timeout?: number;
  readonly mark?: number;
  readonly zone?: number;
  readonly master?: boolean;
}

/** TCP from 10.0.0.0 + `number`, port 1000, to 10.1.0.1, port 80, in the order of the wire. */
export function flowRecord(number: number, details: FlowDetails = {}): Span {
  const { state = 3, timeout, mark, zone, master = false } = details;
  const parts = [
    attribute(FLOW.ipv4, `${hex(0x0a000000 + number, 8)}0a010001`),
    attribute(FLOW.status, "0000000e"),
    attribute(FLOW.protocol, "06"),
    attribute(FLOW.ports, "03e80050"),
    attribute(FLOW.tcpState, hex(state, 2)),
  ];
  if (timeout !== undefined) parts.push(attribute(FLOW.timeout, hex(timeout, 8)));
  if (mark !== undefined) parts.push(attribute(FLOW.mark, hex(mark, 8)));
  if (master)
    parts.push(
      attribute(FLOW.masterIpv4, "0a0000010a010001"),
      attribute(FLOW.masterProtocol, "06"),
      attribute(FLOW.masterPorts, "03e80015"),
    );
  if (zone !== undefined) parts.push(attribute(FLOW.zone, hex(zone, 4)));
  return body(...parts);
}

const NAMES = ["NEW", "UPD", "DEL", "EXP_NEW", "EXP_UPD", "EXP_DEL"];
const FLAGS: readonly (readonly [number, string])[] = [
  [0x02, "RESYNC"],
  [0x04, "NACK"],
  [0x08, "ACK"],
  [0x10, "ALIVE"],
  [0x20, "HELLO"],
  [0x40, "HELLO_BACK"],
];

/** The messages of a datagram as lines: "12 NEW HELLO 10.0.0.3", "13 ACK 4..5". Duet's own flag is left out. */
export function messagesOf(view: DataView, size: number): string[] {
  const cursor = new SyncCursor(view);
  cursor.reset(size);
  const lines: string[] = [];
  while (cursor.next()) lines.push(lineOf(cursor));
  return lines;
}

function lineOf({ sequence, type, flags, kind, from, to, body: record }: SyncCursor): string {
  const words = [`${sequence}`];
  if (kind === "data") words.push(NAMES[type]!);
  for (const [bit, name] of FLAGS) if ((flags & bit) !== 0) words.push(name);
  if (kind === "ack" || kind === "nack") words.push(`${from}..${to}`);
  if (kind === "alive" && (flags & SYNC_DUET) !== 0 && from !== 0)
    words.push(`mark ${from >>> 24}`);
  if (kind === "data")
    words.push([4, 5, 6, 7].map((n) => record.view.getUint8(record.at + n)).join("."));
  return words.join(" ");
}
