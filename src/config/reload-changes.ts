/** What is different between two models, one line each, for the person who asked for a reload. */
import { type InstanceConfig, instanceKey } from "../vrrp/config.ts";
import { describeAddress, describeRoute } from "../vrrp/views.ts";
import { type Model, trackerKey } from "./model.ts";

export function describeReload(before: Model, after: Model): string[] {
  const old = new Map(before.vrrp.instances.map((one) => [instanceKey(one), one]));
  const fresh = new Map(after.vrrp.instances.map((one) => [instanceKey(one), one]));
  const lines: string[] = [];
  for (const [key, one] of old) if (!fresh.has(key)) lines.push(`instance ${one.name} removed`);
  for (const [key, one] of fresh) {
    const was = old.get(key);
    if (was === undefined) lines.push(`instance ${one.name} added`);
    else lines.push(...instanceChanges(was, one));
  }
  lines.push(...listChanges("group", names(before.vrrp.groups), names(after.vrrp.groups)));
  lines.push(
    ...listChanges("tracker", before.trackers.map(trackerKey), after.trackers.map(trackerKey)),
  );
  for (const field of ["statics", "fifos", "instanceNotify", "groupNotify", "scheduling"] as const)
    if (differs(before[field], after[field])) lines.push(`${FIELD_WORDS[field]} changed`);
  return lines;
}

const FIELD_WORDS = {
  statics: "static addresses, routes or rules",
  fifos: "notify FIFOs",
  instanceNotify: "notify scripts of instances",
  groupNotify: "notify scripts of groups",
  scheduling: "scheduling",
} as const;

/** Told one by one below, or not worth telling. */
const TOLD: ReadonlySet<string> = new Set([
  "name",
  "priority",
  "addresses",
  "excluded",
  "routes",
  "rules",
]);

function instanceChanges(was: InstanceConfig, is: InstanceConfig): string[] {
  const lines: string[] = [];
  if (was.name !== is.name) lines.push(`instance ${was.name} is now called ${is.name}`);
  if (was.priority !== is.priority)
    lines.push(`${is.name}: priority ${was.priority} -> ${is.priority}`);
  lines.push(
    ...listChanges(`${is.name}: address`, addressesOf(was), addressesOf(is)),
    ...listChanges(`${is.name}: route`, routesOf(was), routesOf(is)),
  );
  if (differs(was.rules, is.rules)) lines.push(`${is.name}: rules changed`);
  for (const field of Object.keys({ ...was, ...is }) as (keyof InstanceConfig)[])
    if (!TOLD.has(field) && differs(was[field], is[field]))
      lines.push(`${is.name}: ${field} changed`);
  return lines;
}

const addressesOf = ({ addresses, excluded }: InstanceConfig): string[] =>
  [...addresses, ...excluded].map(({ spec }) => describeAddress(spec));

const routesOf = ({ routes }: InstanceConfig): string[] =>
  routes.map(({ spec }) => describeRoute(spec));

function listChanges(what: string, before: readonly string[], after: readonly string[]): string[] {
  return [
    ...before.filter((one) => !after.includes(one)).map((one) => `${what} ${one} removed`),
    ...after.filter((one) => !before.includes(one)).map((one) => `${what} ${one} added`),
  ];
}

const names = (list: readonly { readonly name: string }[]): string[] =>
  list.map(({ name }) => name);

/** Positions in the file do not matter: a comment above moves them. */
const differs = (a: unknown, b: unknown): boolean => withoutPositions(a) !== withoutPositions(b);

const withoutPositions = (value: unknown): string | undefined =>
  JSON.stringify(value, (key, item: unknown) => (key === "at" ? undefined : item));
