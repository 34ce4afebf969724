/** duet.yaml from text, without a file system. */
import { loadPair } from "../../src/config/pair/load.ts";
import type { LoadedPair, PairConfig } from "../../src/config/pair/model.ts";
import { filesFrom } from "./keepalived-files.ts";

export const DUET_YAML = "/etc/duet/duet.yaml";

export const loadPairText = (text: string): LoadedPair =>
  loadPair(DUET_YAML, filesFrom({ [DUET_YAML]: text }));

/** The pair of a text that must be without errors. */
export function pairOf(text: string): PairConfig {
  const { pair, diagnostics } = loadPairText(text);
  if (pair === undefined) throw new Error(JSON.stringify(diagnostics, null, 2));
  return pair;
}
