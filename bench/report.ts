/** What a benchmark prints and keeps: one row per figure, the peer's beside Duet's. */
import os from "node:os";
import { type Summary, summarize } from "./statistics.ts";

export const CONTESTANTS = ["keepalived", "duet"] as const;
export type Contestant = (typeof CONTESTANTS)[number];

/** Who is measured one after the other in `repeats` rounds: in turn, as the machine's speed drifts by a third within minutes. */
export const inTurn = (repeats: number): Contestant[] =>
  Array.from({ length: repeats }, () => CONTESTANTS).flat();

export type Samples = Readonly<Record<Contestant, readonly number[]>>;

export interface Row {
  readonly case: string;
  readonly figure: string;
  readonly unit: string;
  readonly keepalived: Summary;
  readonly duet: Summary;
  /** Null where nothing is demanded. */
  readonly target: { readonly text: string; readonly met: boolean } | null;
}

export interface Target {
  readonly text: string;
  readonly isMet: (duet: Summary, keepalived: Summary) => boolean;
}

export interface Figure {
  readonly case: string;
  readonly figure: string;
  readonly unit: string;
  readonly target?: Target;
}

export function rowOf({ target, ...figure }: Figure, samples: Samples): Row {
  const [keepalived, duet] = [summarize(samples.keepalived), summarize(samples.duet)];
  const verdict =
    target === undefined ? null : { text: target.text, met: target.isMet(duet, keepalived) };
  return { ...figure, keepalived, duet, target: verdict };
}

/** Both numbers at most as large, the median compared with keepalived's. */
export const noSlower = (unit: string, most?: number): Target => ({
  text:
    most === undefined
      ? "median <= keepalived's"
      : `median <= keepalived's, max <= ${most} ${unit}`,
  isMet: (duet, keepalived) =>
    duet.median <= keepalived.median && (most === undefined || duet.max <= most),
});

export const atMost = (most: number, unit: string): Target => ({
  text: `max <= ${most} ${unit}`,
  isMet: ({ max }) => max <= most,
});

/** At most so much of what the peer takes, medians compared. */
export const atMostShare = (share: number, text: string): Target => ({
  text: `<= ${text}`,
  isMet: (duet, peer) => duet.median <= share * peer.median,
});

/** At least so many times what the peer does, medians compared. */
export const atLeastTimes = (times: number): Target => ({
  text: `>= ${times} x`,
  isMet: (duet, peer) => duet.median >= times * peer.median,
});

/** Exactly this in every repeat. */
export const always = (value: number): Target => ({
  text: `always ${value}`,
  isMet: ({ samples }) => samples.every((sample) => sample === value),
});

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  /** One-minute load average when the benchmark began: others' work. */
  readonly loadBefore: number;
  readonly at: string;
}

/** Of the last minute, with two decimals. */
export const loadAverage = (): number => Math.round((os.loadavg()[0] ?? 0) * 100) / 100;

export const describeMachine = (): Machine => ({
  cpu: os.cpus()[0]?.model ?? "unknown",
  cores: os.cpus().length,
  kernel: os.release(),
  node: process.versions.node,
  loadBefore: loadAverage(),
  at: new Date().toISOString(),
});

const headingsFor = (peer: string): readonly string[] => [
  "case",
  "figure",
  peer,
  "Duet",
  "ratio",
  "target",
  "met",
];

/** A table in Markdown, good for the terminal as well. `peer` is what runs beside Duet. */
export function tableOf(rows: readonly Row[], peer = "keepalived"): string {
  const headings = headingsFor(peer);
  const lines = [headings, ...rows.map(cellsOf)];
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  const draw = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [heading, ...body] = lines.map(draw);
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [heading, rule, ...body].join("\n");
}

function cellsOf(row: Row): string[] {
  const { target, unit, keepalived, duet } = row;
  const ratio = keepalived.median === 0 ? "-" : (duet.median / keepalived.median).toFixed(2);
  return [
    row.case,
    row.figure,
    quote(keepalived, unit),
    quote(duet, unit),
    ratio,
    target?.text ?? "",
    target === null ? "" : target.met ? "yes" : "NO",
  ];
}

/** "2.913 (max 3.402) s". */
function quote({ samples, median, max }: Summary, unit: string): string {
  const only = samples.length === 1 || median === max;
  return `${round(median)}${only ? "" : ` (max ${round(max)})`} ${unit}`.trim();
}

const round = (value: number): string => String(Number(value.toPrecision(3)));
