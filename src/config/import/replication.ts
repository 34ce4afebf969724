/** Replication of the pair from what both routers' files say of it. */
import { formatPrefix } from "../../base/ip.ts";
import { defaultIgnored, defaultLinks, REPLICATION } from "../pair/defaults.ts";
import type { PairReplication, PairRouter } from "../pair/model.ts";
import { agree, type Merge } from "./agreement.ts";
import type { RouterFacts } from "./facts.ts";
import type { Matched } from "./places.ts";

/** Undefined when no file speaks of it. */
export function mergeReplication(
  known: readonly RouterFacts[],
  matched: readonly Matched[],
  routers: readonly PairRouter[],
  merge: Merge,
): PairReplication | undefined {
  const all = known.flatMap(({ replication }) => (replication === undefined ? [] : [replication]));
  const [first] = all;
  if (first === undefined) return undefined;
  for (const key of ["mode", "port", "purgeTimeout", "externalCache", "expectations"] as const) {
    agree(
      merge,
      all.map(({ settings, at }) => {
        const value = settings[key];
        return value === undefined ? undefined : { value, at };
      }),
      `${key} of replication`,
    );
  }
  const own = routers.flatMap(({ addresses }) => Object.values(addresses).flat());
  const { filter } = first.settings;
  return {
    ...REPLICATION,
    commitTimeout: undefined,
    ...first.settings,
    filter: {
      place: "userspace",
      protocols: undefined,
      tcpStates: undefined,
      ...filter,
      ignoredAddresses: distinct([
        ...all.flatMap(({ settings }) => settings.filter?.ignoredAddresses ?? []),
        ...(filter === undefined ? defaultIgnored(own.map(({ address }) => address)) : []),
      ]),
    },
    links: linksOf(matched),
  };
}

/** Where no file says it, as in a how-to's template: the pair's own default. */
function linksOf(matched: readonly Matched[]): readonly string[] {
  const links = matched.filter(({ places }) =>
    places.some((place) => (place?.links.length ?? 0) > 0),
  );
  if (links.length > 0) return links.map(({ name }) => name);
  return defaultLinks(matched.map(({ name }) => ({ name, isLink: false })));
}

/** Each router names its own addresses, and only both lists together serve both. */
const distinct = <T extends Parameters<typeof formatPrefix>[0]>(
  prefixes: readonly T[],
): readonly T[] => [...new Map(prefixes.map((prefix) => [formatPrefix(prefix), prefix])).values()];
