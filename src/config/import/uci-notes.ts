/** What the files of OpenWrt say and the pair's file cannot, collected while they are read. */
import type { Position } from "../diagnostics.ts";
import type { NotCarried } from "../pair/model.ts";
import type { UciEntry, UciFile, UciSection } from "../uci/model.ts";
import { entriesOf } from "../uci/model.ts";
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

  /** Sections of types that nobody reads: one note a type, because there may be dozens. */
  otherTypes(file: UciFile, known: ReadonlySet<string>, reasonFor: (type: string) => string): void {
    const byType = new Map<string, UciSection[]>();
    for (const section of file.sections) {
      if (known.has(section.type)) continue;
      const others = byType.get(section.type);
      if (others === undefined) byType.set(section.type, [section]);
      else others.push(section);
    }
    for (const [type, sections] of byType) {
      const [first] = sections;
      if (first === undefined) continue;
      const text =
        sections.length === 1 ? headOf(first) : `config ${type} (${sections.length} sections)`;
      this.#notes.push({ at: first.at, text, reason: reasonFor(type) });
    }
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
  "the pair's file has no word for it; it stays in the router's own file, which Duet edits and does not replace";
