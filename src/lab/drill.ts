/**
 * A drill: a fresh pair, traffic through it, one fault, its measurement, the repair, and a look at who is active then. The
 * steps are always the same; what differs stands in the case. A drill tells what happens while it happens.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Instant } from "../base/time.ts";
import { monotonicNow } from "../kernel/clock.ts";
import { type DrillReport, type ProbeCounts, reportDrill } from "./drill-report.ts";
import type { Act, DrillCase } from "./faults.ts";
import type { Lab } from "./lab.ts";
import { EXIT, LabError } from "./lab-error.ts";
import { singleOwner } from "./owners.ts";
import type { TimelineEntry } from "./timeline.ts";
import { otherRouter, ROUTER_NAMES, type RouterName, SIDES } from "./topology.ts";
import { PROBES, type ProbeName, type Traffic } from "./traffic.ts";
import { waitUntil } from "./waiting.ts";

export type DrillPhase = "election" | "traffic" | "fault" | "repair" | "end";

export interface DrillSetting {
  readonly lab: Lab;
  readonly traffic: Traffic;
  readonly downloadCount: number;
  /** Every entry of the timeline so far; the drill appends its own acts. */
  readonly timeline: TimelineEntry[];
  readonly enter: (phase: DrillPhase, active: RouterName | undefined) => void;
  readonly tell: (entry: TimelineEntry) => void;
  /** Aborts between two steps. */
  readonly signal: AbortSignal;
}

/** The second router starts this much after the first one, so that it is known who becomes active. */
const SECOND_START_MS = 800;
const ELECTION_MS = 20_000;
/** Undisturbed traffic before the fault. */
const BASELINE_MS = 1_000;
/** How long everything must be well again before the repair begins. */
const CALM_MS = 1_000;
/** The repair begins at the latest this long after the fault, well or not. TCP tries again for the last time within 7 s. */
const OBSERVATION_MS = 9_000;
/** A master-down time of VRRPv2 and a little more: whoever wants the role back has taken it by then. */
const AFTER_REPAIR_MS = 4_500;

export async function runDrill(drillCase: DrillCase, setting: DrillSetting): Promise<DrillReport> {
  const { lab, traffic } = setting;
  await lab.stopRouters();
  await lab.repairNetwork();
  setting.timeline.length = 0;
  const startAt = monotonicNow();
  setting.enter("election", undefined);
  const active = await elect(setting);
  setting.enter("traffic", active);
  if (setting.downloadCount > 0) await traffic.openDownloads(setting.downloadCount);
  await delay(BASELINE_MS, undefined, { signal: setting.signal });

  traffic.takePace();
  const before = countsOf(traffic);
  setting.enter("fault", active);
  const faultAt = await act(setting, drillCase.fault(active), drillCase.title);
  traffic.noteFault(faultAt);
  await recover(setting, active, faultAt);
  const counts = countsSince(countsOf(traffic), before);
  const downloads = setting.downloadCount > 0 ? traffic.downloads() : null;
  const pace = traffic.takePace();

  setting.enter("repair", otherRouter(active));
  const restoreAt = await act(setting, drillCase.restore(active), drillCase.repair);
  await delay(AFTER_REPAIR_MS, undefined, { signal: setting.signal });
  const report = reportDrill({
    drillCase,
    daemons: { alpha: lab.routers.alpha.kind, beta: lab.routers.beta.kind },
    active,
    startAt,
    faultAt,
    restoreAt,
    endAt: monotonicNow(),
    gaps: {
      through: traffic.gaps("through"),
      lan: traffic.gaps("lan"),
      wan: traffic.gaps("wan"),
    },
    counts,
    owners: { lan: traffic.owners("lan"), wan: traffic.owners("wan") },
    downloads,
    mustKeepDownloads: ROUTER_NAMES.every((router) => lab.routers[router].replicates),
    pace,
    isRealtime: traffic.isRealtime,
    timeline: setting.timeline,
  });
  setting.enter("end", singleRouter(traffic));
  return report;
}

/** Starts both daemons and waits until one router alone answers for both addresses and traffic flows. */
async function elect({ lab, traffic, signal }: DrillSetting): Promise<RouterName> {
  lab.startRouter("alpha");
  await delay(SECOND_START_MS, undefined, { signal });
  lab.startRouter("beta");
  const isSettled = (): boolean => {
    const dead = ROUTER_NAMES.find((router) => lab.routers[router].pid === undefined);
    if (dead !== undefined) throw daemonEnded(lab, dead);
    return singleRouter(traffic) !== undefined && traffic.flows;
  };
  await waitUntil(isSettled, ELECTION_MS, signal);
  const active = singleRouter(traffic);
  if (active !== undefined && traffic.flows) return active;
  throw new LabError(
    `no router became active within ${ELECTION_MS / 1_000} s; see ${lab.routers.alpha.logFile}`,
    EXIT.failedDrill,
  );
}

function daemonEnded(lab: Lab, router: RouterName): LabError {
  const { kind, lastLine } = lab.routers[router];
  return new LabError(`${kind} on ${router} ended: ${lastLine}`, EXIT.failedDrill);
}

async function act(
  { lab, tell }: DrillSetting,
  acts: readonly Act[],
  text: string,
): Promise<Instant> {
  const at = monotonicNow();
  tell({ at, source: "lab", kind: "act", text });
  await lab.perform(acts);
  return at;
}

/** Waits until the other router has taken over in every respect and all is calm, or until the observation is over. */
async function recover(
  { traffic, signal }: DrillSetting,
  active: RouterName,
  faultAt: Instant,
): Promise<void> {
  let calmSince: number | undefined;
  const isCalm = (): boolean => {
    if (!isTakenOver(traffic, otherRouter(active))) calmSince = undefined;
    else calmSince ??= performance.now();
    return calmSince !== undefined && performance.now() - calmSince >= CALM_MS;
  };
  const spentMs = (monotonicNow() - faultAt) / 1_000;
  await waitUntil(isCalm, OBSERVATION_MS - spentMs, signal);
}

const isTakenOver = (traffic: Traffic, successor: RouterName): boolean =>
  traffic.flows && singleRouter(traffic) === successor && traffic.downloads().stalled === 0;

/** The router that alone answers for both virtual addresses. */
export function singleRouter(traffic: Traffic): RouterName | undefined {
  const [lan, wan] = SIDES.map((side) => singleOwner(traffic.owners(side)));
  return lan === wan ? ROUTER_NAMES.find((router) => router === lan) : undefined;
}

type Counts = Record<ProbeName, ProbeCounts>;

const NOTHING: ProbeCounts = { sent: 0, lost: 0, late: 0 };

const eachProbe = (count: (probe: ProbeName) => ProbeCounts): Counts =>
  Object.fromEntries(PROBES.map((probe) => [probe, count(probe)])) as Counts;

const countsOf = (traffic: Traffic): Counts =>
  eachProbe((probe) => {
    const { sent, lost, late } = traffic.tally(probe) ?? NOTHING;
    return { sent, lost, late };
  });

const countsSince = (now: Counts, before: Counts): Counts =>
  eachProbe((probe) => ({
    sent: now[probe].sent - before[probe].sent,
    lost: now[probe].lost - before[probe].lost,
    late: now[probe].late - before[probe].late,
  }));
