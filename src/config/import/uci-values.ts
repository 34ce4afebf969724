/** Values of /etc/config/keepalived: numbers, times, and sections that are referred to by their `name` option. */
import { type Duration, NO_TIME, seconds } from "../../base/time.ts";
import type { Position } from "../diagnostics.ts";
import type { UciFile, UciSection } from "../uci/model.ts";
import { entryOf, listOf, optionOf } from "../uci/model.ts";
import type { Found } from "./facts.ts";
import type { UciNotes } from "./uci-notes.ts";
import { found } from "./uci-notes.ts";

/** Of an option, or of its section where there is none. */
export const placeOf = (section: UciSection, option: string): Position =>
  entryOf(section, option)?.statement.at ?? section.at;

interface Range {
  readonly min?: number;
  readonly max: number;
  readonly fallback?: number;
}

/** A whole number; the fallback where there is none or a wrong one, which is noted. */
export function readNumber(
  section: UciSection,
  option: string,
  { min = 1, max, fallback }: Range,
  notes: UciNotes,
): Found<number> | undefined {
  const text = optionOf(section, option);
  const at = placeOf(section, option);
  if (text !== undefined) {
    const value = /^[-+]?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return found(value, at);
    notes.option(section, option, `it must be a number from ${min} to ${max}`);
  }
  return fallback === undefined ? undefined : found(fallback, at);
}

/** Seconds with decimals. `fallback` is in seconds. */
export function readTime(
  section: UciSection,
  option: string,
  fallback: number,
  notes: UciNotes,
): Found<Duration> {
  const text = optionOf(section, option);
  const at = placeOf(section, option);
  if (text !== undefined) {
    if (/^\d{1,6}(?:\.\d{1,6})?$/.test(text)) return found(rounded(Number(text)), at);
    notes.option(section, option, "it must be a number of seconds");
  }
  return found(fallback === 0 ? NO_TIME : seconds(fallback), at);
}

const rounded = (count: number): Duration => Math.round(count * 1_000_000) as Duration;

const REFERRED_TO = new Set(["ipaddress", "route", "peer", "track_interface", "track_script"]);

/** Finds sections by their `name` option, and knows which ones nobody asked for. */
export class References {
  readonly #sections: readonly UciSection[];
  /** By type and name. */
  readonly #named = new Map<string, UciSection[]>();
  readonly #notes: UciNotes;
  readonly #used = new Set<UciSection>();

  constructor(file: UciFile, notes: UciNotes) {
    this.#sections = file.sections.filter(({ type }) => REFERRED_TO.has(type));
    this.#notes = notes;
    for (const section of file.sections) {
      const key = `${section.type} ${optionOf(section, "name") ?? ""}`;
      const others = this.#named.get(key);
      if (others === undefined) this.#named.set(key, [section]);
      else others.push(section);
    }
  }

  /** The sections that `option` names, in the order of the names; for each of the first type that has any. */
  of(section: UciSection, option: string, ...types: readonly string[]): readonly UciSection[] {
    return listOf(section, option).flatMap((name) => this.named(section, option, name, types));
  }

  /** As `of`, for one of the names. */
  named(
    section: UciSection,
    option: string,
    name: string,
    types: readonly string[],
  ): readonly UciSection[] {
    const type = types.find((candidate) => this.has(candidate, name));
    const named = this.#named.get(`${type} ${name}`) ?? [];
    if (named.length === 0)
      this.#notes.option(section, option, `there is no ${types[0]} section with the name ${name}`);
    for (const one of named) this.#used.add(one);
    return named;
  }

  has(type: string, name: string): boolean {
    return this.#named.has(`${type} ${name}`);
  }

  /** Every section of `type`, asked for or not. */
  all(type: string): readonly UciSection[] {
    return this.#sections.filter((section) => section.type === type);
  }

  noteUnused(): void {
    for (const section of this.#sections)
      if (!this.#used.has(section))
        this.#notes.section(section, "no instance names it, so it does nothing");
  }
}
