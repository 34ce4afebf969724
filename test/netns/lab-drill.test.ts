import { accessSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DrillReport } from "../../src/lab/drill-report.ts";
import { runDrills } from "../../src/lab/drills.ts";
import { findCase } from "../../src/lab/faults.ts";
import { fastConfiguration, labName } from "../support/lab.ts";

const configuration = fastConfiguration();
afterAll(() => {
  configuration.remove();
});

const hasKeepalived = ((): boolean => {
  try {
    accessSync("/usr/sbin/keepalived");
    return true;
  } catch {
    return false;
  }
})();

async function drill(daemon: "duet" | "keepalived", ...names: string[]): Promise<DrillReport[]> {
  const options = { daemon, configFile: configuration.file };
  return runDrills({
    labName: labName(daemon.slice(0, 1)),
    routers: { alpha: options, beta: options },
    cases: names.map((name) => findCase(name)!),
    downloadCount: 5,
    signal: AbortSignal.timeout(100_000),
  });
}

describe.each([
  ["duet", true],
  ["keepalived", hasKeepalived],
] as const)("a pair that runs %s", (daemon, isInstalled) => {
  describe.skipIf(!isInstalled)("and loses both cables of its active router", () => {
    let report: DrillReport;
    beforeAll(async () => {
      [report] = (await drill(daemon, "cut")) as [DrillReport];
    });

    test("passes the drill", () => {
      expect(report.expectations.filter(({ met }) => !met)).toEqual([]);
    });

    test("is silent for about a master-down time of 0.36 s, as probes through it count", () => {
      expect(report.outageMs.through).toBeGreaterThan(200);
      expect(report.outageMs.through).toBeLessThan(2_000);
      // One probe a millisecond: what was lost and how long it was silent must agree.
      const { lost } = report.probes.through;
      expect(Math.abs(lost - report.outageMs.through)).toBeLessThan(50 + report.pacing.worstMs);
    });

    test("tells what its daemons said", () => {
      const said = report.timeline.filter(({ source }) => source !== "lab" && source !== "traffic");
      expect(said.some(({ text }) => /active/.test(text))).toBe(true);
    });

    test("accounts for every download", () => {
      const { total, alive, reset, stalled } = report.downloads!;
      expect(total).toBe(5);
      expect(alive + reset + stalled).toBe(5);
    });
  });
});
