/** Makes one section of a file what is wanted of it. */
import type { NewEntry, UciEditor } from "../config/uci/edit.ts";
import type { UciSection } from "../config/uci/model.ts";
import { listOf } from "../config/uci/model.ts";
import type { Setting } from "./uci-sections.ts";

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
