/** One network of the pair from what both routers say of it. */
import type { IpAddress, Prefix } from "../../base/ip.ts";
import { formatPrefix, ipFamily } from "../../base/ip.ts";
import { defaultDhcp } from "../pair/defaults.ts";
import { defaultPool } from "../pair/dhcp-pool.ts";
import type { PairDhcp, PairNetwork } from "../pair/model.ts";
import { agree, type Merge } from "./agreement.ts";
import type { DhcpFacts, Found, InstanceFacts } from "./facts.ts";
import { familyOf } from "./keepalived.ts";
import type { Matched } from "./places.ts";

/** A network whose VRIDs are not chosen yet. */
export type NetworkDraft = Omit<PairNetwork, "vrid" | "vrid6" | "vridIsChosen"> & {
  readonly vrid: number | undefined;
  readonly vrid6: number | undefined;
};

/** `names` are those of the routers. */
export function mergeNetwork(
  { name, places }: Matched,
  names: readonly [string, string],
  merge: Merge,
): NetworkDraft {
  const known = [...new Set(places)].filter((place) => place !== undefined);
  const instances = known.flatMap((place) => place.instances);
  const perRouter = known.map((place) => place.instances);
  const device = known.find((place) => place.interface !== undefined)?.interface ?? "";
  const addresses = agreeOn(perRouter, "addresses", `the virtual addresses of ${name}`, merge);
  const gateways = gatewaysOf(instances);
  const of = (family: 4 | 6): readonly InstanceFacts[] =>
    instances.filter((one) => familyOf(one) === family);
  const vridOf = (family: 4 | 6): number | undefined =>
    agree(
      merge,
      of(family).map(({ vrid }) => vrid),
      `the VRID of ${name} over IPv${family}`,
    );
  const translates = known.find((place) => place.network?.translates !== undefined)?.network;
  return {
    name,
    interfaces: Object.fromEntries(
      names.map((router, index) => [router, places[index]?.interface ?? device]),
    ),
    addresses,
    unadvertised: agreeOn(
      perRouter,
      "unadvertised",
      `the unadvertised addresses of ${name}`,
      merge,
    ),
    gateways: gateways.map(({ address }) => address),
    metric: gateways.find(({ metric }) => metric !== undefined)?.metric,
    translates: translates?.translates?.value ?? gateways.length > 0,
    vrid: vridOf(4),
    vrid6: vridOf(6),
    dhcp: dhcpOf(
      known.map(({ network }) => network?.dhcp).find((dhcp) => dhcp !== undefined),
      addresses,
    ),
  };
}

/** The first router's list, which the second one's must equal. */
function agreeOn(
  perRouter: readonly (readonly InstanceFacts[])[],
  list: "addresses" | "unadvertised",
  what: string,
  merge: Merge,
): readonly Prefix[] {
  const lists = perRouter
    .filter((instances) => instances.length > 0)
    .map(
      (instances): Found<readonly Prefix[]> => ({
        value: instances.flatMap((one) => one[list].map(({ value }) => value)),
        at: instances[0]?.at ?? { file: "", line: 1, column: 1 },
      }),
    );
  return agree(merge, lists, what, listText) ?? [];
}

const listText = (prefixes: readonly Prefix[]): string =>
  prefixes.map(formatPrefix).join(", ") || "none";

function gatewaysOf(
  instances: readonly InstanceFacts[],
): readonly { readonly address: IpAddress; readonly metric: number | undefined }[] {
  const found = new Map(
    instances
      .flatMap(({ gateways }) => gateways)
      .map(({ value }) => [value.address, value] as const),
  );
  const first = (family: 4 | 6) =>
    [...found.values()].filter(({ address }) => ipFamily(address) === family).slice(0, 1);
  return [...first(4), ...first(6)];
}

function dhcpOf(facts: DhcpFacts | undefined, addresses: readonly Prefix[]): PairDhcp | undefined {
  const subnet = addresses.find(({ address }) => ipFamily(address) === 4);
  if (facts === undefined || subnet === undefined) return undefined;
  const { at: _, ...said } = facts;
  const pool = defaultPool(subnet, [subnet.address]);
  if (pool === undefined) return undefined;
  return { ...defaultDhcp(subnet.address), ...pool, ...said };
}
