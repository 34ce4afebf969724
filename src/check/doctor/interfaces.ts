/** Interfaces, own addresses and default routes: is there what the configuration builds on? */
import { ipFamily, isLinkLocal, prefixContains } from "../../base/ip.ts";
import type { ChannelConfig } from "../../replication/config.ts";
import type { InstanceConfig } from "../../vrrp/config.ts";
import { IPV4_HEADER_SIZE } from "../../wire/ipv4.ts";
import { IPV6_HEADER_SIZE } from "../../wire/ipv6.ts";
import { advertisementSize } from "../../wire/vrrp.ts";
import { AH_SIZE, TRAILER_SIZE } from "../../wire/vrrp-auth.ts";
import { type DoctorFinding, type Expectation, report } from "./finding.ts";
import type { AddressSeen, LinkSeen, Snapshot } from "./snapshot.ts";

export function checkInterfaces(
  { links, addresses }: Snapshot,
  { model: { vrrp }, replication }: Expectation,
): readonly DoctorFinding[] {
  const channels = replication?.channels ?? [];
  const users = new Map<string, string[]>();
  const use = (device: string, user: string): void =>
    void users.set(device, [...(users.get(device) ?? []), user]);
  for (const instance of vrrp.instances)
    if (instance.trackInterface) use(instance.interface, `instance ${instance.name}`);
  for (const channel of channels) use(channel.interface, "the replication");
  const found =
    links === null
      ? []
      : [...users].flatMap(([device, who]) => checkLink(device, who.join(" and "), links));
  const sizes =
    links === null ? [] : vrrp.instances.flatMap((instance) => checkSize(instance, links));
  return [...found, ...sizes, ...checkOwnAddresses(addresses, vrrp.instances, channels)];
}

function checkLink(
  device: string,
  who: string,
  links: readonly LinkSeen[],
): readonly DoctorFinding[] {
  const link = links.find(({ name }) => name === device);
  const place = device;
  if (link === undefined) {
    const names = links.map(({ name }) => name).join(", ");
    const message = `${who} needs ${device}, and there is no such interface, only ${names}`;
    return [report({ code: "interface-missing", place, message })];
  }
  if (!link.up) {
    const fix = `ip link set dev ${device} up`;
    return [
      report({
        code: "interface-down",
        place,
        message: `${who} needs ${device}, which is down`,
        fix,
      }),
    ];
  }
  if (link.kind === "bridge" && !links.some(({ master }) => master === device)) {
    const message = `${who} needs ${device}, which is a bridge without ports`;
    return [
      report({
        code: "bridge-empty",
        place,
        message,
        fix: `ip link set dev PORT master ${device}`,
      }),
    ];
  }
  if (link.running) return [];
  const message = `${who} needs ${device}, which has no carrier`;
  const isBridge = link.kind === "bridge";
  const ports = links.filter(({ master }) => master === device).map(({ name }) => name);
  const fix = isBridge ? `check the cables of its ports ${ports.join(", ")}` : undefined;
  return [report({ code: "no-carrier", place, message, ...(fix !== undefined && { fix }) })];
}

function checkSize(instance: InstanceConfig, links: readonly LinkSeen[]): readonly DoctorFinding[] {
  const link = links.find(({ name }) => name === instance.interface);
  const { family, version, addresses, authentication } = instance;
  const extra = { none: 0, password: 0, header: AH_SIZE, hmac: TRAILER_SIZE }[authentication.type];
  const header = family === 4 ? IPV4_HEADER_SIZE : IPV6_HEADER_SIZE;
  const size = header + extra + advertisementSize(version, family, addresses.length);
  if (link === undefined || size <= link.mtu) return [];
  const message = `an advertisement of ${instance.name} has ${size} bytes, and ${link.name} takes ${link.mtu}`;
  return [report({ code: "mtu-small", place: instance.name, message })];
}

function checkOwnAddresses(
  addresses: Snapshot["addresses"],
  instances: readonly InstanceConfig[],
  channels: readonly ChannelConfig[],
): readonly DoctorFinding[] {
  if (addresses === null) return [];
  return [
    ...instances.flatMap((instance) => checkSource(instance, instances, addresses)),
    ...channels.flatMap((channel) => checkChannel(channel, addresses)),
  ];
}

function checkSource(
  instance: InstanceConfig,
  instances: readonly InstanceConfig[],
  addresses: readonly AddressSeen[],
): readonly DoctorFinding[] {
  const { interface: device, family, source, name } = instance;
  const virtual = new Set(
    instances.flatMap((one) => [...one.addresses, ...one.excluded].map(({ spec }) => spec.address)),
  );
  const own = addresses.filter(
    (entry) =>
      entry.interface === device &&
      ipFamily(entry.address) === family &&
      !virtual.has(entry.address),
  );
  const place = device;
  const code = "own-address-missing";
  if (source !== undefined) {
    if (own.some(({ address }) => address === source)) return [];
    const message = `${name} advertises from ${source}, which ${device} does not have`;
    const length = instance.addresses[0]?.spec.prefixLength ?? (family === 4 ? 24 : 64);
    return [
      report({ code, place, message, fix: `ip address add ${source}/${length} dev ${device}` }),
    ];
  }
  if (own.some(({ address }) => family === 4 || isLinkLocal(address))) return [];
  const kind = family === 4 ? "IPv4 address of its own" : "link-local IPv6 address";
  return [
    report({ code, place, message: `${device}, which ${name} advertises on, has no ${kind}` }),
  ];
}

/** The group of a multicast channel is no address of anybody; its peer field has the local one. */
function checkChannel(
  { transport, address, peer, interface: device }: ChannelConfig,
  addresses: readonly AddressSeen[],
): readonly DoctorFinding[] {
  const local = transport === "multicast" ? peer : address;
  if (local === undefined) return [];
  const holder = addresses.find((entry) => entry.address === local);
  if (holder?.interface === device) return [];
  const where = holder === undefined ? "nowhere on this router" : `on ${holder.interface}`;
  const message = `the replication on ${device} sends from ${local}, which is ${where}`;
  const length = ipFamily(local) === 4 ? 30 : 64;
  const fix = `ip address add ${local}/${length} dev ${device}`;
  return [report({ code: "own-address-missing", place: device, message, fix })];
}

/** Default routes that would be preferred to those that go with the role. */
export function checkRoutes(
  { defaultRoutes, addresses }: Snapshot,
  { model: { vrrp } }: Expectation,
): readonly DoctorFinding[] {
  if (defaultRoutes === null) return [];
  return vrrp.instances.flatMap(({ name, routes }) =>
    routes
      .filter(({ spec }) => spec.destination.length === 0 && spec.table === MAIN_TABLE)
      .flatMap(({ spec }) => {
        const better = defaultRoutes.find(
          (route) =>
            route.family === spec.family &&
            route.metric <= (spec.metric ?? 0) &&
            (route.gateway !== spec.gateway || route.metric < (spec.metric ?? 0)) &&
            isUsable(route.gateway, addresses),
        );
        if (better === undefined) return [];
        const device = better.interface ?? "";
        const via = better.gateway === undefined ? "" : ` via ${better.gateway}`;
        const line = `default${via} dev ${device} metric ${better.metric}`;
        const message = `${name} brings a default route via ${spec.gateway ?? "no gateway"} with metric ${spec.metric ?? 0}, and ${line} is preferred to it`;
        const fix = `ip route del ${line}, or give the route of ${name} a metric below ${better.metric}`;
        return [report({ code: "route-shadowed", place: name, message, fix })];
      }),
  );
}

const MAIN_TABLE = 254;

const isUsable = (
  gateway: Parameters<typeof prefixContains>[1] | undefined,
  addresses: Snapshot["addresses"],
): boolean =>
  gateway === undefined ||
  addresses === null ||
  isLinkLocal(gateway) ||
  addresses.some(({ address, prefixLength }) =>
    prefixContains({ address, length: prefixLength }, gateway),
  );
