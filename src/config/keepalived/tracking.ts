/** The track_… blocks of instances and groups: which trackers, with which weight. */
import type { Tracking } from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import { didYouMean } from "../suggest.ts";
import type { Word } from "./lexer.ts";
import type { Keyword, Reading } from "./reading.ts";
import { keyword, unsupported } from "./reading.ts";
import type { DefinedTracker } from "./trackers.ts";
import type { Block, Statement } from "./tree.ts";
import { quote, readInteger, readInterface } from "./values.ts";

type TrackingKind = "interface" | "script" | "file" | "process";

/** One entry as it stands in its block. */
export interface TrackingDraft {
  readonly kind: TrackingKind;
  readonly name: string;
  readonly at: Position;
  readonly weight?: number;
  readonly reverse?: boolean;
}

export interface Tracks {
  readonly tracking: TrackingDraft[];
}

const DOCS: Readonly<Record<TrackingKind, string>> = {
  interface: "Interfaces whose loss is a fault, or changes the priority.",
  script: "vrrp_script blocks to follow.",
  file: "track_file blocks to follow.",
  process: "vrrp_track_process blocks to follow.",
};

/** An entry's form, as the reference prints it. */
export const TRACKING_FORM = "NAME [weight NUMBER [reverse|noreverse]]";

const KINDS: readonly TrackingKind[] = ["interface", "script", "file", "process"];

export const trackingKeywords = <Draft extends Tracks>(): readonly Keyword<Draft>[] => [
  ...KINDS.map((kind) => trackingKeyword<Draft>(kind)),
  unsupported("track_bfd", "{ … }", "BFD sessions to follow."),
];

function trackingKeyword<Draft extends Tracks>(kind: TrackingKind): Keyword<Draft> {
  const read = (reading: Reading, statement: Statement, { tracking }: Draft): void =>
    readEntries(reading, kind, statement.block, tracking);
  return keyword(`track_${kind}`, "{ … }", { doc: DOCS[kind] }, read);
}

function readEntries(
  reading: Reading,
  kind: TrackingKind,
  block: Block | undefined,
  tracking: TrackingDraft[],
): void {
  for (const { keyword: name, words } of block?.statements ?? []) {
    const entry = readEntry(reading, kind, name, words);
    const twice = tracking.some((other) => other.kind === kind && other.name === name.text);
    if (twice) {
      const message = `${name.text} is tracked already; the first entry counts`;
      reading.findings.warn(name.at, "keyword-repeated", message);
    } else if (entry !== undefined) tracking.push(entry);
  }
}

function readEntry(
  reading: Reading,
  kind: TrackingKind,
  name: Word,
  [word, value, how, extra]: readonly Word[],
): TrackingDraft | undefined {
  if (kind === "interface" && readInterface(reading, name) === undefined) return undefined;
  const entry = { kind, name: name.text, at: name.at };
  if (word === undefined) return entry;
  if (word.text !== "weight" || value === undefined) {
    const message = `after ${name.text} may only stand weight NUMBER, not ${quote(word.text)}`;
    reading.findings.error(word.at, "value-invalid", message);
    return entry;
  }
  const weight = readInteger(reading, value, "weight", { min: -254, max: 254 });
  reportExtra(reading, how, extra);
  if (weight === undefined) return entry;
  return {
    ...entry,
    weight: limitWeight(reading, kind, value, weight),
    ...(how !== undefined && { reverse: how.text === "reverse" }),
  };
}

function reportExtra({ findings }: Reading, how: Word | undefined, extra: Word | undefined): void {
  if (how !== undefined && how.text !== "reverse" && how.text !== "noreverse") {
    const message = `after the weight may only stand reverse or noreverse, not ${quote(how.text)}`;
    findings.error(how.at, "value-invalid", message);
  }
  if (extra !== undefined)
    findings.warn(extra.at, "words-ignored", `${quote(extra.text)} is ignored here`);
}

// A file may hold anything, but 254 from an interface or a script would let the priority leave its range.
function limitWeight(
  { findings }: Reading,
  kind: TrackingKind,
  { at }: Word,
  weight: number,
): number {
  const limit = kind === "file" || kind === "process" ? 254 : 253;
  if (Math.abs(weight) <= limit) return weight;
  findings.warn(at, "number-rounded", `the weight is limited to ${limit} here`);
  return Math.sign(weight) * limit;
}

/** Gives entries the weights of the trackers they name, and reports those that name none. */
export function resolveTracking(
  { findings }: Reading,
  drafts: readonly TrackingDraft[],
  defined: ReadonlyMap<string, DefinedTracker>,
): Tracking[] {
  const tracking: Tracking[] = [];
  for (const { kind, name, at, weight, reverse } of drafts) {
    const key = `${kind}:${name}`;
    const tracker = defined.get(key);
    if (tracker === undefined && kind !== "interface") {
      const known = [...defined.keys()]
        .filter((other) => other.startsWith(`${kind}:`))
        .map((other) => other.slice(kind.length + 1));
      const message = `there is no ${BLOCKS[kind]} ${name}${didYouMean(name, known)}`;
      findings.error(at, "tracker-unknown", message);
      continue;
    }
    tracking.push({
      tracker: key,
      weight: weight ?? tracker?.weight ?? 0,
      reverse: reverse ?? tracker?.reverse ?? false,
    });
  }
  return tracking;
}

const BLOCKS: Readonly<Record<Exclude<TrackingKind, "interface">, string>> = {
  script: "vrrp_script",
  file: "track_file",
  process: "vrrp_track_process",
};
