/**
 * From what was observed in a drill to what it means: outages, owners, expectations. Pure, so that the judgement is tested
 * without a lab. Times in a report are milliseconds from the fault.
 */
import { between, type Duration, type Instant, toMilliseconds } from "../base/time.ts";
import type { DaemonKind } from "./daemon-log.ts";
import type { DownloadsSeen } from "./download-meter.ts";
import type { DrillCase } from "./faults.ts";
import { type Gap, overlap } from "./gap-meter.ts";
import { describeOwners, type OwnersAt, ownedSince, ownerNames, ownersDuring } from "./owners.ts";
import { inOrder, type TimelineEntry } from "./timeline.ts";
import { otherRouter, type RouterName, SIDES, type Side, VIRTUAL_ADDRESSES } from "./topology.ts";
import { PROBES, type ProbeName } from "./traffic.ts";

/** How long two routers may both hold an address, or none, before a drill has failed. */
const SETTLED_WITHIN_MS = 6_000;

export interface DrillObservations {
  readonly drillCase: DrillCase;
  readonly daemons: Readonly<Record<RouterName, DaemonKind>>;
  /** The router that was active when the fault struck. */
  readonly active: RouterName;
  /** When the daemons of this drill were started; what was told of earlier times belongs to another one. */
  readonly startAt: Instant;
  readonly faultAt: Instant;
  /** When the repair began: the outage of the fault is measured until here. */
  readonly restoreAt: Instant;
  readonly endAt: Instant;
  readonly gaps: Readonly<Record<ProbeName, readonly Gap[]>>;
  /** Probes sent and lost between fault and repair. */
  readonly counts: Readonly<Record<ProbeName, ProbeCounts>>;
  readonly owners: Readonly<Record<Side, readonly OwnersAt[]>>;
  /** As they stood just before the repair; null when there were none. */
  readonly downloads: DownloadsSeen | null;
  /** Both routers replicate their connections, so that none may be lost. */
  readonly mustKeepDownloads: boolean;
  /** The longest time between two probes through the pair, between fault and repair. */
  readonly pace: Duration;
  readonly isRealtime: boolean;
  readonly timeline: readonly TimelineEntry[];
}

export interface ProbeCounts {
  readonly sent: number;
  readonly lost: number;
  /** Lost ones that were answered after all, too late: more a sign of a busy machine than of an outage. */
  readonly late: number;
}

interface Expectation {
  readonly text: string;
  readonly met: boolean;
  readonly detail: string;
}

export interface DrillReport {
  readonly case: string;
  readonly title: string;
  readonly daemons: Readonly<Record<RouterName, DaemonKind>>;
  readonly active: RouterName;
  /** Longest silence of each stream between fault and repair: through the pair, and of either virtual address. */
  readonly outageMs: Readonly<Record<ProbeName, number>>;
  /** False when the stream was still silent when the repair began: the outage was longer than measured. */
  readonly ended: Readonly<Record<ProbeName, boolean>>;
  readonly probes: Readonly<Record<ProbeName, ProbeCounts>>;
  readonly downloads:
    | (Omit<DownloadsSeen, "resumedAfter"> & { readonly resumedAfterMs: number | null })
    | null;
  /** Until only the other router answered ARP for both addresses; null when that did not come to pass. */
  readonly singleOwnerAfterMs: number | null;
  readonly afterRepair: {
    readonly outageMs: number;
    /** Who answers for either address at the end. */
    readonly owners: Readonly<Record<Side, string>>;
  };
  readonly pacing: { readonly worstMs: number; readonly realtime: boolean };
  readonly expectations: readonly Expectation[];
  readonly passed: boolean;
  readonly timeline: readonly {
    readonly atMs: number;
    readonly source: string;
    readonly kind: TimelineEntry["kind"];
    readonly text: string;
  }[];
}

export function reportDrill(seen: DrillObservations): DrillReport {
  const { faultAt, restoreAt, endAt } = seen;
  const expectations = judge(seen);
  return {
    case: seen.drillCase.name,
    title: seen.drillCase.title,
    daemons: seen.daemons,
    active: seen.active,
    outageMs: perProbe((probe) => longestGapMs(seen.gaps[probe], faultAt, restoreAt)),
    ended: perProbe((probe) => !isSilentAt(seen.gaps[probe], restoreAt)),
    probes: seen.counts,
    downloads: downloadsInMs(seen.downloads),
    singleOwnerAfterMs: singleOwnerAfterMs(seen),
    afterRepair: {
      outageMs: longestGapMs(seen.gaps.through, restoreAt, endAt),
      owners: {
        lan: describeOwners(seen.owners.lan.at(-1)?.macs ?? []),
        wan: describeOwners(seen.owners.wan.at(-1)?.macs ?? []),
      },
    },
    pacing: { worstMs: toMilliseconds(seen.pace), realtime: seen.isRealtime },
    expectations,
    passed: expectations.every(({ met }) => met),
    timeline: inOrder(seen.timeline)
      .filter(({ at }) => at >= seen.startAt)
      .map(({ at, source, kind, text }) => ({ atMs: (at - faultAt) / 1_000, source, kind, text })),
  };
}

const perProbe = <T>(value: (probe: ProbeName) => T): Record<ProbeName, T> =>
  Object.fromEntries(PROBES.map((probe) => [probe, value(probe)])) as Record<ProbeName, T>;

const longestGapMs = (gaps: readonly Gap[], start: Instant, end: Instant): number =>
  toMilliseconds(Math.max(0, ...gaps.map((gap) => overlap(gap, start, end))) as Duration);

const isSilentAt = (gaps: readonly Gap[], at: Instant): boolean =>
  gaps.some(({ from, to }) => from < at && (to === null || to > at));

function downloadsInMs(seen: DownloadsSeen | null): DrillReport["downloads"] {
  if (seen === null) return null;
  const { resumedAfter, ...counts } = seen;
  return {
    ...counts,
    resumedAfterMs: resumedAfter === null ? null : toMilliseconds(resumedAfter),
  };
}

/** Histories are cut at the repair, so that what follows it does not count. */
function singleOwnerAfterMs(seen: DrillObservations): number | null {
  const successor = otherRouter(seen.active);
  const moments = SIDES.map((side) =>
    ownedSince(ownersDuring(seen.owners[side], seen.faultAt, seen.restoreAt), successor),
  );
  if (moments.includes(undefined)) return null;
  const latest = Math.max(...moments.map((moment) => moment ?? 0)) as Instant;
  return toMilliseconds(between(seen.faultAt, latest));
}

function judge(seen: DrillObservations): Expectation[] {
  const always = [expectTraffic(seen), expectSingleOwner(seen), expectRest(seen)];
  return seen.mustKeepDownloads && seen.downloads !== null
    ? [...always, expectDownloads(seen.downloads)]
    : always;
}

function expectDownloads({ total, alive, reset, stalled }: DownloadsSeen): Expectation {
  const lost = reset + stalled;
  return {
    text: "every download goes on",
    met: lost === 0,
    detail: lost === 0 ? `${alive} of ${total}` : `${reset} were reset, ${stalled} hang`,
  };
}

function expectTraffic({ gaps, faultAt, restoreAt }: DrillObservations): Expectation {
  const outage = `longest silence ${formatMs(longestGapMs(gaps.through, faultAt, restoreAt))}`;
  const met = !isSilentAt(gaps.through, restoreAt);
  return {
    text: "traffic flows through the other router",
    met,
    detail: met ? outage : `still silent when the fault was repaired, ${outage}`,
  };
}

function expectSingleOwner(seen: DrillObservations): Expectation {
  const afterMs = singleOwnerAfterMs(seen);
  const text = `only ${otherRouter(seen.active)} answers for both addresses within ${SETTLED_WITHIN_MS / 1_000} s`;
  if (afterMs !== null)
    return { text, met: afterMs <= SETTLED_WITHIN_MS, detail: `after ${formatMs(afterMs)}` };
  const answering = SIDES.map((side) => {
    const last = ownersDuring(seen.owners[side], seen.faultAt, seen.restoreAt).at(-1);
    return `${VIRTUAL_ADDRESSES[side]}: ${describeOwners(last?.macs ?? [])}`;
  });
  return { text, met: false, detail: answering.join(", ") };
}

/** After the repair: without a split the role stays where it is all along; after a split exactly one router is left. */
function expectRest(seen: DrillObservations): Expectation {
  const successor = otherRouter(seen.active);
  const last = SIDES.map((side) => describeOwners(seen.owners[side].at(-1)?.macs ?? []));
  if (seen.drillCase.splitsThePair) {
    const met = last.every((owner) => owner === last[0] && (owner === "alpha" || owner === "beta"));
    return {
      text: "once repaired, exactly one router is active on both sides",
      met,
      detail: [...new Set(last)].join(", "),
    };
  }
  const hasAnswered = SIDES.some((side) =>
    seen.owners[side].some(
      ({ at, macs }) => at > seen.restoreAt && ownerNames(macs).includes(seen.active),
    ),
  );
  const met = !hasAnswered && last.every((owner) => owner === successor);
  return {
    text: `once repaired, ${seen.active} does not take the role back`,
    met,
    detail: met
      ? `${successor} stayed active`
      : `${hasAnswered ? `${seen.active} answered again; ` : ""}in the end ${last.join(" and ")}`,
  };
}

/** 0 ms, 14 ms, 2.913 s. */
export const formatMs = (milliseconds: number): string =>
  milliseconds < 1_000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1_000).toFixed(3)} s`;
