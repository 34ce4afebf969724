/**
 * How a block is read: one table per kind of block says which keywords it has, what they take and what they do. The
 * reference page is made from the same tables.
 */
import type { Position } from "../diagnostics.ts";
import type { Findings } from "../findings.ts";
import type { Environment, FileSource } from "../source.ts";
import { didYouMean } from "../suggest.ts";
import type { NetworkNames } from "./names.ts";
import type { Block, Statement } from "./tree.ts";

/** What every reader may use. */
export interface Reading {
  readonly findings: Findings;
  readonly source: FileSource;
  readonly environment: Environment;
  readonly names: NetworkNames;
  /** dynamic_interfaces: an interface that does not exist now is no mistake. */
  readonly interfacesMayComeLater: boolean;
  /** As whom scripts run. */
  readonly scripts: ScriptPolicy;
}

/** As whom programs run unless they say so themselves, and whether insecure ones are refused. */
export interface ScriptPolicy {
  readonly user?: string;
  readonly group?: string;
  readonly secure: boolean;
}

/**
 * "supported": acts as in keepalived. "implied": Duet does this anyway, or has no need of it. "unsupported": accepted with
 * a warning, and not acted on.
 */
type Support = "supported" | "implied" | "unsupported";

export interface Keyword<Draft> {
  readonly name: string;
  /**
   * The words it takes as the reference prints them: `[…]` may be left out, `…` at the end repeats, `{ … }` is a block.
   */
  readonly form: string;
  readonly doc: string;
  readonly initial: string;
  readonly support: Support;
  /** Which one counts when a keyword without a block is repeated. */
  readonly repeated: "last" | "first" | "each";
  readonly read: ((reading: Reading, statement: Statement, draft: Draft) => void) | undefined;
}

export type Table<Draft> = readonly Keyword<Draft>[];

/** A keyword that Duet acts on. `initial` is its value when it is absent, for the reference. */
export function keyword<Draft>(
  name: string,
  form: string,
  { doc, initial = "", repeated }: { doc: string; initial?: string; repeated?: "first" },
  read: (reading: Reading, statement: Statement, draft: Draft) => void,
): Keyword<Draft> {
  return { name, form, doc, initial, support: "supported", repeated: repeated ?? "last", read };
}

/** A keyword that asks for what Duet does anyway. */
export const implied = <Draft>(name: string, form: string, doc: string): Keyword<Draft> => ({
  name,
  form,
  doc,
  initial: "",
  support: "implied",
  repeated: "last",
  read: undefined,
});

export const unsupported = <Draft>(name: string, form: string, doc: string): Keyword<Draft> => ({
  name,
  form,
  doc,
  initial: "",
  support: "unsupported",
  repeated: "last",
  read: undefined,
});

export interface Form {
  readonly wordsMin: number;
  readonly wordsMax: number;
  readonly block: boolean;
}

/** What a keyword's form says of the number of its words. */
export function parseForm(form: string): Form {
  const block = form.includes("{");
  const words = form.replace(/\{.*\}/, "").trim();
  const all = words.split(/\s+/).filter((word) => word !== "");
  const mandatory = words.replace(/\[.*\]/g, "").trim();
  return {
    wordsMin: mandatory === "" ? 0 : mandatory.split(/\s+/).length,
    wordsMax: words.includes("…") ? Number.POSITIVE_INFINITY : all.length,
    block,
  };
}

/** Reads the statements of a block into `draft`. `owner` names the block in findings: "vrrp_instance I1". */
export function readBlock<Draft>(
  reading: Reading,
  table: Table<Draft>,
  { owner, block, draft }: { owner: string; block: Block | undefined; draft: Draft },
): void {
  const seen = new Map<string, Position>();
  for (const statement of block?.statements ?? []) {
    const { text, at } = statement.keyword;
    const found = table.find(({ name }) => name === text);
    if (found === undefined) reportUnknown(reading, statement, owner, table);
    else if (admit(reading, found, statement, seen.get(text))) {
      found.read?.(reading, statement, draft);
    }
    if (!seen.has(text)) seen.set(text, at);
  }
}

/** Says everything that is wrong with a statement before its reader sees it. False: it must not be read. */
export function admit<Draft>(
  reading: Reading,
  { name, form, support, repeated }: Keyword<Draft>,
  statement: Statement,
  before?: Position,
): boolean {
  const { findings } = reading;
  const { at } = statement.keyword;
  if (support === "unsupported") {
    findings.warn(at, "not-supported", `not supported: ${name} is accepted and has no effect`);
    return false;
  }
  const { block, wordsMin, wordsMax } = parseForm(form);
  if (!block && statement.block !== undefined) {
    const opened = statement.block.openedAt;
    findings.error(opened, "brace-unexpected", `${name} has no block: remove { and its }`);
    return false;
  }
  if (!block && before !== undefined && repeated !== "each") {
    reportRepeated(findings, name, repeated, { at, before });
    if (repeated === "first") return false;
  }
  if (statement.words.length < wordsMin) {
    findings.error(at, "value-missing", `${name} lacks a value: write ${name} ${form}`);
    return false;
  }
  reportIgnored(findings, name, statement, wordsMax);
  return true;
}

function reportRepeated(
  findings: Findings,
  name: string,
  repeated: "first" | "last",
  { at, before }: { at: Position; before: Position },
): void {
  const which = repeated === "first" ? "the first one" : "the last one";
  const message = `${name} stands in line ${before.line} already; ${which} counts`;
  findings.warn(at, "keyword-repeated", message);
}

function reportIgnored(
  findings: Findings,
  name: string,
  { words }: Statement,
  wordsMax: number,
): void {
  const extra = words[wordsMax];
  if (extra === undefined) return;
  const ignored = words
    .slice(wordsMax)
    .map(({ text }) => text)
    .join(" ");
  findings.warn(
    extra.at,
    "words-ignored",
    `"${ignored}" after ${name} is ignored: write it in a line of its own`,
  );
}

/** One warning; the block of an unknown keyword is skipped as a whole. */
export function reportUnknown<Draft>(
  { findings }: Reading,
  { keyword: { text, at }, block }: Statement,
  owner: string,
  table: Table<Draft>,
): void {
  if (findings.isFull) return;
  const names = table.map(({ name }) => name);
  const advice = didYouMean(text, names);
  const message = (what: string): string => `${text} is not a keyword of ${owner}${what}${advice}`;
  if (block === undefined) findings.warn(at, "keyword-unknown", message(", it is ignored"));
  // A misspelt block is not left out: a reload would take away all that stands in it.
  else if (advice !== "") findings.error(at, "keyword-unknown", message(""));
  else findings.warn(at, "keyword-unknown", message(", its whole block is skipped"));
}
