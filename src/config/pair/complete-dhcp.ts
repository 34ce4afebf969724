/** DHCP on a network: the pool, and what hosts are told. */
import {
  formatPrefix,
  type IpAddress,
  ipFamily,
  type Prefix,
  prefixContains,
} from "../../base/ip.ts";
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import { valueOr } from "./completion.ts";
import { defaultDhcp } from "./defaults.ts";
import { defaultPool, dhcpSubnet, type Pool } from "./dhcp-pool.ts";
import type { Draft, Named } from "./maps.ts";
import type { PairDhcp } from "./model.ts";
import type { DhcpKeys, HostKeys } from "./network-keys.ts";
import type { Placed } from "./reading.ts";
import { numberOf } from "./subnet.ts";

/** What the rest of the file says about the network. */
export interface DhcpNetwork {
  readonly name: string;
  readonly addresses: readonly Prefix[];
  /** Both routers' own ones. */
  readonly own: readonly Prefix[];
  /** IPv4 addresses that nobody else may get: own and virtual ones, gateways. */
  readonly taken: readonly IpAddress[];
}

/** Undefined when there is no DHCP, or none is possible, which was said then. */
export function completeDhcp(
  findings: Findings,
  given: Placed<boolean | Draft<DhcpKeys> | undefined> | undefined,
  network: DhcpNetwork,
): PairDhcp | undefined {
  if (given?.value === undefined || given.value === false) return undefined;
  const { value, at } = given;
  const draft = value === true ? {} : value;
  const subnet = dhcpSubnet(network.addresses, network.own);
  if (subnet === undefined) {
    const message = `networks.${network.name} has DHCP but no virtual IPv4 address, which hosts would be told as their gateway: add address, or remove dhcp`;
    findings.error(at, "dhcp-pool", message);
    return undefined;
  }
  const pool = completePool({ findings, at, network, subnet }, draft);
  const usual = defaultDhcp(subnet.address);
  return (
    pool && {
      ...pool,
      lease: valueOr(draft.lease, usual.lease),
      router: toldAddresses(findings, draft.router) ?? usual.router,
      dns: toldAddresses(findings, draft.dns) ?? usual.dns,
      domain: draft.domain?.value,
      force: valueOr(draft.force, usual.force),
      hosts: completeHosts({ findings, at, network, subnet }, valueOr(draft.hosts, [])),
    }
  );
}

interface Place {
  readonly findings: Findings;
  readonly at: Position;
  readonly network: DhcpNetwork;
  readonly subnet: Prefix;
}

function completePool(place: Place, draft: Draft<DhcpKeys>): Pool | undefined {
  const { findings, at, network, subnet } = place;
  const path = `networks.${network.name}.dhcp`;
  const { first, last } = draft;
  if (first === undefined && last === undefined) {
    const pool = defaultPool(subnet, network.taken);
    if (pool !== undefined) return pool;
    const message = `${path}: no address of ${formatPrefix(subnet)} is left to be lent: use a shorter prefix length, or remove dhcp`;
    findings.error(at, "dhcp-pool", message);
    return undefined;
  }
  const given = first ?? last;
  if (first === undefined || last === undefined) {
    const message = `${path} has only one end of the pool: write both first and last`;
    findings.error(given?.at ?? at, "dhcp-pool", message);
    return undefined;
  }
  if (first.value === undefined || last.value === undefined) return undefined;
  const pool = { first: first.value, last: last.value };
  return checkPool(place, pool, first.at) ? pool : undefined;
}

function checkPool({ findings, network, subnet }: Place, pool: Pool, at: Position): boolean {
  const path = `networks.${network.name}.dhcp`;
  const error = (message: string): false => {
    findings.error(at, "dhcp-pool", `${path}: ${message}`);
    return false;
  };
  for (const address of [pool.first, pool.last]) {
    if (!prefixContains(subnet, address)) {
      return error(`${address} is not in ${formatPrefix(subnet)}: take one of its addresses`);
    }
  }
  const [first, last] = [numberOf(pool.first), numberOf(pool.last)];
  if (first > last) return error(`first ${pool.first} comes after last ${pool.last}: swap them`);
  const within = network.taken.find(
    (address) => numberOf(address) >= first && numberOf(address) <= last,
  );
  if (within === undefined) return true;
  return error(
    `the pool from ${pool.first} to ${pool.last} contains ${within}, which a router has: end it before or begin it after that`,
  );
}

/** Addresses of options 3 and 6, which are IPv4 only. */
function toldAddresses(
  findings: Findings,
  list: Draft<DhcpKeys>["router"],
): readonly IpAddress[] | undefined {
  for (const { value, at } of list?.value ?? []) {
    if (ipFamily(value) === 4) continue;
    const message = `DHCP tells hosts IPv4 addresses only, not ${value}: write the IPv4 address`;
    findings.error(at, "address-invalid", message);
  }
  return list?.value?.map(({ value }) => value);
}

function completeHosts(place: Place, entries: Named<Draft<HostKeys>>): PairDhcp["hosts"] {
  const seen = new Map<string, string>();
  return entries.flatMap(({ name, value, at }) => {
    const mac = value?.mac?.value;
    const address = value?.address;
    if (mac === undefined || address?.value === undefined) return [];
    const { findings, network } = place;
    const path = `networks.${network.name}.dhcp.hosts.${name}`;
    const fault = hostAddressFault(place, address.value);
    if (fault !== undefined) findings.error(address.at, "dhcp-pool", `${path}: ${fault}`);
    for (const key of [mac, address.value]) {
      const other = seen.get(key);
      const message = `${path} has ${key} like ${other}: every host needs its own`;
      if (other !== undefined) findings.error(at, "address-duplicate", message);
      seen.set(key, name);
    }
    return [{ name, mac, address: address.value }];
  });
}

function hostAddressFault({ network, subnet }: Place, address: IpAddress): string | undefined {
  if (!prefixContains(subnet, address)) {
    return `${address} is not in ${formatPrefix(subnet)}: take one of its addresses`;
  }
  if (!network.taken.includes(address)) return undefined;
  return `a router has ${address} itself: take another address`;
}
