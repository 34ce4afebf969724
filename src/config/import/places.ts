/**
 * Where the facts of one router belong: a place is a network as that router sees it, an interface with what stands on it.
 * Places of both routers are then matched to networks of the pair, and named.
 */
import type { InstanceFacts, NetworkFacts, ReplicationFacts, RouterFacts } from "./facts.ts";
import { familyOf } from "./keepalived.ts";

type LinkFacts = ReplicationFacts["links"][number];

export interface Place {
  readonly interface: string | undefined;
  network: NetworkFacts | undefined;
  readonly instances: InstanceFacts[];
  readonly links: LinkFacts[];
}

/** A network of the pair as each router sees it; undefined where it does not. */
export interface Matched {
  readonly name: string;
  readonly places: readonly [Place | undefined, Place | undefined];
}

/** In the order of the files: networks with virtual addresses, then dedicated links. Others are not the pair's. */
export function placesOf(facts: RouterFacts): readonly Place[] {
  const places: Place[] = [];
  const placeOn = (device: string | undefined): Place => {
    const known = places.find((place) => place.interface === device);
    if (known !== undefined) return known;
    const network = facts.networks.find((one) => one.interface === device);
    const place: Place = { interface: device, network, instances: [], links: [] };
    places.push(place);
    return place;
  };
  for (const instance of facts.instances) placeOn(instance.interface).instances.push(instance);
  for (const link of facts.replication?.links ?? []) placeOn(link.interface).links.push(link);
  return places;
}

/** Networks that are no places: they have neither a virtual address nor replication. */
export function otherNetworks(
  { networks }: RouterFacts,
  places: readonly Place[],
): readonly NetworkFacts[] {
  return networks.filter((network) => places.every((place) => place.network !== network));
}

export function matchPlaces(first: readonly Place[], second: readonly Place[]): readonly Matched[] {
  const left = [...second];
  const pairs = first.map((place): [Place | undefined, Place | undefined] => {
    const index = bestMatch(place, left);
    return [place, index === -1 ? undefined : left.splice(index, 1)[0]];
  });
  pairs.push(...left.map((place): [undefined, Place] => [undefined, place]));
  const names = new Set<string>();
  return pairs.map((places) => {
    const name = nameOf(places, names);
    names.add(name);
    return { name, places };
  });
}

/** The same name, a common virtual router, the same interface, or both a mere link: whichever is found first. */
function bestMatch(place: Place, others: readonly Place[]): number {
  const rules: readonly ((other: Place) => boolean)[] = [
    ({ network }) => network !== undefined && network.name === place.network?.name,
    ({ instances }) => instances.some((one) => place.instances.some((two) => isSame(one, two))),
    (other) => other.interface !== undefined && other.interface === place.interface,
    (other) =>
      [place, other].every(({ links, instances }) => links.length > 0 && instances.length === 0),
  ];
  for (const rule of rules) {
    const index = others.findIndex(rule);
    if (index !== -1) return index;
  }
  return -1;
}

const isSame = (one: InstanceFacts, two: InstanceFacts): boolean =>
  one.vrid?.value === two.vrid?.value && familyOf(one) === familyOf(two);

const WORD = /^[a-zA-Z][\w.-]*$/;

function nameOf(places: readonly (Place | undefined)[], taken: ReadonlySet<string>): string {
  const known = places.filter((place) => place !== undefined);
  const instances = known.flatMap((place) => place.instances);
  const candidates = [
    ...known.flatMap(({ network }) => (network === undefined ? [] : [network.name])),
    commonName(instances),
    ...known.map((place) => roleName(place)),
  ];
  const name = candidates.find((one) => one !== undefined && WORD.test(one)) ?? "net";
  for (let number = 1; ; number += 1) {
    const free = number === 1 ? name : `${name}${number}`;
    if (!taken.has(free)) return free;
  }
}

/** One name for all instances of a network: those over IPv6 are often called like the others with a 6 behind it. */
function commonName(instances: readonly InstanceFacts[]): string | undefined {
  const names = instances.filter((one) => familyOf(one) === 4).map(({ name }) => name);
  for (const { name } of instances.filter((one) => familyOf(one) === 6)) {
    const short = name.replace(/[-_]?(?:ip)?v?6$/i, "");
    names.push(names.includes(short) || name.endsWith("-6") ? short : name);
  }
  const [name, ...others] = new Set(names);
  // The how-to's E1 and I1 say less than where they stand.
  return name === undefined || others.length > 0 || /^[A-Z]{1,2}\d*$/.test(name) ? undefined : name;
}

function roleName({ interface: device = "", instances, links }: Place): string {
  if (instances.length === 0 && links.length > 0) return "link";
  if (instances.some(({ gateways }) => gateways.length > 0)) return "wan";
  if (/lan/.test(device) && !/^wlan|^vlan/.test(device)) return "lan";
  return device.replaceAll(/[^\w.-]/g, "-");
}
