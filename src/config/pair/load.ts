/** duet.yaml into a pair: text, YAML nodes, values by the tables of keys, then what they must agree on. */
import { deepFreeze } from "../deep-freeze.ts";
import type { Position } from "../diagnostics.ts";
import { Findings } from "../findings.ts";
import type { FileSource } from "../source.ts";
import { completePair } from "./complete.ts";
import { FILE } from "./keys.ts";
import type { LoadedPair, PairConfig } from "./model.ts";
import { positionsOf } from "./positions.ts";
import { Reading } from "./reading.ts";
import { readYaml } from "./yaml-text.ts";

/** Reads a pair's file. `path` is the one it is known by in findings. All findings are told at once. */
export function loadPair(path: string, source: FileSource): LoadedPair {
  const findings = new Findings();
  const start: Position = { file: path, line: 1, column: 1 };
  const positions = new Map<string, Position>();
  const pair = load(path, source, { findings, positions, start });
  return {
    pair: findings.hasErrors || pair === undefined ? undefined : deepFreeze(pair),
    diagnostics: findings.sorted([path]),
    files: [path],
    positions: deepFreeze(positionsOf(positions)),
  };
}

interface Around {
  readonly findings: Findings;
  readonly positions: Map<string, Position>;
  readonly start: Position;
}

function load(
  path: string,
  source: FileSource,
  { findings, positions, start }: Around,
): PairConfig | undefined {
  const file = source.read(path);
  if (!file.ok) {
    findings.error(start, "file-unreadable", `the file cannot be read: ${file.reason}`);
    return undefined;
  }
  const yaml = readYaml(path, file.text, findings);
  if (yaml === undefined) return undefined;
  const reading = new Reading(yaml, findings);
  const draft = FILE.read(reading.root(), reading);
  for (const [key, at] of reading.positions) positions.set(key, at);
  return draft === undefined ? undefined : completePair(draft, findings);
}
