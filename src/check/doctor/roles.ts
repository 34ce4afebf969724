/** What the daemon says of itself, and whether the kernel's addresses agree with it. */
import { type DoctorFinding, type Expectation, report } from "./finding.ts";
import type { DaemonSeen, Snapshot } from "./snapshot.ts";

export function checkRoles(snapshot: Snapshot, expected: Expectation): readonly DoctorFinding[] {
  const { daemon } = snapshot;
  return [
    ...checkPrograms(snapshot),
    ...checkHeldAddresses(snapshot, expected),
    ...(typeof daemon === "string" ? [] : checkDaemon(daemon, expected)),
  ];
}

function checkPrograms({ daemon, programs }: Snapshot): readonly DoctorFinding[] {
  const list = programs.map(({ name, pid }) => `${name} (process ${pid})`).join(" and ");
  if (typeof daemon === "string") {
    if (programs.length > 0 || daemon === "unknown") return [];
    return [
      report({
        code: "daemon-not-running",
        place: "duet",
        message: "neither Duet nor keepalived nor conntrackd runs here",
      }),
    ];
  }
  if (programs.length === 0) return [];
  const names = programs.map(({ name }) => name).join(" ");
  return [
    report({
      code: "other-program-runs",
      place: names,
      message: `${list} runs beside the daemon (process ${daemon.node.pid})`,
      fix: `systemctl disable --now ${names} (OpenWrt: service NAME stop; service NAME disable)`,
    }),
  ];
}

/** Where keepalived manages the addresses nobody tells which role it has. */
function checkHeldAddresses(
  { daemon, addresses, programs }: Snapshot,
  { model: { vrrp } }: Expectation,
): readonly DoctorFinding[] {
  if (addresses === null || daemon === "unknown") return [];
  if (daemon === "absent" && programs.length > 0) return [];
  return vrrp.instances.flatMap((instance) => {
    const state = stateOf(daemon, instance.name);
    return [...instance.addresses, ...instance.excluded].flatMap(({ spec }) => {
      const holds = addresses.some(({ address }) => address === spec.address);
      const text = `${spec.address}/${spec.prefixLength}`;
      const place = `${instance.name}, ${spec.interface}`;
      if (holds && state !== "active") {
        const message = `${text} is on this router, and ${instance.name} is ${state}`;
        const fix = `ip address del ${text} dev ${spec.interface}, and remove it from the network configuration`;
        return [report({ code: "address-without-role", place, message, fix })];
      }
      if (holds || state !== "active") return [];
      const message = `${instance.name} is active, and ${text} is not on this router`;
      return [report({ code: "role-without-address", place, message })];
    });
  });
}

function stateOf(daemon: Snapshot["daemon"], instance: string): string {
  const known = typeof daemon === "string" ? [] : daemon.instances;
  return known.find(({ name }) => name === instance)?.state ?? "not running";
}

const checkDaemon = (daemon: DaemonSeen, expected: Expectation): readonly DoctorFinding[] => [
  ...checkProcess(daemon, expected),
  ...checkInstances(daemon),
  ...checkTrackers(daemon),
  ...checkReplication(daemon),
];

function checkProcess({ node }: DaemonSeen, { files }: Expectation): readonly DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const message = "the VRRP thread has no real-time priority";
  if (node.realtime === null)
    findings.push(report({ code: "realtime-refused", place: "duet", message }));
  const [wanted] = files;
  if (wanted !== undefined && !node.configFiles.includes(wanted)) {
    const runs = node.configFiles[0] ?? "no file";
    findings.push(
      report({
        code: "configuration-differs",
        place: wanted,
        message: `the daemon runs on ${runs}, and ${wanted} was looked at`,
      }),
    );
  }
  return findings;
}

const checkInstances = ({ instances }: DaemonSeen): readonly DoctorFinding[] =>
  instances.flatMap(({ name, faults, counters }) => {
    const refused = Object.entries(counters.refused).map(([reason, count]) => `${reason} ${count}`);
    const message = `advertisements were refused since the start: ${refused.join(", ")}`;
    return [
      ...faults.map(({ text }) => report({ code: "instance-fault", place: name, message: text })),
      ...(refused.length === 0
        ? []
        : [report({ code: "advertisements-refused", place: name, message })]),
    ];
  });

const checkTrackers = ({ trackers }: DaemonSeen): readonly DoctorFinding[] =>
  trackers
    .filter(({ value }) => value === "down" || (typeof value === "number" && value < 0))
    .map(({ tracker, value, detail }) => {
      const message = `${tracker} is ${value}${detail === null ? "" : `: ${detail}`}`;
      return report({ code: "check-failing", place: tracker, message });
    });

/** What the kernel's parameters show has findings of its own. */
const SHOWN_ELSEWHERE = new Set(["events-off", "windows-strict", "table-full"]);

const checkReplication = ({ replication }: DaemonSeen): readonly DoctorFinding[] =>
  (replication?.problems ?? [])
    .filter(({ code }) => !SHOWN_ELSEWHERE.has(code))
    .map(({ text }) =>
      report({ code: "replication-problem", place: "replication", message: text }),
    );
