/** Kernel settings of a router of a pair, for sysctl(8). Paths are written with slashes: interface names contain dots. */
import { ipFamily } from "../base/ip.ts";
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { formatLines } from "./blocks.ts";
import { heading } from "./heading.ts";

/** A file for /etc/sysctl.d. */
export function renderSysctl(pair: PairConfig, node: string): string {
  routersOf(pair, node);
  const hasIpv6 = pair.networks.some(({ addresses }) =>
    addresses.some(({ address }) => ipFamily(address) === 6),
  );
  return formatLines([
    ...heading(pair, node),
    "",
    "net/ipv4/ip_forward = 1",
    ...(hasIpv6 ? ["net/ipv6/conf/all/forwarding = 1"] : []),
    ...conntrack(pair),
    ...interfaces(pair, node),
  ]);
}

function conntrack({ replication }: PairConfig): readonly string[] {
  if (replication === undefined) return [];
  return [
    "",
    "# A connection that is taken over is in the middle of its window.",
    "net/netfilter/nf_conntrack_tcp_be_liberal = 1",
    "# The tables of replication keep ended connections for a while, so they hold twice what the kernel does.",
    `net/netfilter/nf_conntrack_max = ${Math.max(1, Math.floor(replication.hashLimit / 2))}`,
  ];
}

/**
 * The backup has no default route, so a strict reverse path check would drop what the router that has just become active
 * forwards; and an address is answered for on the interface that has it, so that nobody learns the wrong way to it.
 */
function interfaces(pair: PairConfig, node: string): readonly string[] {
  const names = new Set(
    pair.networks
      .filter(({ addresses }) => addresses.some(({ address }) => ipFamily(address) === 4))
      .map((network) => network.interfaces[node] ?? ""),
  );
  if (names.size === 0) return [];
  return [
    "",
    "# The backup has no default route: a strict reverse path check would drop what arrives just after a takeover.",
    // Of all and the interface the higher number counts, and 2 is the loose check.
    ...[...names].map((name) => `net/ipv4/conf/${name}/rp_filter = 2`),
    "# An address is answered for by the interface that has it only, so that nobody learns a wrong way to it.",
    ...[...names].flatMap((name) => [
      `net/ipv4/conf/${name}/arp_ignore = 1`,
      `net/ipv4/conf/${name}/arp_announce = 2`,
    ]),
  ];
}
