/**
 * Changes a UCI file in place: one value, one line or one section at a time; every other byte stays, comments, order and
 * white space included. Doing a thing that is done already changes nothing.
 */
import type { UciEntry, UciFile, UciSection, UciStatement } from "./model.ts";
import { entriesOf, optionOf, quoteUci, valueOf } from "./model.ts";
import { parseUci } from "./parse.ts";

/** What a section must be like; `where` compares options as OpenWrt's scripts read them. */
export interface UciSelector {
  readonly type: string;
  readonly name?: string;
  readonly where?: Readonly<Record<string, string>>;
}

export type NewEntry = Pick<UciEntry, "type" | "name" | "value">;

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A file that is being edited. Sections are numbers, good until one is deleted. */
export class UciEditor {
  #file: UciFile;
  readonly #lineEnd: string;

  /** `file` must have been read without errors. */
  constructor(file: UciFile) {
    if (file.diagnostics.length > 0)
      throw new RangeError(`${file.file} has errors and cannot be edited`);
    this.#file = file;
    this.#lineEnd = /\r?\n/.exec(file.text)?.[0] ?? "\n";
  }

  get text(): string {
    return this.#file.text;
  }

  get sections(): readonly UciSection[] {
    return this.#file.sections;
  }

  /** The first section that fits. */
  find({ type, name, where = {} }: UciSelector): number | undefined {
    const index = this.#file.sections.findIndex(
      (section) =>
        section.type === type &&
        (name === undefined || section.name === name) &&
        Object.entries(where).every(([option, value]) => optionOf(section, option) === value),
    );
    return index === -1 ? undefined : index;
  }

  /** Adds a section at the end of the file, with what it is to say from the beginning. */
  add(type: string, name?: string, entries: readonly NewEntry[] = []): number {
    const { text } = this.#file;
    const nl = this.#lineEnd;
    const gap = text === "" ? "" : text.endsWith("\n") ? nl : nl + nl;
    const label = name === undefined ? "" : ` ${quoteUci(name)}`;
    const lines = entries.map((entry) => `\t${statementOf(entry)}${nl}`).join("");
    const added = `${gap}config ${type}${label}${nl}${lines}`;
    this.#apply([{ start: text.length, end: text.length, text: added }]);
    return this.#file.sections.length - 1;
  }

  /** Deletes a section with the empty line above it. Numbers of later sections change. */
  delete(id: number): void {
    const { text } = this.#file;
    this.#apply(
      this.#section(id).blocks.map(({ header, entries }) => {
        const first = header.lines?.start ?? header.start;
        const last = entries.at(-1)?.statement ?? header;
        const above = /\r?\n$/.exec(text.slice(0, first))?.[0] ?? "";
        const isGap = /(?:^|\n)\r?\n$/.test(text.slice(0, first));
        return { start: first - (isGap ? above.length : 0), end: endOf(last, text), text: "" };
      }),
    );
  }

  /** Makes an option have one value, or none. */
  set(id: number, name: string, value: string | undefined): void {
    const section = this.#section(id);
    const entries = entriesOf(section).filter((entry) => entry.name === name);
    if (value === undefined) {
      this.#apply(entries.map(({ statement }) => this.#without(statement)));
      return;
    }
    if (valueOf(section, name) === value) return;
    const last = entries.at(-1);
    if (last === undefined) {
      this.#insert(section, [statementOf({ type: "option", name, value })]);
      return;
    }
    this.#apply([
      ...entries.slice(0, -1).map(({ statement }) => this.#without(statement)),
      rewrite(last, "option", value),
    ]);
  }

  /** Makes an option a list of these values; one value that stands there as an option is left alone. */
  setList(id: number, name: string, values: readonly string[]): void {
    const section = this.#section(id);
    const current = [valueOf(section, name) ?? []].flat();
    if (current.length === values.length && current.every((value, at) => value === values[at]))
      return;
    const entries = entriesOf(section).filter((entry) => entry.name === name);
    const kept = entries.filter(({ type }) => type === "list").slice(0, values.length);
    this.#apply([
      ...entries
        .filter((entry) => !kept.includes(entry))
        .map(({ statement }) => this.#without(statement)),
      ...kept.flatMap((entry, at) =>
        entry.value === values[at] ? [] : [rewrite(entry, "list", values[at] ?? "")],
      ),
    ]);
    const missing = values
      .slice(kept.length)
      .map((value) => statementOf({ type: "list", name, value }));
    if (missing.length > 0) this.#insert(this.#section(id), missing, name);
  }

  #section(id: number): UciSection {
    const section = this.#file.sections[id];
    if (section === undefined) throw new RangeError(`there is no section ${id}`);
    return section;
  }

  /** Takes a statement away, with its lines where they are its own. */
  #without(statement: UciStatement): Splice {
    if (statement.lines !== undefined) return { ...statement.lines, text: "" };
    // The semicolon goes with the statement in front of it.
    const after = /^[^\S\n]*;/.exec(this.#file.text.slice(statement.end))?.[0] ?? "";
    return { start: statement.start, end: statement.end + after.length, text: "" };
  }

  /** Adds statements behind the last one called `after`, or at the end of the section. */
  #insert(section: UciSection, statements: readonly string[], after?: string): void {
    const { text } = this.#file;
    const entries = entriesOf(section);
    const last =
      entries.findLast(({ name }) => name === after) ?? section.blocks.at(-1)?.entries.at(-1);
    const anchor = last?.statement ?? section.blocks.at(-1)?.header;
    if (anchor === undefined) return;
    if (anchor.lines === undefined) {
      this.#apply([{ start: anchor.end, end: anchor.end, text: `; ${statements.join("; ")}` }]);
      return;
    }
    const model = last ?? entries.at(-1);
    const indent = indentOf(model?.statement, text) ?? "\t";
    const lines = statements.map((statement) => `${indent}${statement}${this.#lineEnd}`).join("");
    const { end } = anchor.lines;
    const gap = text.slice(0, end).endsWith("\n") ? "" : this.#lineEnd;
    this.#apply([{ start: end, end, text: gap + lines }]);
  }

  #apply(splices: readonly Splice[]): void {
    if (splices.length === 0) return;
    let { text } = this.#file;
    for (const splice of splices.toSorted((a, b) => b.start - a.start))
      text = text.slice(0, splice.start) + splice.text + text.slice(splice.end);
    this.#file = parseUci(this.#file.file, text);
  }
}

/** The statement with another value; a bare or wrong keyword becomes the right one, quotes and comments stay. */
function rewrite({ type, statement }: UciEntry, wanted: UciEntry["type"], value: string): Splice {
  const [name, old] = statement.words;
  if (type === wanted && old !== undefined)
    return { start: old.start, end: old.end, text: quoteUci(value) };
  const text = `${wanted} ${name?.text ?? ""} ${quoteUci(value)}`;
  return { start: statement.start, end: statement.end, text };
}

const statementOf = ({ type, name, value }: NewEntry): string =>
  `${type} ${name} ${quoteUci(value)}`;

/** Behind a statement, its comment and its line end; the semicolon of a shared line is left behind. */
const endOf = (statement: UciStatement, text: string): number =>
  statement.lines?.end ?? statement.end + (text[statement.end] === ";" ? 1 : 0);

function indentOf(statement: UciStatement | undefined, text: string): string | undefined {
  return statement?.lines === undefined
    ? undefined
    : text.slice(statement.lines.start, statement.start);
}
