/** Classic files of one or both routers into one pair, and what of them found no place there. */

import type { FindingCode } from "../codes.ts";
import type { Diagnostic } from "../diagnostics.ts";
import { hasErrors } from "../diagnostics.ts";
import { deriveModel } from "../pair/derive.ts";
import type { NotCarried, PairConfig } from "../pair/model.ts";
import type { Environment, FileSource } from "../source.ts";
import { differences } from "./compare.ts";
import { type ImportOptions, mergeFacts } from "./merge.ts";
import { type RouterImport, type RouterSources, readRouter } from "./read.ts";

export type { ImportOptions } from "./merge.ts";
export type { RouterSources } from "./read.ts";

export interface ImportResult {
  /** Undefined after an error. */
  readonly pair: PairConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly notCarried: readonly NotCarried[];
  /** What has to be filled in by hand before the pair can run, a sentence each. */
  readonly missing: readonly string[];
}

const NOTHING: FindingCode = "import-nothing";
const WITHOUT_ADDRESS =
  "these files have no virtual address, and a pair is made of those: import keepalived.conf, or OpenWrt's keepalived file, along with them";

/** One router, whose twin is taken to be alike, or two. Never throws for what the files say. */
export function importPair(
  routers: readonly [RouterSources, RouterSources | undefined],
  options: ImportOptions,
  { source, environment }: { readonly source: FileSource; readonly environment: Environment },
): ImportResult {
  const read = routers
    .filter((sources) => sources !== undefined)
    .map((sources) => readRouter(sources, source, environment));
  const diagnostics = read.flatMap((one) => one.diagnostics);
  const [first, second] = read.map(({ facts }) => facts);
  if (first === undefined || read.some(({ facts }) => facts === undefined))
    return { pair: undefined, diagnostics, notCarried: [], missing: [] };
  const merged = mergeFacts(first, second, options);
  diagnostics.push(...merged.diagnostics);
  if (merged.pair.networks.every(({ addresses }) => addresses.length === 0)) {
    const at = { file: first.files[0] ?? "", line: 1, column: 1 };
    diagnostics.push({ at, severity: "error", code: NOTHING, message: WITHOUT_ADDRESS });
    return { pair: undefined, diagnostics, notCarried: merged.notCarried, missing: [] };
  }
  if (hasErrors(merged.diagnostics))
    return { pair: undefined, diagnostics, notCarried: merged.notCarried, missing: [] };
  const notCarried = [
    ...merged.notCarried,
    ...read.flatMap((one, index) => leftOut(one, index, merged.pair)),
  ];
  return { pair: merged.pair, diagnostics, notCarried, missing: merged.missing };
}

function leftOut(
  { model, facts }: RouterImport,
  index: number,
  pair: PairConfig,
): readonly NotCarried[] {
  if (model === undefined) return [];
  const loaded = { pair, diagnostics: [], files: [], positions: {} };
  const derived = deriveModel(loaded, pair.routers[index]?.name ?? "");
  return differences(model, derived.model, facts?.files[0] ?? "");
}
