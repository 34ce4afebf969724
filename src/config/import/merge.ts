/**
 * The facts of one or both routers into one pair. Where both speak and do not agree, that is an error, with both places: a
 * file that follows one of them in silence would change the other router.
 */
import type { Duration } from "../../base/time.ts";
import type { Diagnostic } from "../diagnostics.ts";
import { Findings } from "../findings.ts";
import { ELECTION, FENCING, PRIORITY } from "../pair/defaults.ts";
import type {
  NotCarried,
  PairConfig,
  PairElection,
  PairHooks,
  PairRouter,
  PairTracking,
} from "../pair/model.ts";
import { completeVrids } from "../pair/vrids.ts";
import { agree, DISAGREEMENT, type Merge } from "./agreement.ts";
import type { Found, InstanceFacts, RouterFacts } from "./facts.ts";
import { familyOf } from "./keepalived.ts";
import { mergeNetwork } from "./networks.ts";
import { type OwnAddress, ownAddresses } from "./own-addresses.ts";
import { type Matched, matchPlaces, otherNetworks, placesOf } from "./places.ts";
import { mergeReplication } from "./replication.ts";

export interface ImportOptions {
  readonly pairName: string | undefined;
  /** Names of the routers, in the order of the facts; undefined takes what the files say. */
  readonly routerNames: readonly (string | undefined)[];
  /** Addresses that no file gives. */
  readonly addresses: readonly OwnAddress[];
}

export interface Imported {
  readonly pair: PairConfig;
  readonly diagnostics: readonly Diagnostic[];
  readonly notCarried: readonly NotCarried[];
  /** What has to be filled in by hand before the pair can run, a sentence each. */
  readonly missing: readonly string[];
}

const NAMES_DEFAULT = ["alpha", "beta"] as const;
const PAIR_NAME = /^[\w.-]+$/;

/** `second` is undefined where only one router's files are known: the other one is taken for its twin. */
export function mergeFacts(
  first: RouterFacts,
  second: RouterFacts | undefined,
  options: ImportOptions,
): Imported {
  const findings = new Findings();
  const both = [first, second] as const;
  const known = both.filter((facts) => facts !== undefined);
  const matched = matchAll(first, second);
  const [nameA, nameB] = routerNames(both, options);
  const names = [nameA, nameB] as const;
  const merge: Merge = { findings, known };
  const groupName = merge.known.flatMap(({ groups }) => groups)[0]?.name;
  const pairName = options.pairName ?? pairNameFrom(groupName);
  const drafts = matched.map((network) => mergeNetwork(network, names, merge));
  const vrids = completeVrids(
    pairName,
    drafts.map(({ name, interfaces }) => ({ name, interfaces, vrid: undefined, vrid6: undefined })),
  );
  const networks = drafts.map((draft, index) => {
    const chosen = vrids[index]?.vrid ?? 0;
    const { vrid = draft.vrid6 ?? chosen, vrid6 = vrid } = draft;
    const vridIsChosen = vrid === chosen && vrid6 === chosen;
    return Object.assign({}, draft, { vrid, vrid6, vridIsChosen });
  });
  const { addresses, missing } = ownAddresses(
    matched,
    names,
    options.addresses,
    second !== undefined,
  );
  const routers = names.map(
    (name, index): PairRouter => ({
      name,
      priority: priorityOf(both[index] ?? first),
      addresses: addresses[index] ?? {},
    }),
  ) as unknown as readonly [PairRouter, PairRouter];
  const replication = mergeReplication(known, matched, routers, merge);
  const pair: PairConfig = {
    name: pairName,
    secretFile: undefined,
    routers,
    networks,
    election: electionOf(merge, groupName ?? pairName),
    tracking: trackingOf(known, matched),
    replication,
    hooks: hooksOf(known, findings),
    fencing: FENCING,
  };
  const notCarried = known.flatMap((facts) => [
    ...facts.notCarried,
    ...otherNetworks(facts, placesOf(facts)).map(
      ({ name, at }): NotCarried => ({
        at,
        text: `network ${name}`,
        reason: "it has no virtual address and carries no replication, so it is each router's own",
      }),
    ),
    ...groupsLeft(facts),
  ]);
  const files = known.flatMap((facts) => facts.files);
  return { pair, diagnostics: findings.sorted(files), notCarried, missing };
}

/** A twin that is not known has the same places. */
function matchAll(first: RouterFacts, second: RouterFacts | undefined): readonly Matched[] {
  const places = placesOf(first);
  if (second !== undefined) return matchPlaces(places, placesOf(second));
  return matchPlaces(places, []).map(({ name, places: [place] }) => ({
    name,
    places: [place, place],
  }));
}

function routerNames(
  both: readonly [RouterFacts, RouterFacts | undefined],
  { routerNames: wanted }: ImportOptions,
): readonly [string, string] {
  const nameOf = (index: 0 | 1): string => {
    const found = both[index]?.name?.value;
    const usable = found !== undefined && PAIR_NAME.test(found) ? found : undefined;
    return wanted[index] ?? usable ?? NAMES_DEFAULT[index];
  };
  const [a, b] = [nameOf(0), nameOf(1)];
  if (a !== b) return [a, b];
  return a === NAMES_DEFAULT[1] ? [NAMES_DEFAULT[0], b] : [a, NAMES_DEFAULT[1]];
}

const pairNameFrom = (group: string | undefined): string =>
  group !== undefined && PAIR_NAME.test(group) ? group : "home";

const priorityOf = ({ instances }: RouterFacts): number =>
  instances[0]?.priority?.value ?? PRIORITY;

function electionOf(merge: Merge, groupName: string): PairElection {
  const instances = merge.known.flatMap((facts) => facts.instances);
  const pick = <T>(
    get: (instance: InstanceFacts) => Found<T> | undefined,
    what: string,
    show?: (value: T) => string,
  ): T | undefined => agree(merge, instances.map(get), what, show);
  // Version 3 over IPv6 goes with either version over IPv4.
  const version = agree(
    merge,
    instances.filter((one) => familyOf(one) === 4).map((one) => one.version),
    "the version of VRRP",
  );
  const authentication = agree(
    merge,
    instances
      .filter((one) => one.version?.value === (version ?? 3))
      .map((one) => one.authentication),
    "authentication",
    ({ type, password }) => (type === "pass" ? `${type} with the password ${password}` : type),
  );
  const preempt = pick(({ preempt: one }) => one, "preemption") ?? ELECTION.preempt;
  return {
    version: version ?? ELECTION.version,
    interval:
      pick(({ interval }) => interval, "the interval of advertisements", spanText) ??
      ELECTION.interval,
    preempt,
    preemptDelay: preempt
      ? (pick(({ preemptDelay }) => preemptDelay, "the delay of preemption", spanText) ??
        ELECTION.preemptDelay)
      : ELECTION.preemptDelay,
    authentication:
      authentication?.type === "pass"
        ? { type: "pass", password: authentication.password }
        : { type: "none" },
    // A pair has one way for all its networks, and the other one is told of as left out.
    unicast: instances.every(({ unicastPeers }) => unicastPeers.length > 0) && instances.length > 0,
    together: instances.length < 2 || merge.known.some(({ groups }) => groups.length > 0),
    groupName,
  };
}

const spanText = (span: Duration): string => `${span / 1_000_000} s`;

function trackingOf(known: readonly RouterFacts[], matched: readonly Matched[]): PairTracking {
  const own = new Set(matched.flatMap(({ places }) => places.map((place) => place?.interface)));
  const interfaces = new Map(
    known
      .flatMap(({ instances }) => instances)
      .flatMap(({ trackedInterfaces }) => trackedInterfaces)
      .filter(({ value }) => !own.has(value.name) || value.weight !== 0)
      .map(({ value }) => [value.name, value] as const),
  );
  const checks = new Map(
    known.flatMap((facts) => facts.checks).map(({ value }) => [value.name, value] as const),
  );
  return { interfaces: [...interfaces.values()], checks: [...checks.values()] };
}

function hooksOf(known: readonly RouterFacts[], findings: Findings): PairHooks {
  const [first, second] = known;
  const pick = (state: keyof PairHooks): readonly string[] | undefined => {
    const [a, b] = [first?.hooks[state], second?.hooks[state]];
    if (a !== undefined && b !== undefined && a.join("\0") !== b.join("\0")) {
      const at = { file: second?.files[0] ?? "", line: 1, column: 1 };
      const message = `the routers run different commands when they become ${state}: ${a.join(" ")} and ${b.join(" ")}; the first one is taken for both`;
      findings.warn(at, DISAGREEMENT, message);
    }
    return a ?? b;
  };
  return {
    active: pick("active"),
    backup: pick("backup"),
    fault: pick("fault"),
    stop: pick("stop"),
  };
}

const groupsLeft = ({ groups }: RouterFacts): readonly NotCarried[] =>
  groups.slice(1).map(({ name, at }) => ({
    at,
    text: `vrrp_sync_group ${name}`,
    reason:
      "all networks of a pair move together, or none: write together: false, or make a pair of each group",
  }));
