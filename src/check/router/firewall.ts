/** What the firewall lets in, and which address connections get on their way out. */
import type { ReplicationConfig } from "../../replication/config.ts";
import type { InstanceConfig } from "../../vrrp/config.ts";
import { type Finding, found } from "../finding.ts";
import {
  type AcceptRule,
  type InputFilter,
  type RouterPicture,
  type Translation,
  virtualsOf,
  virtualsOn,
} from "../picture.ts";

export function checkFirewall(picture: RouterPicture): readonly Finding[] {
  return [
    ...onceEach(
      picture.translations.flatMap((translation) => checkTranslation(picture, translation)),
    ),
    ...checkAdvertisements(picture),
    ...checkChannels(picture),
  ];
}

/** A rule about several interfaces is one mistake. */
function onceEach(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ at, code }) => {
    const key = `${at.file}:${at.line}:${at.column} ${code}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

function checkTranslation(picture: RouterPicture, translation: Translation): readonly Finding[] {
  const { address, at, family } = translation;
  if (address !== undefined) return checkSourceAddress(picture, translation);
  if (family === 6) return [];
  return outgoing(picture, translation).flatMap((device) => {
    const [virtual] = virtualsOn(picture, device, 4);
    if (virtual === undefined) return [];
    const message = `masquerading on ${device} gives connections the own address of the router and not ${virtual}`;
    const fix = sourceFix(translation, device, virtual);
    return [found("masquerade-own-address", at, message, fix)];
  });
}

const sourceFix = ({ zone }: Translation, device: string, virtual: string): string =>
  zone === undefined
    ? `write oifname "${device}" snat ip to ${virtual} in its place, on both routers`
    : `write option masq '0' for zone ${zone}, and add config nat with option src '${zone}', option proto 'all', option target 'SNAT', option snat_ip '${virtual}', on both routers`;

/** The interfaces with virtual addresses that a translation may concern: of any, those that lead to the world. */
function outgoing(picture: RouterPicture, translation: Translation): readonly string[] {
  if (translation.interface !== undefined) return [translation.interface];
  const instances = picture.election?.model.vrrp.instances ?? [];
  const outward = instances.filter(({ routes }) =>
    routes.some(({ spec }) => spec.destination.length === 0),
  );
  return [...new Set(outward.map((instance) => instance.interface))];
}

function checkSourceAddress(
  picture: RouterPicture,
  { address, at, interface: device }: Translation,
): readonly Finding[] {
  const virtuals = virtualsOf(picture).map(({ prefix }) => prefix.address);
  if (address === undefined || virtuals.length === 0 || virtuals.includes(address)) return [];
  const own = picture.ownAddresses.find(({ prefix }) => prefix.address === address);
  const what =
    own === undefined ? "no virtual address" : "the router's own address, which stays where it is";
  const [wanted] = device === undefined ? [] : virtualsOn(picture, device, 4);
  const message = `connections are translated to ${address}, ${what}`;
  const fix = wanted === undefined ? undefined : `translate to ${wanted}, on both routers`;
  return [found("reply-address-lost", at, message, fix)];
}

/** The filter of an interface: the zone that has it, or the default. */
const filterOf = ({ inputs }: RouterPicture, device: string): InputFilter | undefined =>
  inputs.find(({ interfaces }) => interfaces.includes(device)) ??
  inputs.find(({ interfaces }) => interfaces.length === 0);

/** Names and numbers of /etc/protocols that the firewall may use. */
const PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  vrrp: ["112", "vrrp"],
  ah: ["51", "ah"],
  udp: ["17", "udp", "tcpudp"],
  tcp: ["6", "tcp", "tcpudp"],
};

/** What is to come in. */
interface Wanted {
  readonly device: string;
  readonly protocol: string;
  readonly port?: number;
}

const letsIn = (
  { devices, protocols, ports }: AcceptRule,
  { device, protocol, port }: Wanted,
): boolean =>
  (devices.length === 0 || devices.includes(device)) &&
  (protocols.length === 0 ||
    protocols.some((name) => PROTOCOLS[protocol]?.includes(name.toLowerCase()) === true)) &&
  (port === undefined ||
    ports.length === 0 ||
    ports.some(([first, last]) => first <= port && port <= last));

function checkAdvertisements(picture: RouterPicture): readonly Finding[] {
  const byDevice = new Map<string, InstanceConfig>();
  for (const instance of picture.election?.model.vrrp.instances ?? [])
    if (!byDevice.has(instance.interface)) byDevice.set(instance.interface, instance);
  return [...byDevice].flatMap(([device, { authentication }]) => {
    const protocol = authentication.type === "header" ? "ah" : "vrrp";
    const filter = filterOf(picture, device);
    if (filter === undefined || isOpen(filter, { device, protocol })) return [];
    const number = protocol === "ah" ? 51 : 112;
    const message = `${filter.label} does not accept IP protocol ${number} on ${device}, so this router does not hear the other router there`;
    const fix = ruleFor(filter, {
      uci: `option proto '${number}'`,
      nftables: `iifname "${device}" meta l4proto ${number} accept`,
    });
    return [found("firewall-vrrp", filter.at, message, fix)];
  });
}

function checkChannels(picture: RouterPicture): readonly Finding[] {
  const channels: ReplicationConfig["channels"] = picture.replication?.config.channels ?? [];
  return channels.flatMap((channel) => {
    const protocol = channel.transport === "tcp" ? "tcp" : "udp";
    const filter = filterOf(picture, channel.interface);
    if (
      filter === undefined ||
      isOpen(filter, { device: channel.interface, protocol, port: channel.port })
    )
      return [];
    const message = `${filter.label} does not accept ${protocol.toUpperCase()} port ${channel.port} on ${channel.interface}, so nothing is replicated`;
    const fix = ruleFor(filter, {
      uci: `option proto '${protocol}', option dest_port '${channel.port}'`,
      nftables: `iifname "${channel.interface}" ${protocol} dport ${channel.port} accept`,
    });
    return [found("firewall-replication", filter.at, message, fix)];
  });
}

const isOpen = ({ accepts, rules }: InputFilter, wanted: Wanted): boolean =>
  accepts || rules.some((rule) => letsIn(rule, wanted));

function ruleFor(
  { kind, zone, label }: InputFilter,
  rule: Readonly<Record<InputFilter["kind"], string>>,
): string {
  if (kind === "nftables") return `add to ${label}: ${rule.nftables}`;
  const source = zone === undefined ? "" : `option src '${zone}', `;
  return `add to /etc/config/firewall: config rule with ${source}${rule.uci}, option target 'ACCEPT'`;
}
