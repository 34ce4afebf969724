import { internetChecksum, onesComplementSum } from "../base/checksum.ts";
import { type IpAddress, parseIp, readIp, writeIp } from "../base/ip.ts";
import { type Mac, writeMac } from "../base/mac.ts";
import { type Decoded, decoded, refused } from "../base/result.ts";
import {
  decodeEthernetHeader,
  ETHERNET_HEADER_SIZE,
  ETHERTYPE_IPV6,
  encodeEthernetHeader,
  readMac,
} from "./ethernet.ts";
import { PROTOCOL_ICMPV6 } from "./ipv4.ts";
import { decodeIpv6Header, encodeIpv6Header, IPV6_HEADER_SIZE, type Ipv6Header } from "./ipv6.ts";
import { pseudoHeaderSum } from "./pseudo-header.ts";

// Neighbour advertisement, RFC 4861 section 4.4, with the one option that announcements carry, after the Ethernet and
// IPv6 headers:
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---------------+---------------+-------------------------------+
// |   Type = 136  |    Code = 0   |            Checksum           |
// +-+-+-+---------+---------------+-------------------------------+
// |R|S|O|                       Reserved                          |
// +-+-+-+---------------------------------------------------------+
// |                    Target Address (16 bytes)                  |
// +---------------+---------------+-------------------------------+
// | Option = 2    | Length = 1    | Target link-layer address (6) |
// +---------------+---------------+-------------------------------+
const AT_ICMPV6 = ETHERNET_HEADER_SIZE + IPV6_HEADER_SIZE;
const AT_CODE = AT_ICMPV6 + 1;
const AT_CHECKSUM = AT_ICMPV6 + 2;
const AT_FLAGS = AT_ICMPV6 + 4;
const AT_TARGET = AT_ICMPV6 + 8;
const AT_OPTION = AT_ICMPV6 + 24;
const AT_OPTION_MAC = AT_OPTION + 2;
const ICMPV6_SIZE = 32;
export const NA_FRAME_SIZE: number = AT_ICMPV6 + ICMPV6_SIZE;

const NEIGHBOUR_ADVERTISEMENT = 136;
const TARGET_LINK_LAYER_ADDRESS_ONE_UNIT = 0x0201;
const FLAG_ROUTER = 0x8000_0000;
const FLAG_SOLICITED = 0x4000_0000;
const FLAG_OVERRIDE = 0x2000_0000;
const HOP_LIMIT = 255;

const ALL_NODES: IpAddress = parseIp("ff02::1") as IpAddress;
const ALL_NODES_MAC: Mac = "33:33:00:00:00:01" as Mac;

/** A neighbour advertisement with the addresses of the frame that carries it. */
export interface NeighbourAdvertisement {
  readonly destinationMac: Mac;
  readonly sourceMac: Mac;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly target: IpAddress;
  readonly targetMac: Mac;
}

export type NdpFault =
  | "truncated"
  | "bad-version"
  | "not-neighbour-advertisement"
  | "bad-hop-limit"
  | "bad-checksum"
  | "no-link-layer-address";

/** Who announces which address; `router` tells neighbours whether the sender forwards packets. */
export interface Announcement {
  readonly mac: Mac;
  readonly address: IpAddress;
  readonly router: boolean;
}

/**
 * Writes the whole frame, at the start of `out`, of the unsolicited advertisement that moves an IPv6 address to another
 * link-layer address (RFC 4861 section 7.2.6), sent from the address itself to all nodes. Returns its 86 bytes' size.
 */
export function encodeUnsolicitedAdvertisement(
  { mac, address, router }: Announcement,
  out: DataView,
): number {
  const ethernet = { destination: ALL_NODES_MAC, source: mac, type: ETHERTYPE_IPV6 };
  encodeEthernetHeader(ethernet, out);
  const header: Ipv6Header = {
    payloadLength: ICMPV6_SIZE,
    trafficClass: 0,
    flowLabel: 0,
    nextHeader: PROTOCOL_ICMPV6,
    hopLimit: HOP_LIMIT,
    source: address,
    destination: ALL_NODES,
  };
  encodeIpv6Header(header, out, ETHERNET_HEADER_SIZE);
  out.setUint8(AT_ICMPV6, NEIGHBOUR_ADVERTISEMENT);
  out.setUint8(AT_CODE, 0);
  out.setUint16(AT_CHECKSUM, 0);
  out.setUint32(AT_FLAGS, router ? FLAG_ROUTER + FLAG_OVERRIDE : FLAG_OVERRIDE);
  writeIp(out, AT_TARGET, address);
  out.setUint16(AT_OPTION, TARGET_LINK_LAYER_ADDRESS_ONE_UNIT);
  writeMac(out, AT_OPTION_MAC, mac);
  out.setUint16(AT_CHECKSUM, internetChecksum(out, AT_ICMPV6, ICMPV6_SIZE, icmpv6Seed(header)));
  return NA_FRAME_SIZE;
}

/** Reads an Ethernet frame with a neighbour advertisement whose one option is the target's link-layer address. */
export function decodeNeighbourAdvertisement(
  frame: DataView,
): Decoded<NeighbourAdvertisement, NdpFault> {
  if (frame.byteLength < NA_FRAME_SIZE) return refused("truncated");
  const ethernet = decodeEthernetHeader(frame);
  if (!ethernet.ok) return ethernet;
  if (ethernet.value.type !== ETHERTYPE_IPV6) return refused("not-neighbour-advertisement");
  const ip = decodeIpv6Header(frame, ETHERNET_HEADER_SIZE);
  if (!ip.ok) return ip;
  const fault = icmpv6Fault(frame, ip.value);
  if (fault !== undefined) return refused(fault);
  const flags = frame.getUint32(AT_FLAGS);
  return decoded({
    destinationMac: ethernet.value.destination,
    sourceMac: ethernet.value.source,
    source: ip.value.source,
    destination: ip.value.destination,
    router: (flags & FLAG_ROUTER) !== 0,
    solicited: (flags & FLAG_SOLICITED) !== 0,
    override: (flags & FLAG_OVERRIDE) !== 0,
    target: readIp(frame, AT_TARGET, 6),
    targetMac: readMac(frame, AT_OPTION_MAC),
  });
}

function icmpv6Fault(frame: DataView, ip: Ipv6Header): NdpFault | undefined {
  if (ip.nextHeader !== PROTOCOL_ICMPV6 || ip.payloadLength !== ICMPV6_SIZE)
    return "not-neighbour-advertisement";
  if (onesComplementSum(frame, AT_ICMPV6, ICMPV6_SIZE, icmpv6Seed(ip)) !== 0xffff)
    return "bad-checksum";
  if (frame.getUint8(AT_ICMPV6) !== NEIGHBOUR_ADVERTISEMENT || frame.getUint8(AT_CODE) !== 0)
    return "not-neighbour-advertisement";
  if (ip.hopLimit !== HOP_LIMIT) return "bad-hop-limit";
  return frame.getUint16(AT_OPTION) === TARGET_LINK_LAYER_ADDRESS_ONE_UNIT
    ? undefined
    : "no-link-layer-address";
}

const icmpv6Seed = ({ source, destination }: Ipv6Header): number =>
  pseudoHeaderSum({ source, destination, protocol: PROTOCOL_ICMPV6, length: ICMPV6_SIZE });
