/** Virtual addresses beside the router's own ones, and what moves together. */
import {
  formatPrefix,
  type IpAddress,
  ipBits,
  ipBytes,
  ipFamily,
  ipFromBytes,
  isLinkLocal,
  type Prefix,
  prefixContains,
} from "../../base/ip.ts";
import type { InstanceConfig } from "../../vrrp/config.ts";
import { type Finding, found } from "../finding.ts";
import {
  blockAt,
  networksOn,
  placeOf,
  type RouterPicture,
  type VirtualOn,
  virtualsOf,
  word,
} from "../picture.ts";

export function checkAddresses(picture: RouterPicture): readonly Finding[] {
  const { election } = picture;
  if (election === undefined) return [];
  const { instances } = election.model.vrrp;
  return [
    ...virtualsOf(picture).flatMap((virtual) => checkVirtual(picture, virtual)),
    ...instances.flatMap((instance) => checkRouteSources(picture, instance)),
    ...checkSegments(picture, instances),
    ...checkGroups(picture, instances),
  ];
}

function checkVirtual(picture: RouterPicture, { instance, prefix }: VirtualOn): readonly Finding[] {
  const at = placeOf(picture, blockAt(picture, instance.name), word(prefix.address));
  const own = picture.ownAddresses.filter(
    (entry) => ipFamily(entry.prefix.address) === ipFamily(prefix.address),
  );
  const same = own.find((entry) => entry.prefix.address === prefix.address);
  if (same !== undefined) {
    const message = `${prefix.address} is a virtual address of vrrp_instance ${instance.name} and the router's own address on ${same.interface} (${same.at.file}:${same.at.line})`;
    return [found("virtual-is-own", at, message)];
  }
  // Every link has the link-local network, which says nothing about the others.
  const here = own.filter(
    (entry) => entry.interface === instance.interface && !isLinkLocal(entry.prefix.address),
  );
  if (
    isLinkLocal(prefix.address) ||
    here.length === 0 ||
    here.some((entry) => prefixContains(entry.prefix, prefix.address))
  )
    return [];
  if (bringsItsNetwork(instance, prefix)) return [];
  const networks = here.map((entry) => networkText(entry.prefix)).join(", ");
  const message = `virtual address ${formatPrefix(prefix)} of vrrp_instance ${instance.name} is not in the network of ${instance.interface}, which has ${networks}`;
  const told = toldByDhcp(picture, instance.interface).find((address) =>
    here.some((entry) => prefixContains(entry.prefix, address)),
  );
  const wanted =
    told === undefined ? `a free address of ${networks}` : `${told}, as DHCP tells hosts,`;
  const fix = `write ${wanted} in place of ${prefix.address}, on both routers`;
  return [found("virtual-outside-subnet", at, message, fix)];
}

/** With the host bits cleared: 192.168.1.2/24 is 192.168.1.0/24. */
function networkText({ address, length }: Prefix): string {
  const bytes = ipBytes(address).map(
    (byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, length - index * 8))),
  );
  return formatPrefix({ address: ipFromBytes(bytes), length });
}

/** The gateways that hosts behind an interface are told. */
const toldByDhcp = ({ dhcp }: RouterPicture, device: string): readonly IpAddress[] =>
  dhcp
    .filter((service) => service.interface === device)
    .flatMap(({ options }) => options.filter((option) => option.number === 3))
    .flatMap(({ addresses }) => addresses);

/** A network that only the active router has an address in: its gateway is reached through the virtual address. */
const bringsItsNetwork = ({ routes }: InstanceConfig, prefix: Prefix): boolean =>
  prefix.length < ipBits(ipFamily(prefix.address)) &&
  routes.some(({ spec }) => spec.gateway !== undefined && prefixContains(prefix, spec.gateway));

function checkRouteSources(
  picture: RouterPicture,
  { name, routes }: InstanceConfig,
): readonly Finding[] {
  if (routes.length === 0) return [];
  const virtuals = new Set<string>(virtualsOf(picture).map(({ prefix }) => prefix.address));
  return routes.flatMap(({ spec }) => {
    const source = spec.preferredSource;
    if (source === undefined || virtuals.has(source)) return [];
    const at = placeOf(picture, blockAt(picture, name), word(source));
    const message = `the route to ${formatPrefix(spec.destination)} in vrrp_instance ${name} has src ${source}, which is no virtual address of this router`;
    return [found("route-source", at, message)];
  });
}

/** Two interfaces with one network are one segment. */
function checkSegments(
  picture: RouterPicture,
  instances: readonly InstanceConfig[],
): readonly Finding[] {
  return instances.flatMap((instance, index) => {
    const other = instances
      .slice(0, index)
      .find(
        (earlier) => isAmbiguous(instance, earlier) && shareNetwork(picture, instance, earlier),
      );
    if (other === undefined) return [];
    const at = placeOf(picture, blockAt(picture, instance.name), /\bvirtual_router_id\b/);
    const message = `vrrp_instance ${instance.name} on ${instance.interface} and ${other.name} on ${other.interface} both have VRID ${instance.vrid}, and both interfaces lead into one network`;
    return [found("vrid-segment", at, message)];
  });
}

const isAmbiguous = (a: InstanceConfig, b: InstanceConfig): boolean =>
  a.vrid === b.vrid &&
  a.family === b.family &&
  a.interface !== b.interface &&
  a.transport.type === "multicast" &&
  b.transport.type === "multicast" &&
  a.transport.group === b.transport.group;

const shareNetwork = (picture: RouterPicture, a: InstanceConfig, b: InstanceConfig): boolean =>
  networksOn(picture, a.interface).some((left) =>
    networksOn(picture, b.interface).some(
      (right) => prefixContains(left, right.address) || prefixContains(right, left.address),
    ),
  );

/** Told once, at the first instance that stands alone, when another interface has instances, too. */
function checkGroups(
  picture: RouterPicture,
  instances: readonly InstanceConfig[],
): readonly Finding[] {
  const groups = picture.election?.model.vrrp.groups ?? [];
  const groupOf = ({ name }: InstanceConfig): string =>
    groups.find(({ members }) => members.includes(name))?.name ?? name;
  const [first] = instances;
  if (first === undefined) return [];
  const apart = instances.find(
    (instance) => instance.interface !== first.interface && groupOf(instance) !== groupOf(first),
  );
  if (apart === undefined) return [];
  const names = instances.map(({ name }) => name);
  const message = `vrrp_instance ${first.name} on ${first.interface} and ${apart.name} on ${apart.interface} are in no common vrrp_sync_group and move apart from each other`;
  const fix = `add to both routers: vrrp_sync_group G1 { group { ${names.join(" ")} } }`;
  return [found("group-absent", blockAt(picture, apart.name), message, fix)];
}
