/**
 * Both ends of what the two routers say to each other: the addresses that advertisements and replication come from and go
 * to. What is derived and every file that is rendered take them from here, firewall rules above all.
 */
import type { IpAddress, IpFamily } from "../../base/ip.ts";
import { ipFamily, isLinkLocal } from "../../base/ip.ts";
import type { PairInstance } from "./instances.ts";
import type { PairConfig, PairNetwork, PairRouter } from "./model.ts";

export interface Ends {
  readonly own: IpAddress;
  readonly peer: IpAddress;
}

/** A dedicated link, as a router sees it. */
export interface LinkEnds extends Ends {
  readonly network: PairNetwork;
  readonly interface: string;
  /** The link that is used first; false where there is only one. */
  readonly isDefault: boolean;
}

/** The two routers as `node` sees them. Throws when there is no such router. */
export function routersOf(
  { routers }: PairConfig,
  node: string,
): { readonly own: PairRouter; readonly peer: PairRouter } {
  const [first, second] = routers;
  if (node === first.name) return { own: first, peer: second };
  if (node === second.name) return { own: second, peer: first };
  throw new RangeError(`there is no router ${node}: it is ${first.name} or ${second.name}`);
}

/**
 * Where advertisements of an instance come from and, over unicast, go to. Over IPv4 it is said explicitly, because an
 * interface may have further addresses; multicast over IPv6 comes from a link-local address, which is known only where it
 * is configured. Undefined leaves the choice to the program.
 */
export function advertisingEnds(
  pair: PairConfig,
  node: string,
  { network, family }: PairInstance,
): Ends | undefined {
  const { own, peer } = routersOf(pair, node);
  const addressOf = ({ addresses }: PairRouter): IpAddress | undefined =>
    addresses[network.name]?.find(({ address }) => ipFamily(address) === family)?.address;
  const ends = endsFrom(addressOf(own), addressOf(peer));
  const isChosen = family === 6 && !pair.election.unicast && !isLinkLocal(ends?.own ?? NOWHERE);
  return isChosen ? undefined : ends;
}

const NOWHERE = "::" as IpAddress;

/** The dedicated links, in the order of their use. A link takes IPv4 where both routers have it, else IPv6. */
export function linkEnds(pair: PairConfig, node: string): readonly LinkEnds[] {
  const { own, peer } = routersOf(pair, node);
  const links = pair.replication?.links ?? [];
  return links.flatMap((name, index) => {
    const network = pair.networks.find((candidate) => candidate.name === name);
    const ends = endsOnLink(own.addresses[name] ?? [], peer.addresses[name] ?? []);
    if (network === undefined || ends === undefined) return [];
    const device = network.interfaces[node] ?? "";
    return [{ network, interface: device, isDefault: index === 0 && links.length > 1, ...ends }];
  });
}

type Addresses = PairRouter["addresses"][string];

function endsOnLink(own: Addresses, peer: Addresses): Ends | undefined {
  const endOf = (addresses: Addresses, family: IpFamily): IpAddress | undefined =>
    addresses.find(({ address }) => ipFamily(address) === family)?.address;
  return endsFrom(endOf(own, 4), endOf(peer, 4)) ?? endsFrom(endOf(own, 6), endOf(peer, 6));
}

const endsFrom = (own: IpAddress | undefined, peer: IpAddress | undefined): Ends | undefined =>
  own === undefined || peer === undefined ? undefined : { own, peer };
