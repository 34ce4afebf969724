/**
 * What authenticates an advertisement besides the password inside it: the authentication header of VRRPv2 (RFC 2338
 * with RFC 2402), and the trailer that keepalived 2.4 appends to either version (auth_hmac in keepalived.conf(5)).
 */
import type { Hmac } from "../base/crypto.ts";
import { type IpAddress, ipFamily, readIp, writeIp } from "../base/ip.ts";
import { type Decoded, decoded, refused } from "../base/result.ts";
import {
  IPV4_AT_CHECKSUM,
  IPV4_AT_FRAGMENT,
  IPV4_AT_TOS,
  IPV4_AT_TTL,
  ipv4HeaderSize,
  PROTOCOL_VRRP,
} from "./ipv4.ts";
import { VRRP_AT_CHECKSUM, VRRP_AT_VRID } from "./vrrp.ts";

// Authentication header with HMAC-MD5-96, between the IPv4 header and the advertisement:
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---------------+---------------+-------------------------------+
// | Next hdr = 112|   Length = 4  |         Reserved = 0          |
// +---------------+---------------+-------------------------------+
// |   Security parameters index = the sender's IPv4 address       |
// +---------------------------------------------------------------+
// |                        Sequence number                        |
// +---------------------------------------------------------------+
// |              Integrity check value (12 bytes)                 |
// +---------------------------------------------------------------+
const AH_AT_LENGTH = 1;
const AH_AT_RESERVED = 2;
const AH_AT_SPI = 4;
const AH_AT_SEQUENCE = 8;
const AH_AT_ICV = 12;
export const AH_SIZE = 24;
export const AH_ICV_SIZE = 12;
/** The header's size in words of 32 bits, less two. */
const AH_LENGTH = 4;

export interface AuthenticationHeader {
  /** The index is the sender's address: a router has one key per virtual router. */
  readonly spi: IpAddress;
  /** 32 bits. */
  readonly sequence: number;
  /** Twelve bytes. A decoder's are a view of the packet. */
  readonly icv: Uint8Array;
}

/** Writes the header at `offset` and returns its 24 bytes' size. */
export function encodeAuthenticationHeader(
  header: AuthenticationHeader,
  out: DataView,
  offset: number,
): number {
  out.setUint8(offset, PROTOCOL_VRRP);
  out.setUint8(offset + AH_AT_LENGTH, AH_LENGTH);
  out.setUint16(offset + AH_AT_RESERVED, 0);
  writeIp(out, offset + AH_AT_SPI, header.spi);
  out.setUint32(offset + AH_AT_SEQUENCE, header.sequence);
  writeBytes(out, offset + AH_AT_ICV, header.icv);
  return AH_SIZE;
}

/** "malformed" is another next header than VRRP or another length than that of a 12-byte value. */
export function decodeAuthenticationHeader(
  packet: DataView,
  offset: number,
): Decoded<AuthenticationHeader, "truncated" | "malformed"> {
  if (packet.byteLength - offset < AH_SIZE) return refused("truncated");
  if (packet.getUint8(offset) !== PROTOCOL_VRRP) return refused("malformed");
  if (packet.getUint8(offset + AH_AT_LENGTH) !== AH_LENGTH) return refused("malformed");
  return decoded({
    spi: readIp(packet, offset + AH_AT_SPI, 4),
    sequence: packet.getUint32(offset + AH_AT_SEQUENCE),
    icv: bytesAt(packet, offset + AH_AT_ICV, AH_ICV_SIZE),
  });
}

/**
 * The integrity check value over a whole IPv4 datagram with an authentication header: HMAC-MD5 of it with the fields
 * that routers change and the value itself read as zero. The TTL is such a field of a unicast datagram only; multicast
 * never passes a router.
 */
export function integrityCheckValue(
  datagram: DataView,
  secret: { readonly hmac: Hmac; readonly key: Uint8Array; readonly unicast: boolean },
): Uint8Array {
  const covered = Uint8Array.from(bytesAt(datagram, 0, datagram.byteLength));
  covered[IPV4_AT_TOS] = 0;
  covered.fill(0, IPV4_AT_FRAGMENT, IPV4_AT_FRAGMENT + 2);
  covered.fill(0, IPV4_AT_CHECKSUM, IPV4_AT_CHECKSUM + 2);
  if (secret.unicast) covered[IPV4_AT_TTL] = 0;
  const atIcv = ipv4HeaderSize(datagram) + AH_AT_ICV;
  covered.fill(0, atIcv, atIcv + AH_ICV_SIZE);
  return secret.hmac.md5(secret.key, covered).subarray(0, AH_ICV_SIZE);
}

// Trailer after the last byte of the advertisement:
//
//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---------------+---------------+-------------------------------+
// |   Scheme = 1  |     Key id    |         Reserved = 0          |
// +---------------+---------------+-------------------------------+
// |                 Seconds since 1970-01-01 UTC                  |
// +-------------------------------+-------------------------------+
// |    Fraction of the second     |            Counter            |
// +-------------------------------+-------------------------------+
// |              HMAC-SHA-256, first half (16 bytes)              |
// +---------------------------------------------------------------+
const AT_KEY_ID = 1;
const AT_RESERVED = 2;
const AT_SECONDS = 4;
const AT_FRACTION = 8;
const AT_COUNTER = 10;
const AT_MAC = 12;
export const TRAILER_SIZE = 28;
export const TRAILER_MAC_SIZE = 16;
const SCHEME_HMAC_SHA256_128 = 1;

export interface Trailer {
  /** 1 to 255. */
  readonly keyId: number;
  /** Seconds since 1970, UTC, as 32 bits. */
  readonly seconds: number;
  /** In units of 1/65536 s. */
  readonly fraction: number;
  /** Tells advertisements of the same instant apart. */
  readonly counter: number;
  /** Sixteen bytes. A decoder's are a view of the packet. */
  readonly mac: Uint8Array;
}

/** Writes the trailer at `offset` and returns its 28 bytes' size. */
export function encodeTrailer(trailer: Trailer, out: DataView, offset: number): number {
  out.setUint8(offset, SCHEME_HMAC_SHA256_128);
  out.setUint8(offset + AT_KEY_ID, trailer.keyId);
  out.setUint16(offset + AT_RESERVED, 0);
  out.setUint32(offset + AT_SECONDS, trailer.seconds);
  out.setUint16(offset + AT_FRACTION, trailer.fraction);
  out.setUint16(offset + AT_COUNTER, trailer.counter);
  writeBytes(out, offset + AT_MAC, trailer.mac);
  return TRAILER_SIZE;
}

/** "malformed" is an unknown scheme or a reserved field in use. */
export function decodeTrailer(
  packet: DataView,
  offset: number,
): Decoded<Trailer, "truncated" | "malformed"> {
  if (packet.byteLength - offset < TRAILER_SIZE) return refused("truncated");
  if (packet.getUint8(offset) !== SCHEME_HMAC_SHA256_128) return refused("malformed");
  if (packet.getUint16(offset + AT_RESERVED) !== 0) return refused("malformed");
  return decoded({
    keyId: packet.getUint8(offset + AT_KEY_ID),
    seconds: packet.getUint32(offset + AT_SECONDS),
    fraction: packet.getUint16(offset + AT_FRACTION),
    counter: packet.getUint16(offset + AT_COUNTER),
    mac: bytesAt(packet, offset + AT_MAC, TRAILER_MAC_SIZE),
  });
}

// What the trailer's HMAC covers: this prefix, the advertisement with its checksum read as zero, the trailer up to the
// HMAC, and zeros in the HMAC's place.
//
// +---------------+---------------+---------------+---------------+
// |  Family 4 | 6 |  VRRP version |      VRID     |       0       |
// +---------------+---------------+---------------+---------------+
// |       Source address (16 bytes, IPv4 in the first four)       |
// +---------------------------------------------------------------+
const PREFIX_AT_VERSION = 1;
const PREFIX_AT_VRID = 2;
const PREFIX_AT_SOURCE = 4;
const PREFIX_SIZE = 20;

/** The trailer's sixteen bytes of HMAC. `signed` is advertisement and trailer, `source` the sender's address. */
export function trailerMac(
  signed: DataView,
  source: IpAddress,
  secret: { readonly hmac: Hmac; readonly key: Uint8Array },
): Uint8Array {
  const covered = new Uint8Array(PREFIX_SIZE + signed.byteLength);
  covered[0] = ipFamily(source);
  covered[PREFIX_AT_VERSION] = signed.getUint8(0) >>> 4;
  covered[PREFIX_AT_VRID] = signed.getUint8(VRRP_AT_VRID);
  writeIp(new DataView(covered.buffer), PREFIX_AT_SOURCE, source);
  covered.set(bytesAt(signed, 0, signed.byteLength - TRAILER_MAC_SIZE), PREFIX_SIZE);
  covered.fill(0, PREFIX_SIZE + VRRP_AT_CHECKSUM, PREFIX_SIZE + VRRP_AT_CHECKSUM + 2);
  return secret.hmac.sha256(secret.key, covered).subarray(0, TRAILER_MAC_SIZE);
}

const bytesAt = (view: DataView, offset: number, length: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + offset, length);

function writeBytes(out: DataView, offset: number, bytes: Uint8Array): void {
  for (const [index, byte] of bytes.entries()) out.setUint8(offset + index, byte);
}
