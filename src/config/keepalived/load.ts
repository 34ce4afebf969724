/**
 * keepalived.conf(5) into a model: text, lines, words, statements, then readers per block. Globals are read first,
 * wherever they stand, then trackers, so that their order in the file does not matter. All findings are told at once.
 */
import type { Duration } from "../../base/time.ts";
import { milliseconds, seconds } from "../../base/time.ts";
import type { GroupConfig, InstanceConfig } from "../../vrrp/config.ts";
import { deepFreeze } from "../deep-freeze.ts";
import { Findings } from "../findings.ts";
import type { Loaded, Model, NotifyConfig, TrackerConfig } from "../model.ts";
import { trackerKey } from "../model.ts";
import type { Environment, FileSource } from "../source.ts";
import { checkCommand } from "./commands.ts";
import type { Globals } from "./globals.ts";
import { newGlobals } from "./globals.ts";
import { completeGroup, joinGroup } from "./group.ts";
import { limitLinkDelays } from "./interfaces.ts";
import { NetworkNames } from "./names.ts";
import { Preprocessor } from "./preprocessor.ts";
import { readPrograms } from "./programs.ts";
import type { Reading, ScriptPolicy } from "./reading.ts";
import type { FileDraft } from "./top.ts";
import { newFileDraft, readTop, SHAPE } from "./top.ts";
import { TreeBuilder } from "./tree.ts";

/** What virtual addresses live without renewal, and how often they are renewed. */
const FENCING = { lifetimeSeconds: 2, renewal: milliseconds(500) } as const;

/**
 * Reads a configuration and all that it includes. `path` is the one it is known by in findings; relative includes are
 * relative to its folder.
 */
export function loadKeepalivedConf(
  path: string,
  source: FileSource,
  environment: Environment,
): Loaded {
  const findings = new Findings();
  const tree = new TreeBuilder(SHAPE, findings);
  const preprocessor = new Preprocessor({ source, environment }, findings, tree);
  preprocessor.readMain(path);
  const statements = tree.finish();
  const draft = newFileDraft(newGlobals());
  const early: Reading = {
    findings,
    source,
    environment,
    names: new NetworkNames(source),
    interfacesMayComeLater: true,
    scripts: { secure: false },
  };
  readTop(early, statements, "globals", draft);
  const reading: Reading = {
    ...early,
    interfacesMayComeLater: draft.globals.dynamicInterfaces,
    scripts: scriptPolicy(draft.globals),
  };
  readTop(reading, statements, "definitions", draft);
  readTop(reading, statements, "rest", draft);
  const model = completeModel(reading, draft);
  const { files } = preprocessor;
  return {
    model: findings.hasErrors ? undefined : deepFreeze(model),
    diagnostics: findings.sorted(files),
    files,
  };
}

const scriptPolicy = ({ scriptUser, scriptGroup, scriptSecurity }: Globals): ScriptPolicy => ({
  ...(scriptUser !== undefined && { user: scriptUser }),
  ...(scriptGroup !== undefined && { group: scriptGroup }),
  secure: scriptSecurity,
});

function completeModel(reading: Reading, draft: FileDraft): Model {
  const { globals } = draft;
  const configured = new Map<string, InstanceConfig>();
  for (const [name, { config }] of draft.instances)
    if (config !== undefined) configured.set(name, config);
  reportSharedIdentifiers(reading, draft);
  const groups = completeGroups(reading, draft, configured);
  const instances = [...configured.values()];
  return {
    routerId: globals.routerId ?? reading.environment.hostName,
    vrrp: {
      instances,
      groups,
      startupDelay: startupDelay(reading, globals),
      linkDelays: limitLinkDelays(reading, draft.delays, instances),
      fencing: FENCING,
    },
    instanceNotify: notifyByName([...draft.instances.values()].map((entry) => entry.draft)),
    groupNotify: notifyByName([...draft.groups.values()]),
    trackers: usedTrackers(reading, draft, [...instances, ...groups]),
    statics: { addresses: draft.addresses, routes: draft.routes, rules: draft.rules },
    ...readPrograms(reading, globals),
    scheduling: {
      ...(globals.realtimePriority !== undefined && { realtimePriority: globals.realtimePriority }),
      ...(globals.nice !== undefined && { nice: globals.nice }),
    },
    dynamicInterfaces: globals.dynamicInterfaces,
    logUnknownVrids: globals.logUnknownVrids,
    positions: Object.fromEntries([
      ...[...draft.groups.values()].map(({ name, at }) => [name, at] as const),
      ...[...draft.instances.values()].map((entry) => [entry.draft.name, entry.draft.at] as const),
    ]),
  };
}

/** Groups, and in `instances` their members as members. */
function completeGroups(
  reading: Reading,
  draft: FileDraft,
  instances: Map<string, InstanceConfig>,
): GroupConfig[] {
  const grouping = {
    globals: draft.globals,
    trackers: draft.trackers,
    instances,
    incomplete: new Set([...draft.instances.keys()].filter((name) => !instances.has(name))),
    owners: new Map<string, string>(),
  };
  const groups: GroupConfig[] = [];
  for (const group of draft.groups.values()) {
    const config = completeGroup(reading, group, grouping);
    if (config !== undefined) groups.push(config);
  }
  for (const group of groups) {
    for (const name of group.members) {
      const read = draft.instances.get(name);
      const instance = instances.get(name);
      if (read !== undefined && instance !== undefined)
        instances.set(name, joinGroup(reading, instance, group, read.draft.at));
    }
  }
  return groups;
}

/** One VRID may be used once per interface, family and transport: packets could not be told apart. */
function reportSharedIdentifiers({ findings }: Reading, { instances }: FileDraft): void {
  const seen = new Map<string, InstanceConfig>();
  for (const { draft, config } of instances.values()) {
    if (config === undefined) continue;
    const { vrid, family, transport } = config;
    const key = `${config.interface} ${vrid} ${family} ${transport.type}`;
    const other = seen.get(key);
    if (other === undefined) {
      seen.set(key, config);
      continue;
    }
    const message = `virtual_router_id ${vrid} on ${config.interface} belongs to vrrp_instance ${other.name} already: choose another one for ${config.name}`;
    findings.error(draft.vridAt ?? draft.at, "vrid-duplicate", message);
  }
}

function startupDelay({ environment }: Reading, globals: Globals): Duration {
  const sinceBoot = seconds(environment.uptimeSeconds ?? 0);
  return Math.max(globals.startupDelay, globals.delayAfterBoot - sinceBoot) as Duration;
}

const notifyByName = (
  drafts: readonly { readonly name: string; readonly notify: NotifyConfig }[],
): Readonly<Record<string, NotifyConfig>> =>
  Object.fromEntries(drafts.map(({ name, notify }) => [name, notify]));

/** Trackers that somebody tracks. Only their programs must exist. */
function usedTrackers(
  reading: Reading,
  { trackers }: FileDraft,
  followers: readonly Pick<InstanceConfig, "tracking">[],
): TrackerConfig[] {
  const used = new Set(followers.flatMap(({ tracking }) => tracking.map((entry) => entry.tracker)));
  const kept: TrackerConfig[] = [];
  for (const { tracker, at } of trackers.values()) {
    if (used.has(trackerKey(tracker))) {
      if (tracker.type === "script") checkCommand(reading, tracker.command);
      kept.push(tracker);
    } else {
      const message = `nobody tracks ${tracker.type} ${tracker.name}, so it does not run: name it in track_${tracker.type}, or remove it`;
      reading.findings.warn(at, "tracker-unused", message);
    }
  }
  return kept;
}
