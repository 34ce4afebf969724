/** The replication of connections: its links, and the defaults. */
import { ipFamily } from "../../base/ip.ts";
import type { Position } from "../diagnostics.ts";
import { type Completion, namesOf, unknownName, valuesOf } from "./completion.ts";
import { defaultIgnored, REPLICATION } from "./defaults.ts";
import type { Draft } from "./maps.ts";
import type { PairNetwork, PairReplication, PairRouter } from "./model.ts";
import type { Placed } from "./reading.ts";
import { LINKS_MAX, type ReplicationKeys } from "./replication-keys.ts";

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
  const filter = draft.filter?.value ?? {};
  const own = around.routers.flatMap(({ addresses }) => Object.values(addresses).flat());
  const wanted = {
    mode: draft.mode?.value,
    port: draft.port?.value,
    externalCache: draft["external-cache"]?.value,
    purgeTimeout: draft["purge-timeout"]?.value,
    startupResync: draft["startup-resync"]?.value,
    expectations: draft.expectations?.value,
    hashSize: draft["hash-size"]?.value,
    hashLimit: draft["hash-limit"]?.value,
    socketBuffer: draft["socket-buffer"]?.value,
    takeoverWait: draft["takeover-wait"]?.value,
  };
  return {
    ...REPLICATION,
    ...withoutUndefined(wanted),
    links: completeLinks(completion, draft, { ...around, at: given?.at }),
    commitTimeout: draft["commit-timeout"]?.value,
    filter: {
      protocols: filter.protocols?.value && valuesOf(filter.protocols),
      ignoredAddresses:
        filter.ignore === undefined
          ? defaultIgnored(own.map(({ address }) => address))
          : valuesOf(filter.ignore),
      tcpStates: filter.states?.value && valuesOf(filter.states),
      place: filter.place?.value ?? "userspace",
    },
  };
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(
    Object.entries(value).filter(([, inner]) => inner !== undefined),
  ) as Defined<T>;

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
  }
}

function completeLinks(
  completion: Completion,
  { links }: Draft<ReplicationKeys>,
  around: Around & { readonly at: Position | undefined },
): readonly string[] {
  const { findings, networks } = completion;
  const seen = new Set<string>();
  for (const { value: name, at } of links?.value ?? []) {
    const network = networks.find((entry) => entry.name === name);
    const message = `replication.links names ${name} twice: remove one of them`;
    if (seen.has(name)) findings.error(at, "key-duplicate", message);
    else if (network === undefined)
      unknownName(findings, { name, at, what: "network" }, namesOf(networks));
    else checkEnds(completion, name, { routers: around.routers, at });
    seen.add(name);
  }
  if (links !== undefined) return valuesOf(links);
  const dedicated = networks.filter(
    ({ value }) => value !== undefined && value.address === undefined,
  );
  if (dedicated.length > LINKS_MAX) {
    const message = `there are ${dedicated.length} dedicated links, and connections are replicated over ${LINKS_MAX} at most: name them, as in replication: { links: [${dedicated[0]?.name ?? ""}] }`;
    findings.error(
      dedicated[LINKS_MAX]?.nameAt ?? completion.networks[0]?.nameAt ?? START,
      "link-limit",
      message,
    );
  }
  const chosen = dedicated.length > 0 ? dedicated : networks.slice(0, 1);
  for (const { name, nameAt } of dedicated)
    checkEnds(completion, name, { routers: around.routers, at: nameAt });
  return namesOf(chosen);
}

const START: Position = { file: "", line: 1, column: 1 };

/** Both routers have an address of one family there. */
function checkEnds(
  { findings, routers: entries }: Completion,
  name: string,
  { routers, at }: { readonly routers: readonly PairRouter[]; readonly at: Position },
): void {
  // What could not be read was reported.
  const isBroken = entries.some(
    ({ value }) =>
      value === undefined ||
      value.some((entry) => entry.name === name && entry.value === undefined),
  );
  if (isBroken) return;
  const without = routers.filter((router) => (router.addresses[name]?.length ?? 0) === 0);
  if (without.length > 0) {
    const list = namesOf(without).join(" and ");
    const message = `connections are replicated over ${name}, but ${list} has no address there: add ${name}: ADDRESS/LENGTH in routers`;
    findings.error(at, "address-missing", message);
    return;
  }
  const [a, b] = routers.map(
    (router) => new Set((router.addresses[name] ?? []).map(({ address }) => ipFamily(address))),
  );
  if ([4, 6].some((family) => a?.has(family as 4 | 6) === true && b?.has(family as 4 | 6) === true))
    return;
  const message = `the routers' addresses on ${name} have no family in common: give both an IPv4 or both an IPv6 address`;
  findings.error(at, "address-missing", message);
}
