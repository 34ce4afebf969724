import { describe, expect, test } from "vitest";
import { instant, milliseconds } from "../../../src/base/time.ts";
import { type DrillObservations, formatMs, reportDrill } from "../../../src/lab/drill-report.ts";
import { formatReport } from "../../../src/lab/drill-text.ts";
import { findCase } from "../../../src/lab/faults.ts";
import { ROUTER_MACS } from "../../../src/lab/topology.ts";

const ms = (count: number) => instant(count * 1_000);
const gap = (from: number, to: number | null, lost: number) => ({
  from: ms(from),
  to: to === null ? null : ms(to),
  lost,
});
const owned = (side: "lan" | "wan", ...states: [at: number, ...routers: ("alpha" | "beta")[]][]) =>
  states.map(([at, ...routers]) => ({
    at: ms(at),
    macs: routers.map((router) => ROUTER_MACS[router][side]),
  }));
const moved = (side: "lan" | "wan") => owned(side, [0, "alpha"], [10_020], [13_020, "beta"]);

/** Alpha is cut off at 10 s, beta is active 3 s later, the repair comes at 15 s. */
const clean: DrillObservations = {
  drillCase: findCase("cut")!,
  daemons: { alpha: "duet", beta: "duet" },
  active: "alpha",
  startAt: ms(1_000),
  faultAt: ms(10_000),
  restoreAt: ms(15_000),
  endAt: ms(20_000),
  gaps: {
    through: [gap(0, 5_000, 5_000), gap(10_001, 13_001, 3_000)],
    lan: [gap(10_000, 13_000, 600)],
    wan: [],
  },
  counts: {
    through: { sent: 5_000, lost: 3_000, late: 0 },
    lan: { sent: 1_000, lost: 600, late: 0 },
    wan: { sent: 1_000, lost: 0, late: 0 },
  },
  owners: { lan: moved("lan"), wan: moved("wan") },
  mustKeepDownloads: false,
  downloads: {
    total: 3,
    alive: 2,
    reset: 0,
    stalled: 1,
    resumedAfter: milliseconds(3_400),
  },
  pace: milliseconds(2),
  isRealtime: true,
  timeline: [
    { at: ms(13_000), source: "beta", kind: "state", text: "G1: backup -> active" },
    { at: ms(10_000), source: "lab", kind: "act", text: "both cables are pulled" },
    { at: ms(500), source: "beta", kind: "state", text: "of the drill before" },
  ],
};

describe("a clean failover", () => {
  const report = reportDrill(clean);

  test("passes", () => {
    expect(report.expectations.map(({ met }) => met)).toEqual([true, true, true]);
    expect(report.passed).toBe(true);
  });

  test("is measured from the fault on: what was silent before does not count", () => {
    expect(report.outageMs).toEqual({ through: 3_000, lan: 3_000, wan: 0 });
    expect(report.ended).toEqual({ through: true, lan: true, wan: true });
  });

  test("has a single owner when both addresses have moved", () => {
    expect(report.singleOwnerAfterMs).toBe(3_020);
    expect(report.afterRepair).toEqual({ outageMs: 0, owners: { lan: "beta", wan: "beta" } });
  });

  test("tells its own timeline in order, in milliseconds from the fault", () => {
    expect(report.timeline.map(({ atMs, text }) => [atMs, text])).toEqual([
      [0, "both cables are pulled"],
      [3_000, "G1: backup -> active"],
    ]);
  });

  test("reads well", () => {
    expect(formatReport(report)).toMatchInlineSnapshot(`
      "PASSED  cut: both cables of the active router are pulled
              alpha runs duet, beta runs duet; alpha was active

          +0.000s  lab      both cables are pulled
          +3.000s  beta     G1: backup -> active

        through the pair  out for 3.000 s (3000 of 5000 probes lost)
        LAN address       out for 3.000 s (600 of 1000 probes lost)
        WAN address       out for 0 ms (0 of 1000 probes lost)
        downloads         2 of 3 alive, the last went on after 3.400 s; 1 hang
        single owner      after 3.020 s
        after the repair  out for 0 ms; LAN address at beta, WAN address at beta
        measurement       probes at most 2.0 ms apart (real-time scheduling)

        ok      traffic flows through the other router (longest silence 3.000 s)
        ok      only beta answers for both addresses within 6 s (after 3.020 s)
        ok      once repaired, alpha does not take the role back (beta stayed active)
      "
    `);
  });
});

describe("a pair that replicates connections", () => {
  const kept = { total: 3, alive: 3, reset: 0, stalled: 0, resumedAfter: milliseconds(3_400) };
  const lastOf = (downloads: typeof kept) =>
    reportDrill({ ...clean, mustKeepDownloads: true, downloads }).expectations.at(-1);

  test("passes when every download goes on", () => {
    expect(lastOf(kept)).toEqual({ text: "every download goes on", met: true, detail: "3 of 3" });
  });

  test("fails when one hangs or was reset", () => {
    const stalled = { ...kept, alive: 2, stalled: 1 };
    expect(lastOf(stalled)).toMatchObject({ met: false, detail: "0 were reset, 1 hang" });
    const reset = { ...kept, alive: 2, reset: 1 };
    expect(lastOf(reset)).toMatchObject({ met: false, detail: "1 were reset, 0 hang" });
  });
});

describe("a failed drill", () => {
  test("traffic that is still silent at the repair is an outage of unknown length", () => {
    const report = reportDrill({
      ...clean,
      gaps: { ...clean.gaps, through: [gap(10_001, 15_200, 5_199)] },
    });
    expect(report.passed).toBe(false);
    expect(report.outageMs.through).toBe(4_999);
    expect(report.ended.through).toBe(false);
    expect(report.expectations[0]).toMatchObject({ met: false });
    expect(formatReport(report)).toContain("OUT FOR MORE THAN 4.999 s, until the repair");
  });

  test("a gap without an end is one too", () => {
    const gaps = { ...clean.gaps, through: [gap(10_001, null, 9_000)] };
    expect(reportDrill({ ...clean, gaps }).ended.through).toBe(false);
  });

  test("two routers that answer to the end are not one owner", () => {
    const both = owned("lan", [0, "alpha"], [13_000, "alpha", "beta"], [15_100, "beta"]);
    const report = reportDrill({ ...clean, owners: { ...clean.owners, lan: both } });
    expect(report.singleOwnerAfterMs).toBeNull();
    expect(report.expectations[1]).toMatchObject({
      met: false,
      detail: "192.168.1.4: alpha and beta, 192.168.0.4: beta",
    });
  });

  test("an owner that took too long is reported with its time", () => {
    const late = owned("lan", [0, "alpha"], [10_020], [17_000, "beta"]);
    const owners = { lan: late, wan: moved("wan") };
    const report = reportDrill({ ...clean, restoreAt: ms(18_000), owners });
    expect(report.expectations[1]).toMatchObject({ met: false, detail: "after 7.000 s" });
  });

  test("a repaired router that takes the role back fails nopreempt", () => {
    const owners = {
      lan: [...moved("lan"), ...owned("lan", [16_000, "alpha"])],
      wan: [...moved("wan"), ...owned("wan", [16_000, "alpha"])],
    };
    expect(reportDrill({ ...clean, owners }).expectations[2]).toEqual({
      text: "once repaired, alpha does not take the role back",
      met: false,
      detail: "alpha answered again; in the end alpha and alpha",
    });
  });

  test("a moment of two answers after the repair is enough to fail it", () => {
    const lan = [...moved("lan"), ...owned("lan", [16_000, "alpha", "beta"], [16_050, "beta"])];
    const report = reportDrill({ ...clean, owners: { ...clean.owners, lan } });
    expect(report.expectations[2]).toMatchObject({ met: false });
  });
});

describe("after a split", () => {
  const split = { ...clean, drillCase: findCase("isolate")! };

  test("either router may be left, as long as it is one and the same", () => {
    const owners = {
      lan: [...moved("lan"), ...owned("lan", [15_100, "alpha", "beta"], [15_900, "alpha"])],
      wan: [...moved("wan"), ...owned("wan", [15_100, "alpha", "beta"], [15_900, "alpha"])],
    };
    expect(reportDrill({ ...split, owners }).expectations[2]).toMatchObject({ met: true });
  });

  test("a pair that stays split fails", () => {
    const owners = {
      lan: [...moved("lan"), ...owned("lan", [15_100, "alpha"])],
      wan: moved("wan"),
    };
    expect(reportDrill({ ...split, owners }).expectations[2]).toMatchObject({
      met: false,
      detail: "alpha, beta",
    });
  });
});

test.each([
  [0, "0 ms"],
  [13.6, "14 ms"],
  [999.4, "999 ms"],
  [1_000, "1.000 s"],
  [3_605.4, "3.605 s"],
])("%d milliseconds are written as %s", (value, text) => {
  expect(formatMs(value)).toBe(text);
});
