/**
 * What a reload changes. An instance stays the same one, with its state and its timers, while its VRID, family, interface
 * and kind of transport stay the same: its name does not matter, nor does its place in the file.
 */
import type { GroupConfig, InstanceConfig } from "../vrrp/config.ts";
import { instanceKey } from "../vrrp/config.ts";
import type { Model, TrackerConfig } from "./model.ts";
import { trackerKey } from "./model.ts";

/** One thing before and after. */
interface Kept<T> {
  readonly before: T;
  readonly after: T;
  readonly changed: boolean;
}

export interface Difference<T> {
  readonly kept: readonly Kept<T>[];
  readonly added: readonly T[];
  readonly removed: readonly T[];
}

export interface ReloadPlan {
  readonly instances: Difference<InstanceConfig>;
  readonly groups: Difference<GroupConfig>;
  readonly trackers: Difference<TrackerConfig>;
  /** Scripts that follow the state, or pipes. */
  readonly notificationChanged: boolean;
  /** Addresses, routes and rules outside instances. */
  readonly staticsChanged: boolean;
  /** Anything that is not among the above: delays, fencing, scheduling, the router's name. */
  readonly settingsChanged: boolean;
}

/** Compares two checked models. Neither is changed. */
export function planReload(before: Model, after: Model): ReloadPlan {
  return {
    instances: difference(before.vrrp.instances, after.vrrp.instances, instanceKey),
    groups: difference(before.vrrp.groups, after.vrrp.groups, ({ name }) => name),
    trackers: difference(before.trackers, after.trackers, trackerKey),
    notificationChanged: !same(notification(before, after), notification(after, before)),
    staticsChanged: !same(before.statics, after.statics),
    settingsChanged: !same(settings(before), settings(after)),
  };
}

function difference<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
): Difference<T> {
  const left = new Map(before.map((item) => [keyOf(item), item]));
  const kept: Kept<T>[] = [];
  const added: T[] = [];
  for (const item of after) {
    const key = keyOf(item);
    const previous = left.get(key);
    left.delete(key);
    if (previous === undefined) added.push(item);
    else kept.push({ before: previous, after: item, changed: !same(previous, item) });
  }
  return { kept, added, removed: [...left.values()] };
}

/**
 * Scripts of the instances and groups that are in both, and all pipes. By the identity of instances: a new name for the same
 * one changes none of its scripts.
 */
function notification(model: Model, other: Model): unknown {
  const known = new Set(other.vrrp.instances.map(instanceKey));
  const kept = model.vrrp.instances.filter((instance) => known.has(instanceKey(instance)));
  return {
    instances: Object.fromEntries(
      kept.map((instance) => [instanceKey(instance), model.instanceNotify[instance.name]]),
    ),
    groups: Object.fromEntries(
      Object.entries(model.groupNotify).filter(([name]) => Object.hasOwn(other.groupNotify, name)),
    ),
    fifos: model.fifos,
  };
}

const settings = (model: Model): unknown => ({
  routerId: model.routerId,
  startupDelay: model.vrrp.startupDelay,
  linkDelays: model.vrrp.linkDelays,
  fencing: model.vrrp.fencing,
  startupScript: model.startupScript,
  shutdownScript: model.shutdownScript,
  scheduling: model.scheduling,
  dynamicInterfaces: model.dynamicInterfaces,
  logUnknownVrids: model.logUnknownVrids,
});

/**
 * Whether two plain values are equal. Where a command stands in its file is no difference: adding a comment above it must
 * not look like a change.
 */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = entriesOf(a);
  const right = entriesOf(b);
  if (left.size !== right.size) return false;
  for (const [key, value] of left)
    if (!right.has(key) || !same(value, right.get(key))) return false;
  return true;
}

const entriesOf = (value: object): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(value).filter(([key, inner]) => key !== "at" && inner !== undefined));
