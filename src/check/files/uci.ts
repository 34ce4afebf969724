/** OpenWrt's /etc/config files as far as they concern a pair: addresses, DHCP, firewall, and what keepalived starts from. */
import {
  type IpAddress,
  ipBytes,
  ipFamily,
  ipFromBytes,
  type Prefix,
  parseIp,
  parsePrefix,
} from "../../base/ip.ts";
import type { Position } from "../../config/diagnostics.ts";
import {
  entriesOf,
  entryOf,
  isOn,
  listOf,
  optionOf,
  type UciFile,
  type UciSection,
} from "../../config/uci/model.ts";
import type {
  Contribution,
  DhcpOption,
  DhcpPool,
  DhcpService,
  OwnAddress,
  StaticLease,
} from "../picture.ts";

/** A network of OpenWrt: its name in the files, its Linux interface and its own addresses. */
export interface UciNetwork {
  readonly name: string;
  readonly device: string | undefined;
  readonly addresses: readonly OwnAddress[];
}

export const sectionsOf = ({ sections }: UciFile, type: string): readonly UciSection[] =>
  sections.filter((section) => section.type === type);

export const entryAt = (section: UciSection, name: string): Position =>
  entryOf(section, name)?.statement.at ?? section.at;

/** Networks of /etc/config/network. */
export function readNetworks(file: UciFile): readonly UciNetwork[] {
  return sectionsOf(file, "interface").flatMap((section) => {
    const { name } = section;
    if (name === undefined) return [];
    const device = deviceOf(section, name);
    const addresses = device === undefined ? [] : addressesOf(section, device);
    return [{ name, device, addresses }];
  });
}

/** OpenWrt names a bridge after its network, and PPP devices after protocol and network. */
function deviceOf(section: UciSection, name: string): string | undefined {
  const protocol = optionOf(section, "proto") ?? "none";
  if (optionOf(section, "type") === "bridge") return `br-${name}`;
  if (["pppoe", "pppoa", "ppp"].includes(protocol)) return `${protocol}-${name}`;
  const device = listOf(section, "device")[0] ?? listOf(section, "ifname")[0];
  return device === undefined || device.startsWith("@") ? undefined : device;
}

function addressesOf(section: UciSection, device: string): readonly OwnAddress[] {
  const netmask = optionOf(section, "netmask");
  const length = netmask === undefined ? undefined : lengthOf(netmask);
  const prefixes = [...listOf(section, "ipaddr"), ...listOf(section, "ip6addr")].flatMap((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) return [];
    const whole = text.includes("/") || length === undefined || ipFamily(prefix.address) === 6;
    return [whole ? prefix : { ...prefix, length }];
  });
  return prefixes.map((prefix) => ({
    interface: device,
    prefix,
    at: entryAt(section, ipFamily(prefix.address) === 4 ? "ipaddr" : "ip6addr"),
  }));
}

function lengthOf(netmask: string): number | undefined {
  const address = parseIp(netmask);
  if (address === undefined) return undefined;
  const bits = [...ipBytes(address)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.replaceAll("0", "").length : undefined;
}

/** DHCP sections and static leases of /etc/config/dhcp. */
export function readDhcp(file: UciFile, networks: readonly UciNetwork[]): Contribution {
  return {
    dhcp: sectionsOf(file, "dhcp").flatMap((section) => serviceOf(section, networks)),
    leases: sectionsOf(file, "host").map((section) => leaseOf(section)),
  };
}

function serviceOf(section: UciSection, networks: readonly UciNetwork[]): readonly DhcpService[] {
  const label = optionOf(section, "interface") ?? section.name;
  if (label === undefined || isOn(section, "ignore", false)) return [];
  if (optionOf(section, "dhcpv4") === "disabled") return [];
  const network = networks.find(({ name }) => name === label);
  return [
    {
      interface: network?.device,
      label,
      at: section.at,
      forced: isOn(section, "force", false),
      options: listEntries(section, "dhcp_option").flatMap(([text, at]) => optionFrom(text, at)),
      pool: poolOf(section, network),
      writeOption: (number, address) => `list dhcp_option '${number},${address}'`,
    },
  ];
}

/** Each word with its place; an option with several words has one place. */
function listEntries(section: UciSection, name: string): readonly (readonly [string, Position])[] {
  const entries = section.blocks.flatMap((block) => block.entries);
  return entries
    .filter((entry) => entry.name === name)
    .flatMap((entry) =>
      (entry.type === "list" ? [entry.value] : entry.value.split(/\s+/)).map(
        (value) => [value, entry.statement.at] as const,
      ),
    );
}

const OPTIONS: Readonly<Record<string, number>> = {
  "3": 3,
  "option:router": 3,
  "6": 6,
  "option:dns-server": 6,
};

function optionFrom(text: string, at: Position): readonly DhcpOption[] {
  const parts = text.split(",").map((part) => part.trim());
  const [word = "", ...values] = parts.filter((part) => !/^(?:tag|net):/.test(part));
  const number = Object.hasOwn(OPTIONS, word) ? OPTIONS[word] : undefined;
  if (number === undefined) return [];
  return [{ number, addresses: values.flatMap((value) => parseIp(value) ?? []), at }];
}

const START_DEFAULT = 100;
const LIMIT_DEFAULT = 150;

/** `start` counts from the network's first address. Undefined when the own address is not known. */
function poolOf(section: UciSection, network: UciNetwork | undefined): DhcpPool | undefined {
  const own = network?.addresses.find(({ prefix }) => ipFamily(prefix.address) === 4);
  const start = Number(optionOf(section, "start") ?? START_DEFAULT);
  const limit = Number(optionOf(section, "limit") ?? LIMIT_DEFAULT);
  if (own === undefined || !Number.isSafeInteger(start) || !Number.isSafeInteger(limit))
    return undefined;
  if (start < 0 || limit < 1) return undefined;
  const first = shifted(own.prefix, start);
  const last = shifted(own.prefix, start + limit - 1);
  return first && last && { first, last, at: entryAt(section, "start") };
}

/** The address `count` above the first one of an IPv4 network; its last one at most. */
function shifted({ address, length }: Prefix, count: number): IpAddress | undefined {
  if (length === 0) return undefined;
  const size = 2 ** (32 - length);
  const number = ipBytes(address).reduce((total, byte) => total * 256 + byte, 0);
  const base = Math.floor(number / size) * size + Math.min(count, size - 1);
  return ipFromBytes(
    Uint8Array.from([24, 16, 8, 0], (shift) => Math.floor(base / 2 ** shift) % 256),
  );
}

function leaseOf(section: UciSection): StaticLease {
  const ip = parseIp(optionOf(section, "ip") ?? "");
  const written = entriesOf(section).map(({ type, name, value }) => `${type} ${name} '${value}'`);
  return {
    name: optionOf(section, "name"),
    macs: listOf(section, "mac").map((mac) => mac.toLowerCase()),
    address: ip,
    at: section.at,
    written: `config host with ${written.join(", ")}`,
  };
}
