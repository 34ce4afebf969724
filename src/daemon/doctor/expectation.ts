/** What this router should be like, from the files that its daemon runs on. */
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

/** As on any router: what is there and what is not must not keep the file from being read. */
function fromClassicFiles({ keepalived, conntrackd }: ExpectationOptions): LoadedExpectation {
  const { hostName, variables } = systemEnvironment({});
  const anywhere = { hostName, variables };
  const choice = { config: null, keepalived, conntrackd, configId: null, node: null };
  const election =
    keepalived === null
      ? loadConfiguration({ ...choice, conntrackd: null })
      : loadKeepalivedConf(path.resolve(keepalived), systemFiles, anywhere);
  const flows =
    conntrackd === null
      ? undefined
      : loadConntrackdConf(path.resolve(conntrackd), systemFiles, anywhere);
  const diagnostics = [...election.diagnostics, ...(flows?.diagnostics ?? [])];
  const { model } = election;
  if (model === undefined || hasErrors(diagnostics))
    return { expectation: undefined, diagnostics, how: null };
  const replication = flows?.config;
  const peers = peersOf(model, replication);
  const files = [...election.files, ...(flows?.files ?? [])];
  const local = localFindings(loadConfiguration(choice).diagnostics, diagnostics);
  return { expectation: { model, replication, peers, files, local }, diagnostics, how: null };
}

/** The kernel was asked for these itself. */
const SEEN_LIVE: ReadonlySet<string> = new Set([
  "address-foreign",
  "interface-missing",
  "interface-unknown",
]);

const keyOf = ({ at, code, message }: Diagnostic): string =>
  `${at.file}:${at.line}:${at.column} ${code} ${message}`;

/** What is said of the files on this router and would not be said of them elsewhere. */
function localFindings(
  here: readonly Diagnostic[],
  anywhere: readonly Diagnostic[],
): readonly Diagnostic[] {
  const known = new Set(anywhere.map((one) => keyOf(one)));
  return here.filter((one) => !known.has(keyOf(one)) && !SEEN_LIVE.has(one.code));
}

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
      code: "node-unknown",
      message: found.message,
    };
    return { expectation: undefined, diagnostics: [...loaded.diagnostics, unknown], how: null };
  }
  const node = found.router.name;
  const derived = deriveModel({ ...loaded, pair }, node);
  const diagnostics = [...loaded.diagnostics, ...derived.diagnostics];
  if (hasErrors(diagnostics)) return { expectation: undefined, diagnostics, how: found.how };
  const { model, replication } = derived;
  const others = Object.values(routersOf(pair, node).peer.addresses).flat();
  const peers = [
    ...new Set([...others.map(({ address }) => address), ...peersOf(model, replication)]),
  ];
  const files = [...loaded.files, ...(pair.secretFile === undefined ? [] : [pair.secretFile])];
  const live = loadConfiguration({ ...NO_FILES, config: file, node });
  const local = localFindings(live.diagnostics, diagnostics);
  const expectation = { model, replication, peers, files, local };
  return { expectation, diagnostics, how: found.how };
}

const NO_FILES = { keepalived: null, conntrackd: null, configId: null };
