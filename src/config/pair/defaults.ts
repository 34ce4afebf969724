/** What holds when the pair's file says nothing: in one place for the reader, the writer and the reference. */
import { type IpAddress, ipBits, ipFamily, type Prefix, parsePrefix } from "../../base/ip.ts";
import { type Duration, milliseconds, seconds } from "../../base/time.ts";
import type { PairDhcp, PairElection, PairReplication } from "./model.ts";

export const PRIORITY = 100;
export const METRIC_MAX = 4_294_967_295;

export const ELECTION: Omit<PairElection, "groupName"> = {
  version: 3,
  interval: seconds(1),
  preempt: false,
  preemptDelay: seconds(30),
  authentication: { type: "none" },
  unicast: false,
  together: true,
};

export const SCRIPT_CHECK: {
  readonly interval: Duration;
  readonly timeout: Duration;
  readonly rise: number;
  readonly fall: number;
} = { interval: seconds(5), timeout: seconds(2), rise: 2, fall: 3 };
export const QUORUM = 1;

/** `commitTimeout` is estimated, all flows are replicated but those of the routers themselves. */
export const REPLICATION: Omit<PairReplication, "links" | "filter" | "commitTimeout"> = {
  mode: "ftfw",
  port: 3_780,
  externalCache: true,
  loadAhead: true,
  purgeTimeout: seconds(5),
  startupResync: true,
  expectations: false,
  hashSize: 65_536,
  hashLimit: 262_144,
  socketBuffer: 1_249_280,
  takeoverWait: seconds(2),
};

export const LEASE: Duration = seconds(43_200);
/** What keepalived runs at a change of the role where conntrackd replicates for it; rendered under that name. */
export const NOTIFY_SCRIPT = "/etc/duet/notify.sh";
export const FENCING: Duration = seconds(2);
/** Shortest interval that VRRP version 3 can name. */
export const INTERVAL_STEP: Duration = milliseconds(10);

const LOOPBACK: readonly Prefix[] = ["127.0.0.1", "::1"].flatMap((text) => parsePrefix(text) ?? []);

/** Flows of the routers themselves mean nothing to the other one. `own` are both routers' addresses. */
export function defaultIgnored(own: readonly IpAddress[]): readonly Prefix[] {
  const hosts = [...new Set(own)].map((address) => ({
    address,
    length: ipBits(ipFamily(address)),
  }));
  return [...LOOPBACK, ...hosts];
}

/**
 * The VRID, 1 to 255, that follows from the names of pair and network: the same on both routers, and different, as a rule, from
 * the one of a neighbour's pair. FNV-1a over both names.
 */
export function chosenVrid(pairName: string, networkName: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${pairName}\n${networkName}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return (((hash ^ (hash >>> 16)) >>> 0) % 255) + 1;
}

/** Names of the networks that carry the replication: all dedicated links, else the first network. */
export function defaultLinks(
  networks: readonly { readonly name: string; readonly isLink: boolean }[],
): readonly string[] {
  const links = networks.filter(({ isLink }) => isLink);
  return (links.length > 0 ? links : networks.slice(0, 1)).map(({ name }) => name);
}

/** All but its pool, which follows from the network. `virtual` is the first virtual IPv4 address. */
export const defaultDhcp = (virtual: IpAddress): Omit<PairDhcp, "first" | "last"> => ({
  lease: LEASE,
  router: [virtual],
  dns: [virtual],
  domain: undefined,
  force: true,
  hosts: [],
});
