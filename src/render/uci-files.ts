/** OpenWrt's files of one router, edited in place: comments, order and everything that the pair does not speak of stay. */
import type { Diagnostic } from "../config/diagnostics.ts";
import { hasErrors } from "../config/diagnostics.ts";
import { routersOf } from "../config/pair/ends.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { UciEditor } from "../config/uci/edit.ts";
import type { UciSection } from "../config/uci/model.ts";
import { entriesOf, isOwn, optionOf } from "../config/uci/model.ts";
import { parseUci } from "../config/uci/parse.ts";
import { uciRemarks } from "./uci.ts";
import { applySettings, entriesFor, nameClash } from "./uci-apply.ts";
import { dhcpSections } from "./uci-dhcp.ts";
import { firewallSections } from "./uci-firewall.ts";
import { editInterfaces } from "./uci-interfaces.ts";
import { keepalivedSections } from "./uci-keepalived.ts";
import { plainNames } from "./uci-network.ts";
import type { Setting, UciPackage, WantedSection } from "./uci-sections.ts";
import { distinct, isSet, UCI_PACKAGES } from "./uci-sections.ts";

export interface UciFileText {
  readonly package: UciPackage;
  /** As it is known in findings. */
  readonly path: string;
  readonly text: string;
}

export interface EditedUci {
  /** The files that were given, with their new texts; none when one of them has errors. */
  readonly files: readonly UciFileText[];
  /** Errors: of syntax, and sections of the owner's that have names of wanted ones. */
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
  const told = { remarks, diagnostics };
  const names =
    network === undefined ? plainNames(pair) : editInterfaces(network, pair, node, told);
  const wanted = distinct([
    ...dhcpSections(pair, names),
    ...firewallSections(pair, node),
    ...keepalivedSections(pair, node, secret),
  ]);
  for (const [name, editor] of editors) {
    // No interface is ours: every one belongs to the router's owner.
    if (name === "network") continue;
    const sections = wanted.filter((section) => section.package === name);
    const rival = rivalOf(editor, sections);
    if (rival !== undefined) remarks.push(rivalRemark(rival));
    else {
      editPackage(editor, sections, diagnostics);
      if (name === "keepalived") remarks.push(...uciRemarks(pair, secret));
    }
  }
  for (const name of UCI_PACKAGES) {
    if (
      !editors.has(name) &&
      (name === "network" || wanted.some((entry) => entry.package === name))
    )
      remarks.push(`there is no file ${name} here, so nothing is written for it.`);
  }
  if (hasErrors(diagnostics)) return { files: [], diagnostics, remarks: [] };
  return {
    files: files.map((file) => ({ ...file, text: editors.get(file.package)?.text ?? file.text })),
    diagnostics: [],
    remarks,
  };
}

/** Makes the sections of one file what is wanted, and removes those of ours that nobody wants. Adds to `diagnostics`. */
function editPackage(
  editor: UciEditor,
  sections: readonly WantedSection[],
  diagnostics: Diagnostic[],
): void {
  const foreign = new Set(
    sections.filter((section) => isOwn(section) && findForeign(editor, section) !== undefined),
  );
  const wanted = sections.filter((section) => isOwn(section) && !foreign.has(section));
  const there = editor.sections.filter(isOwn).map(({ type, name }) => `${type} ${name}`);
  const order = wanted.map(({ type, name }) => `${type} ${name}`);
  // Rules of a firewall are judged in order, so a new one between two others means that all are made anew.
  const isExtension = there.every((entry, index) => entry === order[index]);
  if (!isExtension) deleteOwn(editor);
  for (const section of sections) {
    const alike = findForeign(editor, section);
    const clash = alike === undefined ? nameClash(editor, section) : undefined;
    if (clash !== undefined) {
      diagnostics.push(clash);
      continue;
    }
    const id = alike ?? editor.find({ type: section.type, name: section.name });
    if (id === undefined) {
      editor.add(section.type, section.name, section.settings.flatMap(entriesFor));
      continue;
    }
    applySettings(editor, id, section.settings);
    if (isOwn(section) && !foreign.has(section)) keepOnly(editor, id, section.settings);
  }
}

/**
 * An instance of the owner's on an interface of ours: two of one identifier are an error to keepalived, and two of one address
 * take it from each other.
 */
function rivalOf(
  { sections }: UciEditor,
  wanted: readonly WantedSection[],
): UciSection | undefined {
  const devices = new Set(wanted.filter(isInstance).flatMap(interfaceWanted));
  return sections.find(
    (section) =>
      isInstance(section) && !isOwn(section) && devices.has(optionOf(section, "interface") ?? ""),
  );
}

const isInstance = ({ type }: { readonly type: string }): boolean => type === "vrrp_instance";

const interfaceWanted = ({ settings }: WantedSection): readonly string[] =>
  settings.flatMap((setting) =>
    setting.type === "option" && setting.name === "interface" ? (setting.value ?? []) : [],
  );

function rivalRemark(section: UciSection): string {
  const name = optionOf(section, "name") ?? section.name ?? "";
  return `keepalived: vrrp_instance ${name} in line ${section.at.line} is on an interface of the pair and not made by Duet, so nothing is written to this file: delete what the pair replaces, and render again.`;
}

/** The section that the router's owner has made already, whatever its name is. */
function findForeign({ sections }: UciEditor, { type, where }: WantedSection): number | undefined {
  if (where === undefined) return undefined;
  const found = sections.findIndex(
    (section) =>
      section.type === type &&
      !isOwn(section) &&
      Object.entries(where).every(([key, value]) => optionOf(section, key) === value),
  );
  return found === -1 ? undefined : found;
}

function deleteOwn(editor: UciEditor): void {
  for (;;) {
    const id = editor.sections.findIndex(isOwn);
    if (id === -1) return;
    editor.delete(id);
  }
}

function keepOnly(editor: UciEditor, id: number, settings: readonly Setting[]): void {
  const section = editor.sections[id];
  if (section === undefined) return;
  const known = new Set(settings.filter(isSet).map(({ name }) => name));
  for (const name of new Set(entriesOf(section).map((entry) => entry.name)))
    if (!known.has(name)) editor.set(id, name, undefined);
}
