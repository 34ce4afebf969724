/** A status for people: roles first, with why and since when; then what each instance sees; counters last. */
import type { InstanceStatus, NodeStatus, StatusView, UnitStatus } from "../control/contract.ts";
import { printable } from "../log/line.ts";
import type { UnitState } from "../vrrp/events.ts";
import { replicationLines } from "./flows-status-text.ts";
import type { Colour, Paint } from "./paint.ts";
import { formatAge, formatTable, formatTime, plural } from "./words.ts";

const COLOURS: Readonly<Record<UnitState, Colour>> = {
  init: "yellow",
  backup: "blue",
  active: "green",
  fault: "red",
  stopped: "yellow",
};

export function formatStatus(status: StatusView, paint: Paint): string {
  const { node, units, instances, trackers, replication } = status;
  const blocks = [
    nodeLines(node, status.warnings.length),
    ...units.map((unit) => unitLines(unit, status, paint)),
    replication === null ? [] : replicationLines(replication, paint),
    trackers.map(
      ({ tracker, value, detail }) =>
        `${tracker}: ${value}${detail === null ? "" : ` (${printable(detail)})`}`,
    ),
  ];
  const text = blocks.filter((lines) => lines.length > 0).map((lines) => `${lines.join("\n")}\n`);
  const counters = instances.length === 0 ? [] : [formatCounters(instances)];
  return `${[...text, ...counters].join("\n")}${refusedLines(instances)}`;
}

function nodeLines(node: NodeStatus, warningCount: number): string[] {
  const realtime =
    node.realtime === null
      ? "no real-time scheduling"
      : `real-time ${node.realtime.policy} ${node.realtime.priority}`;
  const fencing =
    node.fencing === null ? "no self-fencing" : `self-fencing ${node.fencing.lifetimeSeconds}s`;
  const [file = "none", ...others] = node.configFiles;
  const [second] = others;
  const count = others.length > 1 ? ` and ${others.length} other files` : ` and ${second}`;
  const more = second === undefined ? "" : count;
  const warnings = warningCount === 0 ? "" : `, ${plural(warningCount, "warning")}`;
  const dropped =
    node.droppedLogLines === 0 ? [] : [`log: ${plural(node.droppedLogLines, "line")} dropped`];
  return [
    `${node.name}: duet ${node.version}, pid ${node.pid}, up ${formatAge(node.uptimeMs)}, ${realtime}, ${fencing}`,
    `configuration: ${file}${more}, read ${formatTime(node.configLoadedAt)}${warnings}`,
    ...dropped,
  ];
}

function unitLines(unit: UnitStatus, { units, instances }: StatusView, paint: Paint): string[] {
  const nameWidth = Math.max(...units.map(({ name }) => name.length));
  const members = instances.filter((instance) => instance.unit === unit.name);
  return [
    unitLine(unit, nameWidth, paint),
    ...indent(unitDetails(unit)),
    ...indent(members.flatMap((instance) => instanceLines(instance, paint))),
  ];
}

function unitLine({ name, kind, state, sinceMs }: UnitStatus, width: number, paint: Paint): string {
  const role = paint(COLOURS[state], state.toUpperCase().padEnd(7));
  const what = kind === "group" ? "sync group" : "instance";
  return `${paint("bold", name.padEnd(width))}  ${role}  for ${formatAge(sinceMs)}, ${what}`;
}

function unitDetails({ cause, since, trackers }: UnitStatus): string[] {
  const tracked = trackers.map(
    ({ tracker, value, weight }) =>
      `tracks ${tracker}: ${value}${weight === 0 ? "" : `, weight ${weight}`}`,
  );
  return [`since ${formatTime(since)}: ${printable(cause.text)}`, ...tracked];
}

function instanceLines(instance: InstanceStatus, paint: Paint): string[] {
  const { name, vrid, version, family, source, addresses, routes, faults } = instance;
  const parts = [
    `${paint("bold", name)} on ${instance.interface}`,
    `VRID ${vrid}`,
    `VRRPv${version} IPv${family}`,
    formatPriority(instance),
    ...(source === null ? [] : [`from ${source}`]),
    `every ${formatAge(instance.intervalMs)}`,
  ];
  return [
    parts.join(", "),
    ...indent([
      ...faults.map(({ text }) => paint("red", `fault: ${printable(text)}`)),
      ...activeLine(instance),
      ...addresses.map((address) => `address ${address}`),
      ...routes.map((route) => `route ${route}`),
    ]),
  ];
}

const formatPriority = ({ basePriority, effectivePriority }: InstanceStatus): string =>
  basePriority === effectivePriority
    ? `priority ${basePriority}`
    : `priority ${effectivePriority} (configured ${basePriority})`;

function activeLine({ active, state, actsInMs }: InstanceStatus): string[] {
  if (active === null) return state === "active" ? [] : ["active router: none heard"];
  const takeover =
    state === "backup" && actsInMs !== null
      ? `, takes over in ${formatAge(actsInMs)} of silence`
      : "";
  const heard = `heard ${formatAge(active.heardMs)} ago`;
  return [`active router: ${active.source}, priority ${active.priority}, ${heard}${takeover}`];
}

function formatCounters(instances: readonly InstanceStatus[]): string {
  const head = ["counters", "sent", "received", "became active", "released", "healed", "refused"];
  const rows = instances.map(({ name, counters }) => [
    name,
    ...[
      counters.advertisementsSent,
      counters.advertisementsReceived,
      counters.becameActive,
      counters.releasedActive,
      counters.objectsHealed,
      Object.values(counters.refused).reduce((total, count) => total + count, 0),
    ].map(String),
  ]);
  return formatTable([head, ...rows]);
}

function refusedLines(instances: readonly InstanceStatus[]): string {
  return instances
    .map(({ name, counters }) => ({ name, reasons: Object.entries(counters.refused) }))
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ name, reasons }) => {
      const list = reasons.map(([reason, count]) => `${reason} ${count}`).join(", ");
      return `refused by ${name}: ${list}\n`;
    })
    .join("");
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `    ${line}`);
