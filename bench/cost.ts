/** Processor time and memory of an Active router and its backup that have nothing to do but to be there. */
import { setTimeout as delay } from "node:timers/promises";
import { type Memory, memoryOf, processorTime } from "./processes.ts";
import type { Contestant } from "./report.ts";
import { type Population, withSite } from "./site.ts";

export interface Cost {
  /** Of one core. */
  readonly activePercent: number;
  readonly backupPercent: number;
  readonly activeMemory: Memory;
}

export const measureCost = async (
  contestant: Contestant,
  population: Population,
  spanMs: number,
): Promise<Cost> =>
  withSite(contestant, population, async ({ alpha, beta }) => {
    const before = [performance.now(), processorTime(alpha.pid), processorTime(beta.pid)] as const;
    await delay(spanMs);
    const after = [performance.now(), processorTime(alpha.pid), processorTime(beta.pid)] as const;
    const spanNs = (after[0] - before[0]) * 1e6;
    return {
      activePercent: (100 * (after[1] - before[1])) / spanNs,
      backupPercent: (100 * (after[2] - before[2])) / spanNs,
      activeMemory: memoryOf(alpha.pid),
    };
  });
