import { type IpAddress, readIp, writeIp } from "../base/ip.ts";
import { BROADCAST_MAC, type Mac, writeMac } from "../base/mac.ts";
import { type Decoded, decoded, refused } from "../base/result.ts";
import {
  decodeEthernetHeader,
  ETHERNET_HEADER_SIZE,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  encodeEthernetHeader,
  readMac,
} from "./ethernet.ts";

// ARP for IPv4 over Ethernet, RFC 826, after the 14 bytes of the Ethernet header:
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------------------------------+-------------------------------+
// |       Hardware type = 1       |     Protocol type = 0x0800    |
// +---------------+---------------+-------------------------------+
// | HW length = 6 | Pr length = 4 |           Operation           |
// +---------------+---------------+-------------------------------+
// |    Sender hardware address (6), sender protocol address (4)   |
// |    Target hardware address (6), target protocol address (4)   |
// +---------------------------------------------------------------+
const AT_HARDWARE_TYPE = ETHERNET_HEADER_SIZE;
const AT_PROTOCOL_TYPE = ETHERNET_HEADER_SIZE + 2;
const AT_LENGTHS = ETHERNET_HEADER_SIZE + 4;
const AT_OPERATION = ETHERNET_HEADER_SIZE + 6;
const AT_SENDER_MAC = ETHERNET_HEADER_SIZE + 8;
const AT_SENDER_ADDRESS = ETHERNET_HEADER_SIZE + 14;
const AT_TARGET_MAC = ETHERNET_HEADER_SIZE + 18;
const AT_TARGET_ADDRESS = ETHERNET_HEADER_SIZE + 24;
export const ARP_FRAME_SIZE: number = ETHERNET_HEADER_SIZE + 28;

const HARDWARE_ETHERNET = 1;
const LENGTHS_ETHERNET_IPV4 = 0x0604;
export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/** One ARP packet with the Ethernet addresses that carry it. */
export interface ArpFrame {
  readonly destination: Mac;
  readonly source: Mac;
  readonly operation: number;
  readonly senderMac: Mac;
  readonly senderAddress: IpAddress;
  readonly targetMac: Mac;
  readonly targetAddress: IpAddress;
}

export type ArpFault = "truncated" | "not-arp" | "not-ethernet-ipv4";

/** Writes the whole frame, without padding, at the start of `out` and returns its 42 bytes' size. */
export function encodeArp(arp: ArpFrame, out: DataView): number {
  const { destination, source } = arp;
  encodeEthernetHeader({ destination, source, type: ETHERTYPE_ARP }, out);
  out.setUint16(AT_HARDWARE_TYPE, HARDWARE_ETHERNET);
  out.setUint16(AT_PROTOCOL_TYPE, ETHERTYPE_IPV4);
  out.setUint16(AT_LENGTHS, LENGTHS_ETHERNET_IPV4);
  out.setUint16(AT_OPERATION, arp.operation);
  writeMac(out, AT_SENDER_MAC, arp.senderMac);
  writeIp(out, AT_SENDER_ADDRESS, arp.senderAddress);
  writeMac(out, AT_TARGET_MAC, arp.targetMac);
  writeIp(out, AT_TARGET_ADDRESS, arp.targetAddress);
  return ARP_FRAME_SIZE;
}

/**
 * The gratuitous ARP that tells a segment where an IPv4 address now lives: a broadcast request for the address by
 * itself. The target hardware address is broadcast, as keepalived and FRR fill it; receivers ignore it.
 */
export function encodeGratuitousArp(mac: Mac, address: IpAddress, out: DataView): number {
  const arp = {
    destination: BROADCAST_MAC,
    source: mac,
    operation: ARP_REQUEST,
    senderMac: mac,
    senderAddress: address,
    targetMac: BROADCAST_MAC,
    targetAddress: address,
  };
  return encodeArp(arp, out);
}

/** Reads an Ethernet frame, which may end in padding. */
export function decodeArp(frame: DataView): Decoded<ArpFrame, ArpFault> {
  if (frame.byteLength < ARP_FRAME_SIZE) return refused("truncated");
  const ethernet = decodeEthernetHeader(frame);
  if (!ethernet.ok) return ethernet;
  if (ethernet.value.type !== ETHERTYPE_ARP) return refused("not-arp");
  if (!isEthernetIpv4(frame)) return refused("not-ethernet-ipv4");
  return decoded({
    destination: ethernet.value.destination,
    source: ethernet.value.source,
    operation: frame.getUint16(AT_OPERATION),
    senderMac: readMac(frame, AT_SENDER_MAC),
    senderAddress: readIp(frame, AT_SENDER_ADDRESS, 4),
    targetMac: readMac(frame, AT_TARGET_MAC),
    targetAddress: readIp(frame, AT_TARGET_ADDRESS, 4),
  });
}

function isEthernetIpv4(frame: DataView): boolean {
  return (
    frame.getUint16(AT_HARDWARE_TYPE) === HARDWARE_ETHERNET &&
    frame.getUint16(AT_PROTOCOL_TYPE) === ETHERTYPE_IPV4 &&
    frame.getUint16(AT_LENGTHS) === LENGTHS_ETHERNET_IPV4
  );
}
