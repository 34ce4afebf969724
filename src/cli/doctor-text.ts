import type { DoctorFinding } from "../check/doctor/finding.ts";
import type { Unseen } from "../check/doctor/snapshot.ts";
import type { Paint } from "./paint.ts";
import { plural } from "./words.ts";

/** What `duet doctor --json` prints. */
export interface DoctorReport {
  /** How it was decided which router this is; null where the files are for one router only. */
  readonly node: string | null;
  readonly errors: number;
  readonly warnings: number;
  readonly findings: readonly DoctorFinding[];
  readonly unseen: readonly Unseen[];
}

/** One line a finding with the reason and the fix below it, then what could not be looked at, then the count. */
export function formatDoctor(report: DoctorReport, paint: Paint): string {
  const { node, findings, unseen, errors, warnings } = report;
  const counts = [
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
  ];
  return [
    ...(node === null ? [] : [node]),
    ...findings.flatMap((finding) => findingLines(finding, paint)),
    ...unseen.flatMap((one) => unseenLines(one, paint)),
    counts.length === 0 ? "no findings" : counts.join(", "),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function findingLines(
  { code, severity, place, message, why, fix }: DoctorFinding,
  paint: Paint,
): readonly string[] {
  const word = paint(severity === "error" ? "red" : "yellow", severity);
  return [
    `${place}: ${word}: ${message} [${code}]`,
    `    ${paint("dim", "why:")} ${why}`,
    `    ${paint("dim", "fix:")} ${fix}`,
  ];
}

const unseenLines = ({ what, reason, fix }: Unseen, paint: Paint): readonly string[] => [
  `${paint("blue", "not looked at")}: ${what}: ${reason}`,
  `    ${paint("dim", "how:")} ${fix}`,
];
