/**
 * The VRRP instances that a pair's networks come to: one for each network with virtual addresses and each family of them.
 * Whatever is derived or rendered from the pair uses this one list, so that all programs agree on names and identifiers.
 */
import type { IpAddress, IpFamily, Prefix } from "../../base/ip.ts";
import { ipFamily, isLinkLocal } from "../../base/ip.ts";
import type { Duration } from "../../base/time.ts";
import { centiseconds } from "../../base/time.ts";
import type { VrrpVersion } from "../../vrrp/config.ts";
import type { PairConfig, PairNetwork } from "./model.ts";

/** RFC 9568 section 5.2.7: the interval has twelve bits of centiseconds. */
const INTERVAL_V3_MAX = centiseconds(4095);

export interface PairInstance {
  /** The network's name for IPv4, with `-6` behind it for IPv6. */
  readonly name: string;
  readonly network: PairNetwork;
  readonly family: IpFamily;
  /** IPv6 knows no version 2. */
  readonly version: VrrpVersion;
  readonly vrid: number;
  readonly interval: Duration;
  /** Advertised, all of `family`; at least one. */
  readonly addresses: readonly Prefix[];
  /** Held without being advertised; of the other family, too, where that one has no instance of its own. */
  readonly excluded: readonly Prefix[];
  readonly gateways: readonly PairGateway[];
}

/** A default route that goes with the role. */
interface PairGateway {
  readonly address: IpAddress;
  /** The virtual address that the router's own connections through it come from; undefined leaves it to the kernel. */
  readonly source: IpAddress | undefined;
}

/** In the order of the networks, IPv4 before IPv6. */
export const instancesOf = (pair: PairConfig): readonly PairInstance[] =>
  pair.networks.flatMap((network) => instancesOn(pair, network));

/** The members of the sync group: all instances, or none when they do not move together or there is but one. */
export function groupMembers(
  { election }: PairConfig,
  instances: readonly PairInstance[],
): readonly string[] {
  return election.together && instances.length > 1 ? instances.map(({ name }) => name) : [];
}

function instancesOn({ election }: PairConfig, network: PairNetwork): readonly PairInstance[] {
  const families = ([4, 6] as const).filter((family) =>
    network.addresses.some(({ address }) => ipFamily(address) === family),
  );
  const homeOf = (address: IpAddress): IpFamily | undefined =>
    families.find((family) => family === ipFamily(address)) ?? families[0];
  return families.map((family) => {
    const version = family === 6 ? 3 : election.version;
    return {
      name: family === 6 ? `${network.name}-6` : network.name,
      network,
      family,
      version,
      vrid: family === 6 ? network.vrid6 : network.vrid,
      interval: version === 3 ? shorter(election.interval, INTERVAL_V3_MAX) : election.interval,
      addresses: network.addresses.filter(({ address }) => ipFamily(address) === family),
      excluded: network.unadvertised.filter(({ address }) => homeOf(address) === family),
      gateways: network.gateways
        .filter((address) => homeOf(address) === family)
        .map((address) => ({ address, source: sourceFor(network, address) })),
    };
  });
}

/** A link-local address is no source for what goes further than the link. */
const sourceFor = ({ addresses }: PairNetwork, gateway: IpAddress): IpAddress | undefined =>
  addresses.find(({ address }) => ipFamily(address) === ipFamily(gateway) && !isLinkLocal(address))
    ?.address;

const shorter = (a: Duration, b: Duration): Duration => (a < b ? a : b);
