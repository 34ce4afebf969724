import { beforeEach, describe, expect, test } from "vitest";
import { type Instant, instant, milliseconds } from "../../../src/base/time.ts";
import { PacedReader } from "../../../src/daemon/paced-reader.ts";
import type { Ready } from "../../../src/kernel/reactor.ts";

const FD = 7;
/** Read at once at most. */
const PORTION = 10;

/** A descriptor with so much to read, and a reactor that knows who watches it. */
let waiting: number;
let now: Instant;
let ready: Ready | undefined;
let reader: PacedReader;

beforeEach(() => {
  waiting = 0;
  now = instant(1_000_000);
  reader = new PacedReader({
    fd: FD,
    limits: { many: 4, few: 2 },
    now: () => now,
    reactor: {
      watch: (_, callback) => {
        ready = callback;
      },
      unwatch: () => {
        ready = undefined;
      },
    },
    read: () => {
      const count = Math.min(waiting, PORTION);
      waiting -= count;
      return { count, isDrained: count < PORTION };
    },
  });
});

describe("a paced reader", () => {
  test("reads at once while little arrives", () => {
    waiting = 1;
    expect(ready?.()).toBe(true);
    expect(waiting).toBe(0);
    expect(ready).toBeDefined();
  });

  test("pauses while much arrives, and goes on by itself", () => {
    waiting = 5;
    ready?.();
    expect(ready, "it does not watch").toBeUndefined();
    expect(reader.deadline()).toBe(now + milliseconds(5));
    waiting = 3;
    reader.wake(now);
    expect(waiting, "not yet").toBe(3);
    now = instant(now + milliseconds(5));
    reader.wake(now);
    expect(waiting).toBe(0);
  });

  test("catches up in the middle of a pause", () => {
    waiting = 5;
    ready?.();
    waiting = 25;
    reader.catchUp(8);
    expect(waiting).toBe(0);
  });

  test("catches up as far as it is told", () => {
    waiting = 100;
    reader.catchUp(3);
    expect(waiting).toBe(70);
  });

  test("does not catch up when it is closed", () => {
    waiting = 5;
    reader.close();
    reader.catchUp(8);
    expect(waiting).toBe(5);
  });
});
