/** What is to be said about a pair's file, read as each of the two routers would. */
import path from "node:path";
import { explained, type Finding, inOrder } from "../check/finding.ts";
import { checkPair } from "../check/pair-file.ts";
import { pairFactsOf } from "../check/pair-picture.ts";
import type { PairFacts } from "../check/picture.ts";
import type { Diagnostic } from "../config/diagnostics.ts";
import type { UsablePair } from "../config/pair/derivation.ts";
import { deriveModel } from "../config/pair/derive.ts";
import { loadPair } from "../config/pair/load.ts";
import { findNode } from "../config/pair/node.ts";
import { systemEnvironment, systemFiles } from "../daemon/config-files.ts";
import { readPairSecret } from "../daemon/pair-configuration.ts";

/** Where the catalogue has the codes of the reader. */
const HEADING = "duet.yaml";

/** Every finding once. What this machine lacks counts when it is one of the two routers. */
export function readPairFindings(file: string): readonly Finding[] {
  const loaded = loadPair(path.resolve(file), systemFiles);
  const { pair, diagnostics, files } = loaded;
  const derived = pair === undefined ? [] : deriveBoth({ ...loaded, pair });
  const once = new Map([...diagnostics, ...derived].map((one) => [JSON.stringify(one), one]));
  const findings = [
    ...[...once.values()].map((one) => explained(one, HEADING)),
    ...checkPair(loaded),
  ];
  return inOrder(findings, files);
}

/** What the pair's file says of one of its routers. Undefined when it has errors or no such router. */
export function pairFacts(file: string, router: string): PairFacts | undefined {
  const place = path.resolve(file);
  const loaded = loadPair(place, systemFiles);
  const { pair } = loaded;
  const content = systemFiles.read(place);
  if (pair === undefined || !content.ok) return undefined;
  return pairFactsOf({ ...loaded, pair }, router, content.text);
}

function deriveBoth(loaded: UsablePair): readonly Diagnostic[] {
  const { pair } = loaded;
  const environment = systemEnvironment();
  const { addresses = [], hostName } = environment;
  const here = findNode(pair, { addresses, hostName });
  // Whoever may not read the secret file may check the rest.
  const mayRead = process.getuid?.() === 0;
  const secret = here.ok && mayRead ? readPairSecret(loaded).problems : [];
  const routers = pair.routers.flatMap(({ name }) => {
    const isHere = here.ok && here.router.name === name;
    return deriveModel(loaded, name, undefined, isHere ? environment : undefined).diagnostics;
  });
  return [...secret, ...routers];
}
