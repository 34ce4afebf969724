/** Networks: interfaces, VRIDs, gateways, DHCP. */
import {
  formatPrefix,
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
  itemsOf,
  type NetworkEntry,
  namesOf,
  unknownName,
  valueOr,
  valuesOf,
} from "./completion.ts";
import { takenAddresses } from "./dhcp-pool.ts";
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
  const translates = valueOr(
    draft.translate,
    gateways.some((hop) => ipFamily(hop) === 4),
  );
  if (draft.address === undefined) reportOnLink(findings, name, draft);
  else reportWithoutEffect(findings, name, draft);
  const taken = takenAddresses({ addresses, unadvertised, gateways }, own);
  // Without the addresses more would be said that is not so.
  const isUnread = draft.address !== undefined && draft.address.value === undefined;
  return {
    name,
    interfaces: parts.interfaces,
    addresses,
    unadvertised,
    gateways,
    metric: draft.metric?.value,
    translates,
    ...parts.numbers,
    dhcp: isUnread
      ? undefined
      : completeDhcp(findings, draft.dhcp, { name, addresses, own, taken }),
  };
}

function reportWithoutEffect(findings: Findings, name: string, draft: Draft<NetworkKeys>): void {
  const { translate, metric, gateway } = draft;
  const has4 = valuesOf(draft.address).some(({ address }) => ipFamily(address) === 4);
  if (translate?.value === true && !has4) {
    const message = `networks.${name}.translate does nothing without a virtual IPv4 address: remove it`;
    findings.warn(translate.at, "no-effect", message);
  }
  if (metric !== undefined && gateway === undefined) {
    const message = `networks.${name}.metric does nothing without gateway: remove it, or add gateway`;
    findings.warn(metric.at, "no-effect", message);
  }
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
  for (const { value: gateway, at } of itemsOf(draft.gateway)) {
    const family = ipFamily(gateway);
    const fault = families.has(family)
      ? `is the second IPv${family} address: the default route has one next hop`
      : gatewayFault(gateway, addresses, own);
    families.add(family);
    if (fault === undefined) continue;
    findings.error(at, "gateway-subnet", `networks.${name}.gateway ${gateway} ${fault}`);
  }
  return valuesOf(draft.gateway);
}

/** What is wrong with a next hop, if anything. */
function gatewayFault(
  gateway: IpAddress,
  addresses: readonly Prefix[],
  own: readonly Prefix[],
): string | undefined {
  const family = ipFamily(gateway);
  const isSame = ({ address }: Prefix): boolean => ipFamily(address) === family;
  const subnet = addresses.find(isSame);
  if (subnet === undefined) {
    // A network whose addresses could not be read was reported already.
    return addresses.length === 0
      ? undefined
      : `goes with a virtual IPv${family} address, and there is none: add one to address`;
  }
  const around = [...addresses, ...own].filter(isSame);
  if (around.some(({ address }) => address === gateway)) {
    return "is an address of the pair itself: write the next router's address";
  }
  if (isLinkLocal(gateway) || around.some((prefix) => prefixContains(prefix, gateway))) {
    return undefined;
  }
  return `is in no subnet of the network (${formatPrefix(subnet)}): write an address of it`;
}

function checkVrids(
  { findings, networks: entries }: Completion,
  networks: readonly PairNetwork[],
): void {
  const seen = new Map<string, string>();
  for (const [index, network] of networks.entries()) {
    const entry = entries[index];
    const ids = segmentIds(network);
    const clash = ids.find(({ key }) => seen.has(key));
    if (clash !== undefined && entry !== undefined) {
      const other = seen.get(clash.key) ?? "";
      const message = `networks.${network.name} has the VRID ${clash.vrid} (IPv${clash.family}) like networks.${other} on the same interface: give one of them another vrid`;
      const key = entry.value?.vrid6 ?? entry.value?.vrid;
      findings.error(key?.at ?? entry.nameAt, "vrid-duplicate", message);
    }
    for (const { key } of ids) if (!seen.has(key)) seen.set(key, network.name);
  }
}

interface SegmentId {
  readonly family: 4 | 6;
  readonly vrid: number;
  /** The same for two instances that would hear each other. */
  readonly key: string;
}

const segmentIds = (network: PairNetwork): readonly SegmentId[] =>
  Object.entries(network.interfaces).flatMap(([router, place]) =>
    instancesOf(network).map(({ family, vrid }) => ({
      family,
      vrid,
      key: `${router} ${place} ${family} ${vrid}`,
    })),
  );

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
