import { describe, expect, test } from "vitest";
import { instant, milliseconds } from "../../../src/base/time.ts";
import { type Gap, GapMeter, overlap } from "../../../src/lab/gap-meter.ts";

const ms = (count: number) => instant(count * 1_000);

/** Sends a probe each millisecond from 0 to `until`; those in `silent` get no answer. */
function probeEachMillisecond(until: number, silent: (at: number) => boolean) {
  const meter = new GapMeter(milliseconds(100));
  const gaps: Gap[] = [];
  for (let at = 0; at < until; at += 1) {
    const sequence = meter.sent(ms(at));
    if (!silent(at)) meter.answered(sequence);
    gaps.push(...meter.settle(ms(at)));
  }
  gaps.push(...meter.settle(ms(until + 100)));
  return { meter, gaps };
}

describe("GapMeter", () => {
  test("finds no gap where every probe is answered", () => {
    const { meter, gaps } = probeEachMillisecond(500, () => false);
    expect(gaps).toEqual([]);
    expect(meter.tally()).toEqual({
      sent: 500,
      answered: 500,
      lost: 0,
      late: 0,
      pace: milliseconds(1),
    });
  });

  test("tells of a gap when it is sure and again when it ends", () => {
    const { meter, gaps } = probeEachMillisecond(5_000, (at) => at >= 1_000 && at < 4_000);
    expect(gaps).toEqual([
      { from: ms(1_000), to: null, lost: 1 },
      { from: ms(1_000), to: ms(4_000), lost: 3_000 },
    ]);
    expect(meter.tally().lost).toBe(3_000);
  });

  test("is not fooled by answers that come late or twice, or to probes never sent", () => {
    const meter = new GapMeter(milliseconds(100));
    const first = meter.sent(ms(0));
    expect(meter.settle(ms(99))).toEqual([]);
    expect(meter.settle(ms(100))).toEqual([{ from: ms(0), to: null, lost: 1 }]);
    meter.answered(first);
    meter.answered(7);
    const second = meter.sent(ms(101));
    meter.answered(second);
    meter.answered(second);
    expect(meter.settle(ms(101))).toEqual([{ from: ms(0), to: ms(101), lost: 1 }]);
    expect(meter.tally()).toMatchObject({ sent: 2, answered: 1, lost: 1, late: 1 });
  });

  test("an answered probe waits for the fate of older ones, so that gaps come in order", () => {
    const meter = new GapMeter(milliseconds(100));
    meter.sent(ms(0));
    meter.answered(meter.sent(ms(1)));
    expect(meter.settle(ms(50))).toEqual([]);
    expect(meter.settle(ms(100))).toEqual([
      { from: ms(0), to: null, lost: 1 },
      { from: ms(0), to: ms(1), lost: 1 },
    ]);
  });

  test("measures its own pace, so that a stalled sender is not taken for an outage", () => {
    const meter = new GapMeter(milliseconds(100));
    for (const at of [0, 1, 2, 45, 46]) meter.answered(meter.sent(ms(at)));
    expect(meter.settle(ms(46))).toEqual([]);
    expect(meter.tally().pace).toBe(milliseconds(43));
    expect(meter.tally().pace).toBe(0);
  });

  test("refuses to be used without settling", () => {
    const meter = new GapMeter(milliseconds(100));
    for (let at = 0; at < 4_096; at += 1) meter.sent(ms(at));
    expect(() => meter.sent(ms(4_096))).toThrow("settle() was not called");
  });
});

describe("overlap", () => {
  test("counts only what lies inside the window", () => {
    const gap: Gap = { from: ms(100), to: ms(300), lost: 200 };
    expect(overlap(gap, ms(0), ms(1_000))).toBe(milliseconds(200));
    expect(overlap(gap, ms(200), ms(250))).toBe(milliseconds(50));
    expect(overlap(gap, ms(400), ms(500))).toBe(0);
  });

  test("a gap that lasts reaches to the end of the window", () => {
    expect(overlap({ from: ms(100), to: null, lost: 9 }, ms(0), ms(600))).toBe(milliseconds(500));
  });
});
