/** OpenWrt's /etc/config/firewall: what zones let in, which source addresses they give, and rules that can be compared. */
import { parseIp } from "../../base/ip.ts";
import {
  entriesOf,
  isOn,
  listOf,
  optionOf,
  type UciFile,
  type UciSection,
} from "../../config/uci/model.ts";
import type {
  AcceptRule,
  Contribution,
  FirewallRule,
  InputFilter,
  Translation,
} from "../picture.ts";
import { entryAt, sectionsOf, type UciNetwork } from "./uci.ts";

export function readFirewall(file: UciFile, networks: readonly UciNetwork[]): Contribution {
  const zones = sectionsOf(file, "zone").filter((zone) => isOn(zone, "enabled", true));
  const [defaults] = sectionsOf(file, "defaults");
  return {
    inputs: [
      ...zones.map((zone) => zoneFilter(file, zone, { networks, defaults })),
      ...(defaults === undefined ? [] : [defaultFilter(file, defaults)]),
    ],
    translations: zones.flatMap((zone) => translationsOf(file, zone, networks)),
    firewall: file.sections.map((section) => comparable(section)),
  };
}

interface Surroundings {
  readonly networks: readonly UciNetwork[];
  readonly defaults: UciSection | undefined;
}

const accepts = (section: UciSection | undefined, fallback: boolean): boolean =>
  section === undefined
    ? fallback
    : (optionOf(section, "input") ?? (fallback ? "ACCEPT" : "DROP")).toUpperCase() === "ACCEPT";

function zoneFilter(
  file: UciFile,
  zone: UciSection,
  { networks, defaults }: Surroundings,
): InputFilter {
  const name = optionOf(zone, "name") ?? "";
  return {
    kind: "uci",
    interfaces: devicesOf(zone, networks),
    label: `zone ${name}`,
    zone: name,
    accepts: accepts(zone, accepts(defaults, false)),
    rules: sectionsOf(file, "rule").flatMap((rule) => acceptRule(rule, name)),
    at: entryAt(zone, "input"),
  };
}

const defaultFilter = (file: UciFile, defaults: UciSection): InputFilter => ({
  kind: "uci",
  interfaces: [],
  label: "the firewall",
  zone: undefined,
  accepts: accepts(defaults, false),
  rules: sectionsOf(file, "rule").flatMap((rule) => acceptRule(rule, "*")),
  at: entryAt(defaults, "input"),
});

/** Linux interfaces of a zone; a network whose interface is not known counts by its name, and as a bridge. */
function devicesOf(zone: UciSection, networks: readonly UciNetwork[]): readonly string[] {
  const named = listOf(zone, "network").flatMap((name) => {
    const device = networks.find((network) => network.name === name)?.device;
    return device === undefined ? [name, `br-${name}`] : [device];
  });
  return [...named, ...listOf(zone, "device")];
}

function acceptRule(rule: UciSection, zone: string): readonly AcceptRule[] {
  const source = optionOf(rule, "src");
  const isMeant =
    isOn(rule, "enabled", true) &&
    (source === zone || source === "*") &&
    optionOf(rule, "dest") === undefined &&
    optionOf(rule, "target")?.toUpperCase() === "ACCEPT" &&
    optionOf(rule, "family")?.toLowerCase() !== "ipv6";
  if (!isMeant) return [];
  // Without proto a rule means TCP and UDP.
  const protocols = listOf(rule, "proto");
  const names = protocols.length === 0 ? ["tcpudp"] : protocols;
  const isAny = names.some((name) => ["all", "any", "*"].includes(name.toLowerCase()));
  const devices = listOf(rule, "device");
  return [{ devices, protocols: isAny ? [] : names, ports: portsOf(listOf(rule, "dest_port")) }];
}

const portsOf = (words: readonly string[]): readonly (readonly [number, number])[] =>
  words.map((text) => {
    const [first, last = first] = text.split(/[-:]/).map(Number);
    return [first ?? 0, last ?? 0];
  });

/** A `nat` section that gives the zone a source address comes before its masquerading. */
function translationsOf(
  file: UciFile,
  zone: UciSection,
  networks: readonly UciNetwork[],
): readonly Translation[] {
  const name = optionOf(zone, "name");
  const devices = devicesOf(zone, networks);
  const sources = [
    ...sectionsOf(file, "nat").filter((section) => concerns(section, name, devices)),
    ...sectionsOf(file, "redirect").filter((section) => optionOf(section, "dest") === name),
  ].filter((section) => isOn(section, "enabled", true));
  const fixed = sources.filter((section) => optionOf(section, "target")?.toUpperCase() === "SNAT");
  const masks = sources.filter(
    (section) => optionOf(section, "target")?.toUpperCase() === "MASQUERADE",
  );
  const isReplaced = fixed.some((section) =>
    listOf(section, "proto").every((word) => word === "all"),
  );
  const isMasked = isOn(zone, "masq", false) && !isReplaced;
  return devices.flatMap((device) => {
    const place = { interface: device, zone: name };
    const translations = fixed.flatMap((section) => sourceAddress(section, place));
    for (const section of masks) translations.push(masquerading(section, "target", place));
    if (isMasked) translations.push(masquerading(zone, "masq", place));
    return translations;
  });
}

/** By its zone, or by one of the interfaces of the zone. */
function concerns(
  section: UciSection,
  zone: string | undefined,
  devices: readonly string[],
): boolean {
  const source = optionOf(section, "src");
  const named = listOf(section, "device");
  if (named.length > 0) return named.some((device) => devices.includes(device));
  return source === zone || source === "*";
}

type Place = Pick<Translation, "interface" | "zone">;

function sourceAddress(section: UciSection, place: Place): Translation[] {
  const key = section.type === "nat" ? "snat_ip" : "src_dip";
  const address = parseIp(optionOf(section, key) ?? "");
  return address === undefined
    ? []
    : [{ ...place, address, family: undefined, at: entryAt(section, key) }];
}

const masquerading = (section: UciSection, key: string, place: Place): Translation => ({
  ...place,
  address: undefined,
  family: 4,
  at: entryAt(section, key),
});

/** One line, whatever the order of the options. */
function comparable(section: UciSection): FirewallRule {
  const options = entriesOf(section).map(({ name, value }) => `${name} '${value}'`);
  const text = `${section.type} ${options.toSorted().join(", ")}`;
  return { text, at: section.at };
}
