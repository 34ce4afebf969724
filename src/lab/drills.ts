/** Runs drills one after the other in a lab made for them, and removes the lab in any case. */
import { type DrillPhase, runDrill } from "./drill.ts";
import type { DrillReport } from "./drill-report.ts";
import type { DrillCase } from "./faults.ts";
import { Lab } from "./lab.ts";
import type { RouterOptions } from "./router-daemon.ts";
import type { TimelineEntry } from "./timeline.ts";
import type { RouterName } from "./topology.ts";
import { Traffic } from "./traffic.ts";
import { oneByOne } from "./waiting.ts";

export interface DrillsOptions {
  readonly labName: string;
  readonly routers: Readonly<Record<RouterName, RouterOptions>>;
  readonly cases: readonly DrillCase[];
  readonly downloadCount: number;
  readonly signal: AbortSignal;
  readonly watcher?: DrillWatcher;
}

/** Who wants to see drills happen. */
interface DrillWatcher {
  /** The lab stands and traffic is being sent; no daemon runs yet. */
  readonly opened?: (traffic: Traffic) => void;
  readonly entered?: (phase: DrillPhase, active: RouterName | undefined) => void;
  readonly told?: (entry: TimelineEntry) => void;
  readonly reported?: (report: DrillReport) => void;
}

/** Throws LabError when the lab cannot be built or no router ever becomes active, AbortError after `signal`. */
export async function runDrills(options: DrillsOptions): Promise<DrillReport[]> {
  const { labName, routers, cases, downloadCount, signal, watcher = {} } = options;
  const timeline: TimelineEntry[] = [];
  const tell = (entry: TimelineEntry): void => {
    timeline.push(entry);
    watcher.told?.(entry);
  };
  const enter = (phase: DrillPhase, active: RouterName | undefined): void =>
    watcher.entered?.(phase, active);
  const lab = await Lab.open({ name: labName, routers, tell });
  let traffic: Traffic | undefined;
  try {
    signal.throwIfAborted();
    traffic = await Traffic.start(labName, tell);
    watcher.opened?.(traffic);
    const setting = { lab, traffic, downloadCount, timeline, enter, tell, signal };
    return await oneByOne(cases, async (drillCase) => {
      const report = await runDrill(drillCase, setting);
      watcher.reported?.(report);
      return report;
    });
  } finally {
    await traffic?.close();
    await lab.close();
  }
}
