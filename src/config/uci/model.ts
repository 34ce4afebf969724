/** A file of OpenWrt's UCI as it was read: what it says, and where every word of it stands, so that it can be edited in place. */
import type { Diagnostic, Position } from "../diagnostics.ts";

export interface UciFile {
  /** As it is known in findings. */
  readonly file: string;
  /** Unchanged. */
  readonly text: string;
  /** In the order of their first line. */
  readonly sections: readonly UciSection[];
  /** Errors only; the sections are incomplete when there are any. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A section. One that has a name may be spread over the file. */
export interface UciSection {
  readonly type: string;
  /** Undefined: anonymous. */
  readonly name: string | undefined;
  readonly at: Position;
  /** One a `config` line, at least one. */
  readonly blocks: readonly UciBlock[];
}

export interface UciBlock {
  readonly header: UciStatement;
  readonly entries: readonly UciEntry[];
}

export interface UciEntry {
  readonly type: "option" | "list";
  readonly name: string;
  /** Empty means that there is no such option. */
  readonly value: string;
  readonly statement: UciStatement;
}

/** One statement. Offsets are those of the text. */
export interface UciStatement {
  readonly at: Position;
  readonly keyword: string;
  /** Of the keyword. */
  readonly start: number;
  /** Behind the last word. */
  readonly end: number;
  /** What follows the keyword. */
  readonly words: readonly UciWord[];
  /** Its lines with their indentation, comment and line end; undefined when it shares a line with another statement. */
  readonly lines: { readonly start: number; readonly end: number } | undefined;
}

export interface UciWord {
  /** Without quotation marks and escapes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A value, as `uci get` gives it: a text, or a list of them. */
export type UciValue = string | readonly string[];

/** Sections with this in front are made, changed and removed by Duet; all others belong to the router's owner. */
export const OWN_PREFIX = "duet_";

export const isOwn = ({ name }: { readonly name: string | undefined }): boolean =>
  name?.startsWith(OWN_PREFIX) === true;

/** Every entry of a section, in order. */
export const entriesOf = ({ blocks }: UciSection): readonly UciEntry[] =>
  blocks.flatMap(({ entries }) => entries);

/**
 * What holds of an option: a later `option` replaces all before it, a `list` adds to it and makes a list of it.
 * Undefined when it is not there or empty.
 */
export function valueOf(section: UciSection, name: string): UciValue | undefined {
  let single: string | undefined;
  let list: string[] | undefined;
  for (const entry of entriesOf(section)) {
    if (entry.name !== name) continue;
    if (entry.type === "list") {
      list ??= single === undefined ? [] : [single];
      list.push(entry.value);
    } else {
      list = undefined;
      single = entry.value === "" ? undefined : entry.value;
    }
  }
  return list ?? single;
}

/** As OpenWrt's scripts get it: a list is joined with blanks. */
export function optionOf(section: UciSection, name: string): string | undefined {
  const value = valueOf(section, name);
  return value === undefined || typeof value === "string" ? value : value.join(" ");
}

/** As OpenWrt's scripts walk through it: the words of an option, or the entries of a list. */
export function listOf(section: UciSection, name: string): readonly string[] {
  const value = valueOf(section, name) ?? [];
  return typeof value === "string" ? value.split(/\s+/).filter((word) => word !== "") : value;
}

/** The last entry of an option, for its position. */
export const entryOf = (section: UciSection, name: string): UciEntry | undefined =>
  entriesOf(section).findLast((entry) => entry.name === name);

/** A yes or no, as OpenWrt's scripts read it; anything else is `fallback`. */
export function isOn(section: UciSection, name: string, fallback: boolean): boolean {
  const text = optionOf(section, name) ?? "";
  if (["1", "on", "true", "yes", "enabled"].includes(text)) return true;
  if (["0", "off", "false", "no", "disabled"].includes(text)) return false;
  return fallback;
}

const NAME = /^[A-Za-z0-9_]+$/;

/** Names of sections and options: letters, digits and underscores. */
export const isUciName = (text: string): boolean => NAME.test(text);

/** `text` as the name of a section: everything else becomes an underscore. */
export const uciName = (text: string): string => text.replaceAll(/[^A-Za-z0-9_]/g, "_");

/** A value in single quotes; a quotation mark inside stands outside of them, escaped. */
export const quoteUci = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
