/** What the files of OpenWrt say and the pair's file cannot, collected while they are read. */
import type { Position } from "../diagnostics.ts";
import type { NotCarried } from "../pair/model.ts";
import type { UciEntry, UciFile, UciSection } from "../uci/model.ts";
import { entriesOf, isOwn } from "../uci/model.ts";
import type { Found } from "./facts.ts";

const TEXT_MAX = 80;

export class UciNotes {
  readonly #notes: NotCarried[] = [];

  get all(): readonly NotCarried[] {
    return this.#notes;
  }

  section(section: UciSection, reason: string): void {
    this.#notes.push({ at: section.at, text: headOf(section), reason });
  }

  entry(entry: UciEntry, reason: string): void {
    const text = shortened(`${entry.type} ${entry.name} '${entry.value}'`);
    this.#notes.push({ at: entry.statement.at, text, reason });
  }

  /** Every entry of an option. */
  option(section: UciSection, name: string, reason: string): void {
    for (const entry of entriesOf(section)) if (entry.name === name) this.entry(entry, reason);
  }

  /** Options that nobody reads. */
  others(section: UciSection, known: ReadonlySet<string>, reason: string): void {
    for (const entry of entriesOf(section))
      if (!known.has(entry.name) && entry.value !== "") this.entry(entry, reason);
  }

  /** Sections of types that nobody reads: one note a file, because there may be dozens. Duet's own say nothing new. */
  otherTypes(file: UciFile, known: ReadonlySet<string>, reason: string): void {
    const others = file.sections.filter((section) => !known.has(section.type) && !isOwn(section));
    const [first] = others;
    if (first === undefined) return;
    const counts = new Map<string, number>();
    for (const { type } of others) counts.set(type, (counts.get(type) ?? 0) + 1);
    const types = [...counts].map(([type, count]) => (count === 1 ? type : `${count} ${type}`));
    this.#notes.push({ at: first.at, text: shortened(`config ${types.join(", ")}`), reason });
  }
}

const headOf = ({ type, name }: UciSection): string =>
  shortened(name === undefined ? `config ${type}` : `config ${type} '${name}'`);

const shortened = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > TEXT_MAX ? `${line.slice(0, TEXT_MAX)}…` : line;
};

export const found = <T>(value: T, at: Position): Found<T> => ({ value, at });

/** What stays where it is because the router goes on reading it. */
export const STAYS =
  "the pair's file has no word for it; it stays as it is in this file, which Duet does not replace";
