/** /etc/config/dhcp: pools by the interface they belong to, and fixed leases. */
import {
  type IpAddress,
  ipBytes,
  ipFamily,
  ipFromBytes,
  type Prefix,
  parseIp,
  prefixContains,
} from "../../base/ip.ts";
import { parseMac } from "../../base/mac.ts";
import { type Duration, seconds } from "../../base/time.ts";
import type { PairDhcp } from "../pair/model.ts";
import type { UciFile, UciSection } from "../uci/model.ts";
import { entriesOf, isOn, listOf, optionOf } from "../uci/model.ts";
import type { DhcpFacts, NetworkFacts } from "./facts.ts";
import type { UciNotes } from "./uci-notes.ts";
import { STAYS } from "./uci-notes.ts";

/** What OpenWrt takes when the file says nothing. */
const START = 100;
const LIMIT = 150;
const LEASE = "12h";

const READ = new Set([
  "interface",
  "start",
  "limit",
  "leasetime",
  "force",
  "ignore",
  "dhcp_option",
]);
const READ_OF_HOST = new Set(["name", "mac", "ip"]);
/** By the number of the option, and by dnsmasq's word for it. */
const OPTIONS: ReadonlyMap<string, "router" | "dns" | "domain"> = new Map([
  ["3", "router"],
  ["option:router", "router"],
  ["6", "dns"],
  ["option:dns-server", "dns"],
  ["15", "domain"],
  ["option:domain-name", "domain"],
]);

/** The pools by interface name; fixed leases go to the network that their address is in. */
export function readDhcp(
  file: UciFile,
  networks: readonly NetworkFacts[],
  notes: UciNotes,
): ReadonlyMap<string, DhcpFacts> {
  notes.otherTypes(file, new Set(["dhcp", "host"]), STAYS);
  const pools: Pools = new Map();
  for (const section of file.sections)
    if (section.type === "dhcp" && !isOn(section, "ignore", false))
      addPool(pools, section, networks, notes);
  for (const section of file.sections)
    if (section.type === "host") addHost(pools, section, networks, notes);
  return pools;
}

type Pools = Map<string, DhcpFacts & { hosts: PairDhcp["hosts"][number][] }>;

function addPool(
  pools: Pools,
  section: UciSection,
  networks: readonly NetworkFacts[],
  notes: UciNotes,
): void {
  const name = optionOf(section, "interface") ?? section.name ?? "";
  const network = networks.find((candidate) => candidate.name === name);
  if (network === undefined)
    notes.section(section, `there is no interface ${name} with fixed addresses; ${STAYS}`);
  else pools.set(name, { ...readPool(section, network, notes), hosts: [] });
}

function addHost(
  pools: Pools,
  section: UciSection,
  networks: readonly NetworkFacts[],
  notes: UciNotes,
): void {
  const host = readHost(section, notes);
  if (host === undefined) return;
  const network = networks.find(({ addresses }) =>
    addresses.some(({ value }) => prefixContains(value, host.address)),
  );
  const pool = pools.get(network?.name ?? "");
  if (pool === undefined) notes.section(section, `${host.address} is in no network with DHCP`);
  else pool.hosts.push(host);
}

function readPool(
  section: UciSection,
  { addresses }: NetworkFacts,
  notes: UciNotes,
): Omit<DhcpFacts, "hosts"> {
  notes.others(section, READ, STAYS);
  const subnet = addresses.find(({ value }) => ipFamily(value.address) === 4)?.value;
  const start = readCount(section, "start", START, notes);
  const limit = readCount(section, "limit", LIMIT, notes);
  const lease = readLease(section, notes);
  return {
    at: section.at,
    ...(subnet === undefined ? {} : rangeIn(subnet, start, limit)),
    ...(lease !== undefined && { lease }),
    force: isOn(section, "force", false),
    ...readOptions(section, notes),
  };
}

/** OpenWrt counts from the address of the network. */
function rangeIn(subnet: Prefix, start: number, limit: number): Pick<DhcpFacts, "first" | "last"> {
  const bytes = ipBytes(subnet.address);
  const address = bytes.reduce((total, byte) => total * 256 + byte, 0);
  const size = 2 ** (32 - subnet.length);
  const base = address - (address % size);
  const first = base + Math.min(start, size - 1);
  const last = Math.min(base + start + limit - 1, base + size - 2);
  return { first: fromNumber(first), last: fromNumber(Math.max(first, last)) };
}

const fromNumber = (value: number): IpAddress =>
  ipFromBytes(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));

function readCount(section: UciSection, name: string, fallback: number, notes: UciNotes): number {
  const text = optionOf(section, name);
  if (text === undefined) return fallback;
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  notes.option(section, name, `it must be a number from 1; OpenWrt's ${fallback} is taken`);
  return fallback;
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
};

function readLease(section: UciSection, notes: UciNotes): Duration | undefined {
  const text = optionOf(section, "leasetime") ?? LEASE;
  const [, count, unit = ""] = /^(\d{1,9})([smhdw]?)$/.exec(text) ?? [];
  if (count !== undefined) return seconds(Number(count) * (UNITS[unit] ?? 1));
  const reason =
    text === "infinite"
      ? "a lease without end is never given back: the default is taken"
      : "it is no time such as 12h or 30m: the default is taken";
  notes.option(section, "leasetime", reason);
  return undefined;
}

type Options = Pick<DhcpFacts, "router" | "dns" | "domain">;

function readOptions(section: UciSection, notes: UciNotes): Options {
  const options: Options = {};
  for (const entry of entriesOf(section)) {
    if (entry.name !== "dhcp_option") continue;
    for (const word of entry.type === "list" ? [entry.value] : entry.value.split(/\s+/)) {
      const read = readOption(word, options);
      if (typeof read === "string") notes.entry(entry, read);
      else Object.assign(options, read);
    }
  }
  return options;
}

/** What `TAG,VALUE…` adds to the options before it, or why nothing. */
function readOption(word: string, before: Options): Options | string {
  const [tag = "", ...values] = word.split(",").map((part) => part.trim());
  const kind = OPTIONS.get(tag);
  if (kind === undefined) return STAYS;
  if (kind === "domain") return { domain: values.join(",") };
  const addresses = values.map((text) => parseIp(text)).filter(isIpv4);
  if (addresses.length < values.length) return "these are no IPv4 addresses";
  return { [kind]: [...(before[kind] ?? []), ...addresses] };
}

const isIpv4 = (address: IpAddress | undefined): address is IpAddress =>
  address !== undefined && ipFamily(address) === 4;

function readHost(section: UciSection, notes: UciNotes): PairDhcp["hosts"][number] | undefined {
  const name = optionOf(section, "name");
  const macs = listOf(section, "mac");
  const mac = parseMac(macs[0] ?? "");
  const address = parseIp(optionOf(section, "ip") ?? "");
  if (name === undefined || macs.length !== 1 || mac === undefined || !isIpv4(address)) {
    notes.section(section, `a fixed lease needs one name, one mac and one IPv4 address; ${STAYS}`);
    return undefined;
  }
  notes.others(section, READ_OF_HOST, STAYS);
  return { name, mac, address };
}
