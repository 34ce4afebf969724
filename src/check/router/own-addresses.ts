/** The own addresses that the pair's file gives a router, beside those that it is configured with. */
import { formatPrefix, ipFamily } from "../../base/ip.ts";
import { type Finding, found } from "../finding.ts";
import type { OwnAddress, PairFacts } from "../picture.ts";

/** Own addresses of the pair's file beside those of the network configuration. */
export function compareOwn(
  { ownAddresses }: PairFacts,
  configured: readonly OwnAddress[],
): readonly Finding[] {
  return ownAddresses.flatMap(({ interface: device, prefix, at }) => {
    const family = ipFamily(prefix.address);
    const here = configured.filter(
      (entry) => entry.interface === device && ipFamily(entry.prefix.address) === family,
    );
    if (here.some((entry) => formatPrefix(entry.prefix) === formatPrefix(prefix))) return [];
    const other = here[0];
    const message =
      other === undefined
        ? `the network configuration gives ${device} no IPv${family} address, and the pair's file says ${formatPrefix(prefix)} (${at.file}:${at.line})`
        : `${device} has ${formatPrefix(other.prefix)}, and the pair's file says ${formatPrefix(prefix)} (${at.file}:${at.line})`;
    return [found("own-address-differs", other?.at ?? at, message)];
  });
}
