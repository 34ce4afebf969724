/** A file for dnsmasq's conf-dir: address pools whose gateway and name server is the virtual address. Same on both routers. */
import { formatPrefix, type Prefix, prefixContains } from "../base/ip.ts";
import type { Duration } from "../base/time.ts";
import { toSeconds } from "../base/time.ts";
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig, PairDhcp, PairNetwork } from "../config/pair/model.ts";
import { formatLines } from "./blocks.ts";
import { heading } from "./heading.ts";
import { netmaskOf, networkOf } from "./words.ts";

/** The file; only comments where no network has `dhcp`. */
export function renderDnsmasq(pair: PairConfig, node: string): string {
  routersOf(pair, node);
  const pools = pair.networks.flatMap((network) =>
    network.dhcp === undefined ? [] : ["", ...pool(network, network.dhcp, node)],
  );
  if (pools.length === 0)
    return formatLines(heading(pair, node, ["No network of this pair has dhcp."]));
  return formatLines([
    ...heading(pair, node, REMARKS),
    "",
    // A client may renew at a router that did not give it its address.
    "dhcp-authoritative",
    ...pools,
  ]);
}

const REMARKS = [
  "Both routers answer, from one pool: dnsmasq chooses an address by the client's MAC address, and looks whether it is in use.",
];

function pool(
  { name, addresses, interfaces }: PairNetwork,
  dhcp: PairDhcp,
  node: string,
): readonly string[] {
  const subnet = addresses.find((prefix) => prefixContains(prefix, dhcp.first));
  const mask = subnet === undefined ? "" : `,${netmaskOf(subnet)}`;
  return [
    `interface=${interfaces[node] ?? ""}`,
    `dhcp-range=set:${name},${dhcp.first},${dhcp.last}${mask},${leaseText(dhcp.lease)}`,
    ...option(name, "router", dhcp.router),
    ...option(name, "dns-server", dhcp.dns),
    ...domainLines(name, dhcp, subnet),
    ...dhcp.hosts.map((host) => `dhcp-host=${host.mac},${host.address},${host.name}`),
  ];
}

/** An empty list must be said, too: dnsmasq otherwise names the router's own address, which does not move. */
const option = (tag: string, name: string, values: readonly string[]): readonly string[] => [
  `dhcp-option=tag:${tag},option:${[name, ...values].join(",")}`,
];

function domainLines(
  tag: string,
  { domain }: PairDhcp,
  subnet: Prefix | undefined,
): readonly string[] {
  if (domain === undefined) return [];
  return [
    ...(subnet === undefined ? [] : [`domain=${domain},${formatPrefix(networkOf(subnet))}`]),
    `dhcp-option=tag:${tag},option:domain-name,${domain}`,
  ];
}

/** dnsmasq's units where they fit: 12h, 30m, else seconds. */
export function leaseText(lease: Duration): string {
  const total = Math.ceil(toSeconds(lease));
  if (total % 3_600 === 0) return `${total / 3_600}h`;
  return total % 60 === 0 ? `${total / 60}m` : String(total);
}
