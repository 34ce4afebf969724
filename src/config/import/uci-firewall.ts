/** /etc/config/firewall: which networks are left with another source address. Everything else in it stays. */
import type { UciFile, UciSection } from "../uci/model.ts";
import { entryOf, isOn, listOf, optionOf } from "../uci/model.ts";
import type { Found, NetworkFacts } from "./facts.ts";
import type { UciNotes } from "./uci-notes.ts";
import { found, STAYS } from "./uci-notes.ts";

/** Tells whether addresses are translated towards a network; undefined when it is in no zone and in no translation. */
export type Translation = (network: NetworkFacts) => Found<boolean> | undefined;

export function readTranslation(file: UciFile, notes: UciNotes): Translation {
  notes.otherTypes(file, new Set(["zone", "nat", "redirect"]), STAYS);
  const zones = zonesByMember(file);
  const sources = file.sections.filter(translatesSource);
  for (const section of file.sections)
    if (section.type === "redirect" && !translatesSource(section)) notes.section(section, STAYS);
  return (network) => {
    const zone = zones.get(`network ${network.name}`) ?? zones.get(`device ${network.interface}`);
    const nat = sources.find((candidate) => concerns(candidate, network, zone));
    if (nat !== undefined) return found(true, nat.at);
    if (zone === undefined) return undefined;
    return found(isOn(zone, "masq", false), entryOf(zone, "masq")?.statement.at ?? zone.at);
  };
}

const translatesSource = (section: UciSection): boolean =>
  (section.type === "nat" || section.type === "redirect") &&
  isOn(section, "enabled", true) &&
  ["SNAT", "MASQUERADE"].includes(optionOf(section, "target")?.toUpperCase() ?? "");

/** The first zone of each network and of each device. */
function zonesByMember(file: UciFile): ReadonlyMap<string, UciSection> {
  const zones = new Map<string, UciSection>();
  for (const zone of file.sections) {
    if (zone.type !== "zone") continue;
    const networks = listOf(zone, "network");
    // A zone without networks has the one of its own name.
    const members = networks.length === 0 ? listOf(zone, "name") : networks;
    const keys = [
      ...members.map((member) => `network ${member}`),
      ...listOf(zone, "device").map((device) => `device ${device}`),
    ];
    for (const key of keys) if (!zones.has(key)) zones.set(key, zone);
  }
  return zones;
}

/** `nat` names the zone that is left as src, `redirect` as dest. */
function concerns(
  section: UciSection,
  network: NetworkFacts,
  zone: UciSection | undefined,
): boolean {
  const device = optionOf(section, "device");
  if (device !== undefined) return device === network.interface;
  const left = optionOf(section, section.type === "nat" ? "src" : "dest");
  return left !== undefined && zone !== undefined && optionOf(zone, "name") === left;
}
