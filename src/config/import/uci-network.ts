/** /etc/config/network: the networks that a router has fixed addresses in. */
import { type IpAddress, ipFamily, parseIp } from "../../base/ip.ts";
import { METRIC_MAX } from "../pair/defaults.ts";
import type { UciFile, UciSection } from "../uci/model.ts";
import { entriesOf, entryOf, optionOf } from "../uci/model.ts";
import { addressesOf, deviceOf } from "../uci/network.ts";
import type { Found, NetworkFacts } from "./facts.ts";
import type { UciNotes } from "./uci-notes.ts";
import { found, STAYS } from "./uci-notes.ts";

const READ = new Set([
  "proto",
  "device",
  "ifname",
  "type",
  "ipaddr",
  "netmask",
  "ip6addr",
  "gateway",
  "ip6gw",
  "metric",
]);

/** Interfaces with fixed addresses, the loopback aside, without DHCP and translation. */
export function readNetworks(file: UciFile, notes: UciNotes): readonly NetworkFacts[] {
  notes.otherTypes(file, new Set(["interface"]), STAYS);
  return file.sections.flatMap((section) =>
    section.type === "interface" ? readInterface(section, notes) : [],
  );
}

function readInterface(section: UciSection, notes: UciNotes): readonly NetworkFacts[] {
  const { name } = section;
  if (name === undefined) {
    notes.section(section, "an interface without a name: OpenWrt cannot refer to it, either");
    return [];
  }
  const device = deviceOf(section);
  if (device === "lo" || name === "loopback") return [];
  const proto = optionOf(section, "proto");
  if (proto !== "static") {
    notes.section(section, reasonForProtocol(proto));
    return [];
  }
  const { addresses, wrong } = addressesOf(section);
  for (const { option, text } of wrong)
    notes.option(section, option, `${JSON.stringify(text)} is no address that can be read`);
  notes.others(section, READ, STAYS);
  return [
    {
      name,
      at: section.at,
      interface: device,
      addresses: addresses.map((prefix) => {
        const option = ipFamily(prefix.address) === 4 ? "ipaddr" : "ip6addr";
        return found(prefix, positionOf(section, option, prefix.address));
      }),
      gateways: [
        ...readGateway(section, "gateway", 4, notes),
        ...readGateway(section, "ip6gw", 6, notes),
      ],
      metric: readMetric(section, notes),
      translates: undefined,
      dhcp: undefined,
    },
  ];
}

function reasonForProtocol(proto: string | undefined): string {
  if (proto === "dhcp" || proto === "pppoe" || proto === "dhcpv6")
    return `its address is dynamic (proto ${proto}), and a virtual address needs a network with fixed ones: let the provider's box route to fixed addresses, or leave this network out of the pair`;
  return `proto ${proto ?? "is missing, which"} has no fixed address of its own; ${STAYS}`;
}

const positionOf = (section: UciSection, option: string, value: string): UciSection["at"] =>
  entriesOf(section).find((entry) => entry.name === option && entry.value.includes(value))
    ?.statement.at ?? section.at;

function readGateway(
  section: UciSection,
  option: string,
  family: 4 | 6,
  notes: UciNotes,
): readonly Found<IpAddress>[] {
  const text = optionOf(section, option);
  if (text === undefined) return [];
  const address = parseIp(text);
  if (address !== undefined && ipFamily(address) === family)
    return [found(address, entryOf(section, option)?.statement.at ?? section.at)];
  notes.option(section, option, `${JSON.stringify(text)} is no IPv${family} address`);
  return [];
}

function readMetric(section: UciSection, notes: UciNotes): NetworkFacts["metric"] {
  const text = optionOf(section, "metric");
  if (text === undefined) return undefined;
  const metric = /^\d{1,10}$/.test(text) ? Number(text) : undefined;
  if (metric !== undefined && metric <= METRIC_MAX)
    return found(metric, entryOf(section, "metric")?.statement.at ?? section.at);
  notes.option(section, "metric", `${JSON.stringify(text)} is no metric: 0 to ${METRIC_MAX}`);
  return undefined;
}
