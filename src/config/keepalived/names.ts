/** Names that iproute2 gives to the numbers of routing: tables, protocols, scopes, realms, fields, groups. */
import type { FileSource } from "../source.ts";

export type NameKind = "table" | "protocol" | "scope" | "realm" | "dsfield" | "group";

const FILES: Readonly<Record<NameKind, string>> = {
  table: "rt_tables",
  protocol: "rt_protos",
  scope: "rt_scopes",
  realm: "rt_realms",
  dsfield: "rt_dsfield",
  group: "group",
};

/** Where iproute2 keeps them; a file under /etc wins. */
const DIRECTORIES = ["/usr/share/iproute2", "/etc/iproute2"] as const;

const BUILT_IN: Readonly<Record<NameKind, Readonly<Record<string, number>>>> = {
  table: { unspec: 0, default: 253, main: 254, local: 255 },
  protocol: { unspec: 0, redirect: 1, kernel: 2, boot: 3, static: 4, keepalived: 18 },
  scope: { global: 0, site: 200, link: 253, host: 254, nowhere: 255 },
  realm: { unknown: 0, cosmos: 0 },
  dsfield: {},
  group: { default: 0 },
};

const MAXIMUM: Readonly<Record<NameKind, number>> = {
  table: 4_294_967_295,
  protocol: 255,
  scope: 255,
  realm: 65_535,
  dsfield: 255,
  group: 4_294_967_295,
};

export class NetworkNames {
  readonly #source: FileSource;
  readonly #tables = new Map<NameKind, ReadonlyMap<string, number>>();

  constructor(source: FileSource) {
    this.#source = source;
  }

  /** The number that `text` stands for: a number itself (decimal or 0x), or a name. */
  lookUp(kind: NameKind, text: string): number | undefined {
    const value = parseNumber(kind, text);
    if (value !== undefined) return value <= MAXIMUM[kind] ? value : undefined;
    return this.#table(kind).get(text);
  }

  known(kind: NameKind): readonly string[] {
    return [...this.#table(kind).keys()];
  }

  #table(kind: NameKind): ReadonlyMap<string, number> {
    const known = this.#tables.get(kind);
    if (known !== undefined) return known;
    const table = new Map(Object.entries(BUILT_IN[kind]));
    for (const directory of DIRECTORIES) {
      const file = this.#source.read(`${directory}/${FILES[kind]}`);
      if (file.ok) addNames(table, file.text, kind);
    }
    this.#tables.set(kind, table);
    return table;
  }
}

// The fields of rt_dsfield are hexadecimal without saying so in keepalived's and iproute2's use.
function parseNumber(kind: NameKind, text: string): number | undefined {
  if (/^0x[0-9a-fA-F]{1,8}$/.test(text)) return Number(text);
  if (kind === "dsfield") return /^[0-9a-fA-F]{1,2}$/.test(text) ? Number(`0x${text}`) : undefined;
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function addNames(table: Map<string, number>, text: string, kind: NameKind): void {
  for (const line of text.split("\n")) {
    const match = /^\s*(0x[0-9a-fA-F]{1,8}|\d{1,10})\s+([^\s#]+)/.exec(line);
    if (match === null) continue;
    const value = Number(match[1]);
    if (value <= MAXIMUM[kind]) table.set(match[2] ?? "", value);
  }
}
