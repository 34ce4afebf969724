/** The files of one router, in whatever languages, as facts for the pair. */
import type { FindingCode } from "../codes.ts";
import { loadConntrackdConf } from "../conntrackd/load.ts";
import { type Diagnostic, hasErrors } from "../diagnostics.ts";
import { loadKeepalivedConf } from "../keepalived/load.ts";
import type { Model } from "../model.ts";
import type { Environment, FileSource } from "../source.ts";
import { conntrackdFacts } from "./conntrackd.ts";
import type { RouterFacts } from "./facts.ts";
import { factsOfReplication, joinFacts } from "./join.ts";
import { keepalivedFacts } from "./keepalived.ts";
import { importUci, type UciTexts } from "./uci.ts";

/** Paths of one router's files. */
export interface RouterSources {
  readonly keepalived: string | undefined;
  readonly conntrackd: string | undefined;
  /** By the names that the files have in /etc/config. */
  readonly uci: Readonly<Partial<Record<keyof UciTexts, string>>>;
}

export interface RouterImport {
  /** Undefined after an error. */
  readonly facts: RouterFacts | undefined;
  /** What keepalived.conf came to, to hold the pair against. */
  readonly model: Model | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads files through `source`; never throws for what they say. Findings about this machine (programs, interfaces) are only
 * made as far as `environment` knows them.
 */
export function readRouter(
  sources: RouterSources,
  source: FileSource,
  environment: Environment,
): RouterImport {
  const parts: RouterFacts[] = [];
  const diagnostics: Diagnostic[] = [];
  let model: Model | undefined;
  if (sources.keepalived !== undefined) {
    const loaded = loadKeepalivedConf(sources.keepalived, source, environment);
    diagnostics.push(...loaded.diagnostics);
    model = loaded.model;
    if (model !== undefined) parts.push(keepalivedFacts(model, loaded.files));
  }
  if (sources.conntrackd !== undefined) {
    const read = readConntrackd(sources.conntrackd, source, environment);
    diagnostics.push(...read.diagnostics);
    if (read.facts !== undefined) parts.push(read.facts);
  }
  const uci = readUci(sources.uci, source, diagnostics);
  // OpenWrt's files know the names of networks, so they go first.
  if (uci !== undefined) parts.unshift(uci);
  const facts = hasErrors(diagnostics) || parts.length === 0 ? undefined : joinFacts(parts);
  return { facts, model, diagnostics };
}

/** What is wrong with a file whose author never said where to replicate: the pair knows a place by itself. */
const UNFINISHED: ReadonlySet<string> = new Set<FindingCode>(["placeholder", "interface-name"]);

function readConntrackd(
  path: string,
  source: FileSource,
  environment: Environment,
): Pick<RouterImport, "facts" | "diagnostics"> {
  const { config, diagnostics } = loadConntrackdConf(path, source, environment);
  if (config !== undefined) {
    const { replication, notCarried } = conntrackdFacts(config, path);
    return { facts: factsOfReplication(replication, notCarried), diagnostics };
  }
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.some(({ code }) => !UNFINISHED.has(code))) return { facts: undefined, diagnostics };
  const notCarried = errors.map(({ at, message }) => ({
    at,
    text: "an unfinished line",
    reason: message,
  }));
  const replication = { at: { file: path, line: 1, column: 1 }, settings: {}, links: [] };
  return {
    facts: factsOfReplication(replication, notCarried),
    diagnostics: diagnostics.filter(({ severity }) => severity !== "error"),
  };
}

function readUci(
  paths: RouterSources["uci"],
  source: FileSource,
  diagnostics: Diagnostic[],
): RouterFacts | undefined {
  const texts: Record<string, { readonly path: string; readonly text: string }> = {};
  for (const [name, path] of Object.entries(paths)) {
    const content = source.read(path);
    if (content.ok) texts[name] = { path, text: content.text };
    else
      diagnostics.push({
        at: { file: path, line: 1, column: 1 },
        severity: "error",
        code: "file-unreadable",
        message: `the file cannot be read: ${content.reason}`,
      });
  }
  if (Object.keys(texts).length === 0) return undefined;
  const imported = importUci(texts);
  diagnostics.push(...imported.diagnostics);
  return imported.facts;
}
