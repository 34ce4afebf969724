import { describe, expect, test } from "vitest";
import { milliseconds, NO_TIME, seconds } from "../../../src/base/time.ts";
import type { AnnouncementConfig, InstanceConfig } from "../../../src/vrrp/config.ts";
import {
  ANNOUNCEMENTS,
  instanceConfig,
  lanAndWan,
  routerConfig,
} from "../../support/vrrp-config.ts";
import { Rig } from "../../support/vrrp-rig.ts";

/** The owner of the addresses, Active from the first microsecond. */
function owner(some: Partial<AnnouncementConfig> = {}, more: Partial<InstanceConfig> = {}): Rig {
  const announcements = { ...ANNOUNCEMENTS, ...some };
  const config = instanceConfig({ priority: 255, announcements, ...more });
  return new Rig(routerConfig({ instances: [config] }));
}

/** When bursts went out, in milliseconds, and of how many rounds. */
const bursts = (rig: Rig): (readonly [number, number])[] =>
  rig.log.flatMap(({ at, action }) =>
    action.type === "announce"
      ? action.bursts.map(({ rounds }) => [at / 1_000, rounds] as const)
      : [],
  );

describe("a router that becomes Active announces", () => {
  test("at once and, the same again, after the delay", () => {
    const rig = owner();
    rig.pass(seconds(60));
    expect(bursts(rig)).toEqual([
      [0, 5],
      [5_000, 5],
    ]);
  });

  test("once only when the delay is zero", () => {
    const rig = owner({ delay: NO_TIME });
    rig.pass(seconds(60));
    expect(bursts(rig)).toEqual([[0, 5]]);
  });

  test("as often as configured", () => {
    const rig = owner({ repeat: 1, delay: seconds(2) });
    rig.pass(seconds(9));
    expect(bursts(rig)).toEqual([
      [0, 1],
      [2_000, 1],
    ]);
  });

  test("again every refresh period, first after delay and period", () => {
    const rig = owner({ refresh: seconds(10), refreshRepeat: 2 });
    rig.pass(seconds(36));
    expect(bursts(rig)).toEqual([
      [0, 5],
      [5_000, 5],
      [15_000, 2],
      [25_000, 2],
      [35_000, 2],
    ]);
  });

  test("nothing any more once it is no longer Active", () => {
    const rig = owner({ refresh: seconds(10) });
    rig.pass(seconds(1));
    rig.link("eth0", { running: false });
    rig.take();
    rig.pass(seconds(60));
    expect(bursts(rig)).toEqual([]);
  });
});

describe("a router that heard a lower priority announces", () => {
  test("at once and after a delay of its own", () => {
    const rig = owner({ lowerPriorityRepeat: 3, lowerPriorityDelay: seconds(2), delay: NO_TIME });
    rig.pass(seconds(10));
    rig.take();
    rig.hear(100);
    rig.pass(seconds(20));
    expect(bursts(rig)).toEqual([
      [10_000, 3],
      [12_000, 3],
    ]);
  });

  test("every time, with one second burst after the last", () => {
    const rig = owner({ lowerPriorityDelay: seconds(2), delay: NO_TIME });
    rig.pass(seconds(10));
    rig.take();
    for (let count = 0; count < 3; count += 1) {
      rig.hear(100);
      rig.pass(seconds(1));
    }
    rig.pass(seconds(20));
    expect(bursts(rig)).toEqual([
      [10_000, 5],
      [11_000, 5],
      [12_000, 5],
      [14_000, 5],
    ]);
  });

  test("not at all where that is switched off", () => {
    const rig = owner({ lowerPriorityRepeat: 0 });
    rig.pass(seconds(10));
    rig.take();
    rig.hear(100);
    rig.pass(seconds(20));
    expect(bursts(rig)).toEqual([]);
    expect(rig.sent().length).toBeGreaterThan(1);
  });
});

test("bursts that fall together are sent as the largest of them", () => {
  const schedule = { repeat: 2, delay: seconds(5), refresh: seconds(5), refreshRepeat: 4 };
  const rig = owner(schedule, { interval: seconds(10) });
  rig.pass(seconds(1));
  rig.take();
  // The wake is late: the second burst of 5 s and the first refresh of 10 s are both due.
  rig.stall(milliseconds(9_500));
  expect(bursts(rig)).toEqual([[10_500, 4]]);
});

test("the members of a group each follow their own schedule", () => {
  const config = lanAndWan({ priority: 255 });
  const [lan, wan] = config.instances as [InstanceConfig, InstanceConfig];
  const quick = { ...wan, announcements: { ...ANNOUNCEMENTS, delay: seconds(1), repeat: 2 } };
  const rig = new Rig({ ...config, instances: [lan, quick] });
  rig.pass(seconds(10));
  expect(rig.of("announce").map((action) => action.bursts)).toEqual([
    [
      { instance: "LAN", rounds: 5 },
      { instance: "WAN", rounds: 2 },
    ],
    [{ instance: "WAN", rounds: 2 }],
    [{ instance: "LAN", rounds: 5 }],
  ]);
});
