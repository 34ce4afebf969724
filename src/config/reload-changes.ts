/** What is different between two models, one line each, for the person who asked for a reload. */
import type { InstanceConfig } from "../vrrp/config.ts";
import { describeAddress, describeRoute } from "../vrrp/views.ts";
import { type Model, trackerKey } from "./model.ts";
import { type Difference, planReload } from "./plan.ts";

export function describeReload(before: Model, after: Model): string[] {
  const plan = planReload(before, after);
  const lines = [
    ...differenceLines("instance", plan.instances, ({ name }) => name),
    ...plan.instances.kept.flatMap((kept) =>
      kept.changed ? instanceChanges(kept.before, kept.after) : [],
    ),
    ...differenceLines("group", plan.groups, ({ name }) => name),
    ...differenceLines("tracker", plan.trackers, trackerKey),
  ];
  for (const { after: tracker, changed } of plan.trackers.kept)
    if (changed) lines.push(`tracker ${trackerKey(tracker)} changed`);
  if (plan.staticsChanged) lines.push("static addresses, routes or rules changed");
  if (plan.notificationChanged) lines.push("notify scripts or FIFOs changed");
  if (plan.settingsChanged) lines.push("settings changed");
  return lines;
}

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
  const { name } = is;
  const lines: string[] = [];
  if (was.name !== name) lines.push(`instance ${was.name} is now called ${name}`);
  if (was.priority !== is.priority)
    lines.push(`${name}: priority ${was.priority} -> ${is.priority}`);
  lines.push(
    ...listChanges(`${name}: address`, addressesOf(was), addressesOf(is)),
    ...listChanges(`${name}: route`, routesOf(was), routesOf(is)),
  );
  if (differs(was.rules, is.rules)) lines.push(`${name}: rules changed`);
  for (const field of Object.keys({ ...was, ...is }) as (keyof InstanceConfig)[])
    if (!TOLD.has(field) && differs(was[field], is[field])) lines.push(`${name}: ${field} changed`);
  return lines;
}

const differenceLines = <T>(
  what: string,
  { added, removed }: Difference<T>,
  nameOf: (item: T) => string,
): string[] => [
  ...removed.map((item) => `${what} ${nameOf(item)} removed`),
  ...added.map((item) => `${what} ${nameOf(item)} added`),
];

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

const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
