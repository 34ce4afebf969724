/**
 * IP addresses of both families as branded text in its one canonical form (RFC 5952 for IPv6), so that they compare
 * with ===, serve as map keys and travel through JSON unchanged. Bytes are made at the codec, not carried around.
 */
import type { Brand } from "./brand.ts";

export type IpFamily = 4 | 6;
/** An IPv4 or IPv6 address in canonical text form: "192.0.2.1", "fe80::1". Never carries a zone or a prefix length. */
export type IpAddress = Brand<string, "IpAddress">;

/** A network: an address (host bits kept as written) and a length of 0 to 32 or 128 bits. */
export interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
}

export const IPV4_SIZE = 4;
export const IPV6_SIZE = 16;

export const ipFamily = (address: IpAddress): IpFamily => (address.includes(":") ? 6 : 4);
export const ipSize = (family: IpFamily): number => (family === 4 ? IPV4_SIZE : IPV6_SIZE);
export const ipBits = (family: IpFamily): number => ipSize(family) * 8;
/** 0.0.0.0 or ::, the address part of a default route. */
export const anyAddress = (family: IpFamily): IpAddress =>
  (family === 4 ? "0.0.0.0" : "::") as IpAddress;

/** Reads an address of either family. Refuses leading zeros in IPv4 (inet_aton would take them as octal), zones and prefix lengths. */
export function parseIp(text: string): IpAddress | undefined {
  const bytes = text.includes(":") ? parseIpv6Bytes(text) : parseIpv4Bytes(text);
  return bytes === undefined ? undefined : ipFromBytes(bytes);
}

/** Reads "ADDRESS/LENGTH"; without a length the whole address counts (32 or 128). */
export function parsePrefix(text: string): Prefix | undefined {
  const [host = "", lengthText, ...rest] = text.split("/");
  const address = parseIp(host);
  if (address === undefined || rest.length > 0) return undefined;
  const bits = ipBits(ipFamily(address));
  if (lengthText === undefined) return { address, length: bits };
  if (!/^(0|[1-9]\d{0,2})$/.test(lengthText) || Number(lengthText) > bits) return undefined;
  return { address, length: Number(lengthText) };
}

export const formatPrefix = ({ address, length }: Prefix): string => `${address}/${length}`;

/** Takes 4 or 16 bytes in network order. */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === IPV4_SIZE) return bytes.join(".") as IpAddress;
  return formatIpv6(bytes) as IpAddress;
}

/** The address at `offset` of a packet. The caller has checked the length. */
export function readIp(view: DataView, offset: number, family: IpFamily): IpAddress {
  if (family === 4) {
    const at = (index: number): number => view.getUint8(offset + index);
    return `${at(0)}.${at(1)}.${at(2)}.${at(3)}` as IpAddress;
  }
  return ipFromBytes(new Uint8Array(view.buffer, view.byteOffset + offset, IPV6_SIZE));
}

/** Writes the 4 or 16 bytes of `address` and returns how many they were. */
export function writeIp(view: DataView, offset: number, address: IpAddress): number {
  const bytes = ipBytes(address);
  for (const [index, byte] of bytes.entries()) view.setUint8(offset + index, byte);
  return bytes.length;
}

/** 4 or 16 bytes in network order. */
export function ipBytes(address: IpAddress): Uint8Array {
  const bytes = ipFamily(address) === 6 ? parseIpv6Bytes(address) : parseIpv4Bytes(address);
  if (bytes === undefined) throw new TypeError(`not an IP address: ${address}`);
  return bytes;
}

/** Unsigned big-endian order, as VRRP breaks ties between equal priorities (RFC 9568 section 6.4.3). IPv4 sorts before IPv6. */
export function compareIp(a: IpAddress, b: IpAddress): number {
  if (a === b) return 0;
  const left = ipBytes(a);
  const right = ipBytes(b);
  if (left.length !== right.length) return left.length - right.length;
  for (let index = 0; index < left.length; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True when `address` lies inside `prefix`; false across families. */
export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  const network = ipBytes(prefix.address);
  const candidate = ipBytes(address);
  if (network.length !== candidate.length) return false;
  for (let index = 0; index < network.length; index += 1) {
    const bits = Math.min(8, Math.max(0, prefix.length - index * 8));
    const mask = (0xff00 >> bits) & 0xff;
    if ((((network[index] ?? 0) ^ (candidate[index] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

/** 224.0.0.0/4 or ff00::/8. */
export function isMulticast(address: IpAddress): boolean {
  const first = ipBytes(address)[0] ?? 0;
  return ipFamily(address) === 4 ? first >>> 4 === 0xe : first === 0xff;
}

/** fe80::/10. */
export function isLinkLocal(address: IpAddress): boolean {
  if (ipFamily(address) === 4) return false;
  const bytes = ipBytes(address);
  return bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

function parseIpv4Bytes(text: string): Uint8Array | undefined {
  const octets = text.split(".");
  if (octets.length !== IPV4_SIZE) return undefined;
  const bytes = new Uint8Array(IPV4_SIZE);
  for (const [index, octet] of octets.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(octet) || Number(octet) > 255) return undefined;
    bytes[index] = Number(octet);
  }
  return bytes;
}

function parseIpv6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = IPV6_SIZE - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...Array.from({ length: missing }, () => 0), ...tail]);
}

/** Bytes of colon-separated groups; the last one may be an embedded IPv4 address where `mayEmbed`. */
function parseGroups(text: string, mayEmbed: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (mayEmbed && index === groups.length - 1 && group.includes(".")) {
      const embedded = parseIpv4Bytes(group);
      if (embedded === undefined) return undefined;
      bytes.push(...embedded);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >>> 8, value & 255);
    }
  }
  return bytes;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let index = 0; index < IPV6_SIZE; index += 2)
    groups.push(((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return joinGroups(groups);
  return `${joinGroups(groups.slice(0, start))}::${joinGroups(groups.slice(start + length))}`;
}

const joinGroups = (groups: readonly number[]): string =>
  groups.map((group) => group.toString(16)).join(":");

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (const [index, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0;
    if (run > best.length) best = { start: index - run + 1, length: run };
  }
  return best;
}
