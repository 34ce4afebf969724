/** Reads the pair's file as this router: which of the two it is, the secret, and what it runs on. */
import path from "node:path";
import { type Diagnostic, hasErrors } from "../config/diagnostics.ts";
import type { PairFindingCode } from "../config/pair/codes.ts";
import type { UsablePair } from "../config/pair/derivation.ts";
import { deriveModel } from "../config/pair/derive.ts";
import { loadPair } from "../config/pair/load.ts";
import type { LoadedPair, PairConfig } from "../config/pair/model.ts";
import { type FoundNode, findNode } from "../config/pair/node.ts";
import { needsSecret, secretProblem } from "../config/pair/secret.ts";
import type { Environment } from "../config/source.ts";
import { systemEnvironment, systemFiles } from "./config-files.ts";
import type { LoadedConfiguration } from "./configuration.ts";
import { readSecretFile } from "./secret-file.ts";

export interface Identity {
  /** `--node`. */
  readonly node: string | null;
  /** The router that this one has been until now. */
  readonly before?: string | undefined;
}

/** All findings, and a model unless one of them is an error. */
export function loadPairConfiguration(file: string, identity: Identity): LoadedConfiguration {
  const loaded = loadPair(path.resolve(file), systemFiles);
  const { pair, diagnostics, files } = loaded;
  if (pair === undefined) return { model: undefined, replication: undefined, diagnostics, files };
  const environment = systemEnvironment();
  const found = identify(pair, identity, environment);
  const secret = readPairSecret({ ...loaded, pair });
  const problems = [
    ...(found.ok ? [] : [problem(loaded, "routers", "node-unknown", found.message)]),
    ...secret.problems,
  ];
  if (!found.ok) {
    const awaits = identity.node === null && !hasAnyAddress(pair, environment);
    return { ...unusable(loaded, problems), ...(awaits && { awaitsAddress: found.message }) };
  }
  const derived = deriveModel({ ...loaded, pair }, found.router.name, secret.content, environment);
  const all = [...diagnostics, ...problems, ...derived.diagnostics];
  if (hasErrors(all)) return unusable(loaded, [...problems, ...derived.diagnostics]);
  const { model, replication } = derived;
  return { model, replication, diagnostics: all, files, how: found.how };
}

const unusable = (
  { diagnostics, files }: LoadedPair,
  problems: readonly Diagnostic[],
): LoadedConfiguration => ({
  model: undefined,
  replication: undefined,
  diagnostics: [...diagnostics, ...problems],
  files,
});

/**
 * On reload the addresses still count first, because names may have been exchanged; while the interfaces are down it
 * remains who it was.
 */
function identify(
  pair: PairConfig,
  { node, before }: Identity,
  { addresses = [], hostName }: Environment,
): FoundNode {
  if (node !== null) return findNode(pair, { name: node });
  const byAddress = findNode(pair, { addresses });
  if (byAddress.ok || before === undefined) return findNode(pair, { addresses, hostName });
  const byName = findNode(pair, { name: before });
  return byName.ok ? byName : findNode(pair, { addresses, hostName });
}

/** Whether this machine has an address of either router. */
const hasAnyAddress = ({ routers }: PairConfig, { addresses = [] }: Environment): boolean =>
  routers.some((router) =>
    Object.values(router.addresses).some((own) =>
      own.some(({ address }) => addresses.includes(address)),
    ),
  );

interface PairSecret {
  /** Empty when nothing is made from it or it cannot be used. */
  readonly content: Uint8Array;
  readonly problems: readonly Diagnostic[];
}

/** The secret file of the pair, if something is made from it. */
export function readPairSecret(loaded: UsablePair): PairSecret {
  const { pair } = loaded;
  const nothing = new Uint8Array();
  if (pair.secretFile === undefined || !needsSecret(pair))
    return { content: nothing, problems: [] };
  const read = readSecretFile(pair.secretFile);
  const told = (code: PairFindingCode, message: string): PairSecret => ({
    content: nothing,
    problems: [problem(loaded, "secretFile", code, message)],
  });
  if (!read.ok) return told(read.code, read.message);
  const short = secretProblem(pair.secretFile, read.content);
  return short === undefined
    ? { content: read.content, problems: [] }
    : told("secret-short", short);
}

const problem = (
  { positions, files }: LoadedPair,
  key: string,
  code: PairFindingCode,
  message: string,
): Diagnostic => ({
  at: positions[key] ?? { file: files[0] ?? "", line: 1, column: 1 },
  severity: "error",
  code,
  message,
});
