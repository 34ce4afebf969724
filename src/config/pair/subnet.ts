/** Sums with IPv4 addresses, and which addresses of a subnet hosts can have. */
import { type IpAddress, ipBytes, ipFamily, ipFromBytes, type Prefix } from "../../base/ip.ts";

/** An IPv4 address as a number. */
export const numberOf = (address: IpAddress): number =>
  ipBytes(address).reduce((sum, byte) => sum * 256 + byte, 0);

/** An IPv4 address from its number. */
export const addressOf = (number: number): IpAddress =>
  ipFromBytes(
    Uint8Array.of((number >>> 24) & 255, (number >>> 16) & 255, (number >>> 8) & 255, number & 255),
  );

export interface Range {
  readonly first: number;
  readonly last: number;
}

/** The whole of an IPv4 subnet, its own address and its broadcast address included. */
export function rangeOf({ address, length }: Prefix): Range {
  const count = 2 ** (32 - length);
  const first = Math.floor(numberOf(address) / count) * count;
  return { first, last: first + count - 1 };
}

/** What is wrong with `prefix` as the address of a host, if anything: it is its network's own or broadcast address. */
export function hostFault(prefix: Prefix): "network" | "broadcast" | undefined {
  if (ipFamily(prefix.address) === 6 || prefix.length > 30) return undefined;
  const number = numberOf(prefix.address);
  const { first, last } = rangeOf(prefix);
  if (number === first) return "network";
  return number === last ? "broadcast" : undefined;
}
