/** OpenWrt's files of one router, edited in place: comments, order and everything that the pair does not speak of stay. */
import { formatPrefix, ipFamily, type Prefix, prefixContains } from "../base/ip.ts";
import type { Diagnostic } from "../config/diagnostics.ts";
import { hasErrors } from "../config/diagnostics.ts";
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig, PairNetwork } from "../config/pair/model.ts";
import { UciEditor } from "../config/uci/edit.ts";
import type { UciSection } from "../config/uci/model.ts";
import { entriesOf, listOf, optionOf, uciName } from "../config/uci/model.ts";
import { addressesOf, deviceOf, usesIfname } from "../config/uci/network.ts";
import { parseUci } from "../config/uci/parse.ts";
import { uciRemarks } from "./uci.ts";
import { dhcpSections } from "./uci-dhcp.ts";
import { firewallSections } from "./uci-firewall.ts";
import { keepalivedSections } from "./uci-keepalived.ts";
import {
  addressSettings,
  gatewaySettings,
  metricSettingsFor,
  ownAddresses,
  plainNames,
} from "./uci-network.ts";
import type { InterfaceNames, Setting, UciPackage, WantedSection } from "./uci-sections.ts";
import { isOwn, isSet, option, UCI_PACKAGES } from "./uci-sections.ts";

export interface UciFileText {
  readonly package: UciPackage;
  /** As it is known in findings. */
  readonly path: string;
  readonly text: string;
}

export interface EditedUci {
  /** The files that were given, with their new texts; none when one of them has errors. */
  readonly files: readonly UciFileText[];
  /** Syntax errors of the files. */
  readonly diagnostics: readonly Diagnostic[];
  readonly remarks: readonly string[];
}

/** Edits the files that there are. Doing it again with what came out changes nothing. */
export function renderUciFiles(
  pair: PairConfig,
  node: string,
  files: readonly UciFileText[],
  secret?: Uint8Array,
): EditedUci {
  routersOf(pair, node);
  const parsed = files.map((file) => ({ ...file, parsed: parseUci(file.path, file.text) }));
  const diagnostics = parsed.flatMap((file) => file.parsed.diagnostics);
  if (hasErrors(diagnostics)) return { files: [], diagnostics, remarks: [] };
  const editors = new Map(parsed.map((file) => [file.package, new UciEditor(file.parsed)]));
  const remarks: string[] = [];
  const network = editors.get("network");
  const names =
    network === undefined ? plainNames(pair) : editNetwork(network, pair, node, remarks);
  const wanted = [
    ...dhcpSections(pair, names),
    ...firewallSections(pair, node),
    ...keepalivedSections(pair, node, secret),
  ];
  for (const [name, editor] of editors) {
    const sections = wanted.filter((section) => section.package === name);
    editPackage(editor, sections);
  }
  if (editors.has("keepalived")) remarks.push(...uciRemarks(pair, secret));
  for (const name of UCI_PACKAGES) {
    if (
      !editors.has(name) &&
      (name === "network" || wanted.some((entry) => entry.package === name))
    )
      remarks.push(`there is no file ${name} here, so nothing is written for it.`);
  }
  return {
    files: files.map((file) => ({ ...file, text: editors.get(file.package)?.text ?? file.text })),
    diagnostics: [],
    remarks,
  };
}

/** Makes the sections of one file what is wanted, and removes those of ours that nobody wants. */
function editPackage(editor: UciEditor, sections: readonly WantedSection[]): void {
  const foreign = new Set(sections.filter((section) => isForeign(editor, section)));
  const wanted = sections.filter((section) => isOwn(section) && !foreign.has(section));
  const there = editor.sections.filter(isOwn).map(({ type, name }) => `${type} ${name}`);
  const order = wanted.map(({ type, name }) => `${type} ${name}`);
  // Rules of a firewall are judged in order, so a new one between two others means that all are made anew.
  const isExtension = there.every((entry, index) => entry === order[index]);
  if (!isExtension) deleteOwn(editor);
  for (const section of sections) {
    const id = findSection(editor, section) ?? editor.add(section.type, section.name);
    applySettings(editor, id, section.settings);
    if (isOwn(section) && !foreign.has(section)) keepOnly(editor, id, section.settings);
  }
}

/** True when the router's owner has made this section already, under another name. */
const isForeign = (editor: UciEditor, section: WantedSection): boolean =>
  isOwn(section) && section.where !== undefined && findSection(editor, section, true) !== undefined;

function findSection(
  editor: UciEditor,
  { type, name, where }: WantedSection,
  foreignOnly = false,
): number | undefined {
  const matches = (section: UciSection): boolean =>
    section.type === type &&
    where !== undefined &&
    !isOwn(section) &&
    Object.entries(where).every(([key, value]) => optionOf(section, key) === value);
  const found = editor.sections.findIndex(matches);
  if (found !== -1) return found;
  return foreignOnly ? undefined : editor.find({ type, name });
}

function deleteOwn(editor: UciEditor): void {
  for (;;) {
    const id = editor.sections.findIndex(isOwn);
    if (id === -1) return;
    editor.delete(id);
  }
}

function applySettings(editor: UciEditor, id: number, settings: readonly Setting[]): void {
  for (const setting of settings) {
    if (setting.type === "option") editor.set(id, setting.name, setting.value);
    else if (setting.type === "list") editor.setList(id, setting.name, setting.values);
    else editor.setList(id, setting.name, merged(editor.sections[id], setting));
  }
}

/** The entries that are wanted in the places of their tags, the new ones behind, entries with other tags where they were. */
function merged(
  section: UciSection | undefined,
  { name, values }: Extract<Setting, { readonly type: "tagged" }>,
): readonly string[] {
  const current = section === undefined ? [] : listOf(section, name);
  const wanted = new Map(values.map((value) => [tagOf(value), value]));
  const placed = new Set<string>();
  const kept = current.flatMap((entry) => {
    const value = wanted.get(TAGS.get(tagOf(entry)) ?? tagOf(entry));
    if (value === undefined) return [entry];
    if (placed.has(value)) return [];
    placed.add(value);
    return [value];
  });
  return [...kept, ...values.filter((value) => !placed.has(value))];
}

const tagOf = (entry: string): string => entry.split(",")[0] ?? "";

/** dnsmasq's words for the tags that are set. */
const TAGS: ReadonlyMap<string, string> = new Map([
  ["option:router", "3"],
  ["option:dns-server", "6"],
  ["option:domain-name", "15"],
]);

function keepOnly(editor: UciEditor, id: number, settings: readonly Setting[]): void {
  const section = editor.sections[id];
  if (section === undefined) return;
  const known = new Set(settings.filter(isSet).map(({ name }) => name));
  for (const name of new Set(entriesOf(section).map((entry) => entry.name)))
    if (!known.has(name)) editor.set(id, name, undefined);
}

/** Edits the interfaces, and says how the file calls the pair's networks. */
function editNetwork(
  editor: UciEditor,
  pair: PairConfig,
  node: string,
  remarks: string[],
): InterfaceNames {
  const deviceOption = usesIfname(editor.sections) ? "ifname" : "device";
  const names: Record<string, string> = {};
  for (const network of pair.networks) {
    const device = network.interfaces[node] ?? "";
    const existing = findInterface(editor, network, device);
    const id = existing ?? editor.add("interface", uciName(network.name));
    const section = editor.sections[id];
    if (section === undefined) continue;
    names[network.name] = section.name ?? uciName(network.name);
    const proto = optionOf(section, "proto");
    if (proto !== undefined && proto !== "static")
      remarks.push(
        `network: interface ${names[network.name]} had proto ${proto}, and is static now: remove what only ${proto} needs.`,
      );
    applySettings(editor, id, [
      option("proto", "static"),
      ...(deviceOf(section) === device || optionOf(section, "type") === "bridge"
        ? []
        : [option(deviceOption, device)]),
      ...missingAddresses(section, ownAddresses(pair, node, network)),
      ...gatewaySettings(network),
      ...(network.gateways.length === 0
        ? []
        : metricSettingsFor(network, optionOf(section, "metric"))),
    ]);
  }
  return names;
}

/** The interface on this device, one of the network's name before others, a static one before the rest; else the one of that name. */
function findInterface(
  { sections }: UciEditor,
  { name }: PairNetwork,
  device: string,
): number | undefined {
  const indexed = sections.map((section, index) => ({ section, index }));
  const interfaces = indexed.filter(
    ({ section }) => section.type === "interface" && section.name !== undefined,
  );
  const here = interfaces.filter(({ section }) => deviceOf(section) === device);
  const isCalled = ({ section }: { readonly section: UciSection }): boolean =>
    section.name === uciName(name);
  const found =
    here.find(isCalled) ??
    here.find(({ section }) => optionOf(section, "proto") === "static") ??
    here[0] ??
    interfaces.find(isCalled);
  return found?.index;
}

/** Nothing when the interface has these addresses already, whatever the style; addresses of other subnets stay. */
function missingAddresses(section: UciSection, wanted: readonly Prefix[]): readonly Setting[] {
  const { addresses: current } = addressesOf(section);
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
