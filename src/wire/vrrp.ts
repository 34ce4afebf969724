/**
 * VRRP advertisements of version 2 (RFC 3768, with the authentication data of RFC 2338) and version 3 (RFC 9568), as
 * they lie behind an IP header. keepalived's trailer and the authentication header are in vrrp-auth.ts.
 */
import { internetChecksum, onesComplementSum } from "../base/checksum.ts";
import { type IpAddress, type IpFamily, ipSize, parseIp, readIp, writeIp } from "../base/ip.ts";
import { type Decoded, decoded, refused } from "../base/result.ts";

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------+-------+---------------+---------------+---------------+
// |Version| Type  |     VRID      |   Priority    | Address count |
// +-------+-------+---------------+---------------+---------------+
// |   Auth type   |  Interval (s) |           Checksum            |   version 2
// |(rsvd) |   Interval (10 ms)    |           Checksum            |   version 3
// +-------+-----------------------+-------------------------------+
// |              IPv4 or IPv6 addresses (4 or 16 each)            |
// +---------------------------------------------------------------+
// |            Authentication data (8, version 2 only)            |
// +---------------------------------------------------------------+
const AT_VERSION_TYPE = 0;
export const VRRP_AT_VRID = 1;
export const VRRP_AT_PRIORITY = 2;
const AT_COUNT = 3;
const AT_AUTHENTICATION_TYPE = 4;
const AT_INTERVAL = 4;
const AT_INTERVAL_SECONDS = 5;
export const VRRP_AT_CHECKSUM = 6;
export const VRRP_HEADER_SIZE = 8;
/** Bytes of authentication data that close every version 2 advertisement, used or not. */
export const VRRP_AUTHENTICATION_SIZE = 8;
/** The count is a byte. */
export const VRRP_ADDRESSES_MAX = 255;
const TYPE_ADVERTISEMENT = 1;

/** Where advertisements go unless configured otherwise: RFC 9568 section 5.1.1.2. */
export const VRRP_GROUP_IPV4: IpAddress = parseIp("224.0.0.18") as IpAddress;
export const VRRP_GROUP_IPV6: IpAddress = parseIp("ff02::12") as IpAddress;
/** The TTL or hop limit that proves that a packet was not routed. */
export const VRRP_TTL = 255;

/** Authentication types of RFC 2338 section 5.3.6. Others may be received. */
export const AUTHENTICATION_NONE = 0;
export const AUTHENTICATION_PASSWORD = 1;
export const AUTHENTICATION_HEADER = 2;

interface AdvertisementV2 {
  readonly version: 2;
  /** 0 to 255; only 1 to 255 name a virtual router. */
  readonly vrid: number;
  readonly priority: number;
  readonly authenticationType: number;
  /** 0 to 255. */
  readonly intervalSeconds: number;
  /** IPv4, at most 255. */
  readonly addresses: readonly IpAddress[];
  /** Eight bytes. A decoder's are a view of the packet. */
  readonly authenticationData: Uint8Array;
}

interface AdvertisementV3 {
  readonly version: 3;
  readonly vrid: number;
  readonly priority: number;
  /** 0 to 4095. */
  readonly intervalCs: number;
  /** At most 255, all of one family. */
  readonly addresses: readonly IpAddress[];
}

export type Advertisement = AdvertisementV2 | AdvertisementV3;

export type VrrpFault = "truncated" | "bad-version" | "bad-type" | "bad-length";

/** Size in bytes of an advertisement of `count` addresses. */
export const advertisementSize = (version: 2 | 3, family: IpFamily, count: number): number =>
  VRRP_HEADER_SIZE + count * ipSize(family) + (version === 2 ? VRRP_AUTHENTICATION_SIZE : 0);

/** The version nibble at `offset`, 0 to 15. */
export const statedVersion = (packet: DataView, offset: number): number =>
  packet.getUint8(offset + AT_VERSION_TYPE) >>> 4;

/**
 * Size in bytes that the fixed header at `offset` calls for; what lies behind it (padding, a trailer) is not part of
 * the advertisement. Faults are "truncated" when the eight bytes of the header are not there, and "bad-version" also
 * for version 2 over IPv6, which no RFC defines.
 */
export function statedSize(
  packet: DataView,
  offset: number,
  family: IpFamily,
): Decoded<number, "truncated" | "bad-version"> {
  if (packet.byteLength - offset < VRRP_HEADER_SIZE) return refused("truncated");
  const version = statedVersion(packet, offset);
  if (version !== 3 && (version !== 2 || family !== 4)) return refused("bad-version");
  return decoded(advertisementSize(version, family, packet.getUint8(offset + AT_COUNT)));
}

/**
 * Reads an advertisement that fills `pdu` exactly. The checksum is left to `checksumMatches`, since what it covers is
 * not known from these bytes.
 */
export function decodeAdvertisement(
  pdu: DataView,
  family: IpFamily,
): Decoded<Advertisement, VrrpFault> {
  const size = statedSize(pdu, 0, family);
  if (!size.ok) return size;
  if ((pdu.getUint8(AT_VERSION_TYPE) & 0x0f) !== TYPE_ADVERTISEMENT) return refused("bad-type");
  if (pdu.byteLength < size.value) return refused("truncated");
  if (pdu.byteLength > size.value) return refused("bad-length");
  return decoded(statedVersion(pdu, 0) === 2 ? readVersion2(pdu) : readVersion3(pdu, family));
}

function readVersion2(pdu: DataView): AdvertisementV2 {
  const atData = pdu.byteOffset + pdu.byteLength - VRRP_AUTHENTICATION_SIZE;
  return {
    version: 2,
    vrid: pdu.getUint8(VRRP_AT_VRID),
    priority: pdu.getUint8(VRRP_AT_PRIORITY),
    authenticationType: pdu.getUint8(AT_AUTHENTICATION_TYPE),
    intervalSeconds: pdu.getUint8(AT_INTERVAL_SECONDS),
    addresses: readAddresses(pdu, 4),
    authenticationData: new Uint8Array(pdu.buffer, atData, VRRP_AUTHENTICATION_SIZE),
  };
}

function readVersion3(pdu: DataView, family: IpFamily): AdvertisementV3 {
  return {
    version: 3,
    vrid: pdu.getUint8(VRRP_AT_VRID),
    priority: pdu.getUint8(VRRP_AT_PRIORITY),
    intervalCs: pdu.getUint16(AT_INTERVAL) & 0x0fff,
    addresses: readAddresses(pdu, family),
  };
}

function readAddresses(pdu: DataView, family: IpFamily): IpAddress[] {
  const addresses: IpAddress[] = [];
  const count = pdu.getUint8(AT_COUNT);
  for (let index = 0; index < count; index += 1)
    addresses.push(readIp(pdu, VRRP_HEADER_SIZE + index * ipSize(family), family));
  return addresses;
}

/** Writes `ad` at the start of `out`, its checksum field zero, and returns its size. */
export function encodeAdvertisement(ad: Advertisement, out: DataView): number {
  out.setUint8(AT_VERSION_TYPE, (ad.version << 4) | TYPE_ADVERTISEMENT);
  out.setUint8(VRRP_AT_VRID, ad.vrid);
  out.setUint8(VRRP_AT_PRIORITY, ad.priority);
  out.setUint8(AT_COUNT, ad.addresses.length);
  out.setUint16(
    AT_INTERVAL,
    ad.version === 3 ? ad.intervalCs : (ad.authenticationType << 8) | ad.intervalSeconds,
  );
  out.setUint16(VRRP_AT_CHECKSUM, 0);
  let at = VRRP_HEADER_SIZE;
  for (const address of ad.addresses) at += writeIp(out, at, address);
  if (ad.version === 3) return at;
  for (const byte of ad.authenticationData) {
    out.setUint8(at, byte);
    at += 1;
  }
  return at;
}

/**
 * Writes the checksum of an advertisement that fills `pdu`. `seed` is zero where the checksum covers the advertisement
 * alone (version 2; RFC 9568's reading of version 3 over IPv4), otherwise the sum of the pseudo header.
 */
export function writeChecksum(pdu: DataView, seed: number): void {
  pdu.setUint16(VRRP_AT_CHECKSUM, 0);
  pdu.setUint16(VRRP_AT_CHECKSUM, internetChecksum(pdu, 0, pdu.byteLength, seed));
}

/** True when the checksum inside `pdu` is right for `seed`; see writeChecksum. */
export const checksumMatches = (pdu: DataView, seed: number): boolean =>
  onesComplementSum(pdu, 0, pdu.byteLength, seed) === 0xffff;
