/** Sections of /etc/config/keepalived by their `name` option, by which they refer to each other. */
import { parseIp } from "../../base/ip.ts";
import type { Diagnostic } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import { finding } from "./keepalived-options.ts";
import type { UciFile, UciSection } from "./model.ts";
import { entriesOf, listOf, optionOf } from "./model.ts";

/** Sections that do nothing by themselves. */
const SERVING = new Set(["ipaddress", "route", "peer", "track_interface", "track_script"]);

export class SectionNames {
  readonly #sections: readonly UciSection[];
  /** By type and name. */
  readonly #named = new Map<string, UciSection[]>();
  readonly #used = new Set<UciSection>();
  readonly #nameless = new Set<UciSection>();
  readonly #diagnostics: Diagnostic[];

  constructor({ sections }: UciFile, diagnostics: Diagnostic[]) {
    this.#sections = sections;
    this.#diagnostics = diagnostics;
    for (const section of sections) {
      const key = `${section.type} ${optionOf(section, "name") ?? ""}`;
      const others = this.#named.get(key);
      if (others === undefined) this.#named.set(key, [section]);
      else others.push(section);
    }
  }

  /** The `name` option. The package leaves out sections without one, which is told. */
  nameOf(section: UciSection): string | undefined {
    const name = optionOf(section, "name");
    if (name !== undefined || this.#nameless.has(section)) return name;
    this.#nameless.add(section);
    const advice = section.name === undefined ? "NAME" : section.name;
    const message = `this ${section.type} has no option name, so OpenWrt leaves it out: write option name '${advice}'`;
    this.#diagnostics.push(finding(section, "error", "uci-section-unread", message));
    return undefined;
  }

  /** The sections that `option` names, in its order; for each name of the first type that has one. Missing ones are told. */
  find(section: UciSection, option: string, ...types: readonly string[]): readonly UciSection[] {
    return listOf(section, option).flatMap((name) => this.findOne(section, option, name, types));
  }

  /** As find, for one of the names. */
  findOne(
    section: UciSection,
    option: string,
    name: string,
    types: readonly string[],
  ): readonly UciSection[] {
    for (const type of types) {
      const found = this.#named.get(`${type} ${name}`) ?? [];
      for (const one of found) this.#used.add(one);
      if (found.length > 0) return found;
    }
    this.#missing(section, option, name, types);
    return [];
  }

  /** Whether `name` is an address itself and no name of a section. */
  isAddress(name: string, type: string): boolean {
    return parseIp(name) !== undefined && !this.#named.has(`${type} ${name}`);
  }

  /** Tells of sections that nobody refers to. */
  findUnnamed(): void {
    for (const section of this.#sections) {
      if (!SERVING.has(section.type) || this.#used.has(section)) continue;
      const name = this.nameOf(section);
      if (name === undefined) continue;
      const message = `nobody refers to ${section.type} ${name}, so it does nothing`;
      this.#diagnostics.push(finding(section, "warning", "uci-section-unread", message));
    }
  }

  #missing(section: UciSection, option: string, name: string, types: readonly string[]): void {
    const entries = entriesOf(section).filter((entry) => entry.name === option);
    const entry = entries.findLast(({ value }) => value.split(/\s+/).includes(name));
    const known = this.#sections
      .filter(({ type }) => types.includes(type))
      .flatMap((one) => optionOf(one, "name") ?? []);
    const message = `no section ${types.join(" or ")} has the option name '${name}', so OpenWrt leaves it out${didYouMean(name, known)}`;
    const at = entry?.statement ?? section;
    this.#diagnostics.push(finding(at, "error", "uci-reference-missing", message));
  }
}
