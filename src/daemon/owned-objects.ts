/** The addresses, routes and rules that an instance puts into the kernel while it is Active, as changes to ask for. */
import { formatPrefix } from "../base/ip.ts";
import type {
  FencingConfig,
  InstanceConfig,
  VirtualAddress,
  VirtualRoute,
  VirtualRule,
} from "../vrrp/config.ts";
import { describeAddress, describeRoute } from "../vrrp/views.ts";
import type { AddressSpec, RouteSpec, RuleSpec } from "../wire/objects.ts";
import type { Change } from "../wire/rtnetlink/change.ts";
import type { AddressEntry, RouteEntry } from "../wire/rtnetlink/entries.ts";

export interface OwnedObject {
  /** Identity within the kernel: two objects with one key are the same one. */
  readonly key: string;
  /** As ip(8) would be told. */
  readonly text: string;
  readonly tracked: boolean;
  readonly install: Change;
  readonly remove: Change;
  /** What gives it another lifetime; undefined for what has none of its own. */
  readonly renew: Change | undefined;
}

export interface ObjectSet {
  readonly addresses: readonly VirtualAddress[];
  readonly routes: readonly VirtualRoute[];
  readonly rules: readonly VirtualRule[];
}

/** Everything of an instance, addresses first: a route may name one of them as its source. */
export function objectsOf(
  instance: InstanceConfig,
  fencing: FencingConfig | undefined,
): OwnedObject[] {
  const addresses = [...instance.addresses, ...instance.excluded];
  return objectsIn({ ...instance, addresses }, fencing);
}

export function objectsIn(set: ObjectSet, fencing: FencingConfig | undefined): OwnedObject[] {
  return [
    ...set.addresses.map(({ spec, tracked }) => addressObject(fenced(spec, fencing), tracked)),
    ...set.routes.map(({ spec, tracked }) => routeObject(fencedRoute(spec, fencing), tracked)),
    ...set.rules.map(({ spec, tracked }) => ruleObject(spec, tracked)),
  ];
}

/** An address that the kernel removes by itself unless it is renewed in time. */
function fenced(spec: AddressSpec, fencing: FencingConfig | undefined): AddressSpec {
  if (fencing === undefined) return spec;
  const { lifetimeSeconds } = fencing;
  const preferredLifetime =
    spec.preferredLifetime === "forever"
      ? lifetimeSeconds
      : Math.min(spec.preferredLifetime, lifetimeSeconds);
  return { ...spec, validLifetime: lifetimeSeconds, preferredLifetime };
}

/**
 * The kernel drops IPv4 routes together with the address they name as their source, but keeps IPv6 ones; those have a
 * lifetime of their own.
 */
function fencedRoute(spec: RouteSpec, fencing: FencingConfig | undefined): RouteSpec {
  if (fencing === undefined || spec.family === 4) return spec;
  return { ...spec, expires: Math.min(spec.expires ?? Infinity, fencing.lifetimeSeconds) };
}

function addressObject(spec: AddressSpec, tracked: boolean): OwnedObject {
  const install: Change = { type: "address", verb: "replace", spec };
  return {
    key: addressKey(spec.interface, spec),
    text: `address ${describeAddress(spec)}`,
    tracked,
    install,
    remove: { type: "address", verb: "delete", spec },
    renew: spec.validLifetime === "forever" ? undefined : install,
  };
}

function routeObject(spec: RouteSpec, tracked: boolean): OwnedObject {
  // "prepend" and not "replace": an equal route of somebody else must survive us. Where the same route is there already
  // the kernel takes over its new lifetime, and answers EEXIST.
  const install: Change = { type: "route", verb: "prepend", spec };
  return {
    key: `route ${spec.table} ${describeRoute(spec)}`,
    text: `route ${describeRoute(spec)}`,
    tracked,
    install,
    remove: { type: "route", verb: "delete", spec },
    renew: spec.expires === undefined ? undefined : install,
  };
}

const ruleObject = (spec: RuleSpec, tracked: boolean): OwnedObject => ({
  key: `rule ${JSON.stringify(spec)}`,
  text: `rule ${describeRule(spec)}`,
  tracked,
  install: { type: "rule", verb: "add", spec },
  remove: { type: "rule", verb: "delete", spec },
  renew: undefined,
});

export const addressKey = (
  name: string,
  { address, prefixLength }: Pick<AddressEntry, "address" | "prefixLength">,
): string => `address ${name} ${address}/${prefixLength}`;

/** "preference 100 from 192.0.2.0/24 lookup 100". */
function describeRule(spec: RuleSpec): string {
  const words = [`preference ${spec.preference}`];
  if (spec.not) words.push("not");
  if (spec.from !== undefined) words.push(`from ${formatPrefix(spec.from)}`);
  if (spec.to !== undefined) words.push(`to ${formatPrefix(spec.to)}`);
  if (spec.inputInterface !== undefined) words.push(`iif ${spec.inputInterface}`);
  if (spec.outputInterface !== undefined) words.push(`oif ${spec.outputInterface}`);
  if (spec.firewallMark !== undefined) words.push(`fwmark ${spec.firewallMark.value}`);
  words.push(spec.action === "lookup" ? `lookup ${spec.table}` : spec.action);
  return words.join(" ");
}

/** Whether a route that the kernel reports is the one that `spec` asks for. `nameOf` finds an interface's name. */
export function isRoute(
  entry: RouteEntry,
  spec: RouteSpec,
  nameOf: (index: number) => string | undefined,
): boolean {
  const device = entry.index === undefined ? undefined : nameOf(entry.index);
  return (
    entry.family === spec.family &&
    entry.protocol === spec.protocol &&
    entry.table === spec.table &&
    formatPrefix(entry.destination) === formatPrefix(spec.destination) &&
    (spec.metric === undefined || entry.metric === spec.metric) &&
    (spec.gateway === undefined || entry.gateway === spec.gateway) &&
    (spec.interface === undefined || device === spec.interface)
  );
}

export function isRule(entry: RuleSpec, spec: RuleSpec): boolean {
  return (
    entry.family === spec.family &&
    entry.protocol === spec.protocol &&
    entry.preference === spec.preference &&
    entry.action === spec.action &&
    entry.table === spec.table &&
    selectors(entry) === selectors(spec)
  );
}

const selectors = ({ from, to }: RuleSpec): string =>
  [from, to].map((one) => (one === undefined ? "-" : formatPrefix(one))).join(" ");
