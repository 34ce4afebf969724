/** One look at this router for `duet doctor`. It changes nothing: it reads, listens, and asks by ARP. */

import { type IpAddress, ipFamily, prefixContains } from "../../base/ip.ts";
import { toMilliseconds } from "../../base/time.ts";
import type { Expectation } from "../../check/doctor/finding.ts";
import type { DaemonSeen, LinkSeen, Snapshot } from "../../check/doctor/snapshot.ts";
import { ControlClient } from "../../control/client.ts";
import { ControlError } from "../../control/control-error.ts";
import { isClockSynchronised } from "../../kernel/clock-state.ts";
import { Gaps } from "./gaps.ts";
import { readNetwork, readParameters } from "./kernel-state.ts";
import {
  findPrograms,
  readKeptPaths,
  readLegacyTables,
  readModules,
  readRules,
} from "./surroundings.ts";
import { hear, type Place, type WireSeen } from "./wire.ts";

export interface LookOptions {
  /** Control socket of the daemon. */
  readonly socket: string;
  /** How long to listen, in milliseconds; 0 for not at all, undefined for as long as the advertisements need. */
  readonly listenMs: number | undefined;
}

const STATUS_TIMEOUT_MS = 3_000;
/** A host that sleeps needs a moment for its answer. */
const LISTEN_MIN_MS = 1_500;
const LISTEN_MAX_MS = 10_000;

export async function lookAround(
  expected: Expectation,
  { socket, listenMs }: LookOptions,
): Promise<Snapshot> {
  const gaps = new Gaps();
  const network = readNetwork(gaps);
  const { instances } = expected.model.vrrp;
  const sysctls = readParameters(instances, gaps);
  const own = new Set((network.addresses ?? []).map(({ address }) => address));
  const duration = listenMs ?? usualListening(expected);
  const places = placesOf(expected, network.links ?? [], network.indexes);
  const [wire, ruleset, daemon] = await Promise.all([
    listen({ places, milliseconds: duration, own }, gaps),
    readRules(gaps),
    askDaemon(socket, gaps),
  ]);
  const clock = isClockSynchronised();
  tellLimits(expected, wire, gaps);
  if (clock === undefined)
    gaps.add("whether the clock is right", "the kernel does not tell", "timedatectl status");
  const { links, addresses, defaultRoutes } = network;
  return {
    sysctls,
    links,
    addresses,
    defaultRoutes,
    ruleset,
    daemon,
    speakers: wire.speakers,
    probes: wire.probes,
    modules: readModules(gaps),
    legacyTables: readLegacyTables(gaps),
    clockSynchronised: clock ?? null,
    keptPaths: readKeptPaths(gaps),
    programs: findPrograms(gaps),
    unseen: gaps.list,
  };
}

/** As long as it takes until a router that advertises counts as down. */
function usualListening({ model: { vrrp } }: Expectation): number {
  const spans = vrrp.instances.map(
    ({ interval, downAdverts }) => toMilliseconds(interval) * downAdverts,
  );
  return Math.min(Math.max(LISTEN_MIN_MS, ...spans), LISTEN_MAX_MS);
}

async function listen(listening: Parameters<typeof hear>[0], gaps: Gaps): Promise<WireSeen> {
  if (listening.milliseconds > 0) return hear(listening, gaps);
  gaps.add("other VRRP routers and who answers ARP", "--listen is 0", "leave --listen out");
  return { speakers: null, probes: null };
}

/** Ethernet interfaces that are up, with all that is to be asked on them. */
function placesOf(
  { model: { vrrp }, peers, replication }: Expectation,
  links: readonly LinkSeen[],
  indexes: ReadonlyMap<string, number>,
): readonly Place[] {
  const targets = new Map<string, Set<IpAddress>>();
  const families = new Map<string, Set<4 | 6>>();
  const ask = (device: string, addresses: readonly IpAddress[]): void => {
    const four = addresses.filter((address) => ipFamily(address) === 4);
    targets.set(device, new Set([...(targets.get(device) ?? []), ...four]));
  };
  for (const { interface: device, family, addresses, excluded } of vrrp.instances) {
    families.set(device, (families.get(device) ?? new Set()).add(family));
    const near = peers.filter((peer) =>
      addresses.some(({ spec }) =>
        prefixContains({ address: spec.address, length: spec.prefixLength }, peer),
      ),
    );
    ask(device, [...[...addresses, ...excluded].map(({ spec }) => spec.address), ...near]);
  }
  for (const { interface: device, transport, peer } of replication?.channels ?? [])
    if (transport !== "multicast" && peer !== undefined) ask(device, [peer]);
  return [...targets].flatMap(([device, addresses]) => {
    const link = links.find(({ name }) => name === device);
    const index = indexes.get(device);
    if (link?.running !== true || link.mac === undefined || index === undefined) return [];
    const { mac } = link;
    const heard = [...(families.get(device) ?? [])];
    return [{ interface: device, index, mac, families: heard, targets: [...addresses] }];
  });
}

async function askDaemon(socket: string, gaps: Gaps): Promise<DaemonSeen | "absent" | "unknown"> {
  try {
    return await new ControlClient(socket, { timeoutMs: STATUS_TIMEOUT_MS }).status();
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    if (error.code === "unreachable") return "absent";
    const fix = error.code === "no-permission" ? "run duet doctor as root" : "restart the daemon";
    gaps.add("the daemon's own status", error.message, fix);
    return "unknown";
  }
}

/** What nobody can see from here. */
function tellLimits({ model: { vrrp } }: Expectation, { speakers }: WireSeen, gaps: Gaps): void {
  const six = vrrp.instances
    .filter(({ family }) => family === 6)
    .flatMap(({ addresses }) => addresses);
  if (six.length > 0)
    gaps.add(
      `whether a host claims ${six.map(({ spec }) => spec.address).join(", ")}`,
      "only ARP is asked, and IPv6 has none",
      "ip -6 address show dadfailed on the active router tells of a conflict",
    );
  if (speakers?.some(({ clockAheadSeconds }) => clockAheadSeconds !== undefined) !== true)
    gaps.add(
      "how far the other router's clock is from this one",
      "no advertisement with a time in its signature was heard",
      "timedatectl status (OpenWrt: date) on both routers",
    );
}
