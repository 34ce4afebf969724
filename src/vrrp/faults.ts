/** Why an instance cannot take part: its interface, its source address, what it tracks. */
import { type IpAddress, ipFamily, isLinkLocal } from "../base/ip.ts";
import type { GroupConfig, InstanceConfig, Tracking } from "./config.ts";
import type { Cause, InterfaceFacts, TrackerValue } from "./events.ts";
import type { Links } from "./links.ts";
import type { Member } from "./member.ts";
import { effectivePriority, trackerEffect } from "./tracking.ts";

const INTERFACE_KEY = "interface:";

/** What the instances see of the machine they run on. */
export interface Surroundings {
  readonly links: Links;
  readonly trackerValues: ReadonlyMap<string, TrackerValue>;
}

export interface Assessment {
  readonly faults: readonly Cause[];
  /** Something has not reported yet; nothing is known to be wrong, but it is too early to take part. */
  readonly waiting: Cause | undefined;
  readonly priority: number;
  readonly source: IpAddress | undefined;
}

/** Judges one instance; `group` is the sync group it belongs to, whose trackers count for every member. */
export function assess(
  { config, deaf }: Pick<Member, "config" | "deaf">,
  group: GroupConfig | undefined,
  around: Surroundings,
): Assessment {
  const facts = around.links.facts(config.interface);
  const source = sourceAddress(config, facts);
  const faults = [...interfaceFaults(config, around.links), ...sourceFaults(config, facts, source)];
  // Without its interface or address an instance cannot listen either: one reason is enough.
  if (deaf !== undefined && faults.length === 0) faults.push({ code: "deaf", text: deaf });
  const trackers = judgeTrackers(effectiveTracking(config, group), around);
  return {
    faults: [...faults, ...trackers.faults],
    waiting: unknownInterface(config, around.links) ?? trackers.waiting,
    priority: effectivePriority(config.priority, trackers.contribution),
    source,
  };
}

/**
 * A group moves as one, so weights of its members' trackers do not count unless the group asks for them: an interface is
 * then tracked without weight, anything else not at all.
 */
export function effectiveTracking(
  config: InstanceConfig,
  group: GroupConfig | undefined,
): readonly Tracking[] {
  if (group === undefined) return config.tracking;
  const own = group.memberWeights ? config.tracking : config.tracking.flatMap(withoutWeight);
  return [...own, ...group.tracking];
}

function withoutWeight(one: Tracking): Tracking[] {
  if (one.weight === 0) return [one];
  return one.tracker.startsWith(INTERFACE_KEY) ? [{ ...one, weight: 0 }] : [];
}

/** The configured source, or the first address of the family that the interface has (IPv6: link-local). */
function sourceAddress(
  config: InstanceConfig,
  facts: InterfaceFacts | undefined,
): IpAddress | undefined {
  if (config.source !== undefined) return config.source;
  const virtual = new Set(
    [...config.addresses, ...config.excluded].map(({ spec }) => spec.address),
  );
  return facts?.addresses.find(
    (address) =>
      ipFamily(address) === config.family &&
      !virtual.has(address) &&
      (config.family === 4 || isLinkLocal(address)),
  );
}

/** The instance's own interface and those its tracked addresses and routes stand on; a virtual MAC's own is made by us. */
function neededInterfaces(config: InstanceConfig): readonly string[] {
  const names = new Set([config.interface]);
  for (const { spec, tracked } of [...config.addresses, ...config.excluded])
    if (tracked) names.add(spec.interface);
  for (const { spec, tracked } of config.routes)
    if (tracked && spec.interface !== undefined) names.add(spec.interface);
  if (config.virtualMac !== undefined) names.delete(config.virtualMac.interface);
  return [...names];
}

function interfaceFaults(config: InstanceConfig, links: Links): Cause[] {
  const faults: Cause[] = [];
  for (const name of neededInterfaces(config)) {
    const facts = links.facts(name);
    if (facts === undefined) continue;
    if (!facts.present)
      faults.push({ code: "interface-missing", text: `there is no interface ${name}` });
    else if (!links.running(name) && (name !== config.interface || config.trackInterface))
      faults.push({ code: "interface-down", text: `interface ${name} is down or has no carrier` });
  }
  return faults;
}

function unknownInterface(config: InstanceConfig, links: Links): Cause | undefined {
  const name = neededInterfaces(config).find((one) => links.facts(one) === undefined);
  if (name === undefined) return undefined;
  return { code: "interface-missing", text: `interface ${name} has not been seen yet` };
}

function sourceFaults(
  config: InstanceConfig,
  facts: InterfaceFacts | undefined,
  source: IpAddress | undefined,
): Cause[] {
  if (facts === undefined || !facts.present) return [];
  const { transport } = config;
  if (transport.type === "unicast" && transport.faultWithoutPeer && transport.peers.length === 0)
    return [{ code: "no-unicast-peer", text: "no unicast peer is configured" }];
  if (source === undefined) {
    const kind = config.family === 4 ? "IPv4" : "IPv6 link-local";
    return [
      { code: "no-source-address", text: `interface ${config.interface} has no ${kind} address` },
    ];
  }
  if (config.trackSource && !facts.addresses.includes(source))
    return [
      {
        code: "source-address-lost",
        text: `interface ${config.interface} has lost address ${source}`,
      },
    ];
  return [];
}

interface TrackerSum {
  readonly faults: readonly Cause[];
  readonly waiting: Cause | undefined;
  readonly contribution: number;
}

function judgeTrackers(tracking: readonly Tracking[], around: Surroundings): TrackerSum {
  const faults: Cause[] = [];
  let waiting: Cause | undefined;
  let contribution = 0;
  for (const one of tracking) {
    const name = one.tracker.replace(":", " ");
    const value = trackerValue(one.tracker, around);
    const effect = trackerEffect(one, value);
    if (effect.unknown)
      waiting ??= { code: "tracker-unknown", text: `${name} has not reported yet` };
    contribution += effect.contribution;
    if (effect.fault) faults.push({ code: "tracker-down", text: `${name} is ${value}` });
  }
  return { faults, waiting, contribution };
}

/** Interfaces are tracked from the kernel's facts, everything else from what its tracker reports. */
export function trackerValue(key: string, around: Surroundings): TrackerValue {
  if (!key.startsWith(INTERFACE_KEY)) return around.trackerValues.get(key) ?? "unknown";
  const name = key.slice(INTERFACE_KEY.length);
  if (around.links.facts(name) === undefined) return "unknown";
  return around.links.running(name) ? "up" : "down";
}
