/** The simulator is worth something only if it finds bugs. Each of these plants one in the core and waits to be told. */
import { describe, expect, test } from "vitest";
import { after, seconds } from "../../src/base/time.ts";
import type { InstanceConfig, RouterConfig } from "../../src/vrrp/config.ts";
import type { RouterAction, RouterEvent } from "../../src/vrrp/events.ts";
import { VrrpRouter } from "../../src/vrrp/router.ts";
import type { Core, MakeCore } from "./machine.ts";
import { Simulation, SimulationFailure } from "./simulation.ts";

const SEEDS_MAX = 150;

/** What the simulator says of the first seed that shows the bug. */
function finding(makeCore: MakeCore): string {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    try {
      new Simulation(seed, { makeCore }).run();
    } catch (error) {
      if (error instanceof SimulationFailure) return error.message;
      throw error;
    }
  }
  return `nothing in ${SEEDS_MAX} seeds`;
}

/** The real core with some of its methods replaced. */
function core(router: VrrpRouter, some: Partial<Core>): Core {
  return {
    handle: (event, now) => router.handle(event, now),
    deadline: () => router.deadline(),
    reconfigure: (config, now) => router.reconfigure(config, now),
    view: (now) => router.view(now),
    memberOf: (instance) => router.memberOf(instance),
    ...some,
  };
}

/** A core that forgets some of its orders. */
const forgets =
  (isForgotten: (action: RouterAction) => boolean): MakeCore =>
  (config, now) => {
    const router = new VrrpRouter(config, now);
    return core(router, {
      handle: (event, at) => router.handle(event, at).filter((action) => !isForgotten(action)),
    });
  };

/** A core that does not notice some events. */
const overlooks =
  (isOverlooked: (event: RouterEvent, router: VrrpRouter) => boolean): MakeCore =>
  (config, now) => {
    const router = new VrrpRouter(config, now);
    return core(router, {
      handle: (event, at) => (isOverlooked(event, router) ? [] : router.handle(event, at)),
    });
  };

/** A core that mistakes some events for others. */
const hears =
  (change: (event: RouterEvent, router: VrrpRouter) => RouterEvent): MakeCore =>
  (config, now) => {
    const router = new VrrpRouter(config, now);
    return core(router, { handle: (event, at) => router.handle(change(event, router), at) });
  };

/** A core that reads its configuration wrongly. */
const misreads =
  (change: (config: RouterConfig) => RouterConfig): MakeCore =>
  (config, now) => {
    const router = new VrrpRouter(change(config), now);
    return core(router, {
      reconfigure: (next, at) => router.reconfigure(change(next), at),
    });
  };

const everyInstance =
  (some: Partial<InstanceConfig>) =>
  (config: RouterConfig): RouterConfig => ({
    ...config,
    instances: config.instances.map((instance) => ({ ...instance, ...some })),
  });

const isActive = (router: VrrpRouter, instance: string): boolean =>
  router.memberOf(instance)?.state.name === "active";

describe("the simulator finds a core that", () => {
  const bugs: readonly (readonly [string, RegExp, MakeCore])[] = [
    [
      "forgets to withdraw addresses",
      /holds .* while .* is (backup|idle)/,
      forgets(({ type }) => type === "withdraw"),
    ],
    [
      "forgets to install addresses",
      /is Active without/,
      forgets(({ type }) => type === "install"),
    ],
    ["forgets to renew lifetimes", /lapse although/, forgets(({ type }) => type === "renew")],
    [
      "thinks itself better than everybody while it is Active",
      /hear each other and stay both Active/,
      hears((event, router) =>
        event.type === "advertisement" && isActive(router, event.instance)
          ? { ...event, heard: { ...event.heard, priority: 1 } }
          : event,
      ),
    ],
    [
      "preempts in spite of nopreempt",
      /in spite of nopreempt/,
      misreads(everyInstance({ preempt: true })),
    ],
    ["never preempts", /is better/, misreads(everyInstance({ preempt: false }))],
    [
      "moves the members of a group one by one",
      /group .* is split/,
      misreads((config) => ({ ...config, groups: [] })),
    ],
    [
      "is quiet for too long after its start",
      /nobody is Active/,
      misreads((config) => ({ ...config, startupDelay: seconds(50) })),
    ],
    ["sleeps through its deadlines", /in the past/, overlooks(({ type }) => type === "wake")],
    [
      "trusts itself after a stall",
      /right after a stall/,
      overlooks(({ type }) => type === "stalled"),
    ],
    [
      "does not clean up when it is stopped",
      /left .* behind/,
      overlooks(({ type }) => type === "shutdown"),
    ],
    [
      "sends more than it counts",
      /counts sent/,
      (config, now) => {
        const router = new VrrpRouter(config, now);
        return core(router, {
          handle: (event, at) =>
            router
              .handle(event, at)
              .flatMap((action): RouterAction[] =>
                action.type === "advertise" ? [action, action] : [action],
              ),
        });
      },
    ],
    [
      "believes refused packets",
      /changed its state for a packet refused/,
      hears((event) =>
        event.type === "refused"
          ? {
              ...event,
              type: "advertisement",
              heard: { priority: 255, interval: seconds(1), sameAddresses: true },
            }
          : event,
      ),
    ],
    [
      "oversleeps",
      /sleeps for/,
      (config, now) => {
        const router = new VrrpRouter(config, now);
        return core(router, {
          deadline: () => {
            const due = router.deadline();
            return due === undefined ? undefined : after(due, seconds(120));
          },
        });
      },
    ],
  ];

  test.each(bugs)("%s", (_, expected, makeCore) => {
    expect(finding(makeCore)).toMatch(expected);
  });

  test("and says how to see it again", () => {
    const [, , makeCore] = bugs[0]!;
    expect(finding(makeCore)).toMatch(/replay with: node scripts\/soak\.mjs --seed \d+ --short/);
  });
});
