/** The replication of connections: its links, and the defaults. */
import { type IpFamily, ipFamily, type Prefix } from "../../base/ip.ts";
import type { Position } from "../diagnostics.ts";
import {
  type Completion,
  itemsOf,
  namesOf,
  type RouterEntry,
  unknownName,
  valueOr,
  valuesOf,
} from "./completion.ts";
import { defaultIgnored, defaultLinks, REPLICATION } from "./defaults.ts";
import type { Draft } from "./maps.ts";
import type { PairNetwork, PairReplication, PairRouter } from "./model.ts";
import type { Many, Placed } from "./reading.ts";
import { type FilterKeys, LINKS_MAX, type ReplicationKeys } from "./replication-keys.ts";

interface Around {
  readonly routers: readonly PairRouter[];
  readonly networks: readonly PairNetwork[];
}

/** Undefined when nothing is replicated. */
export function completeReplication(
  completion: Completion,
  given: Placed<boolean | Draft<ReplicationKeys> | undefined> | undefined,
  around: Around,
): PairReplication | undefined {
  if (given?.value === false) return undefined;
  const draft = typeof given?.value === "object" ? given.value : {};
  reportWithoutEffect(completion, draft);
  const own = around.routers.flatMap(({ addresses }) => Object.values(addresses).flat());
  return {
    mode: valueOr(draft.mode, REPLICATION.mode),
    links: completeLinks(completion, draft, around),
    port: valueOr(draft.port, REPLICATION.port),
    filter: completeFilter(valueOr(draft.filter, {}), own),
    externalCache: valueOr(draft["external-cache"], REPLICATION.externalCache),
    loadAhead: valueOr(draft["load-ahead"], REPLICATION.loadAhead),
    commitTimeout: draft["commit-timeout"]?.value,
    purgeTimeout: valueOr(draft["purge-timeout"], REPLICATION.purgeTimeout),
    startupResync: valueOr(draft["startup-resync"], REPLICATION.startupResync),
    expectations: valueOr(draft.expectations, REPLICATION.expectations),
    hashSize: valueOr(draft["hash-size"], REPLICATION.hashSize),
    hashLimit: valueOr(draft["hash-limit"], REPLICATION.hashLimit),
    socketBuffer: valueOr(draft["socket-buffer"], REPLICATION.socketBuffer),
    takeoverWait: valueOr(draft["takeover-wait"], REPLICATION.takeoverWait),
  };
}

const completeFilter = (
  filter: Draft<FilterKeys>,
  own: readonly Prefix[],
): PairReplication["filter"] => ({
  protocols: filter.protocols && valuesOf(filter.protocols),
  ignoredAddresses:
    filter.ignore === undefined
      ? defaultIgnored(own.map(({ address }) => address))
      : valuesOf(filter.ignore),
  tcpStates: filter.states && valuesOf(filter.states),
  place: valueOr(filter.place, "userspace"),
});

function reportWithoutEffect({ findings }: Completion, draft: Draft<ReplicationKeys>): void {
  const warn = (key: keyof ReplicationKeys, why: string): void => {
    const field = draft[key];
    const message = `replication.${key} does nothing ${why}: remove it`;
    if (field !== undefined) findings.warn(field.at, "no-effect", message);
  };
  if (draft.mode?.value === "alarm") {
    warn("external-cache", "in the mode alarm");
    warn("startup-resync", "in the mode alarm");
  } else if (draft["external-cache"]?.value === false) {
    warn("commit-timeout", "without external-cache, because nothing is committed");
    warn("load-ahead", "without external-cache, because everything is in the kernel");
  }
}

function completeLinks(
  completion: Completion,
  { links }: Draft<ReplicationKeys>,
  { routers }: Around,
): readonly string[] {
  if (links !== undefined) {
    checkLinks(completion, itemsOf(links), routers);
    return valuesOf(links);
  }
  const { findings, networks } = completion;
  const chosen = defaultLinks(
    networks.map(({ name, value }) => ({
      name,
      isLink: value !== undefined && value.address === undefined,
    })),
  );
  const entries = networks.filter(({ name }) => chosen.includes(name));
  const surplus = entries[LINKS_MAX];
  if (surplus !== undefined) {
    const message = `there are ${chosen.length} dedicated links, and connections are replicated over ${LINKS_MAX} at most: name them, as in replication: { links: [${chosen[0] ?? ""}] }`;
    findings.error(surplus.nameAt, "link-limit", message);
  }
  // That a network with virtual addresses lacks addresses was said.
  for (const { name, nameAt, value } of entries)
    if (value?.address === undefined) checkEnds(completion, name, { routers, at: nameAt });
  return chosen;
}

/** Links that the file names. */
function checkLinks(
  completion: Completion,
  links: Many<string>,
  routers: readonly PairRouter[],
): void {
  const { findings, networks } = completion;
  const seen = new Set<string>();
  for (const { value: name, at } of links) {
    const message = `replication.links names ${name} twice: remove one of them`;
    if (seen.has(name)) findings.error(at, "key-duplicate", message);
    else if (networks.some((network) => network.name === name))
      checkEnds(completion, name, { routers, at });
    else unknownName(findings, { name, at, what: "network" }, namesOf(networks));
    seen.add(name);
  }
}

/** Both routers have an address of one family there. */
function checkEnds(
  { findings, routers: entries }: Completion,
  name: string,
  { routers, at }: { readonly routers: readonly PairRouter[]; readonly at: Position },
): void {
  if (entries.some((entry) => isBroken(entry, name))) return;
  const without = routers.filter((router) => (router.addresses[name]?.length ?? 0) === 0);
  if (without.length > 0) {
    const who = without.length > 1 ? "neither router has an" : `${without[0]?.name} has no`;
    const message = `connections are replicated over ${name}, but ${who} address there: add ${name}: ADDRESS/LENGTH in routers`;
    findings.error(at, "address-missing", message);
    return;
  }
  const [a, b] = routers.map((router) => (router.addresses[name] ?? []).map(familyOf));
  if (a?.some((family) => b?.includes(family) === true) === true) return;
  const message = `the routers' addresses on ${name} have no family in common: give both an IPv4 or both an IPv6 address`;
  findings.error(at, "address-missing", message);
}

const familyOf = ({ address }: Prefix): IpFamily => ipFamily(address);

/** What could not be read was reported. */
const isBroken = ({ value }: RouterEntry, network: string): boolean =>
  value === undefined || value.some((entry) => entry.name === network && entry.value === undefined);
