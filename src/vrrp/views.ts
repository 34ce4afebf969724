/** Makes the snapshots that view.ts describes. */
import { formatPrefix } from "../base/ip.ts";
import type { AddressSpec, RouteSpec } from "../wire/objects.ts";
import { type Assessment, effectiveTracking, type Surroundings, trackerValue } from "./faults.ts";
import { type Member, memberDeadline } from "./member.ts";
import type { Unit } from "./unit.ts";
import type { InstanceView, UnitView } from "./view.ts";

export function viewUnit(unit: Unit, around: Surroundings): UnitView {
  const tracking = unit.members.flatMap(({ config }) => effectiveTracking(config, unit.group));
  const byKey = new Map(tracking.map((one) => [one.tracker, one]));
  return {
    name: unit.name,
    kind: unit.group === undefined ? "instance" : "group",
    state: unit.state,
    members: unit.members.map(({ config }) => config.name),
    since: unit.since,
    cause: unit.cause,
    trackers: [...byKey.values()].map(({ tracker, weight }) => ({
      tracker,
      value: trackerValue(tracker, around),
      weight,
    })),
  };
}

export function viewInstance(unit: Unit, member: Member, assessment: Assessment): InstanceView {
  const { config, state } = member;
  const { faults, waiting } = assessment;
  const takesPart = unit.state === "backup" || unit.state === "active";
  const heard = state.name === "backup" ? (state.preempting ?? state.following) : undefined;
  return {
    name: config.name,
    unit: unit.name,
    interface: config.interface,
    vrid: config.vrid,
    family: config.family,
    version: config.version,
    state: unit.state,
    basePriority: config.priority,
    effectivePriority: member.priority,
    intervalUs: config.interval,
    source: member.source ?? null,
    active: heard ?? null,
    deadline: memberDeadline(member) ?? null,
    addresses: [...config.addresses, ...config.excluded].map(({ spec }) => describeAddress(spec)),
    routes: config.routes.map(({ spec }) => describeRoute(spec)),
    faults: [
      ...faults,
      ...(waiting === undefined || takesPart ? [] : [waiting]),
      ...unit.faults.filter(({ code }) => code === "install-failed"),
    ],
    counters: { ...member.counters, refused: { ...member.counters.refused } },
  };
}

/** "192.168.1.4/24 dev br-lan", as ip-address(8) would take it. */
export const describeAddress = ({ address, prefixLength, interface: dev }: AddressSpec): string =>
  `${formatPrefix({ address, length: prefixLength })} dev ${dev}`;

/** "default via 192.168.0.1 dev eth0.2 src 192.168.0.4 metric 5", as ip-route(8) would take it. */
export function describeRoute(spec: RouteSpec): string {
  const words: string[] = spec.type === "unicast" ? [] : [spec.type];
  words.push(spec.destination.length === 0 ? "default" : formatPrefix(spec.destination));
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ["from", spec.from === undefined ? undefined : formatPrefix(spec.from)],
    ["via", spec.gateway],
    ["dev", spec.interface],
    ["src", spec.preferredSource],
    ["metric", spec.metric],
    ["table", spec.table === MAIN_TABLE ? undefined : spec.table],
  ];
  for (const [word, value] of options) if (value !== undefined) words.push(`${word} ${value}`);
  for (const { gateway, interface: dev, weight } of spec.nexthops)
    words.push(
      `nexthop${gateway === undefined ? "" : ` via ${gateway}`}${dev === undefined ? "" : ` dev ${dev}`} weight ${weight}`,
    );
  return words.join(" ");
}

const MAIN_TABLE = 254;
