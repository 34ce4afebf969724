/** Networks: interfaces, VRIDs, gateways, DHCP. */
import {
  type IpAddress,
  ipFamily,
  isLinkLocal,
  type Prefix,
  prefixContains,
} from "../../base/ip.ts";
import type { Findings } from "../findings.ts";
import { completeDhcp } from "./complete-dhcp.ts";
import {
  type Completion,
  type NetworkEntry,
  namesOf,
  unknownName,
  valuesOf,
} from "./completion.ts";
import { type Draft, isName } from "./maps.ts";
import type { PairNetwork, PairRouter } from "./model.ts";
import type { NetworkKeys } from "./network-keys.ts";
import { completeVrids, type Vrids } from "./vrids.ts";

/** All networks that could be read. */
export function completeNetworks(
  completion: Completion,
  routers: readonly PairRouter[],
): readonly PairNetwork[] {
  const drafts = completion.networks.map((entry) => ({
    entry,
    interfaces: completeInterfaces(completion, entry),
  }));
  const vrids = completeVrids(
    completion.pairName,
    drafts.map(({ entry: { name, value }, interfaces }) => ({
      name,
      interfaces,
      vrid: value?.vrid?.value,
      vrid6: value?.vrid6?.value,
    })),
  );
  const networks = drafts.map(({ entry, interfaces }, index): PairNetwork => {
    const numbers = vrids[index] ?? { vrid: 1, vrid6: 1, vridIsChosen: true };
    return completeNetwork(completion, { entry, interfaces, numbers, routers });
  });
  checkVrids(completion, networks);
  checkInstanceNames(completion, networks);
  return networks;
}

function completeInterfaces(
  { findings, routers }: Completion,
  { name: network, value, at }: NetworkEntry,
): Readonly<Record<string, string>> {
  const given = value?.interface?.value;
  if (given === undefined) return {};
  if (typeof given === "string") {
    return Object.fromEntries(routers.map(({ name }) => [name, given]));
  }
  for (const { name, nameAt } of given) {
    if (routers.some((router) => router.name === name)) continue;
    unknownName(findings, { name, at: nameAt, what: "router" }, namesOf(routers));
  }
  for (const { name } of routers) {
    if (given.some((entry) => entry.name === name)) continue;
    const message = `networks.${network}.interface does not name the interface of ${name}: add ${name}: NAME`;
    findings.error(value?.interface?.at ?? at, "key-missing", message);
  }
  return Object.fromEntries(
    given.flatMap(({ name, value: text }) => (text === undefined ? [] : [[name, text]])),
  );
}

interface NetworkParts {
  readonly entry: NetworkEntry;
  readonly interfaces: Readonly<Record<string, string>>;
  readonly numbers: Vrids;
  readonly routers: readonly PairRouter[];
}

function completeNetwork(completion: Completion, parts: NetworkParts): PairNetwork {
  const { findings } = completion;
  const { name, value: draft = {} } = parts.entry;
  const addresses = valuesOf(draft.address);
  const own = parts.routers.flatMap((router) => router.addresses[name] ?? []);
  const gateways = completeGateways(findings, { name, draft, addresses, own });
  const unadvertised = valuesOf(draft.unadvertised);
  const isLink = draft.address === undefined;
  if (isLink) reportOnLink(findings, name, draft);
  const has4 = addresses.some(({ address }) => ipFamily(address) === 4);
  const translates = draft.translate?.value ?? gateways.some((hop) => ipFamily(hop) === 4);
  if (draft.translate?.value === true && !has4 && !isLink) {
    const message = `networks.${name}.translate does nothing without a virtual IPv4 address: remove it`;
    findings.warn(draft.translate.at, "no-effect", message);
  }
  if (draft.metric !== undefined && draft.gateway === undefined && !isLink) {
    const message = `networks.${name}.metric does nothing without gateway: remove it, or add gateway`;
    findings.warn(draft.metric.at, "no-effect", message);
  }
  const hosts = [...own, ...addresses, ...unadvertised].map(({ address }) => address);
  const taken = [...hosts, ...gateways].filter((address) => ipFamily(address) === 4);
  const { dhcp } = draft;
  return {
    name,
    interfaces: parts.interfaces,
    addresses,
    unadvertised,
    gateways,
    metric: draft.metric?.value,
    translates,
    ...parts.numbers,
    dhcp: dhcp && completeDhcp(findings, dhcp, { name, addresses, taken }),
  };
}

const OF_ROLE = ["unadvertised", "gateway", "metric", "translate", "vrid", "vrid6"] as const;

/** Nothing moves on a dedicated link. */
function reportOnLink(findings: Findings, name: string, draft: Draft<NetworkKeys>): void {
  for (const key of OF_ROLE) {
    const field = draft[key];
    if (field === undefined) continue;
    const message = `networks.${name}.${key} has no meaning on a network without virtual addresses: add address, or remove ${key}`;
    findings.error(field.at, "no-effect", message);
  }
}

interface GatewayParts {
  readonly name: string;
  readonly draft: Draft<NetworkKeys>;
  readonly addresses: readonly Prefix[];
  readonly own: readonly Prefix[];
}

function completeGateways(findings: Findings, parts: GatewayParts): readonly IpAddress[] {
  const { name, draft, addresses, own } = parts;
  const families = new Set<number>();
  for (const { value: gateway, at } of draft.gateway?.value ?? []) {
    const family = ipFamily(gateway);
    const path = `networks.${name}.gateway`;
    const error = (message: string): void => findings.error(at, "gateway-subnet", message);
    const sameFamily = [...addresses, ...own].filter(({ address }) => ipFamily(address) === family);
    if (families.has(family)) {
      error(`${path} has several IPv${family} addresses: the default route has one next hop`);
    } else if (!addresses.some(({ address }) => ipFamily(address) === family)) {
      // A network whose addresses could not be read was reported already.
      if (addresses.length > 0) {
        error(
          `${path} ${gateway} goes with a virtual IPv${family} address, and there is none: add one to address`,
        );
      }
    } else if (sameFamily.some(({ address }) => address === gateway)) {
      error(`${path} ${gateway} is an address of the pair itself: write the next router's address`);
    } else if (
      !isLinkLocal(gateway) &&
      !sameFamily.some((prefix) => prefixContains(prefix, gateway))
    ) {
      const [subnet] = sameFamily;
      error(
        `${path} ${gateway} is in no subnet of the network (${subnet?.address}/${subnet?.length}): write an address of it`,
      );
    }
    families.add(family);
  }
  return valuesOf(draft.gateway);
}

function checkVrids(
  { findings, networks: entries }: Completion,
  networks: readonly PairNetwork[],
): void {
  const seen = new Map<string, string>();
  for (const [index, network] of networks.entries()) {
    const { name, nameAt, value } = entries[index] ?? {};
    if (name === undefined || nameAt === undefined) continue;
    const keys = Object.entries(network.interfaces).flatMap(([router, place]) =>
      instancesOf(network).map(({ family, vrid }) => ({
        vrid,
        family,
        key: `${router} ${place} ${family} ${vrid}`,
      })),
    );
    const clash = keys.find(({ key }) => seen.has(key));
    if (clash !== undefined) {
      const other = seen.get(clash.key) ?? "";
      const message = `networks.${name} has the VRID ${clash.vrid} (IPv${clash.family}) like networks.${other} on the same interface: give one of them another vrid`;
      findings.error((value?.vrid6 ?? value?.vrid)?.at ?? nameAt, "vrid-duplicate", message);
    }
    for (const { key } of keys) if (!seen.has(key)) seen.set(key, name);
  }
}

interface Instance {
  readonly name: string;
  readonly family: 4 | 6;
  readonly vrid: number;
}

/** One VRRP instance for each family of the virtual addresses. */
function instancesOf({ name, addresses, vrid, vrid6 }: PairNetwork): readonly Instance[] {
  const has = (family: number): boolean =>
    addresses.some(({ address }) => ipFamily(address) === family);
  return [
    ...(has(4) ? [{ name, family: 4 as const, vrid }] : []),
    ...(has(6) ? [{ name: `${name}-6`, family: 6 as const, vrid: vrid6 }] : []),
  ];
}

function checkInstanceNames(
  { findings, networks: entries }: Completion,
  networks: readonly PairNetwork[],
): void {
  const seen = new Set<string>();
  for (const [index, network] of networks.entries()) {
    const { nameAt } = entries[index] ?? {};
    if (nameAt === undefined) continue;
    for (const { name } of instancesOf(network)) {
      if (seen.has(name)) {
        const message = `two networks have a VRRP instance ${name} (an IPv6 one has -6 at the end): rename networks.${network.name}`;
        findings.error(nameAt, "name-conflict", message);
      } else if (!isName(name)) {
        const message = `the name of networks.${network.name} is too long for its IPv6 instance ${name}: shorten it`;
        findings.error(nameAt, "name-invalid", message);
      }
      seen.add(name);
    }
  }
}
