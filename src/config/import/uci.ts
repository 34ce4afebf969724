/** The files of one OpenWrt router, /etc/config/{network,dhcp,firewall,keepalived}, as facts for the pair's file. */
import { deepFreeze } from "../deep-freeze.ts";
import type { Diagnostic } from "../diagnostics.ts";
import type { NotCarried } from "../pair/model.ts";
import type { UciFile } from "../uci/model.ts";
import { parseUci } from "../uci/parse.ts";
import type { DhcpFacts, NetworkFacts, RouterFacts } from "./facts.ts";
import { readDhcp } from "./uci-dhcp.ts";
import { readTranslation, type Translation } from "./uci-firewall.ts";
import { readKeepalived } from "./uci-keepalived.ts";
import { readNetworks } from "./uci-network.ts";
import { UciNotes } from "./uci-notes.ts";

const PACKAGES = ["network", "dhcp", "firewall", "keepalived"] as const;
type Package = (typeof PACKAGES)[number];

/** Each file with the path it is known by in findings; a router need not have all. */
export type UciTexts = Readonly<
  Partial<Record<Package, { readonly path: string; readonly text: string }>>
>;

export interface ImportedUci {
  /** Undefined when a file has errors. */
  readonly facts: RouterFacts | undefined;
  /** Syntax errors. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the files of one router. Never throws. */
export function importUci(texts: UciTexts): ImportedUci {
  const given = PACKAGES.flatMap((name) => {
    const file = texts[name];
    return file === undefined ? [] : [[name, parseUci(file.path, file.text)] as const];
  });
  const diagnostics = given.flatMap(([, file]) => file.diagnostics);
  if (diagnostics.length > 0) return { facts: undefined, diagnostics };
  const facts = readFacts(new Map(given));
  return { facts: deepFreeze(facts), diagnostics: [] };
}

function readFacts(given: ReadonlyMap<Package, UciFile>): RouterFacts {
  const notes = new UciNotes();
  const fileOf = (name: Package): UciFile =>
    given.get(name) ?? { file: name, text: "", sections: [], diagnostics: [] };
  const networks = readNetworks(fileOf("network"), notes);
  const pools = readDhcp(fileOf("dhcp"), networks, notes);
  const translation = readTranslation(fileOf("firewall"), notes);
  const { name, instances, groups, checks } = readKeepalived(fileOf("keepalived"), notes);
  const files = [...given.values()].map(({ file }) => file);
  return {
    files,
    name,
    networks: networks.map((network) => completed(network, translation, pools)),
    instances,
    groups,
    checks,
    replication: undefined,
    hooks: {},
    notCarried: inOrder(notes.all, files),
  };
}

const completed = (
  network: NetworkFacts,
  translation: Translation,
  pools: ReadonlyMap<string, DhcpFacts>,
): NetworkFacts => ({
  ...network,
  translates: translation(network),
  dhcp: pools.get(network.name),
});

const inOrder = (notes: readonly NotCarried[], files: readonly string[]): readonly NotCarried[] =>
  notes.toSorted(
    (a, b) =>
      files.indexOf(a.at.file) - files.indexOf(b.at.file) ||
      a.at.line - b.at.line ||
      a.at.column - b.at.column,
  );
