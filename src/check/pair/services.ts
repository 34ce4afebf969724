/** Own addresses, DHCP and firewall of two routers: a host must notice nothing of a failover. */
import { type IpAddress, parseIp } from "../../base/ip.ts";
import { type Finding, found } from "../finding.ts";
import {
  type DhcpService,
  type FirewallRule,
  interfaceFor,
  type RouterPicture,
  type StaticLease,
  virtualsOf,
  virtualsOn,
} from "../picture.ts";
import { describeLease } from "../router/dhcp.ts";

export const compareServices = (
  first: RouterPicture,
  second: RouterPicture,
): readonly Finding[] => [
  ...compareAddresses(first, second),
  ...compareDhcp(first, second),
  ...compareLeases(first, second),
  ...compareFirewalls(first, second),
];

/** Loopback and link-local addresses are everybody's own. */
const EVERYWHERE = /^127\.|^::1$|^fe80:|^169\.254\./;

function compareAddresses(first: RouterPicture, second: RouterPicture): readonly Finding[] {
  return second.ownAddresses.flatMap(({ prefix, interface: device, at }) => {
    const { address } = prefix;
    const isShared = first.ownAddresses.some((other) => other.prefix.address === address);
    if (!isShared || EVERYWHERE.test(address)) return [];
    const message = `${address} on ${device} is an own address of ${first.name}, too`;
    return [found("own-address-shared", at, message)];
  });
}

function compareDhcp(first: RouterPicture, second: RouterPicture): readonly Finding[] {
  if (!first.knowsDhcp || !second.knowsDhcp) return [];
  return [
    ...first.dhcp.flatMap((service) => lonely(service, first, second)),
    ...second.dhcp.flatMap((service) => lonely(service, second, first)),
    ...second.dhcp.flatMap((service) => comparePools(service, first)),
  ];
}

const counterpart = ({ label }: DhcpService, there: RouterPicture): DhcpService | undefined =>
  there.dhcp.find((service) => service.label === label);

/** Networks without virtual addresses are each router's own matter. */
function lonely(
  service: DhcpService,
  here: RouterPicture,
  there: RouterPicture,
): readonly Finding[] {
  const { interface: device, label } = service;
  const isShared =
    device === undefined ? virtualsOf(here).length > 0 : virtualsOn(here, device, 4).length > 0;
  if (!isShared || counterpart(service, there) !== undefined) return [];
  const message = `${here.name} answers DHCP on ${label}, and ${there.name} does not`;
  return [found("dhcp-one-sided", service.at, message)];
}

function comparePools(service: DhcpService, there: RouterPicture): readonly Finding[] {
  const other = counterpart(service, there)?.pool;
  const { pool, label } = service;
  if (pool === undefined || other === undefined) return [];
  if (pool.first === other.first && pool.last === other.last) return [];
  const message = `the pool of ${label} is ${pool.first} to ${pool.last}, and ${other.first} to ${other.last} on ${there.name}`;
  return [found("dhcp-pool-differs", pool.at, message)];
}

function compareLeases(first: RouterPicture, second: RouterPicture): readonly Finding[] {
  if (!first.knowsDhcp || !second.knowsDhcp) return [];
  return [
    ...second.leases.flatMap((lease) => driftOf(lease, first)),
    ...first.leases
      .filter((lease) => likeOf(lease, second) === undefined)
      .map((lease) => onlyHere(lease, second)),
  ];
}

const likeOf = (lease: StaticLease, there: RouterPicture): StaticLease | undefined =>
  there.leases.find(({ macs }) => macs.some((mac) => lease.macs.includes(mac))) ??
  there.leases.find(({ name }) => name !== undefined && name === lease.name);

function driftOf(lease: StaticLease, there: RouterPicture): readonly Finding[] {
  const other = likeOf(lease, there);
  if (other === undefined) return [onlyHere(lease, there)];
  const [mine, theirs] = [leaseText(other), leaseText(lease)];
  if (mine === theirs) return [];
  const message = `static lease ${describeLease(lease)} is ${theirs}, and ${mine} on ${there.name}`;
  const fix = `write the same on both routers: ${lease.written}, or ${other.written}`;
  return [found("dhcp-host-drift", lease.at, message, fix)];
}

function onlyHere(lease: StaticLease, there: RouterPicture): Finding {
  const message = `static lease ${describeLease(lease)} (${leaseText(lease)}) is not on ${there.name}`;
  const fix = `add on ${there.name}: ${lease.written}`;
  return found("dhcp-host-drift", lease.at, message, fix);
}

const leaseText = ({ name, macs, address }: StaticLease): string =>
  [name, ...macs, address].filter((part) => part !== undefined).join(" ");

function compareFirewalls(first: RouterPicture, second: RouterPicture): readonly Finding[] {
  if (first.firewall.length === 0 || second.firewall.length === 0) return [];
  return [...extra(second, first), ...extra(first, second)];
}

function extra(here: RouterPicture, there: RouterPicture): readonly Finding[] {
  const known = new Set(there.firewall.map((rule) => symbolic(rule, there, here)));
  return here.firewall
    .filter((rule) => !known.has(symbolic(rule, here, there)))
    .map((rule) => {
      const message = `${shorten(rule.text)} is not in the firewall of ${there.name}`;
      return found(
        "firewall-drift",
        rule.at,
        message,
        `add on ${there.name}, or remove here: ${rule.text}`,
      );
    });
}

/** Own and peer's addresses by role, so that rules that name them are alike on both routers. */
function symbolic({ text }: FirewallRule, own: RouterPicture, peer: RouterPicture): string {
  const names = new Map<string, string>();
  const learn = (address: IpAddress | undefined, name: string): void => {
    if (address !== undefined && !names.has(address)) names.set(address, name);
  };
  for (const { interface: device, prefix } of own.ownAddresses)
    learn(prefix.address, `own address on ${device}`);
  for (const { interface: device, prefix } of peer.ownAddresses)
    learn(prefix.address, `peer's address on ${device}`);
  for (const { address, peer: other } of own.replication?.config.channels ?? []) {
    learn(address, "own address of the link");
    learn(other, "peer's address of the link");
  }
  return text.replaceAll(/[\d.:a-f]{3,}/g, (part) => names.get(part) ?? guessed(part, own, peer));
}

/** Where own addresses are not known, one of a network of the pair that is not virtual may be a router's. */
function guessed(part: string, own: RouterPicture, peer: RouterPicture): string {
  if (own.ownAddresses.length > 0 && peer.ownAddresses.length > 0) return part;
  const address = parseIp(part);
  if (address === undefined) return part;
  if (virtualsOf(own).some(({ prefix }) => prefix.address === address)) return part;
  const device = interfaceFor(own, address);
  return device === undefined ? part : `an address on ${device}`;
}

const TEXT_MAX = 80;

const shorten = (text: string): string =>
  text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 1)}…`;
