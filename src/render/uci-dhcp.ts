/** /etc/config/dhcp: the pool of each network, with the virtual address as gateway and name server, and fixed leases. */
import { type IpAddress, ipBytes, ipFamily, type Prefix, prefixContains } from "../base/ip.ts";
import type { PairConfig, PairDhcp, PairNetwork } from "../config/pair/model.ts";
import { OWN_PREFIX, uciName } from "../config/uci/model.ts";
import { leaseText } from "./dnsmasq.ts";
import type { InterfaceNames, WantedSection } from "./uci-sections.ts";
import { list, option, tagged } from "./uci-sections.ts";
import { networkOf } from "./words.ts";

/** DHCP's numbers of the options that are set. */
const ROUTER = 3;
const DNS = 6;
const DOMAIN = 15;

export const dhcpSections = (pair: PairConfig, names: InterfaceNames): readonly WantedSection[] =>
  pair.networks.flatMap((network) =>
    network.dhcp === undefined
      ? []
      : [pool(network, network.dhcp, names), ...hosts(network, network.dhcp)],
  );

function pool(network: PairNetwork, dhcp: PairDhcp, names: InterfaceNames): WantedSection {
  const name = names[network.name] ?? uciName(network.name);
  const subnet = network.addresses.find((prefix) => prefixContains(prefix, dhcp.first));
  const dns6 = dhcp.dns.filter((address) => ipFamily(address) === 6);
  return {
    package: "dhcp",
    type: "dhcp",
    name,
    where: { interface: name },
    settings: [
      option("interface", name),
      option("start", subnet === undefined ? undefined : offsetIn(subnet, dhcp.first)),
      option("limit", number(dhcp.last) - number(dhcp.first) + 1),
      option("leasetime", leaseText(dhcp.lease)),
      option("ignore", undefined),
      // dnsmasq otherwise stays silent where it hears another server, which is the other router.
      option("force", dhcp.force ? 1 : undefined),
      tagged("dhcp_option", [
        [ROUTER, ...v4(dhcp.router)].join(","),
        [DNS, ...v4(dhcp.dns)].join(","),
        ...(dhcp.domain === undefined ? [] : [`${DOMAIN},${dhcp.domain}`]),
      ]),
      ...(dns6.length === 0 ? [] : [list("dns", dns6)]),
    ],
  };
}

const v4 = (addresses: readonly IpAddress[]): readonly IpAddress[] =>
  addresses.filter((address) => ipFamily(address) === 4);

/** OpenWrt counts `start` from the address of the network. */
const offsetIn = (subnet: Prefix, address: IpAddress): number =>
  number(address) - number(networkOf(subnet).address);

const number = (address: IpAddress): number =>
  ipBytes(address).reduce((total, byte) => total * 256 + byte, 0);

const hosts = (network: PairNetwork, dhcp: PairDhcp): readonly WantedSection[] =>
  dhcp.hosts.map((host) => ({
    package: "dhcp",
    type: "host",
    name: `${OWN_PREFIX}host_${uciName(network.name)}_${uciName(host.name)}`,
    // dnsmasq does not start when two sections give one address away.
    where: { ip: host.address },
    settings: [option("name", host.name), option("mac", host.mac), option("ip", host.address)],
  }));
