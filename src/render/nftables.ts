/**
 * A ruleset for nft(8) in a table of its own, beside whatever firewall there is: VRRP and replication from the other router
 * only and outside connection tracking, and translation to the virtual addresses, which go on with the role.
 */
import { ipFamily } from "../base/ip.ts";
import { advertisingEnds, linkEnds, routersOf } from "../config/pair/ends.ts";
import { instancesOf, type PairInstance } from "../config/pair/instances.ts";
import type { PairConfig, PairNetwork } from "../config/pair/model.ts";
import { block, formatLines, type Line, optionalBlock } from "./blocks.ts";
import { heading } from "./heading.ts";

/** The ruleset. Loading it again replaces the table and nothing else. */
export function renderNftables(pair: PairConfig, node: string): string {
  routersOf(pair, node);
  const replication = replicationRules(pair, node);
  const lines: readonly Line[] = [
    ...heading(pair, node, REMARKS),
    "",
    // Created if it is not there, so that it can be deleted and made anew in one transaction.
    "table inet duet",
    "delete table inet duet",
    "",
    block("table inet duet", [
      block("chain input", [
        "type filter hook input priority filter - 10; policy accept;",
        ...instancesOf(pair).map((instance) => advertisementRule(pair, node, instance)),
        "meta l4proto 112 drop",
        ...replication.input,
      ]),
      block("chain untracked-in", [
        "type filter hook prerouting priority raw; policy accept;",
        "meta l4proto 112 notrack",
        ...replication.prerouting,
      ]),
      block("chain untracked-out", [
        "type filter hook output priority raw; policy accept;",
        "meta l4proto 112 notrack",
        ...replication.output,
      ]),
      ...optionalBlock("chain translate", translation(pair, node)),
    ]),
  ];
  return `#!/usr/sbin/nft -f\n${formatLines(lines, "\t")}`;
}

const REMARKS = [
  "accept ends this table only: where another one drops by policy, it must accept protocol 112 and the replication port, too.",
];

/** IPv6 multicast comes from a link-local address that nobody wrote down. */
function advertisementRule(pair: PairConfig, node: string, instance: PairInstance): string {
  const device = instance.network.interfaces[node] ?? "";
  const peer = advertisingEnds(pair, node, instance)?.peer;
  const source =
    instance.family === 4 ? `ip saddr ${peer ?? "0.0.0.0/0"}` : `ip6 saddr ${peer ?? "fe80::/10"}`;
  return `iifname "${device}" ${source} meta l4proto 112 accept`;
}

interface ReplicationRules {
  readonly input: readonly string[];
  readonly prerouting: readonly string[];
  readonly output: readonly string[];
}

/** Both routers send from any port to this one. */
function replicationRules(pair: PairConfig, node: string): ReplicationRules {
  const { replication } = pair;
  if (replication === undefined) return { input: [], prerouting: [], output: [] };
  const links = linkEnds(pair, node).map((link) => {
    const word = ipFamily(link.own) === 4 ? "ip" : "ip6";
    const port = `udp dport ${replication.port}`;
    return {
      incoming: `iifname "${link.interface}" ${word} saddr ${link.peer} ${word} daddr ${link.own} ${port}`,
      outgoing: `oifname "${link.interface}" ${word} daddr ${link.peer} ${port}`,
    };
  });
  return {
    input: [
      ...links.map(({ incoming }) => `${incoming} accept`),
      `udp dport ${replication.port} drop`,
    ],
    prerouting: links.map(({ incoming }) => `${incoming} notrack`),
    output: links.map(({ outgoing }) => `${outgoing} notrack`),
  };
}

/**
 * What is forwarded gets the virtual address as its source; what the router sends itself keeps its own, because replies
 * to the virtual address go to whoever is active. Before srcnat, so that a masquerading firewall does not come first.
 */
function translation(pair: PairConfig, node: string): readonly string[] {
  const rules = pair.networks.flatMap((network) => translationRule(network, node));
  return rules.length === 0
    ? []
    : ["type nat hook postrouting priority srcnat - 10; policy accept;", ...rules];
}

function translationRule(
  { translates, addresses, interfaces }: PairNetwork,
  node: string,
): readonly string[] {
  const virtual = addresses.find(({ address }) => ipFamily(address) === 4)?.address;
  if (!translates || virtual === undefined) return [];
  return [`oifname "${interfaces[node] ?? ""}" fib saddr type != local snat ip to ${virtual}`];
}
