/** The routers' own addresses: from their files, from what each file says of the other router, or asked for. */
import { type IpAddress, ipBits, ipFamily, type Prefix, prefixContains } from "../../base/ip.ts";
import type { Matched, Place } from "./places.ts";

/** An address that the user gives, by names of router and network. */
export interface OwnAddress {
  readonly router: string;
  readonly network: string;
  readonly prefix: Prefix;
}

/** Stands where an address must be filled in: no check lets it pass. */
const PLACEHOLDER = "0.0.0.0" as IpAddress;
const LINK_BITS = { 4: 24, 6: 64 } as const;
const LINK_BITS_NARROW = { 4: 30, 6: 126 } as const;

export interface OwnAddresses {
  /** For each router, by network. */
  readonly addresses: readonly Readonly<Record<string, readonly Prefix[]>>[];
  readonly missing: readonly string[];
}

/** `isBothKnown`: the second router's files were read, too. */
export function ownAddresses(
  matched: readonly Matched[],
  names: readonly [string, string],
  given: readonly OwnAddress[],
  isBothKnown: boolean,
): OwnAddresses {
  const missing: string[] = [];
  const addresses = names.map((router, index) =>
    Object.fromEntries(
      matched.map(({ name, places }) => {
        const said = given.filter((one) => one.router === router && one.network === name);
        const found =
          said.length > 0 ? said.map(({ prefix }) => prefix) : foundIn(places, index, isBothKnown);
        if (found.length > 0) return [name, found];
        missing.push(
          `${router} has no address in ${name} in these files: write it under routers, or import with --address ${router}.${name}=ADDRESS/LENGTH`,
        );
        return [name, [placeholder(places)]];
      }),
    ),
  );
  return { addresses, missing };
}

/** Of the second router, where only the first one's files are known, what these say of it. */
function foundIn(
  places: Matched["places"],
  index: number,
  isBothKnown: boolean,
): readonly Prefix[] {
  const [own, other] = [places[index], places[1 - index]];
  if (index === 1 && !isBothKnown) return own === undefined ? [] : saidOfPeer(own);
  const configured = own?.network?.addresses.map(({ value }) => value) ?? [];
  if (configured.length > 0) return onePerFamily(configured);
  const sources = own === undefined ? [] : sourcesOf(own);
  if (sources.length > 0) return sources;
  return other === undefined ? [] : saidOfPeer(other);
}

const onePerFamily = (prefixes: readonly Prefix[]): readonly Prefix[] =>
  prefixes.filter(
    ({ address }, index) =>
      prefixes.findIndex((one) => ipFamily(one.address) === ipFamily(address)) === index,
  );

/** Where its advertisements and its replication come from. */
function sourcesOf(place: Place): readonly Prefix[] {
  const found = [
    ...place.instances.map(({ source }) => source?.value),
    ...place.links.map(({ own }) => own),
  ];
  return withLengths(found, place);
}

function saidOfPeer(place: Place): readonly Prefix[] {
  const found = [
    ...place.instances.flatMap(({ unicastPeers }) => unicastPeers.map(({ value }) => value)),
    ...place.links.map(({ peer }) => peer),
  ];
  return withLengths(found, place);
}

function withLengths(
  addresses: readonly (IpAddress | undefined)[],
  place: Place,
): readonly Prefix[] {
  const known = addresses.filter((address) => address !== undefined);
  return onePerFamily(known.map((address) => ({ address, length: lengthOf(address, place) })));
}

/** Of the virtual address that it belongs to, or the narrowest usual one that holds both ends of the link. */
function lengthOf(address: IpAddress, { instances, links }: Place): number {
  const family = ipFamily(address);
  const around = instances
    .flatMap((one) => one.addresses)
    .find(({ value }) => value.length < ipBits(family) && prefixContains(value, address));
  if (around !== undefined) return around.value.length;
  const narrow = { address, length: LINK_BITS_NARROW[family] };
  const holdsBoth = links.every(({ own, peer }) =>
    [own, peer].every((end) => end === undefined || prefixContains(narrow, end)),
  );
  return holdsBoth && links.length > 0 ? narrow.length : LINK_BITS[family];
}

function placeholder(places: Matched["places"]): Prefix {
  const virtual = places.flatMap((place) => place?.instances ?? []).flatMap((one) => one.addresses);
  return { address: PLACEHOLDER, length: virtual[0]?.value.length ?? LINK_BITS[4] };
}
