import { describe, expect, test } from "vitest";
import { messagesIn, SendWindow } from "../../../src/replication/send-window.ts";

const BOUND = 131_072;
const [LEAST, MOST, STEP] = [900, 8_192, 300] as const;

/** One that may grow, after so many prompt acknowledgements of STEP messages. */
function grown(acknowledgements: number, room: number = MOST): SendWindow {
  const window = new SendWindow(BOUND);
  window.setRoom(room);
  for (let count = 0; count < acknowledgements; count += 1) window.acknowledged(STEP, true);
  return window;
}

describe("what may be in flight", () => {
  test("is the least for a peer that does not say what its buffers hold", () => {
    const window = new SendWindow(BOUND);
    for (let count = 0; count < 100; count += 1) window.acknowledged(STEP, true);
    expect(window.size).toBe(LEAST);
  });

  test("grows by what is acknowledged up to what the peer's buffers hold", () => {
    expect(grown(0).size).toBe(LEAST);
    expect(grown(1).size).toBe(LEAST + STEP);
    expect(grown(2).size).toBe(LEAST + 2 * STEP);
    expect(grown(100, 7_000).size).toBe(7_000);
    expect(grown(100, 10_000_000).size).toBe(MOST);
    expect(grown(100, 10).size).toBe(LEAST);
  });

  test("does not grow while acknowledgements come late", () => {
    const window = grown(2);
    for (let count = 0; count < 100; count += 1) window.acknowledged(STEP, false);
    expect(window.size).toBe(LEAST + 2 * STEP);
  });

  test("is more than the peer acknowledges at once", () => {
    const window = new SendWindow(BOUND);
    window.acknowledged(1_000, false);
    expect(window.size).toBe(1_500);
    window.acknowledged(100_000, true);
    expect(window.size).toBe(MOST);
  });

  test("is the least after a loss, and then grows slowly from half of what it was", () => {
    const window = grown(100, 4_000);
    window.lost();
    expect(window.size).toBe(LEAST);
    window.lost();
    for (let count = 0; count < 4; count += 1) window.acknowledged(STEP, true);
    expect(window.size, "a second message lost of the same flight changes nothing").toBe(2_100);
    for (let count = 0; count < 7; count += 1) window.acknowledged(STEP, true);
    expect(window.size).toBeGreaterThan(2_100 + 250);
    expect(window.size).toBeLessThanOrEqual(2_100 + STEP);
  });

  test("is what a peer has room for that says less than before", () => {
    const window = grown(100);
    window.setRoom(2_000);
    expect(window.size).toBe(2_000);
    window.setRoom(undefined);
    expect(window.size).toBe(LEAST);
  });

  test("begins again with a peer that knows nothing", () => {
    const window = grown(100);
    window.lost();
    window.reset();
    expect(window.size).toBe(LEAST);
    for (let count = 0; count < 100; count += 1) window.acknowledged(STEP, true);
    expect(window.size).toBe(MOST);
  });

  test("is never more than may be unacknowledged", () => {
    const window = new SendWindow(5);
    window.setRoom(MOST);
    window.acknowledged(5, true);
    expect(window.size).toBe(5);
  });

  test("is counted in full datagrams, of which each takes a page and more of a buffer", () => {
    expect(messagesIn(212_992)).toBeLessThan(LEAST);
    expect(messagesIn(2 * 1_249_280)).toBe(7_138);
    expect(messagesIn(Infinity)).toBe(Infinity);
  });
});
