/** What this router should be like, from the files that its daemon runs on. */
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { IpAddress } from "../../base/ip.ts";
import type { Expectation } from "../../check/doctor/finding.ts";
import { loadConntrackdConf } from "../../config/conntrackd/load.ts";
import { type Diagnostic, hasErrors } from "../../config/diagnostics.ts";
import { loadKeepalivedConf } from "../../config/keepalived/load.ts";
import type { Model } from "../../config/model.ts";
import { deriveModel } from "../../config/pair/derive.ts";
import { routersOf } from "../../config/pair/ends.ts";
import { loadPair } from "../../config/pair/load.ts";
import { findNode } from "../../config/pair/node.ts";
import type { ReplicationConfig } from "../../replication/config.ts";
import { systemEnvironment, systemFiles } from "../config-files.ts";
import { loadConfiguration } from "../configuration.ts";
import { localAddresses } from "../local-addresses.ts";

export interface ExpectationOptions {
  /** Path of duet.yaml; with it the classic files are not read. */
  readonly config: string | null;
  readonly keepalived: string | null;
  readonly conntrackd: string | null;
  /** Name of this router in duet.yaml; null finds it by its addresses. */
  readonly node: string | null;
}

export interface LoadedExpectation {
  /** Undefined when a finding is an error. */
  readonly expectation: Expectation | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** How it was decided which router this is; null where the files are for one router only. */
  readonly how: string | null;
}

export function loadExpectation(options: ExpectationOptions): LoadedExpectation {
  return options.config === null
    ? fromClassicFiles(options)
    : fromPair(path.resolve(options.config), options.node);
}

/** What is there and what is not is for the doctor to say, so the readers are not told of interfaces and addresses. */
function fromClassicFiles({ keepalived, conntrackd }: ExpectationOptions): LoadedExpectation {
  const { interfaces: _, addresses: __, ...environment } = systemEnvironment({});
  const election =
    keepalived === null
      ? loadConfiguration(NO_FILES)
      : loadKeepalivedConf(path.resolve(keepalived), systemFiles, environment);
  const flows =
    conntrackd === null
      ? undefined
      : loadConntrackdConf(path.resolve(conntrackd), systemFiles, environment);
  const diagnostics = [...election.diagnostics, ...(flows?.diagnostics ?? [])];
  const { model } = election;
  if (model === undefined || hasErrors(diagnostics))
    return { expectation: undefined, diagnostics, how: null };
  const replication = flows?.config;
  const peers = peersOf(model, replication);
  const files = [...election.files, ...(flows?.files ?? [])];
  return { expectation: { model, replication, peers, files }, diagnostics, how: null };
}

const NO_FILES = { config: null, keepalived: null, conntrackd: null, configId: null, node: null };

/** Other ends of unicast advertisements and of replication. */
function peersOf(
  { vrrp }: Model,
  replication: ReplicationConfig | undefined,
): readonly IpAddress[] {
  const unicast = vrrp.instances.flatMap(({ transport }) =>
    transport.type === "unicast" ? transport.peers.map(({ address }) => address) : [],
  );
  const links = (replication?.channels ?? []).flatMap(({ transport, peer }) =>
    transport === "multicast" || peer === undefined ? [] : [peer],
  );
  return [...new Set([...unicast, ...links])];
}

function fromPair(file: string, name: string | null): LoadedExpectation {
  const loaded = loadPair(file, systemFiles);
  const { pair } = loaded;
  if (pair === undefined)
    return { expectation: undefined, diagnostics: loaded.diagnostics, how: null };
  const found = findNode(pair, {
    ...(name !== null && { name }),
    addresses: localAddresses() ?? [],
    hostName: os.hostname(),
  });
  if (!found.ok) {
    const at = loaded.positions["routers"] ?? { file, line: 1, column: 1 };
    const unknown = {
      at,
      severity: "error" as const,
      code: "router-unknown",
      message: found.message,
    };
    return { expectation: undefined, diagnostics: [...loaded.diagnostics, unknown], how: null };
  }
  const node = found.router.name;
  const secret = readSecret(pair.secretFile);
  const derived = deriveModel({ ...loaded, pair }, node, secret, systemEnvironment({}));
  const diagnostics = [...loaded.diagnostics, ...derived.diagnostics];
  if (hasErrors(diagnostics)) return { expectation: undefined, diagnostics, how: found.how };
  const { model, replication } = derived;
  const others = Object.values(routersOf(pair, node).peer.addresses).flat();
  const peers = [
    ...new Set([...others.map(({ address }) => address), ...peersOf(model, replication)]),
  ];
  const files = [...loaded.files, ...(pair.secretFile === undefined ? [] : [pair.secretFile])];
  return { expectation: { model, replication, peers, files }, diagnostics, how: found.how };
}

/** The secret itself is of no interest here: empty where it cannot be read. */
function readSecret(file: string | undefined): Uint8Array {
  try {
    return file === undefined ? new Uint8Array() : readFileSync(file);
  } catch {
    return new Uint8Array();
  }
}
