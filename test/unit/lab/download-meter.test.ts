import { expect, test } from "vitest";
import { instant, milliseconds } from "../../../src/base/time.ts";
import { DownloadMeter } from "../../../src/lab/download-meter.ts";

const ms = (count: number) => instant(count * 1_000);

/** Tells ten times a second, from 0 to `until`, what `stamp` says was the newest byte of each download. */
function follow(until: number, stamps: (at: number) => number[], faultAt: number): DownloadMeter {
  const meter = new DownloadMeter();
  for (let at = 0; at <= until; at += 100) {
    if (at === faultAt) meter.faultAt(ms(at));
    meter.downloaded({ type: "downloads", at: ms(at), stamps: stamps(at).map(ms) });
  }
  return meter;
}

test("downloads that never pause are alive and resumed at once", () => {
  const meter = follow(5_000, (at) => [at, at - 40], 2_000);
  expect(meter.view()).toEqual({ total: 2, alive: 2, reset: 0, stalled: 0, resumedAfter: 0 });
});

test("a download that gets nothing new any more hangs, even if it is never reset", () => {
  const meter = follow(5_000, (at) => [at, Math.min(at, 2_000)], 2_000);
  expect(meter.view()).toMatchObject({ alive: 1, stalled: 1, reset: 0 });
});

test("a download resumes when its bytes are fresh again, not when old ones trickle in", () => {
  const stamps = (at: number) => [at < 2_000 || at >= 4_500 ? at : 2_000 + (at - 2_000) / 10];
  expect(follow(6_000, stamps, 2_000).view()).toEqual({
    total: 1,
    alive: 1,
    reset: 0,
    stalled: 0,
    resumedAfter: milliseconds(2_500),
  });
});

test("a download that ended counts as reset, whatever it brought before", () => {
  const meter = follow(3_000, (at) => [at, at], 2_000);
  meter.ended({ type: "download-ended", at: ms(3_000), download: 1, reason: "ECONNRESET" });
  expect(meter.view()).toMatchObject({ total: 2, alive: 1, reset: 1, stalled: 0 });
});

test("before the first word there are no downloads", () => {
  expect(new DownloadMeter().view()).toEqual({
    total: 0,
    alive: 0,
    reset: 0,
    stalled: 0,
    resumedAfter: null,
  });
});
