/**
 * What a daemon may have left in the kernel, written down before it installs anything, so that the next start with the same
 * state directory can tell its own leftovers from everybody else's after a SIGKILL or a power cut.
 */

import type { Model } from "../config/model.ts";
import type { AddressSpec, RouteSpec, RuleSpec } from "../wire/objects.ts";
import { DUET_PROTOCOL } from "../wire/objects.ts";
import type { Change } from "../wire/rtnetlink/change.ts";
import type { AddressEntry, LinkEntry, RouteEntry, RuleEntry } from "../wire/rtnetlink/entries.ts";
import { isRoute, isRule } from "./owned-objects.ts";
import type { Parameter } from "./vmac-parameters.ts";

export interface Journal {
  readonly version: 1;
  readonly addresses: readonly AddressSpec[];
  readonly routes: readonly RouteSpec[];
  readonly rules: readonly RuleSpec[];
  /** Names of the macvlan interfaces for virtual MACs. */
  readonly links: readonly string[];
  /** Names of the nftables tables. */
  readonly tables: readonly string[];
  /** Kernel parameters that are changed for virtual MACs. */
  readonly parameters: readonly Parameter[];
}

export const EMPTY_JOURNAL: Journal = {
  version: 1,
  addresses: [],
  routes: [],
  rules: [],
  links: [],
  tables: [],
  parameters: [],
};

/** Everything that a daemon with `model` may install; tables and parameters are not in the model. */
export function journalOf(
  model: Model,
  { tables, parameters }: Pick<Journal, "tables" | "parameters">,
): Journal {
  const { instances } = model.vrrp;
  const sets = [...instances, { ...model.statics, excluded: [] }];
  return {
    version: 1,
    addresses: sets.flatMap((set) => [...set.addresses, ...set.excluded].map(({ spec }) => spec)),
    routes: sets.flatMap((set) => set.routes.map(({ spec }) => spec)),
    rules: sets.flatMap((set) => set.rules.map(({ spec }) => spec)),
    links: instances.flatMap(({ virtualMac }) =>
      virtualMac === undefined ? [] : [virtualMac.interface],
    ),
    tables,
    parameters,
  };
}

/** The journal for a reload: what was there and what may come. */
export function mergeJournals(a: Journal, b: Journal): Journal {
  return {
    version: 1,
    addresses: join(a.addresses, b.addresses),
    routes: join(a.routes, b.routes),
    rules: join(a.rules, b.rules),
    links: join(a.links, b.links),
    tables: join(a.tables, b.tables),
    parameters: join(a.parameters, b.parameters),
  };
}

const join = <T>(one: readonly T[], other: readonly T[]): T[] => [
  ...new Map([...one, ...other].map((item) => [JSON.stringify(item), item])).values(),
];

/** What the kernel holds, as far as leftovers are concerned. */
export interface KernelSnapshot {
  readonly links: readonly LinkEntry[];
  readonly addresses: readonly AddressEntry[];
  readonly routes: readonly RouteEntry[];
  readonly rules: readonly RuleEntry[];
}

/**
 * The changes that remove what is left of `journal`, rules and routes first. An address counts as ours when it carries our
 * originator or, on kernels that know none, a finite lifetime; the same address set by hand has neither.
 */
export function leftovers(journal: Journal, kernel: KernelSnapshot): Change[] {
  const nameOf = (index: number): string | undefined =>
    kernel.links.find((link) => link.index === index)?.name;
  const rules = journal.rules.filter((spec) => kernel.rules.some((entry) => isRule(entry, spec)));
  const routes = journal.routes.filter((spec) =>
    kernel.routes.some((entry) => isRoute(entry, spec, nameOf)),
  );
  const addresses = journal.addresses.filter((spec) =>
    kernel.addresses.some(
      (entry) =>
        entry.address === spec.address &&
        entry.prefixLength === spec.prefixLength &&
        nameOf(entry.index) === spec.interface &&
        isOurs(entry),
    ),
  );
  const links = journal.links.filter((name) =>
    kernel.links.some((link) => link.name === name && link.kind === "macvlan"),
  );
  return [
    ...rules.map((spec): Change => ({ type: "rule", verb: "delete", spec })),
    ...routes.map((spec): Change => ({ type: "route", verb: "delete", spec })),
    ...addresses.map((spec): Change => ({ type: "address", verb: "delete", spec })),
    ...links.map((name): Change => ({ type: "link", verb: "delete", interface: name })),
  ];
}

const isOurs = ({ protocol, validLifetime }: AddressEntry): boolean =>
  protocol === DUET_PROTOCOL || (protocol === 0 && validLifetime !== "forever");
