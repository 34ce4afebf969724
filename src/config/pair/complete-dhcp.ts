/** DHCP on a network: the pool, and what hosts are told. */
import { type IpAddress, ipFamily, type Prefix, prefixContains } from "../../base/ip.ts";
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import { LEASE } from "./defaults.ts";
import { defaultPool, type Pool } from "./dhcp-pool.ts";
import type { Draft, Named } from "./maps.ts";
import type { PairDhcp } from "./model.ts";
import type { DhcpKeys, HostKeys } from "./network-keys.ts";
import type { Placed } from "./reading.ts";
import { numberOf } from "./subnet.ts";

/** What the rest of the file says about the network. */
export interface DhcpNetwork {
  readonly name: string;
  readonly addresses: readonly Prefix[];
  /** IPv4 addresses that nobody else may get: own and virtual ones, gateways. */
  readonly taken: readonly IpAddress[];
}

/** Undefined when there is no DHCP, or none is possible, which was said then. */
export function completeDhcp(
  findings: Findings,
  { value, at }: Placed<boolean | Draft<DhcpKeys> | undefined>,
  network: DhcpNetwork,
): PairDhcp | undefined {
  if (value === undefined || value === false) return undefined;
  const draft = value === true ? {} : value;
  const subnet = network.addresses.find(({ address }) => ipFamily(address) === 4);
  if (subnet === undefined) {
    const message = `networks.${network.name} has DHCP but no virtual IPv4 address, which hosts would be told as their gateway: add address, or remove dhcp`;
    findings.error(at, "dhcp-pool", message);
    return undefined;
  }
  const pool = completePool({ findings, at, network, subnet }, draft);
  const virtual: readonly IpAddress[] = [subnet.address];
  return (
    pool && {
      ...pool,
      lease: draft.lease?.value ?? LEASE,
      router: toldAddresses(findings, draft.router) ?? virtual,
      dns: toldAddresses(findings, draft.dns) ?? virtual,
      domain: draft.domain?.value,
      force: draft.force?.value ?? true,
      hosts: completeHosts({ findings, at, network, subnet }, draft.hosts?.value ?? []),
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
    const message = `${path}: no address of ${subnet.address}/${subnet.length} is left to be lent: use a shorter prefix length, or remove dhcp`;
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
      return error(
        `${address} is not in ${subnet.address}/${subnet.length}: take one of its addresses`,
      );
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

function completeHosts(
  { findings, network, subnet }: Place,
  entries: Named<Draft<HostKeys>>,
): PairDhcp["hosts"] {
  const seen = new Map<string, string>();
  return entries.flatMap(({ name, value, at }) => {
    const [mac, address] = [value?.mac?.value, value?.address?.value];
    if (mac === undefined || address === undefined) return [];
    const path = `networks.${network.name}.dhcp.hosts.${name}`;
    if (!prefixContains(subnet, address)) {
      const message = `${path}: ${address} is not in ${subnet.address}/${subnet.length}: take one of its addresses`;
      findings.error(value?.address?.at ?? at, "dhcp-pool", message);
    } else if (network.taken.includes(address)) {
      const message = `${path}: a router has ${address} itself: take another address`;
      findings.error(value?.address?.at ?? at, "address-duplicate", message);
    }
    for (const key of [mac, address]) {
      const other = seen.get(key);
      const message = `${path} has ${key} like ${other}: every host needs its own`;
      if (other !== undefined) findings.error(at, "address-duplicate", message);
      seen.set(key, name);
    }
    return [{ name, mac, address }];
  });
}
