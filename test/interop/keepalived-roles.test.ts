/** Who is to be Active, and when: the rules that Duet and keepalived must read in the same way. */
import { describe, expect, test } from "vitest";
import { configOf, type VirtualRouter, virtualAddress } from "../support/interop-config.ts";
import { type Kinds, withPair } from "../support/interop-elections.ts";
import type { Pair, RouterName } from "../support/interop-pair.ts";
import { missingFor } from "../support/peers.ts";

const ROUTER = { version: 3, family: 4, interval: 0.3 } as const satisfies VirtualRouter;
const ADDRESS = virtualAddress(ROUTER);
const [A, B] = ["192.0.2.1", "192.0.2.2"];
/** More than two master-down times of ROUTER. */
const LONG_MS = 3_000;

const BOTH_WAYS: readonly (readonly [string, Kinds])[] = [
  ["Duet beside keepalived", { alpha: "keepalived", beta: "duet" }],
  ["keepalived beside Duet", { alpha: "duet", beta: "keepalived" }],
];

const missing = missingFor("duet", "keepalived", "tshark");
let pairs = 0;

/** A pair of its own for each test. */
const withNewPair = async (kinds: Kinds, body: (pair: Pair) => Promise<void>): Promise<void> =>
  withPair(`r${(pairs += 1)}`, kinds, async (pair) => {
    await pair.open();
    await body(pair);
  });

async function start(
  pair: Pair,
  name: RouterName,
  priority: number,
  more: Partial<VirtualRouter> = {},
): Promise<void> {
  const peer = pair.peers[name];
  await peer.start(configOf(peer.kind, name, priority, { ...ROUTER, ...more }));
}

const pause = async (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

describe.skipIf(missing !== undefined).each(BOTH_WAYS)(`%s ${missing ?? ""}`, (_, kinds) => {
  test.concurrent("waits with nopreempt until the worse router is gone", async () => {
    await withNewPair(kinds, async (pair) => {
      await start(pair, "alpha", 100);
      await pair.settles("alpha", ADDRESS);
      pair.watch(ADDRESS);
      await start(pair, "beta", 150, { more: "nopreempt" });
      await pause(LONG_MS);
      expect(pair.holders(ADDRESS)).toEqual(["alpha"]);
      await pair.peers.alpha.terminate();
      await pair.settles("beta", ADDRESS);
      expect(pair.overlaps).toEqual([]);
      const wire = await pair.networks[0]!.recording.read();
      expect(wire.speakers()).toEqual([A, B]);
      expect(wire.faults).toEqual([]);
    });
  });

  test.concurrent("waits for its preempt_delay, and no longer", async () => {
    await withNewPair(kinds, async (pair) => {
      await start(pair, "alpha", 100);
      await pair.settles("alpha", ADDRESS);
      const before = performance.now();
      await start(pair, "beta", 150, { more: "preempt_delay 4" });
      await pair.settles("beta", ADDRESS);
      expect(performance.now() - before).toBeGreaterThan(4_000);
      const wire = await pair.networks[0]!.recording.read();
      expect(wire.speakers()).toEqual([A, B]);
      expect(wire.faults).toEqual([]);
    });
  });

  test.concurrent("leaves the role to the higher address when priorities are equal", async () => {
    await withNewPair(kinds, async (pair) => {
      await Promise.all([start(pair, "alpha", 100), start(pair, "beta", 100)]);
      // Whoever comes first stays while the other one hears it: apart they are both Active, and together they decide.
      pair.silence("beta");
      await pair.areHolders(ADDRESS, "alpha", "beta");
      pair.watch(ADDRESS);
      pair.hear("beta");
      await pair.settles("beta", ADDRESS);
      await pause(LONG_MS);
      expect(pair.holders(ADDRESS)).toEqual(["beta"]);
      expect(pair.overlaps).toEqual([]);
    });
  });

  test.concurrent("ends a partition with the better router alone, known to clients", async () => {
    await withNewPair(kinds, async (pair) => {
      await start(pair, "beta", 150);
      await pair.settles("beta", ADDRESS);
      await start(pair, "alpha", 100);
      pair.silence("beta");
      await pair.areHolders(ADDRESS, "alpha", "beta");
      expect(await pair.reaches(ADDRESS)).toBe(true);
      pair.watch(ADDRESS);
      pair.hear("beta");
      await pair.settles("beta", ADDRESS);
      await pause(LONG_MS);
      expect(pair.holders(ADDRESS)).toEqual(["beta"]);
      expect(pair.overlaps).toEqual([]);
      expect(await pair.reaches(ADDRESS)).toBe(true);
      const wire = await pair.networks[0]!.recording.read();
      expect(wire.faults).toEqual([]);
      expect(wire.speakers().at(-1)).toBe(B);
    });
  });

  test.concurrent("learns the interval that the other advertises in version 3", async () => {
    await withNewPair(kinds, async (pair) => {
      await start(pair, "beta", 150, { interval: 1 });
      await pair.settles("beta", ADDRESS);
      pair.watch(ADDRESS);
      await start(pair, "alpha", 100, { interval: 0.5 });
      await pause(LONG_MS);
      pair.pull("beta");
      await pair.settles("alpha", ADDRESS);
      expect(pair.overlaps).toEqual([]);
      const wire = await pair.networks[0]!.recording.read();
      expect(wire.speakers()).toEqual([B, A]);
      // Three intervals of the other router and the skew time; with an interval of its own it would be 1.8 s.
      expect(wire.silenceBefore(A)).toBeGreaterThan(3);
    });
  });
});

describe.skipIf(missing !== undefined)(
  `a Duet that fails, beside keepalived ${missing ?? ""}`,
  () => {
    test.concurrent.each(["SIGKILL", "SIGSTOP"] as const)(
      "%s: keepalived takes over and the kernel removes Duet's address",
      async (signal) => {
        await withNewPair({ alpha: "keepalived", beta: "duet" }, async (pair) => {
          await start(pair, "beta", 150);
          await pair.settles("beta", ADDRESS);
          await start(pair, "alpha", 100);
          const before = performance.now();
          pair.peers.beta.signal(signal);
          await pair.settles("alpha", ADDRESS);
          expect(performance.now() - before).toBeLessThan(12_000);
          expect(await pair.reaches(ADDRESS)).toBe(true);
          await pair.isKnown("alpha", ADDRESS);
        });
      },
    );
  },
);
