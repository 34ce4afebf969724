/**
 * Messages and attributes of ctnetlink, linux/netfilter/nfnetlink_conntrack.h. A message's body is a struct nfgenmsg,
 *
 *    0       1       2               4
 *   +-------+-------+---------------+----
 *   | family|  0    | resource id   | attributes, nested; numbers in network order, lengths and types in host order
 *   +-------+-------+---------------+----
 */
import { HOST_LITTLE_ENDIAN as LE } from "../abi.ts";

export const NFGENMSG_SIZE = 4;

/** nlmsg_type of messages of flows: the subsystem's number in the upper byte. */
export const CT_MESSAGE = { new: 0x100, get: 0x101, delete: 0x102 } as const;
/** And of expectations. */
export const EXPECT_MESSAGE = { new: 0x200, get: 0x201, delete: 0x202 } as const;

/** CTA_*. */
export const CTA = {
  tupleOriginal: 1,
  tupleReply: 2,
  status: 3,
  protocolState: 4,
  help: 5,
  natSource: 6,
  timeout: 7,
  mark: 8,
  countersOriginal: 9,
  countersReply: 10,
  use: 11,
  natDestination: 13,
  tupleMaster: 14,
  sequenceOriginal: 15,
  sequenceReply: 16,
  zone: 18,
  labels: 22,
  synproxy: 24,
} as const;
export const CTA_COUNT = 32;

/** CTA_TUPLE_*, CTA_IP_* and CTA_PROTO_*. */
export const TUPLE = { ip: 1, protocol: 2 } as const;
export const TUPLE_IP = {
  ipv4Source: 1,
  ipv4Destination: 2,
  ipv6Source: 3,
  ipv6Destination: 4,
} as const;
export const TUPLE_PROTOCOL = {
  number: 1,
  sourcePort: 2,
  destinationPort: 3,
  icmpId: 4,
  icmpType: 5,
  icmpCode: 6,
  icmpv6Id: 7,
  icmpv6Type: 8,
  icmpv6Code: 9,
} as const;

/** CTA_PROTOINFO_*, and what is in them. */
export const PROTOCOL_STATE = { tcp: 1, dccp: 2, sctp: 3 } as const;
export const TCP_STATE = {
  state: 1,
  scaleOriginal: 2,
  scaleReply: 3,
  flagsOriginal: 4,
  flagsReply: 5,
} as const;
export const DCCP_STATE = { state: 1, role: 2 } as const;
export const SCTP_STATE = { state: 1, tagOriginal: 2, tagReply: 3 } as const;

/** CTA_COUNTERS_*. */
export const COUNTERS = { packets: 1, bytes: 2 } as const;

/** CTA_HELP_NAME, CTA_SEQADJ_*, CTA_SYNPROXY_*. */
export const HELP_NAME = 1;
export const SEQUENCE = { correction: 1, before: 2, after: 3 } as const;
export const SYNPROXY = { sequence: 1, timestamp: 2, offset: 3 } as const;

/** CTA_NAT_* and CTA_PROTONAT_*. */
export const NAT = { ipv4Min: 1, protocol: 3, ipv6Min: 4 } as const;
export const NAT_PROTOCOL = { portMin: 1, portMax: 2 } as const;

/** CTA_EXPECT_* and CTA_EXPECT_NAT_*. */
export const CTA_EXPECT = {
  master: 1,
  tuple: 2,
  mask: 3,
  timeout: 4,
  helper: 6,
  flags: 8,
  class: 9,
  nat: 10,
  function: 11,
} as const;
export const EXPECT_NAT = { direction: 1, tuple: 2 } as const;

/** NLA_F_NESTED, which the kernel wants on attributes that hold others, and NLA_F_NET_BYTEORDER. */
export const NESTED = 0x8000;
/** What is left of a type without them. */
export const TYPE_MASK = 0x3fff;

/** Attributes between two offsets of a message, by type: where each starts. One index serves any number of messages. */
export class AttributeIndex {
  readonly #offsets: Int32Array;

  /** For types below `count`; others are passed over. */
  constructor(count: number) {
    this.#offsets = new Int32Array(count);
  }

  /** Reading ends at the first attribute that is not whole. */
  read(view: DataView, start: number, end: number): void {
    this.#offsets.fill(-1);
    for (let at = start; end - at >= 4; ) {
      const length = view.getUint16(at, LE);
      if (length < 4 || length > end - at) return;
      const type = view.getUint16(at + 2, LE) & TYPE_MASK;
      if (type < this.#offsets.length) this.#offsets[type] = at;
      at += (length + 3) & ~3;
    }
  }

  /** As read(), of the attributes that are nested in the one at offset `at`; none when it is -1. */
  readNested(view: DataView, at: number): void {
    if (at < 0) this.#offsets.fill(-1);
    else this.read(view, at + 4, at + view.getUint16(at, LE));
  }

  /** Offset of the attribute's header, or -1. */
  headerAt(type: number): number {
    return this.#offsets[type] ?? -1;
  }

  /** Offset of the attribute's value of at least `size` bytes, or -1. */
  valueAt(view: DataView, type: number, size: number): number {
    const at = this.#offsets[type] ?? -1;
    return at >= 0 && view.getUint16(at, LE) >= 4 + size ? at + 4 : -1;
  }
}
