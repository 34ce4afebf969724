/** Makes one section of a file what is wanted of it. */
import type { Diagnostic } from "../config/diagnostics.ts";
import type { NewEntry, UciEditor } from "../config/uci/edit.ts";
import type { UciSection } from "../config/uci/model.ts";
import { isOwn, listOf, optionOf } from "../config/uci/model.ts";
import type { Setting, WantedSection } from "./uci-sections.ts";

/**
 * Why a section cannot be written under its name: a section of another type has it, for a file has no two of one name, or one
 * that is about something else. Those of ours are rewritten, whatever they are about.
 */
export function nameClash(
  { sections }: UciEditor,
  { type, name, where = {} }: Pick<WantedSection, "type" | "name" | "where">,
): Diagnostic | undefined {
  const rival = sections.find((section) => section.name === name);
  if (rival === undefined || isOwn(rival)) return undefined;
  const other = Object.keys(where).find(
    (key) => (optionOf(rival, key) ?? where[key]) !== where[key],
  );
  if (rival.type === type && other === undefined) return undefined;
  const found =
    rival.type !== type || other === undefined
      ? `is of type ${rival.type}`
      : `has ${other} '${optionOf(rival, other)}'`;
  const message = `section ${name} ${found}, and the pair needs a section ${type} of this name for itself: give this one another name`;
  return { at: rival.at, severity: "error", code: "uci-section-type", message };
}

/** Options that are not among the settings stay. */
export function applySettings(editor: UciEditor, id: number, settings: readonly Setting[]): void {
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

/** What a setting says in a section that is made anew. */
export function entriesFor(setting: Setting): readonly NewEntry[] {
  const { name } = setting;
  if (setting.type !== "option")
    return setting.values.map((value) => ({ type: "list", name, value }));
  return setting.value === undefined ? [] : [{ type: "option", name, value: setting.value }];
}
