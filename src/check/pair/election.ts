/** What two keepalived configurations must agree on to be one pair. */
import { formatPrefix, type IpAddress } from "../../base/ip.ts";
import type { Position } from "../../config/diagnostics.ts";
import type { InstanceConfig, Tracking, Transport, VirtualRoute } from "../../vrrp/config.ts";
import { type CheckCode, type Finding, found } from "../finding.ts";
import { blockAt, placeInBlock, placeOf, type RouterPicture, word } from "../picture.ts";
import { type Match, matchInstances } from "./matching.ts";
import { compareTracking } from "./tracking.ts";

/** One matched pair of instances, told at the second router's file, where the copy usually is. */
interface Comparison extends Match {
  readonly first: RouterPicture;
  readonly second: RouterPicture;
}

/** Nothing unless both routers have an election. */
export function compareElections(first: RouterPicture, second: RouterPicture): readonly Finding[] {
  if (first.election === undefined || second.election === undefined) return [];
  const { matches, aAlone, bAlone } = matchInstances(first, second);
  return [
    ...aAlone.map((instance) => alone(instance, first, second)),
    ...bAlone.map((instance) => alone(instance, second, first)),
    ...matches.flatMap((match) => compareInstances({ ...match, first, second })),
    ...compareGroups(first, second),
  ];
}

function alone(instance: InstanceConfig, here: RouterPicture, there: RouterPicture): Finding {
  const message = `vrrp_instance ${instance.name} (VRID ${instance.vrid} on ${instance.interface}) has no counterpart on ${there.name}`;
  const fix = `copy vrrp_instance ${instance.name} with virtual_router_id ${instance.vrid} to ${there.election?.file ?? there.name}`;
  return found("instance-unmatched", blockAt(here, instance.name), message, fix);
}

function compareInstances(comparison: Comparison): readonly Finding[] {
  return [
    ...compareSettings(comparison),
    ...compareAddresses(comparison),
    ...compareTransports(comparison),
    ...comparePriorities(comparison),
    ...compareRoutes(comparison),
    ...trackingOf(comparison),
  ];
}

const trackingOf = ({ a, b, first, second }: Comparison): readonly Finding[] =>
  compareTracking({ instance: a, picture: first }, { instance: b, picture: second });

interface Setting {
  readonly code: CheckCode;
  readonly keyword: string;
  readonly valueOf: (instance: InstanceConfig) => string;
}

const SETTINGS: readonly Setting[] = [
  {
    code: "vrid-differs",
    keyword: "virtual_router_id",
    valueOf: ({ vrid }) => `virtual_router_id ${vrid}`,
  },
  { code: "version-differs", keyword: "version", valueOf: ({ version }) => `version ${version}` },
  {
    code: "interval-differs",
    keyword: "advert_int",
    valueOf: ({ interval }) => `advert_int ${interval / 1_000_000}`,
  },
  {
    code: "preempt-differs",
    keyword: "nopreempt",
    valueOf: ({ preempt }) => (preempt ? "no nopreempt" : "nopreempt"),
  },
];

function compareSettings(comparison: Comparison): readonly Finding[] {
  const { a, b, first, second } = comparison;
  const differing = SETTINGS.flatMap(({ code, keyword, valueOf }) => {
    const [mine, theirs] = [valueOf(a), valueOf(b)];
    if (mine === theirs) return [];
    const message = `vrrp_instance ${b.name} has ${theirs}, and ${a.name} on ${first.name} has ${mine}`;
    const fix = `write ${theirs.startsWith("no ") ? mine : theirs} in both files`;
    const finding = found(code, placeIn(second, b, keyword), message, fix);
    // A VRRPv3 backup goes by the interval that it hears.
    const isHarmless = code === "interval-differs" && a.version === 3 && b.version === 3;
    return [isHarmless ? { ...finding, severity: "warning" as const } : finding];
  });
  return [...differing, ...compareAuthentication(comparison)];
}

const KINDS = {
  none: "no authentication",
  password: "auth_type PASS",
  header: "auth_type AH",
  hmac: "auth_hmac",
} as const;

function compareAuthentication({ a, b, first, second }: Comparison): readonly Finding[] {
  if (JSON.stringify(a.authentication) === JSON.stringify(b.authentication)) return [];
  const [mine, theirs] = [KINDS[a.authentication.type], KINDS[b.authentication.type]];
  const message =
    mine === theirs
      ? `vrrp_instance ${b.name} has another ${theirs} secret than ${a.name} on ${first.name}`
      : `vrrp_instance ${b.name} has ${theirs}, and ${a.name} on ${first.name} has ${mine}`;
  return [found("authentication-differs", placeIn(second, b, "auth_pass|authentication"), message)];
}

function compareAddresses({ a, b, first, second }: Comparison): readonly Finding[] {
  const mine = addressesOf(a);
  const theirs = addressesOf(b);
  const missing = [
    ...only(mine, theirs).map((text) =>
      unlisted(text, a, { at: addressAt(first, a, text), where: second.name }),
    ),
    ...only(theirs, mine).map((text) =>
      unlisted(text, b, { at: addressAt(second, b, text), where: first.name }),
    ),
  ];
  const lengths = [...theirs].flatMap(([address, length]) => {
    const other = mine.get(address);
    if (other === undefined || other === length) return [];
    const message = `virtual address ${address} has the length ${length}, and ${other} on ${first.name}`;
    const at = addressAt(second, b, address);
    return [
      found("virtual-length-differs", at, message, `write ${address}/${other} in both files`),
    ];
  });
  return [...missing, ...lengths, ...compareAdvertised({ a, b, first, second })];
}

const advertisedAndNot = (
  { addresses }: InstanceConfig,
  { excluded }: InstanceConfig,
): readonly string[] =>
  addresses
    .map(({ spec }) => spec.address)
    .filter((address) => excluded.some(({ spec }) => spec.address === address));

/** An address that one router advertises and the other one holds without saying so. */
function compareAdvertised({ a, b, first, second }: Comparison): readonly Finding[] {
  return [...advertisedAndNot(a, b), ...advertisedAndNot(b, a)].map((address) => {
    const message = `virtual address ${address} is advertised by one router and excluded on the other one (${first.name})`;
    const fix = `list ${address} in virtual_ipaddress, or in virtual_ipaddress_excluded, on both routers`;
    return found("virtual-lists-differ", addressAt(second, b, address), message, fix);
  });
}

function unlisted(
  address: string,
  { name }: InstanceConfig,
  { at, where }: { readonly at: Position; readonly where: string },
): Finding {
  const message = `virtual address ${address} of vrrp_instance ${name} is not on ${where}`;
  const fix = `add ${address} to the virtual_ipaddress list of ${where}, or remove it here`;
  return found("virtual-lists-differ", at, message, fix);
}

const addressesOf = ({ addresses, excluded }: InstanceConfig): ReadonlyMap<string, number> =>
  new Map([...addresses, ...excluded].map(({ spec }) => [spec.address, spec.prefixLength]));

const only = (
  these: ReadonlyMap<string, number>,
  those: ReadonlyMap<string, number>,
): readonly string[] => [...these.keys()].filter((address) => !those.has(address));

const addressAt = (picture: RouterPicture, { name }: InstanceConfig, text: string): Position =>
  placeOf(picture, blockAt(picture, name), word(text));

const placeIn = (picture: RouterPicture, { name }: InstanceConfig, keyword: string): Position =>
  placeInBlock(picture, blockAt(picture, name), new RegExp(String.raw`\b(?:${keyword})\b`));

function compareTransports({ a, b, first, second }: Comparison): readonly Finding[] {
  const [mine, theirs] = [describe(a.transport), describe(b.transport)];
  if (mine !== theirs) {
    const message = `vrrp_instance ${b.name} advertises by ${theirs}, and ${a.name} on ${first.name} by ${mine}`;
    return [found("transport-differs", placeIn(second, b, "unicast_peer"), message)];
  }
  return [...comparePeers(a, first, second), ...comparePeers(b, second, first)];
}

const describe = (transport: Transport): string =>
  transport.type === "multicast" ? `multicast to ${transport.group}` : "unicast";

function comparePeers(
  instance: InstanceConfig,
  here: RouterPicture,
  there: RouterPicture,
): readonly Finding[] {
  const { transport } = instance;
  if (transport.type !== "unicast" || transport.peers.length === 0) return [];
  const known = there.ownAddresses.map(({ prefix }) => prefix.address);
  const sources = there.election?.model.vrrp.instances.flatMap(({ source }) => source ?? []) ?? [];
  const addresses = new Set<IpAddress>([...known, ...sources]);
  if (addresses.size === 0) return [];
  if (transport.peers.some(({ address }) => addresses.has(address))) return [];
  const names = transport.peers.map(({ address }) => address).join(", ");
  const message = `unicast_peer of vrrp_instance ${instance.name} names ${names}, which is no address of ${there.name} (${[...addresses].join(", ")})`;
  const at = placeOf(here, blockAt(here, instance.name), word(transport.peers[0]?.address ?? ""));
  return [found("unicast-peer-unknown", at, message)];
}

const OWNER = 255;

function comparePriorities({ a, b, first, second }: Comparison): readonly Finding[] {
  if (a.priority === OWNER && b.priority === OWNER) {
    const message = `vrrp_instance ${b.name} has priority 255 on both routers`;
    return [found("priority-owners", placeIn(second, b, "priority"), message)];
  }
  const weighted = [...weightsOf(first, a), ...weightsOf(second, b)];
  if (a.priority === b.priority && a.preempt && b.preempt && weighted.length === 0) {
    const message = `vrrp_instance ${b.name} has priority ${b.priority} here and on ${first.name}, without nopreempt`;
    return [found("priority-tie", placeIn(second, b, "priority"), message)];
  }
  return [...compareWeights(a, b, first), ...compareWeights(b, a, second)];
}

/** Trackers with a weight, of the instance and of its group. */
function weightsOf(
  { election }: RouterPicture,
  { name, tracking }: InstanceConfig,
): readonly Tracking[] {
  const groups = election?.model.vrrp.groups.filter(({ members }) => members.includes(name)) ?? [];
  const all = [...tracking, ...groups.flatMap((group) => group.tracking)];
  return all.filter(({ weight }) => weight !== 0);
}

/** Said of the router that is higher, where all its failures together do not bring it below the other one. */
function compareWeights(
  high: InstanceConfig,
  low: InstanceConfig,
  here: RouterPicture,
): readonly Finding[] {
  const weighted = weightsOf(here, high);
  const swing = weighted.reduce((total, { weight }) => total + Math.abs(weight), 0);
  if (high.priority <= low.priority || swing === 0) return [];
  const at = placeIn(here, high, "weight|track_\\w+");
  const trackers = weighted.map((entry) => entry.tracker);
  const difference = high.priority - low.priority;
  if (swing <= difference) {
    const message = `weights of ${trackers.join(", ")} in vrrp_instance ${high.name} come to ${swing}, and its priority is ${difference} above the other router's`;
    const fix = `make the weights come to more than ${difference}, or leave them out`;
    return [found("weight-no-effect", at, message, fix)];
  }
  if (low.preempt) return [];
  const message = `${trackers.join(", ")} lowers the priority of vrrp_instance ${high.name}, but the other router has nopreempt and does not take over`;
  return [found("weight-no-effect", at, message, "remove nopreempt, or leave out the weight")];
}

function compareRoutes({ a, b, first, second }: Comparison): readonly Finding[] {
  const [mine, theirs] = [a.routes.map(routeText), b.routes.map(routeText)];
  const extra = theirs.filter((text) => !mine.includes(text));
  const missing = mine.filter((text) => !theirs.includes(text));
  if (extra.length + missing.length === 0) return [];
  const parts = [
    ...extra.map((text) => `has ${text}, which ${first.name} has not`),
    ...missing.map((text) => `lacks ${text} of ${first.name}`),
  ];
  const message = `vrrp_instance ${b.name} ${parts.join(", and ")}`;
  return [found("routes-differ", placeIn(second, b, "virtual_routes"), message)];
}

/** Without the interface, whose name may differ. */
function routeText({ spec }: VirtualRoute): string {
  const { destination, gateway, preferredSource, metric, table } = spec;
  const words = [
    `route to ${formatPrefix(destination)}`,
    ...(gateway === undefined ? [] : [`via ${gateway}`]),
    ...(preferredSource === undefined ? [] : [`src ${preferredSource}`]),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
    ...(table === 254 ? [] : [`table ${table}`]),
  ];
  return words.join(" ");
}

function compareGroups(first: RouterPicture, second: RouterPicture): readonly Finding[] {
  const { matches } = matchInstances(first, second);
  const mine = groupsOf(first);
  const theirs = groupsOf(second);
  const renamed = new Map(matches.map(({ a, b }) => [b.name, a.name]));
  const differing = matches.find(({ a, b }) => {
    const members = (theirs.get(b.name) ?? [b.name]).map((name) => renamed.get(name) ?? name);
    return partOf(mine, a.name) !== members.toSorted().join(" ");
  });
  if (differing === undefined) return [];
  const { a, b } = differing;
  const message = `vrrp_instance ${b.name} moves together with ${others(theirs, b.name)}, and on ${first.name} with ${others(mine, a.name)}`;
  return [found("groups-differ", blockAt(second, b.name), message)];
}

const partOf = (groups: ReadonlyMap<string, readonly string[]>, name: string): string =>
  (groups.get(name) ?? [name]).toSorted().join(" ");

const others = (groups: ReadonlyMap<string, readonly string[]>, name: string): string => {
  const rest = (groups.get(name) ?? []).filter((member) => member !== name);
  return rest.length === 0 ? "none" : rest.join(", ");
};

const groupsOf = ({ election }: RouterPicture): ReadonlyMap<string, readonly string[]> =>
  new Map(
    (election?.model.vrrp.groups ?? []).flatMap(({ members }) =>
      members.map((name) => [name, members] as const),
    ),
  );
