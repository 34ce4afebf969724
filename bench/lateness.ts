/**
 * How late advertisements at an interval of 10 ms leave while another program keeps a core busy, judged by the kernel's time
 * stamps at the switch: each is due one interval after the one before it.
 */
import { spawn } from "node:child_process";
import os from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Recording } from "../test/support/interop-recording.ts";
import type { Contestant } from "./report.ts";
import { withSite } from "./site.ts";
import { percentile } from "./statistics.ts";

export interface Lateness {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Changes of the speaker. */
  readonly flaps: number;
  readonly advertisements: number;
}

const INTERVAL_MS = 10;
/** Keeps one core busy, whose number is the parameter. */
const BURN = 'exec taskset -c "$0" sh -c "while :; do :; done"';

export const measureLateness = async (contestant: Contestant, spanMs: number): Promise<Lateness> =>
  withSite(
    contestant,
    { instances: 1, version: 3, interval: INTERVAL_MS / 1_000 },
    async ({ middle, folder }) => {
      const lastCore = String(os.cpus().length - 1);
      const burner = spawn("sh", ["-c", BURN, lastCore]);
      try {
        const recording = new Recording(middle.namespace, "br0", `${folder}/wire.pcapng`);
        await recording.start();
        await delay(spanMs);
        const { advertisements } = await recording.read();
        const late = advertisements
          .slice(1)
          .map(({ at }, index) => (at - advertisements[index]!.at) * 1_000 - INTERVAL_MS)
          .map((span) => Math.max(0, span));
        return {
          medianMs: percentile(late, 50),
          p99Ms: percentile(late, 99),
          maxMs: Math.max(...late),
          flaps: advertisements.filter(
            ({ source }, index) => index > 0 && source !== advertisements[index - 1]!.source,
          ).length,
          advertisements: advertisements.length,
        };
      } finally {
        burner.kill("SIGKILL");
      }
    },
  );
