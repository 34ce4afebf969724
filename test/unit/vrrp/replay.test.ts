import { describe, expect, test } from "vitest";
import { following, isAfter, ReplayMemory } from "../../../src/vrrp/replay.ts";
import { ip } from "../../support/vrrp-config.ts";

describe("sequence numbers", () => {
  test.each([
    [{ high: 1, low: 0 }, { high: 0, low: 0xffff_ffff }, true],
    [{ high: 1, low: 5 }, { high: 1, low: 4 }, true],
    [{ high: 1, low: 0x8000_0000 }, { high: 1, low: 1 }, true],
    [{ high: 1, low: 4 }, { high: 1, low: 4 }, false],
    [{ high: 1, low: 3 }, { high: 1, low: 4 }, false],
    [{ high: 3, low: 0 }, { high: 0xffff_fffe, low: 0 }, true],
    [{ high: 0xffff_fffe, low: 0 }, { high: 3, low: 0 }, false],
  ])("%o after %o: %s", (a, b, expected) => {
    expect(isAfter(a, b)).toBe(expected);
  });

  test("are followed by the next one, which is after them even where halves wrap", () => {
    expect(following({ high: 7, low: 8 })).toEqual({ high: 7, low: 9 });
    expect(following({ high: 7, low: 0xffff_ffff })).toEqual({ high: 8, low: 0 });
    const last = { high: 0xffff_ffff, low: 0xffff_ffff };
    expect(following(last)).toEqual({ high: 0, low: 0 });
    expect(isAfter(following(last), last)).toBe(true);
  });
});

describe("replay memory", () => {
  const [a, b, c] = [ip("192.0.2.1"), ip("192.0.2.2"), ip("192.0.2.3")];
  const one = { high: 0, low: 1 };
  const two = { high: 0, low: 2 };

  test("knows the newest sequence of each sender", () => {
    const memory = new ReplayMemory(2);
    expect(memory.newest(a)).toBeUndefined();
    memory.remember(a, one);
    memory.remember(b, one);
    memory.remember(a, two);
    expect([memory.newest(a), memory.newest(b)]).toEqual([two, one]);
  });

  test("forgets the sender that was silent for longest when there are too many", () => {
    const memory = new ReplayMemory(2);
    memory.remember(a, one);
    memory.remember(b, one);
    memory.remember(a, two);
    memory.remember(c, one);
    expect([memory.newest(a), memory.newest(b), memory.newest(c)]).toEqual([two, undefined, one]);
  });
});
