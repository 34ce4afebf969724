/** /etc/config/network: this router's own addresses, and the default route it has of its own. Virtual addresses are never in it. */
import { formatPrefix, ipFamily, type Prefix } from "../base/ip.ts";
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig, PairNetwork } from "../config/pair/model.ts";
import { uciName } from "../config/uci/model.ts";
import type { InterfaceNames, Setting, WantedSection } from "./uci-sections.ts";
import { list, option, uniqueName } from "./uci-sections.ts";
import { netmaskOf } from "./words.ts";

/** The kernel's metric of an IPv6 route that names none. */
const METRIC_OF_KERNEL6 = 1_024;
/** How much worse the router's own default route is than the one that goes with the role. */
const METRIC_STEP = 5;

/** As OpenWrt would call the networks when nothing is known of its files. */
export function plainNames(pair: PairConfig): InterfaceNames {
  const taken = new Set<string>();
  return Object.fromEntries(
    pair.networks.map(({ name }) => [name, uniqueName(uciName(name), taken)] as const),
  );
}

/** The interface sections, for a router whose files are not known. */
export const networkSections = (
  pair: PairConfig,
  node: string,
  names: InterfaceNames,
): readonly WantedSection[] =>
  pair.networks.map((network) => ({
    package: "network",
    type: "interface",
    name: names[network.name] ?? uciName(network.name),
    settings: [
      option("proto", "static"),
      option("device", network.interfaces[node]),
      ...addressSettings(ownAddresses(pair, node, network)),
      ...gatewaySettings(network),
      ...metricSettings(network),
    ],
  }));

export const ownAddresses = (
  pair: PairConfig,
  node: string,
  { name }: PairNetwork,
): readonly Prefix[] => routersOf(pair, node).own.addresses[name] ?? [];

/** One IPv4 address is written with its netmask, as OpenWrt does; several are a list with prefix lengths. */
export function addressSettings(addresses: readonly Prefix[]): readonly Setting[] {
  const v4 = addresses.filter(({ address }) => ipFamily(address) === 4);
  const v6 = addresses.filter(({ address }) => ipFamily(address) === 6);
  const [first] = v4;
  return [
    ...(v4.length === 1 && first !== undefined
      ? [option("ipaddr", first.address), option("netmask", netmaskOf(first))]
      : []),
    ...(v4.length > 1 ? [option("netmask", undefined), list("ipaddr", v4.map(formatPrefix))] : []),
    ...(v6.length > 0 ? [list("ip6addr", v6.map(formatPrefix))] : []),
  ];
}

/** The router reaches the world by itself, too, so that the passive one gets the time, names and updates. */
export function gatewaySettings({ gateways }: PairNetwork): readonly Setting[] {
  const gateway = gateways.find((address) => ipFamily(address) === 4);
  const gateway6 = gateways.find((address) => ipFamily(address) === 6);
  return [
    ...(gateway === undefined ? [] : [option("gateway", gateway)]),
    ...(gateway6 === undefined ? [] : [option("ip6gw", gateway6)]),
  ];
}

const metricSettings = (network: PairNetwork): readonly Setting[] =>
  network.gateways.length === 0 ? [] : [option("metric", metricFloor(network) + METRIC_STEP)];

/** The metric of the router's own default route must be greater than this: the one that goes with the role comes first. */
function metricFloor({ gateways, metric = 0 }: PairNetwork): number {
  const hasIpv6 = gateways.some((address) => ipFamily(address) === 6);
  return Math.max(metric, hasIpv6 ? METRIC_OF_KERNEL6 : 0);
}

/** The setting for a router whose own default route has `current`; none where that one is good. */
export function metricSettingsFor(
  network: PairNetwork,
  current: string | undefined,
): readonly Setting[] {
  if (network.gateways.length === 0) return [];
  const isGood = /^\d+$/.test(current ?? "") && Number(current) > metricFloor(network);
  return isGood ? [] : metricSettings(network);
}
