/**
 * The kernel parameters outside of a virtual MAC's own interface that have to change for it, so that the interface below
 * it does not answer for the virtual addresses; and how they are put back, by whoever comes after us if need be.
 */
import { readdirSync } from "node:fs";
import { readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import type { InstanceConfig } from "../vrrp/config.ts";

/** A parameter by its path below /proc/sys, what it was, and what we make of it. */
export interface Parameter {
  readonly path: string;
  readonly before: string;
  readonly ours: string;
}

const ALL_REVERSE_PATH_FILTER = "net/ipv4/conf/all/rp_filter";

/**
 * Of the interfaces below virtual MACs: answer only for addresses of their own, and never tell the virtual ones as theirs.
 * The second is more than keepalived does; without it a reply that starts with an ARP request gives the virtual address
 * away under the wrong MAC.
 */
const BELOW = { arp_ignore: "1", arp_filter: "1", arp_announce: "2" } as const;

/** What has to change for `instances`; empty when everything is as it must be. */
export function parametersFor(instances: readonly InstanceConfig[]): Parameter[] {
  const carried = instances.filter(
    ({ virtualMac, family }) => virtualMac !== undefined && family === 4,
  );
  if (carried.length === 0) return [];
  const parents = new Set(carried.map((config) => config.interface));
  const below = [...parents].flatMap((parent) =>
    Object.entries(BELOW).flatMap(([name, ours]) =>
      differing(`net/ipv4/conf/${parent}/${name}`, ours),
    ),
  );
  const own = new Set(carried.map(({ virtualMac }) => virtualMac?.interface));
  const others = interfaceNames().filter((name) => !own.has(name));
  return [...below, ...spreadReversePathFilter(others)];
}

/** Puts back what still is as we made it; somebody else's later value stays. `complain` hears of failures. */
export function restoreParameters(
  parameters: readonly Parameter[],
  complain: (path: string, error: unknown) => void,
): void {
  for (const { path, before, ours } of parameters) {
    if (readParameter(path) !== ours) continue;
    try {
      writeSysctl(path, before);
    } catch (error) {
      complain(path, error);
    }
  }
}

/** Undefined where the kernel or the interface has no such parameter: there is nothing to change then. */
export function readParameter(path: string): string | undefined {
  try {
    return readSysctl(path);
  } catch {
    return undefined;
  }
}

/** The effective rp_filter is the larger of "all" and the interface's own, so "all" has to give way. */
function spreadReversePathFilter(names: readonly string[]): Parameter[] {
  const value = readParameter(ALL_REVERSE_PATH_FILTER);
  if (value === undefined || value === "0") return [];
  const spread = names
    .map((name) => `net/ipv4/conf/${name}/rp_filter`)
    .filter((path) => readParameter(path) === "0")
    .map((path): Parameter => ({ path, before: "0", ours: value }));
  return [...spread, { path: ALL_REVERSE_PATH_FILTER, before: value, ours: "0" }];
}

function interfaceNames(): readonly string[] {
  const names = readdirSync("/proc/sys/net/ipv4/conf");
  return names.filter((name) => name !== "all" && name !== "default");
}

function differing(path: string, ours: string): Parameter[] {
  const before = readParameter(path);
  return before === undefined || before === ours ? [] : [{ path, before, ours }];
}
