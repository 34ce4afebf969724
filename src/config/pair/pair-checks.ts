/** What only the whole pair shows. */
import { type IpFamily, ipFamily } from "../../base/ip.ts";
import type { Completion } from "./completion.ts";
import type { PairConfig, PairNetwork } from "./model.ts";
import type { Placed } from "./reading.ts";
import { addressOf, rangeOf } from "./subnet.ts";

/** Unicast advertisements go from one router's own address to the other one's. */
export function checkUnicast(
  { findings, routers: entries }: Completion,
  { election, routers, networks }: PairConfig,
  transport: Placed<unknown> | undefined,
): void {
  if (!election.unicast || transport === undefined) return;
  for (const { name, addresses } of networks) {
    const families = new Set<IpFamily>(addresses.map(({ address }) => ipFamily(address)));
    for (const [index, router] of routers.entries()) {
      const entry = entries[index]?.value?.find((own) => own.name === name);
      // An IPv4 address that is missing, or one that could not be read, was reported.
      if (!families.has(6) || entry === undefined || entry.value === undefined) continue;
      if ((router.addresses[name] ?? []).some(({ address }) => ipFamily(address) === 6)) continue;
      const message = `routers.${router.name} has no IPv6 address on ${name} that unicast advertisements could go to: add one, or write transport: multicast`;
      findings.error(entry.at, "address-missing", message);
    }
  }
}

/** Different cables cannot have one subnet. */
export function checkSubnets({ findings, networks: entries }: Completion, pair: PairConfig): void {
  const [router] = pair.routers;
  const seen = new Map<string, PairNetwork>();
  for (const [index, network] of pair.networks.entries()) {
    for (const prefix of router.addresses[network.name] ?? []) {
      if (ipFamily(prefix.address) === 6 || prefix.length > 30) continue;
      const subnet = `${addressOf(rangeOf(prefix).first)}/${prefix.length}`;
      const other = seen.get(subnet) ?? network;
      seen.set(subnet, other);
      const at = entries[index]?.nameAt;
      if (other.interfaces[router.name] === network.interfaces[router.name] || at === undefined)
        continue;
      const message = `networks.${network.name} and networks.${other.name} have the subnet ${subnet} on different interfaces: answers will leave by the wrong one; give each its own subnet`;
      findings.warn(at, "subnet-shared", message);
    }
  }
}
