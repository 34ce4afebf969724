/**
 * /etc/config/firewall: VRRP and replication from the other router only, and translation to the virtual address. The
 * sections name devices and no zones, so that they hold whatever the zones are.
 */
import { ipFamily } from "../base/ip.ts";
import { advertisingEnds, linkEnds } from "../config/pair/ends.ts";
import { instancesOf } from "../config/pair/instances.ts";
import type { PairConfig, PairNetwork } from "../config/pair/model.ts";
import { OWN_PREFIX, uciName } from "../config/uci/model.ts";
import { ownAddresses } from "./uci-network.ts";
import type { Setting, WantedSection } from "./uci-sections.ts";
import { option } from "./uci-sections.ts";

const VRRP = 112;

/** In the order they must stand in: what is accepted before what is dropped. */
export const firewallSections = (pair: PairConfig, node: string): readonly WantedSection[] => [
  ...advertisements(pair, node),
  rule("vrrp_drop", [
    option("name", "Duet: no VRRP from anybody else"),
    option("src", "*"),
    option("proto", VRRP),
    option("target", "DROP"),
  ]),
  ...replication(pair, node),
  ...pair.networks.flatMap((network) => translation(pair, node, network)),
];

const rule = (name: string, settings: readonly Setting[]): WantedSection => ({
  package: "firewall",
  type: "rule",
  name: `${OWN_PREFIX}${name}`,
  settings,
});

const advertisements = (pair: PairConfig, node: string): readonly WantedSection[] =>
  instancesOf(pair).map((instance) => {
    const { network, family } = instance;
    // Over IPv6 multicast they come from a link-local address that nobody wrote down.
    const peer =
      advertisingEnds(pair, node, instance)?.peer ?? (family === 6 ? "fe80::/10" : undefined);
    return rule(`vrrp_${uciName(instance.name)}`, [
      option("name", `Duet: VRRP on ${instance.name}`),
      ...incoming(network.interfaces[node] ?? "", family),
      ...(peer === undefined ? [] : [option("src_ip", peer)]),
      option("proto", VRRP),
      option("target", "ACCEPT"),
    ]);
  });

const incoming = (device: string, family: 4 | 6): readonly Setting[] => [
  option("src", "*"),
  option("device", device),
  option("direction", "in"),
  option("family", family === 4 ? "ipv4" : "ipv6"),
];

function replication(pair: PairConfig, node: string): readonly WantedSection[] {
  if (pair.replication === undefined) return [];
  const { port } = pair.replication;
  return [
    ...linkEnds(pair, node).map((link) =>
      rule(`replication_${uciName(link.network.name)}`, [
        option("name", `Duet: replication on ${link.network.name}`),
        ...incoming(link.interface, ipFamily(link.own)),
        option("src_ip", link.peer),
        option("dest_ip", link.own),
        option("proto", "udp"),
        option("dest_port", port),
        option("target", "ACCEPT"),
      ]),
    ),
    rule("replication_drop", [
      option("name", "Duet: no replication from anybody else"),
      option("src", "*"),
      option("proto", "udp"),
      option("dest_port", port),
      option("target", "DROP"),
    ]),
  ];
}

/**
 * Judged before the masquerading of zones, which is left with what the router sends itself: that keeps its own address,
 * because replies to the virtual address go to whoever is active.
 */
function translation(
  pair: PairConfig,
  node: string,
  network: PairNetwork,
): readonly WantedSection[] {
  const virtual = network.addresses.find(({ address }) => ipFamily(address) === 4)?.address;
  if (!network.translates || virtual === undefined) return [];
  const own = ownAddresses(pair, node, network).find(({ address }) => ipFamily(address) === 4);
  return [
    {
      package: "firewall",
      type: "nat",
      name: `${OWN_PREFIX}snat_${uciName(network.name)}`,
      settings: [
        option("name", `Duet: ${network.name} is left from the virtual address`),
        option("family", "ipv4"),
        option("device", network.interfaces[node]),
        option("proto", "all"),
        ...(own === undefined ? [] : [option("src_ip", `!${own.address}`)]),
        option("target", "SNAT"),
        option("snat_ip", virtual),
      ],
    },
  ];
}
