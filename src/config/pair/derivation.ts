/** What the parts of a derivation share: the pair, which router it is for, and where findings go. */
import type { Position } from "../diagnostics.ts";
import { Findings } from "../findings.ts";
import { NetworkNames } from "../keepalived/names.ts";
import type { Reading } from "../keepalived/reading.ts";
import type { Environment, FileSource } from "../source.ts";
import { routersOf } from "./ends.ts";
import { instancesOf, type PairInstance } from "./instances.ts";
import type { LoadedPair, PairConfig, PairRouter } from "./model.ts";

/** A pair that was read without errors. */
export type UsablePair = LoadedPair & { readonly pair: PairConfig };

export interface Derivation {
  readonly pair: PairConfig;
  readonly node: PairRouter;
  /** The other router. */
  readonly peer: PairRouter;
  readonly instances: readonly PairInstance[];
  readonly findings: Findings;
  /** For readers of keepalived.conf, whose defaults and checks count here as well. */
  readonly reading: Reading;
  /** Content of the secret file; empty where there is none. */
  readonly secret: Uint8Array;
  /** Where something stands, by its path in the words of the model; the nearest thing around it that has a place. */
  readonly at: (path: string) => Position;
}

/** Nothing is looked up in other files: the pair's file is complete. */
export const NO_FILES: FileSource = {
  read: () => ({ ok: false, reason: "no other file is read" }),
  glob: () => [],
};

/** A router of which nothing is known. */
export const ANY_ROUTER: Environment = { hostName: "", variables: {} };

/** Throws when the pair has no router called `node`. */
export function newDerivation(
  loaded: UsablePair,
  node: string,
  { secret, environment }: { readonly secret: Uint8Array; readonly environment: Environment },
): Derivation {
  const { pair } = loaded;
  const findings = new Findings();
  const { own, peer } = routersOf(pair, node);
  return {
    pair,
    node: own,
    peer,
    instances: instancesOf(pair),
    findings,
    reading: {
      findings,
      source: NO_FILES,
      environment,
      names: new NetworkNames(NO_FILES),
      interfacesMayComeLater: true,
      scripts: { secure: false },
    },
    secret,
    at: (path) => placeOf(loaded, path),
  };
}

function placeOf({ positions, files }: LoadedPair, path: string): Position {
  for (
    let known = path;
    known !== "";
    known = known.slice(0, Math.max(0, known.lastIndexOf(".")))
  ) {
    const position = Object.hasOwn(positions, known) ? positions[known] : undefined;
    if (position !== undefined) return position;
  }
  return { file: files[0] ?? "", line: 1, column: 1 };
}
