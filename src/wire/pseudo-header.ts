import { type IpAddress, ipBytes } from "../base/ip.ts";

/** What a transport checksum covers besides the transport's own bytes: RFC 9293 section 3.1, RFC 8200 section 8.1. */
export interface PseudoHeader {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly protocol: number;
  /** Bytes of the transport's packet, its header included. */
  readonly length: number;
}

/**
 * The sum of the pseudo header's words, a seed for the Internet checksum. The layouts of IPv4 and IPv6 differ, their
 * sums do not: addresses, protocol and length, each in 16-bit words.
 */
export const pseudoHeaderSum = ({ source, destination, protocol, length }: PseudoHeader): number =>
  addressSum(source) + addressSum(destination) + protocol + length;

/** The sum of an address's 16-bit words, not folded. */
export function addressSum(address: IpAddress): number {
  let sum = 0;
  for (const [index, byte] of ipBytes(address).entries()) sum += index % 2 === 0 ? byte << 8 : byte;
  return sum;
}
