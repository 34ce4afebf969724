/** The addresses that DHCP gives out unless the file says otherwise. */
import { type IpAddress, ipFamily, type Prefix, prefixContains } from "../../base/ip.ts";
import type { PairNetwork } from "./model.ts";
import { addressOf, numberOf, type Range, rangeOf } from "./subnet.ts";

/** Of a /24 or larger network these are lent, counted from its first address. */
const FIRST_OFFSET = 100;
const LAST_OFFSET = 249;

export interface Pool {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/**
 * .100 to .249 of a /24 (or of the begin of a larger network), all of a smaller one; of that the longest stretch
 * without any of `taken`. Undefined when nothing is left.
 */
export function defaultPool(subnet: Prefix, taken: readonly IpAddress[]): Pool | undefined {
  if (subnet.length > 30) return undefined;
  const { first, last } = rangeOf(subnet);
  const wanted: Range =
    subnet.length <= 24
      ? { first: first + FIRST_OFFSET, last: first + LAST_OFFSET }
      : { first: first + 1, last: last - 1 };
  const stops = taken
    .map(numberOf)
    .filter((number) => number >= wanted.first && number <= wanted.last)
    .toSorted((a, b) => a - b);
  let best: Range | undefined;
  let start = wanted.first;
  for (const stop of [...stops, wanted.last + 1]) {
    const length = stop - start;
    if (length > 0 && (best === undefined || length > best.last - best.first + 1)) {
      best = { first: start, last: stop - 1 };
    }
    start = stop + 1;
  }
  return best && { first: addressOf(best.first), last: addressOf(best.last) };
}

/**
 * The subnet that addresses are lent from: the one of the first virtual IPv4 address, or, where that stands alone (/32), of the
 * router's own address. Undefined without a virtual IPv4 address.
 */
export function dhcpSubnet(virtual: readonly Prefix[], own: readonly Prefix[]): Prefix | undefined {
  const first = virtual.find(({ address }) => ipFamily(address) === 4);
  if (first === undefined || first.length < 32) return first;
  const around = own.find((prefix) => prefixContains(prefix, first.address));
  return { address: first.address, length: around?.length ?? first.length };
}

/** IPv4 addresses of a network that cannot be lent: own and virtual ones, gateways. `own` are both routers' there. */
export const takenAddresses = (
  {
    addresses,
    unadvertised,
    gateways,
  }: Pick<PairNetwork, "addresses" | "unadvertised" | "gateways">,
  own: readonly Prefix[],
): readonly IpAddress[] =>
  [...[...own, ...addresses, ...unadvertised].map(({ address }) => address), ...gateways].filter(
    (address) => ipFamily(address) === 4,
  );
