/** Reads the configuration as this router sees it. */
import os from "node:os";
import path from "node:path";
import { NO_TIME, seconds } from "../base/time.ts";
import { loadConntrackdConf } from "../config/conntrackd/load.ts";
import { loadKeepalivedConf } from "../config/keepalived/load.ts";
import type { Loaded, Model } from "../config/model.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import { systemEnvironment, systemFiles } from "./config-files.ts";
import { loadPairConfiguration } from "./pair-configuration.ts";
import type { RunOptions } from "./run-options.ts";

/** How long addresses wait for the state of the connections after the claim, at most. */
const STATE_WAIT = seconds(2);

/** What the daemon runs on. Undefined `replication`: nothing is replicated. */
export interface LoadedConfiguration extends Loaded {
  readonly replication: ReplicationConfig | undefined;
  /** How it was found out which router of a pair this is. */
  readonly how?: string;
  /** Why it could not be found out, where an address that comes later may mend it. */
  readonly awaitsAddress?: string;
}

/** Where the configuration is, and what is known of this router before it is read. */
export type ConfigurationChoice = Pick<RunOptions, "keepalived" | "conntrackd" | "configId"> &
  Partial<Pick<RunOptions, "config" | "node">>;

/**
 * All findings, and a model unless one of them is an error. Reads files; never throws for what they say. `before` is the
 * router of the pair that this one has been until now.
 */
export function loadConfiguration(
  { config = null, keepalived, conntrackd, configId, node = null }: ConfigurationChoice,
  before?: string,
): LoadedConfiguration {
  if (config !== null) return loadPairConfiguration(config, { node, before });
  const environment = systemEnvironment(configId === null ? {} : { configId });
  const election =
    keepalived === null
      ? { model: withoutElection(), diagnostics: [], files: [] }
      : loadKeepalivedConf(path.resolve(keepalived), systemFiles, environment);
  if (conntrackd === null) return { ...election, replication: undefined };
  const flows = loadConntrackdConf(path.resolve(conntrackd), systemFiles, environment);
  const { model } = election;
  return {
    model: model && flows.config && withTransfer(model),
    replication: flows.config,
    diagnostics: [...election.diagnostics, ...flows.diagnostics],
    files: [...election.files, ...flows.files],
  };
}

/** What this router is called: --node, router_id of the file, or the host name. */
export const nodeName = (node: string | null, loaded: Loaded): string =>
  node ?? loaded.model?.routerId ?? os.hostname();

const withTransfer = (model: Model): Model => ({
  ...model,
  vrrp: { ...model.vrrp, stateTransfer: { wait: STATE_WAIT } },
});

const withoutElection = (): Model => ({
  routerId: os.hostname(),
  vrrp: {
    instances: [],
    groups: [],
    startupDelay: NO_TIME,
    linkDelays: [],
  },
  instanceNotify: {},
  groupNotify: {},
  trackers: [],
  statics: { addresses: [], routes: [], rules: [] },
  fifos: [],
  scheduling: {},
  dynamicInterfaces: true,
  logUnknownVrids: false,
  positions: {},
});
