/** Reports of files of every kind. What reads them is loaded when there is one of its kind, because it takes a while. */
import path from "node:path";
import { type Finding, inOrder } from "../check/finding.ts";
import type { PairFacts } from "../check/picture.ts";
import { type ConfigurationKind, isPairFile } from "../check/recognition.ts";
import { systemFiles } from "../daemon/config-files.ts";
import { type FileReport, type Reports, reportOf } from "./file-report.ts";

export interface ReadOptions {
  readonly configId?: string | null;
  /** By the content of the file unless given. */
  readonly kind?: ConfigurationKind | "pair";
  /** NAME=FOLDER, one for each router. */
  readonly routers?: readonly string[];
}

/** Reports on pair's files first, then in the order of the others. A text says what is wrong with the options. */
export async function readReports(
  files: readonly string[],
  { configId = null, kind, routers = [] }: ReadOptions,
): Promise<Reports | string> {
  const isPair = (file: string): boolean =>
    kind === undefined ? looksLikePair(file) : kind === "pair";
  const pairs = files.filter(isPair);
  const others = files.filter((file) => !pairs.includes(file));
  const reader = pairs.length === 0 ? undefined : await import("./pair-findings.ts");
  const found = new Map(pairs.map((file) => [file, reader?.readPairFindings(file) ?? []]));
  const reportPairs = (elsewhere: readonly Finding[]): readonly FileReport[] =>
    pairs.map((file) => reportOf(file, withOthers(file, found.get(file) ?? [], elsewhere)));
  if (others.length + routers.length === 0) return { reports: reportPairs([]), notes: [] };
  const { readClassicReports } = await import("./read-findings.ts");
  // Files of the routers are looked at on the ground of the pair's file, where there is one.
  const [pair] = pairs;
  const factsOf = (router: string): PairFacts | undefined =>
    pair === undefined || pairs.length > 1 ? undefined : reader?.pairFacts(pair, router);
  const classic = kind === "pair" ? undefined : kind;
  const read = readClassicReports(others, { configId, kind: classic, routers, factsOf });
  if (typeof read === "string") return read;
  return { reports: [...reportPairs(read.elsewhere), ...read.reports], notes: read.notes };
}

/** Findings of a pair's file, and those that other files brought to light in it. */
function withOthers(
  file: string,
  own: readonly Finding[],
  elsewhere: readonly Finding[],
): readonly Finding[] {
  const place = path.resolve(file);
  return inOrder([...own, ...elsewhere.filter(({ at }) => at.file === place)], [place]);
}

function looksLikePair(file: string): boolean {
  const content = systemFiles.read(path.resolve(file));
  return isPairFile(file, content.ok ? content.text : "");
}
