/**
 * What one router of the pair runs on. It is what the readers of keepalived.conf and conntrackd.conf make of the files that
 * are rendered for this router, so that it does not matter which of the three a daemon is started with; only the programs
 * that those files run to replicate connections have no place here, because Duet does that by itself.
 */
import { type Duration, NO_TIME, toSeconds } from "../../base/time.ts";
import type { ReplicationConfig } from "../../replication/config.ts";
import type { FencingConfig, GroupConfig, InstanceConfig } from "../../vrrp/config.ts";
import { deepFreeze } from "../deep-freeze.ts";
import type { Diagnostic } from "../diagnostics.ts";
import { checkCommand } from "../keepalived/commands.ts";
import { newGlobals } from "../keepalived/globals.ts";
import { completeGroup, newGroup } from "../keepalived/group.ts";
import type { DefinedTracker } from "../keepalived/trackers.ts";
import type { Command, Model, NotifyConfig } from "../model.ts";
import type { Environment } from "../source.ts";
import { didYouMean } from "../suggest.ts";
import { ANY_ROUTER, type Derivation, newDerivation, type UsablePair } from "./derivation.ts";
import { deriveInstance } from "./derive-instance.ts";
import { deriveReplication } from "./derive-replication.ts";
import { deriveTrackers, trackingOf } from "./derive-trackers.ts";
import { groupMembers } from "./instances.ts";

export interface Derived {
  /** Not to be run on when a finding is an error. */
  readonly model: Model;
  /** Undefined: nothing is replicated. */
  readonly replication: ReplicationConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * For the router called `node`, which must be one of the two. `secret` is the content of the secret file; without it the
 * model serves for everything but running on it. `environment` is what is known of that router, nothing unless it is this one.
 */
export function deriveModel(
  loaded: UsablePair,
  node: string,
  secret: Uint8Array = new Uint8Array(),
  environment: Environment = ANY_ROUTER,
): Derived {
  const derivation = newDerivation(loaded, node, { secret, environment });
  reportMissingInterfaces(derivation);
  const model = completeModel(derivation);
  const replication = deriveReplication(derivation);
  return {
    model: deepFreeze(model),
    replication: replication && deepFreeze(replication),
    diagnostics: derivation.findings.sorted(loaded.files),
  };
}

/** They may come later, and are waited for; a name that was mistyped would be waited for in vain. */
function reportMissingInterfaces({ pair, node, reading, findings, at }: Derivation): void {
  const known = reading.environment.interfaces;
  if (known === undefined) return;
  for (const { name, interfaces } of pair.networks) {
    const device = interfaces[node.name];
    if (device === undefined || known.includes(device)) continue;
    const list = known.length === 0 ? "" : `; there are ${known.slice(0, 12).join(", ")}`;
    const message = `${node.name} has no interface ${device} yet, and ${name} is down until it has one${list}${didYouMean(device, known)}`;
    findings.warn(at(`networks.${name}.interfaces`), "interface-awaited", message);
  }
}

function completeModel(derivation: Derivation): Model {
  const { pair, node, at } = derivation;
  const trackers = deriveTrackers(derivation);
  const members = groupMembers(pair, derivation.instances);
  const isGrouped = members.length > 0;
  const tracking = trackingOf(derivation);
  const instances = derivation.instances
    .map((instance) => deriveInstance(derivation, instance, trackers, isGrouped ? [] : tracking))
    .filter((instance) => instance !== undefined);
  const groups = isGrouped ? deriveGroups(derivation, { members, instances, trackers }) : [];
  const notify = deriveNotify(derivation);
  const quiet: NotifyConfig = { reportsDeleted: false };
  const fencing = pair.fencing && fencingFor(pair.fencing);
  return {
    routerId: node.name,
    vrrp: {
      instances,
      groups,
      startupDelay: NO_TIME,
      linkDelays: [],
      ...(fencing !== undefined && { fencing }),
      ...(pair.replication && { stateTransfer: { wait: pair.replication.takeoverWait } }),
    },
    instanceNotify: Object.fromEntries(
      instances.map(({ name }) => [name, isGrouped ? quiet : notify]),
    ),
    groupNotify: Object.fromEntries(groups.map(({ name }) => [name, notify])),
    trackers: [...trackers.values()].map(({ tracker }) => tracker),
    statics: { addresses: [], routes: [], rules: [] },
    fifos: [],
    scheduling: {},
    dynamicInterfaces: true,
    logUnknownVrids: false,
    positions: Object.fromEntries([
      ...groups.map(({ name }) => [name, at("election.groupName")] as const),
      ...derivation.instances.map(
        ({ name, network }) => [name, at(`networks.${network.name}`)] as const,
      ),
    ]),
  };
}

interface Grouping {
  readonly members: readonly string[];
  readonly instances: readonly InstanceConfig[];
  readonly trackers: ReadonlyMap<string, DefinedTracker>;
}

/** The one group, which follows everything that is tracked. */
function deriveGroups(
  derivation: Derivation,
  { members, instances, trackers }: Grouping,
): readonly GroupConfig[] {
  const { pair, reading, at } = derivation;
  const place = at("election.groupName");
  // Each member follows its own interface anyway.
  const own = new Set(instances.map((instance) => instance.interface));
  const draft = {
    ...newGroup(pair.election.groupName, place),
    members: members.map((text) => ({ type: "word" as const, text, quoted: false, at: place })),
    tracking: trackingOf(derivation).filter(
      ({ kind, name }) => kind !== "interface" || !own.has(name),
    ),
  };
  const group = completeGroup(reading, draft, {
    globals: newGlobals(),
    trackers,
    instances: new Map(instances.map((instance) => [instance.name, instance])),
    incomplete: new Set(members),
    owners: new Map(),
  });
  return group === undefined ? [] : [group];
}

function deriveNotify({ pair: { hooks }, reading, at }: Derivation): NotifyConfig {
  const command = (argv: readonly string[] | undefined, name: string): Command | undefined => {
    if (argv === undefined) return undefined;
    const hook = { argv, at: at(`hooks.${name}`) };
    checkCommand(reading, hook);
    return hook;
  };
  const master = command(hooks.active, "active");
  const backup = command(hooks.backup, "backup");
  const fault = command(hooks.fault, "fault");
  const stop = command(hooks.stop, "stop");
  return {
    reportsDeleted: false,
    ...(master && { master }),
    ...(backup && { backup }),
    ...(fault && { fault }),
    ...(stop && { stop }),
  };
}

/** Four renewals in a lifetime: one or two may be late. */
const fencingFor = (lifetime: Duration): FencingConfig => ({
  lifetimeSeconds: toSeconds(lifetime),
  renewal: (lifetime / 4) as Duration,
});
