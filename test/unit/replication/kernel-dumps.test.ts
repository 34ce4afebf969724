import { beforeEach, describe, expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import { KernelDumps } from "../../../src/replication/kernel-dumps.ts";
import { at } from "../../support/replication-flows.ts";

let dumps: KernelDumps;
const begin = (overrunResync: number | undefined): void => {
  const limit = overrunResync === undefined ? undefined : seconds(overrunResync);
  dumps = new KernelDumps({ overrunResync: limit, poll: undefined });
};
beforeEach(() => begin(30));

/** When the tables are read, of the tenths of a second from `from` to `to`, where `overruns` says in which events are lost. */
function readings(from: number, to: number, overruns: (time: number) => boolean): number[] {
  const times: number[] = [];
  for (let tenth = Math.round(from * 10); tenth <= to * 10; tenth += 1) {
    const time = tenth / 10;
    if (overruns(time)) dumps.overran(at(time));
    dumps.wake(at(time));
    if (dumps.wanted === undefined) continue;
    times.push(time);
    dumps.begin();
    dumps.end(true, at(time));
  }
  return times;
}

describe("after events were lost, the kernel is read again", () => {
  test("half a second after the last overrun of a burst", () => {
    expect(readings(0, 20, (time) => time >= 1 && time <= 4)).toEqual([4.5]);
    expect(dumps.deadline).toBeUndefined();
  });

  test("at the configured time at the latest, however long the burst", () => {
    expect(readings(0, 45, (time) => time >= 1 && time <= 40)).toEqual([31, 41]);
    begin(2);
    expect(readings(0, 5.5, (time) => time >= 1)).toEqual([3, 5.1]);
  });

  test("more and more seldom where reading brings about the next overrun, until it goes well for a minute", () => {
    let read = 0;
    const isLost = (time: number): boolean => {
      const isNext = time === 1 || (read > 0 && time === Math.round((read + 0.1) * 10) / 10);
      return isNext;
    };
    const times: number[] = [];
    for (let time = 0; time <= 100; time = Math.round((time + 0.1) * 10) / 10) {
      const [reading] = readings(time, time, isLost);
      if (reading === undefined) continue;
      read = reading;
      times.push(reading);
    }
    expect(times).toEqual([1.5, 2.6, 4.7, 8.8, 16.9, 33, 63.1, 93.2]);
    dumps.overran(at(93.3));
    expect(readings(93.4, 130, () => false)).toEqual([123.3]);
    expect(readings(190, 192, (time) => time === 190)).toEqual([190.5]);
  });

  test("not at all where that is switched off", () => {
    begin(undefined);
    expect(readings(0, 60, (time) => time === 1)).toEqual([]);
    expect(dumps.overrunCount).toBe(1);
  });
});
