/** A drill report for people. */
import { type DrillReport, formatMs } from "./drill-report.ts";
import type { ProbeName } from "./traffic.ts";

export function formatReport(report: DrillReport): string {
  return `${[
    `${report.passed ? "PASSED" : "FAILED"}  ${report.case}: ${report.title}`,
    `        alpha runs ${report.daemons.alpha}, beta runs ${report.daemons.beta}; ${report.active} was active`,
    "",
    ...report.timeline.map(
      ({ atMs, source, text }) => `  ${formatOffsetMs(atMs)}  ${source.padEnd(8)} ${text}`,
    ),
    "",
    ...figures(report),
    "",
    ...report.expectations.map(
      ({ text, met, detail }) => `  ${met ? "ok     " : "NOT OK "} ${text} (${detail})`,
    ),
  ].join("\n")}\n`;
}

/** The figures of a report, one line each. */
export function figures(report: DrillReport): string[] {
  const rows: [string, string][] = [
    ["through the pair", outage(report, "through")],
    ["LAN address", outage(report, "lan")],
    ["WAN address", outage(report, "wan")],
    ["downloads", downloads(report)],
    ["single owner", singleOwner(report)],
    ["after the repair", afterRepair(report)],
    ["measurement", measurement(report)],
  ];
  return rows.map(([label, text]) => `  ${label.padEnd(17)} ${text}`);
}

function formatOffsetMs(atMs: number): string {
  return `${atMs < 0 ? "-" : "+"}${(Math.abs(atMs) / 1_000).toFixed(3)}s`.padStart(9);
}

function outage(report: DrillReport, probe: ProbeName): string {
  const { sent, lost, late } = report.probes[probe];
  const length = formatMs(report.outageMs[probe]);
  const counts = `${lost} of ${sent} probes lost${late > 0 ? `, ${late} of them only late` : ""}`;
  return report.ended[probe]
    ? `out for ${length} (${counts})`
    : `OUT FOR MORE THAN ${length}, until the repair (${counts})`;
}

function downloads({ downloads: seen }: DrillReport): string {
  if (seen === null) return "none";
  const dead = [
    ...(seen.reset > 0 ? [`${seen.reset} were reset`] : []),
    ...(seen.stalled > 0 ? [`${seen.stalled} hang`] : []),
  ];
  const resumed =
    seen.resumedAfterMs === null || seen.resumedAfterMs === 0
      ? ""
      : `, the last went on after ${formatMs(seen.resumedAfterMs)}`;
  const fate = dead.length === 0 ? "" : `; ${dead.join(", ")}`;
  return `${seen.alive} of ${seen.total} alive${resumed}${fate}`;
}

const singleOwner = ({ singleOwnerAfterMs }: DrillReport): string =>
  singleOwnerAfterMs === null ? "never before the repair" : `after ${formatMs(singleOwnerAfterMs)}`;

const afterRepair = ({ afterRepair: { outageMs, owners } }: DrillReport): string =>
  `out for ${formatMs(outageMs)}; LAN address at ${owners.lan}, WAN address at ${owners.wan}`;

function measurement({ pacing: { worstMs, realtime } }: DrillReport): string {
  const scheduling = realtime ? "real-time scheduling" : "no real-time scheduling";
  return `probes at most ${worstMs.toFixed(1)} ms apart (${scheduling})`;
}
