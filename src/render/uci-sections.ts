/** What is wanted of OpenWrt's files, section by section: the one source of the batch for uci(1) and of edited files. */

export const UCI_PACKAGES = ["network", "dhcp", "firewall", "keepalived"] as const;
export type UciPackage = (typeof UCI_PACKAGES)[number];

export interface WantedSection {
  readonly package: UciPackage;
  readonly type: string;
  /** Of the section where it has to be made; an owned one always has it. */
  readonly name: string;
  /** A section that has these options is meant, whatever its name is. */
  readonly where?: Readonly<Record<string, string>>;
  readonly settings: readonly Setting[];
}

export type Setting =
  /** Undefined: there must be no such option. */
  | { readonly type: "option"; readonly name: string; readonly value: string | undefined }
  | { readonly type: "list"; readonly name: string; readonly values: readonly string[] }
  /** Entries `TAG,VALUE` of a list; entries with other tags stay. */
  | { readonly type: "tagged"; readonly name: string; readonly values: readonly string[] };

export const option = (name: string, value: string | number | undefined): Setting => ({
  type: "option",
  name,
  value: value === undefined ? undefined : String(value),
});

export const list = (name: string, values: readonly string[]): Setting => ({
  type: "list",
  name,
  values,
});

export const tagged = (name: string, values: readonly string[]): Setting => ({
  type: "tagged",
  name,
  values,
});

/** A setting that says something where there was nothing before. */
export const isSet = (setting: Setting): boolean =>
  setting.type === "option" ? setting.value !== undefined : setting.values.length > 0;

/** How the router's UCI calls the pair's networks, by the names that the pair gives them. */
export type InterfaceNames = Readonly<Record<string, string>>;

/** Names that differ in `-`, `.` and `_` only would be one: the later one gets a number. Adds to `taken`. */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let number = 2; taken.has(unique); number += 1) unique = `${name}_${number}`;
  taken.add(unique);
  return unique;
}

/** The sections with names that are different in each file. */
export function distinct(sections: readonly WantedSection[]): readonly WantedSection[] {
  const taken = new Map(UCI_PACKAGES.map((name) => [name, new Set<string>()]));
  return sections.map((section) => {
    const name = uniqueName(section.name, taken.get(section.package) ?? new Set());
    return name === section.name ? section : Object.assign({}, section, { name });
  });
}
