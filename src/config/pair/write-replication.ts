/** The replication as duet.yaml says it; undefined where all of it is as usual. */
import { formatPrefix, type IpAddress, ipBits, ipFamily, type Prefix } from "../../base/ip.ts";
import { defaultIgnored, defaultLinks, REPLICATION } from "./defaults.ts";
import type { PairConfig, PairReplication } from "./model.ts";
import { LINKS_MAX } from "./replication-keys.ts";
import { durationText, sizeText } from "./units.ts";
import { type Emitted, type EmittedMap, quoteIfNeeded } from "./yaml-emit.ts";

export function writeReplication(pair: PairConfig): Emitted | undefined {
  const { replication } = pair;
  if (replication === undefined) return "false";
  const { commitTimeout } = replication;
  const filter = writeFilter(pair, replication.filter);
  const map: EmittedMap = {
    mode: differing(replication, "mode", String),
    links: writeLinks(pair, replication.links),
    port: differing(replication, "port", String),
    filter: isEmpty(filter) ? undefined : filter,
    "external-cache": differing(replication, "externalCache", String),
    "load-ahead": differing(replication, "loadAhead", String),
    "commit-timeout": commitTimeout === undefined ? undefined : durationText(commitTimeout),
    "purge-timeout": differing(replication, "purgeTimeout", durationText),
    "startup-resync": differing(replication, "startupResync", String),
    expectations: differing(replication, "expectations", String),
    "hash-size": differing(replication, "hashSize", String),
    "hash-limit": differing(replication, "hashLimit", String),
    "socket-buffer": differing(replication, "socketBuffer", sizeText),
    "takeover-wait": differing(replication, "takeoverWait", durationText),
  };
  return isEmpty(map) ? undefined : map;
}

const isEmpty = (map: EmittedMap): boolean =>
  Object.values(map).every((value) => value === undefined);

/** The value of `key` written, unless it is the default. */
function differing<Key extends keyof typeof REPLICATION>(
  replication: PairReplication,
  key: Key,
  write: (value: PairReplication[Key]) => string,
): string | undefined {
  return replication[key] === REPLICATION[key] ? undefined : write(replication[key]);
}

function writeLinks({ networks }: PairConfig, links: readonly string[]): Emitted | undefined {
  const usual = defaultLinks(
    networks.map(({ name, addresses }) => ({ name, isLink: addresses.length === 0 })),
  );
  const isUsual = usual.length <= LINKS_MAX && usual.join(" ") === links.join(" ");
  return isUsual ? undefined : links.map(quoteIfNeeded);
}

function writeFilter({ routers }: PairConfig, filter: PairReplication["filter"]): EmittedMap {
  const own: readonly IpAddress[] = routers.flatMap(({ addresses }) =>
    Object.values(addresses).flatMap((list) => list.map(({ address }) => address)),
  );
  const ignored = filter.ignoredAddresses.map(formatPrefix).join(" ");
  return {
    protocols: filter.protocols?.map(quoteIfNeeded),
    ignore:
      ignored === defaultIgnored(own).map(formatPrefix).join(" ")
        ? undefined
        : filter.ignoredAddresses.map((prefix) => quoteIfNeeded(shortText(prefix))),
    states: filter.tcpStates?.map(quoteIfNeeded),
    place: filter.place === "userspace" ? undefined : filter.place,
  };
}

/** One address has no length. */
const shortText = (prefix: Prefix): string =>
  prefix.length === ipBits(ipFamily(prefix.address)) ? prefix.address : formatPrefix(prefix);
