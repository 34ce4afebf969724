/** The interface sections of a router whose file is known, in the style that it is written in. */
import { formatPrefix, ipFamily, type Prefix, prefixContains } from "../base/ip.ts";
import type { Diagnostic } from "../config/diagnostics.ts";
import type { PairConfig } from "../config/pair/model.ts";
import type { UciEditor } from "../config/uci/edit.ts";
import type { UciSection } from "../config/uci/model.ts";
import { optionOf, uciName } from "../config/uci/model.ts";
import { addressesOf, deviceOf, usesIfname } from "../config/uci/network.ts";
import { applySettings, nameClash } from "./uci-apply.ts";
import {
  addressSettings,
  gatewaySettings,
  metricSettingsFor,
  ownAddresses,
  plainNames,
} from "./uci-network.ts";
import type { InterfaceNames, Setting } from "./uci-sections.ts";
import { option } from "./uci-sections.ts";

/** What there is to say, to which is added: what an edit overrides, and why it cannot be made. */
export interface Told {
  readonly remarks: string[];
  readonly diagnostics: Diagnostic[];
}

/** Edits the interfaces, and says how the file calls the pair's networks. */
export function editInterfaces(
  editor: UciEditor,
  pair: PairConfig,
  node: string,
  { remarks, diagnostics }: Told,
): InterfaceNames {
  const deviceOption = usesIfname(editor.sections) ? "ifname" : "device";
  const plain = plainNames(pair);
  const names = pair.networks.map((network): readonly [string, string] => {
    const device = network.interfaces[node] ?? "";
    const existing = findInterface(editor, plain[network.name], device);
    const before = existing === undefined ? undefined : editor.sections[existing];
    const name = before?.name ?? plain[network.name] ?? uciName(network.name);
    const clash =
      existing === undefined ? nameClash(editor, { type: "interface", name }) : undefined;
    if (clash !== undefined) {
      diagnostics.push(clash);
      return [network.name, name];
    }
    const id = existing ?? editor.add("interface", name);
    remarks.push(...changesOf(before, name, device));
    applySettings(editor, id, [
      option("proto", "static"),
      ...(hasDevice(before, device) ? [] : [option(deviceOption, device)]),
      ...missingAddresses(before, ownAddresses(pair, node, network)),
      ...gatewaySettings(network),
      ...metricSettingsFor(network, before && optionOf(before, "metric")),
    ]);
    return [network.name, name];
  });
  return Object.fromEntries(names);
}

/** A bridge of the old style has the device that follows from its name. */
const hasDevice = (section: UciSection | undefined, device: string): boolean =>
  section !== undefined && (deviceOf(section) === device || optionOf(section, "type") === "bridge");

function changesOf(
  section: UciSection | undefined,
  name: string,
  device: string,
): readonly string[] {
  if (section === undefined) return [];
  const proto = optionOf(section, "proto") ?? "static";
  return [
    ...(proto === "static"
      ? []
      : [
          `network: interface ${name} had proto ${proto}, and is static now: remove what only ${proto} needs.`,
        ]),
    ...(hasDevice(section, device)
      ? []
      : [
          `network: interface ${name} was on ${deviceOf(section) ?? "another interface"}, and is on ${device} now, as the pair's file says.`,
        ]),
  ];
}

/** The interface on this device, one of the network's name before others, a static one before the rest; else the one of that name. */
function findInterface(
  { sections }: UciEditor,
  name: string | undefined,
  device: string,
): number | undefined {
  const indexed = sections.map((section, index) => ({ section, index }));
  const interfaces = indexed.filter(
    ({ section }) => section.type === "interface" && section.name !== undefined,
  );
  const here = interfaces.filter(({ section }) => deviceOf(section) === device);
  const isCalled = ({ section }: { readonly section: UciSection }): boolean =>
    section.name === name;
  const found =
    here.find(isCalled) ??
    here.find(({ section }) => optionOf(section, "proto") === "static") ??
    here[0] ??
    interfaces.find(isCalled);
  return found?.index;
}

/** Nothing when the interface has these addresses already, whatever the style; addresses of other subnets stay. */
function missingAddresses(
  section: UciSection | undefined,
  wanted: readonly Prefix[],
): readonly Setting[] {
  const current = section === undefined ? [] : addressesOf(section).addresses;
  return ([4, 6] as const).flatMap((family) => {
    const ours = wanted.filter(({ address }) => ipFamily(address) === family);
    const theirs = current.filter(({ address }) => ipFamily(address) === family);
    if (ours.length === 0) return [];
    const others = theirs.filter(
      (prefix) => !ours.some((own) => prefixContains(own, prefix.address)),
    );
    const all = [...ours, ...others].map(formatPrefix);
    const isDone =
      all.length === theirs.length && theirs.every((prefix) => all.includes(formatPrefix(prefix)));
    return isDone ? [] : addressSettings([...ours, ...others]);
  });
}
