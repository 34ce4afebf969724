import { type IpAddress, readIp, writeIp } from "../base/ip.ts";
import { type Decoded, decoded, refused } from "../base/result.ts";

// IPv6 header, RFC 8200 section 3:
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------+---------------+---------------------------------------+
// |Version| Traffic Class |               Flow Label              |
// +-------+---------------+-------+---------------+---------------+
// |         Payload Length        |  Next Header  |   Hop Limit   |
// +-------------------------------+---------------+---------------+
// |                    Source Address (16 bytes)                  |
// |                 Destination Address (16 bytes)                |
// +---------------------------------------------------------------+
const AT_PAYLOAD_LENGTH = 4;
const AT_NEXT_HEADER = 6;
const AT_HOP_LIMIT = 7;
const AT_SOURCE = 8;
const AT_DESTINATION = 24;
export const IPV6_HEADER_SIZE = 40;

export interface Ipv6Header {
  /** Bytes after this header. */
  readonly payloadLength: number;
  readonly trafficClass: number;
  /** 20 bits. */
  readonly flowLabel: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

export type Ipv6Fault = "truncated" | "bad-version";

/** Writes the header at `offset` of `out` and returns its 40 bytes' size. */
export function encodeIpv6Header(header: Ipv6Header, out: DataView, offset: number): number {
  const first = (6 << 28) | (header.trafficClass << 20) | header.flowLabel;
  out.setUint32(offset, first >>> 0);
  out.setUint16(offset + AT_PAYLOAD_LENGTH, header.payloadLength);
  out.setUint8(offset + AT_NEXT_HEADER, header.nextHeader);
  out.setUint8(offset + AT_HOP_LIMIT, header.hopLimit);
  writeIp(out, offset + AT_SOURCE, header.source);
  writeIp(out, offset + AT_DESTINATION, header.destination);
  return IPV6_HEADER_SIZE;
}

/** Reads the header at `offset`; the payload it announces must be there. */
export function decodeIpv6Header(packet: DataView, offset: number): Decoded<Ipv6Header, Ipv6Fault> {
  const room = packet.byteLength - offset - IPV6_HEADER_SIZE;
  if (room < 0) return refused("truncated");
  const first = packet.getUint32(offset);
  if (first >>> 28 !== 6) return refused("bad-version");
  const payloadLength = packet.getUint16(offset + AT_PAYLOAD_LENGTH);
  if (payloadLength > room) return refused("truncated");
  return decoded({
    payloadLength,
    trafficClass: (first >>> 20) & 0xff,
    flowLabel: first & 0xfffff,
    nextHeader: packet.getUint8(offset + AT_NEXT_HEADER),
    hopLimit: packet.getUint8(offset + AT_HOP_LIMIT),
    source: readIp(packet, offset + AT_SOURCE, 6),
    destination: readIp(packet, offset + AT_DESTINATION, 6),
  });
}
