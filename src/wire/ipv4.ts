import { internetChecksum, onesComplementSum } from "../base/checksum.ts";
import { type IpAddress, readIp, writeIp } from "../base/ip.ts";
import { type Decoded, decoded, refused } from "../base/result.ts";

// IPv4 header, RFC 791 section 3.1:
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------+-------+---------------+-------------------------------+
// |Version|  IHL  |Type of Service|          Total Length         |
// +-------+-------+---------------+-----+-------------------------+
// |         Identification        |Flags|     Fragment Offset     |
// +---------------+---------------+-----+-------------------------+
// |  Time to Live |    Protocol   |        Header Checksum        |
// +---------------+---------------+-------------------------------+
// |                         Source Address                        |
// +---------------------------------------------------------------+
// |                      Destination Address                      |
// +---------------------------------------------------------------+
export const IPV4_AT_TOS = 1;
export const IPV4_AT_TOTAL_LENGTH = 2;
export const IPV4_AT_ID = 4;
export const IPV4_AT_FRAGMENT = 6;
export const IPV4_AT_TTL = 8;
const IPV4_AT_PROTOCOL = 9;
export const IPV4_AT_CHECKSUM = 10;
export const IPV4_AT_SOURCE = 12;
export const IPV4_AT_DESTINATION = 16;
/** Size of a header without options, the only kind that is encoded. */
export const IPV4_HEADER_SIZE = 20;

/** Class selector 6, "internetwork control", in the TOS or traffic class byte. */
export const TOS_INTERNETWORK_CONTROL = 0xc0;
export const PROTOCOL_AH = 51;
export const PROTOCOL_ICMPV6 = 58;
export const PROTOCOL_VRRP = 112;

export interface Ipv4Header {
  /** 20 to 60 bytes; more than 20 when there are options. */
  readonly headerSize: number;
  /** Header and payload, in bytes. */
  readonly totalLength: number;
  readonly tos: number;
  readonly id: number;
  /** The word of flags and fragment offset; 0x4000 is "don't fragment". */
  readonly fragment: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

export type Ipv4Fault = "truncated" | "bad-version" | "bad-length" | "bad-checksum";

/** Writes a header without options at the start of `out`, checksum included, and returns its 20 bytes' size. */
export function encodeIpv4Header(header: Omit<Ipv4Header, "headerSize">, out: DataView): number {
  out.setUint8(0, 0x45);
  out.setUint8(IPV4_AT_TOS, header.tos);
  out.setUint16(IPV4_AT_TOTAL_LENGTH, header.totalLength);
  out.setUint16(IPV4_AT_ID, header.id);
  out.setUint16(IPV4_AT_FRAGMENT, header.fragment);
  out.setUint8(IPV4_AT_TTL, header.ttl);
  out.setUint8(IPV4_AT_PROTOCOL, header.protocol);
  writeIp(out, IPV4_AT_SOURCE, header.source);
  writeIp(out, IPV4_AT_DESTINATION, header.destination);
  updateIpv4Checksum(out);
  return IPV4_HEADER_SIZE;
}

/** Writes the checksum of the 20-byte header at the start of `out`, after its other fields changed. */
export function updateIpv4Checksum(out: DataView): void {
  out.setUint16(IPV4_AT_CHECKSUM, 0);
  out.setUint16(IPV4_AT_CHECKSUM, internetChecksum(out, 0, IPV4_HEADER_SIZE));
}

/** Reads the header at the start of `packet`, which may be longer than its total length by link-layer padding. */
export function decodeIpv4Header(packet: DataView): Decoded<Ipv4Header, Ipv4Fault> {
  if (packet.byteLength < IPV4_HEADER_SIZE) return refused("truncated");
  if (packet.getUint8(0) >>> 4 !== 4) return refused("bad-version");
  const headerSize = ipv4HeaderSize(packet);
  const totalLength = packet.getUint16(IPV4_AT_TOTAL_LENGTH);
  if (headerSize < IPV4_HEADER_SIZE || totalLength < headerSize) return refused("bad-length");
  if (packet.byteLength < totalLength) return refused("truncated");
  if (onesComplementSum(packet, 0, headerSize) !== 0xffff) return refused("bad-checksum");
  return decoded({
    headerSize,
    totalLength,
    tos: packet.getUint8(IPV4_AT_TOS),
    id: packet.getUint16(IPV4_AT_ID),
    fragment: packet.getUint16(IPV4_AT_FRAGMENT),
    ttl: packet.getUint8(IPV4_AT_TTL),
    protocol: packet.getUint8(IPV4_AT_PROTOCOL),
    source: readIp(packet, IPV4_AT_SOURCE, 4),
    destination: readIp(packet, IPV4_AT_DESTINATION, 4),
  });
}

/** The header's size in bytes as its first byte states it: 0 to 60, not checked against anything. */
export const ipv4HeaderSize = (packet: DataView): number => (packet.getUint8(0) & 0x0f) * 4;
