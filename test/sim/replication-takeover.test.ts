import { describe, expect, test } from "vitest";
import { instant, seconds } from "../../src/base/time.ts";
import { replicationConfig, type SimDuet } from "./replication-duet.ts";
import { flowOf, keyOf } from "./replication-flow.ts";
import { MILLISECOND, Pair, SECOND } from "./replication-pair.ts";

/** A takeover and a return, with changes on either side in between. */
function failOverAndBack(seed: number, loadsAhead: boolean): void {
  const pair = new Pair(seed, 600, { loadsAhead });
  const { a, b, network } = pair;
  const { random } = network;
  network.faults = {
    lossPercent: random.below(20),
    duplicatePercent: 3,
    delayMin: 100,
    delayMax: 2000,
  };
  for (let change = 0; change < 200; change += 1) {
    const key = keyOf(flowOf(random.below(600)));
    if (random.chance(50)) a.kernel.update(key, { mark: 1 + random.below(5) });
    else a.kernel.destroy(key);
    network.poke(0);
    pair.run(random.below(5 * MILLISECOND));
  }
  pair.run(4 * SECOND);
  const wanted = a.kernel.sayings();
  expect(b.external()).toEqual(wanted);

  pair.kill();
  pair.takeOver(b, random.below(300) * MILLISECOND);
  expect(b.kernel.sayings(), "all flows are in the kernel").toEqual(wanted);
  expect(b.internal(), "all flows are its own").toEqual(wanted);
  expect(b.external()).toEqual([]);

  for (let number = 300; number < 900; number += 1) {
    b.kernel.destroy(keyOf(flowOf(number)));
    b.kernel.create(flowOf(number + 1000));
  }
  network.poke(1);
  pair.revive();
  pair.run(10 * SECOND);
  expect(a.external(), "the new owner told everything by itself").toEqual(b.kernel.sayings());
  const left = loadsAhead ? b.kernel.sayings() : [];
  expect(a.kernel.sayings(), "what it once owned is gone").toEqual(left);

  const back = b.kernel.sayings();
  pair.takeOver(a, 50 * MILLISECOND);
  pair.tell(b, "demote");
  expect(a.kernel.sayings()).toEqual(back);
  pair.run(10 * SECOND);
  expect(a.internal()).toEqual(back);
  expect(b.external()).toEqual(back);
  expect(b.kernel.sayings()).toEqual(loadsAhead ? back : []);
}

describe("a takeover", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    "seed %i: brings all flows over and back again",
    (seed) => {
      failOverAndBack(seed, false);
      failOverAndBack(seed, true);
    },
  );

  test("is done before the addresses move when loading began early enough", () => {
    const pair = new Pair(1, 5000);
    pair.kill();
    pair.tell(pair.b, "late");
    pair.run(SECOND);
    expect(pair.b.replicator.isLoaded).toBe(true);
    expect(pair.b.replicator.hasKernelWrites).toBe(false);
    pair.tell(pair.b, "finish");
    expect(pair.b.replicator.view(pair.network.now as never).takeover).toMatchObject({
      created: 5000,
      adopted: 5000,
      failed: {},
    });
  });

  test("is announced as possible on both routers, and as impossible when one of them is alone", () => {
    const pair = new Pair(1, 100);
    const state = (router: SimDuet): unknown => {
      const { role, certainty, isSynchronised, lag } = router.replicator.view(
        pair.network.now as never,
      );
      return { role, certainty, isSynchronised, lag: lag.messages };
    };
    expect(state(pair.a)).toMatchObject({ role: "active", isSynchronised: true, lag: 0 });
    expect(state(pair.b)).toMatchObject({
      role: "backup",
      certainty: "proven",
      isSynchronised: true,
    });
    pair.network.isCut.fill(true);
    pair.a.kernel.create(flowOf(1000));
    pair.network.poke(0);
    pair.run(10 * SECOND);
    expect(state(pair.a)).toMatchObject({ isSynchronised: false, lag: 1 });
    expect(state(pair.b)).toMatchObject({ isSynchronised: false });
    pair.network.isCut.fill(false);
    pair.run(5 * SECOND);
    expect(state(pair.a)).toMatchObject({ isSynchronised: true, lag: 0 });
    expect(state(pair.b)).toMatchObject({ isSynchronised: true });
  });

  test("loads what changes while it loads", () => {
    const pair = new Pair(1, 500);
    pair.tell(pair.b, "late");
    pair.run(50 * MILLISECOND);
    for (let number = 0; number < 100; number += 1)
      pair.a.kernel.update(keyOf(flowOf(number)), { mark: 7 });
    pair.a.kernel.destroy(keyOf(flowOf(200)));
    pair.network.poke(0);
    pair.run(50 * MILLISECOND);
    pair.takeOver(pair.b, 0);
    expect(pair.b.kernel.sayings()).toEqual(pair.a.kernel.sayings());
  });

  test("that was a false alarm leaves nothing behind that the peer has deleted", () => {
    const pair = new Pair(1, 300);
    pair.tell(pair.b, "late");
    pair.run(100 * MILLISECOND);
    pair.tell(pair.b, "relax");
    expect(pair.b.kernel.flows.size).toBe(300);
    for (let number = 0; number < 100; number += 1) pair.a.kernel.destroy(keyOf(flowOf(number)));
    pair.network.poke(0);
    pair.run(SECOND);
    expect(pair.b.kernel.flows.size).toBe(200);
    expect(pair.a.kernel.flows.size).toBe(200);
  });

  test("gives flows that were loaded long ago their full time again", () => {
    const pair = new Pair(1, 300, { commitTimeout: seconds(1800) });
    pair.tell(pair.b, "late");
    pair.run(100 * MILLISECOND);
    pair.tell(pair.b, "relax");
    for (const key of pair.b.kernel.flows.keys()) pair.b.kernel.update(key, { timeout: 5 });
    // One of them has even expired here.
    pair.b.kernel.destroy(keyOf(flowOf(0)));
    pair.run(60 * SECOND);
    pair.takeOver(pair.b, 100 * MILLISECOND);
    expect(pair.b.kernel.flows.size).toBe(300);
    for (const { timeout } of pair.b.kernel.flows.values())
      expect(timeout).toBeGreaterThanOrEqual(1800);
  });

  test("replaces what the kernel had of a flow before", () => {
    const pair = new Pair(1, 100);
    for (let number = 0; number < 50; number += 1)
      pair.b.kernel.create({ ...flowOf(number), mark: 99, translated: 0 });
    pair.takeOver(pair.b, 0);
    expect(pair.b.kernel.sayings()).toEqual(pair.a.kernel.sayings());
    expect(pair.b.replicator.view(0 as never).takeover).toMatchObject({ replaced: 50 });
  });

  test("says how many flows the kernel refused, and does not own them", () => {
    const pair = new Pair(1, 100);
    pair.b.kernel.max = 60;
    pair.takeOver(pair.b, 0);
    expect(pair.b.replicator.view(0 as never).takeover).toMatchObject({
      created: 60,
      adopted: 60,
      failed: { 12: 40 },
    });
  });

  test("goes on loading when the addresses could not wait", () => {
    const pair = new Pair(1, 5000);
    pair.tell(pair.b, "claim");
    pair.tell(pair.b, "finish");
    expect(pair.b.replicator.isLoaded).toBe(false);
    expect(pair.b.replicator.view(0 as never).role).toBe("active");
    pair.run(SECOND);
    expect(pair.b.internal()).toEqual(pair.a.kernel.sayings());
  });

  test("is undone by a demotion: nothing is sent, and the kernel forgets after PurgeTimeout", () => {
    const pair = new Pair(1, 100, { loadsAhead: false });
    pair.takeOver(pair.b, 0);
    pair.tell(pair.a, "demote");
    pair.run(4 * SECOND);
    expect(pair.a.kernel.flows.size, "not yet").toBe(100);
    for (let number = 0; number < 50; number += 1) pair.a.kernel.destroy(keyOf(flowOf(number)));
    pair.run(4 * SECOND);
    expect(pair.a.kernel.flows.size).toBe(0);
    expect(pair.b.internal(), "expiry on the old router is no news").toHaveLength(100);
  });
});

describe("direct injection", () => {
  const ftfw = { ...replicationConfig().mode, externalCache: false } as never;

  test("keeps the kernels equal all the time", () => {
    const pair = new Pair(3, 200, { mode: ftfw });
    expect(pair.b.kernel.sayings()).toEqual(pair.a.kernel.sayings());
    for (let number = 0; number < 50; number += 1) {
      pair.a.kernel.update(keyOf(flowOf(number)), { mark: 3 });
      pair.a.kernel.destroy(keyOf(flowOf(number + 100)));
    }
    pair.network.poke(0);
    pair.run(SECOND);
    expect(pair.b.kernel.sayings()).toEqual(pair.a.kernel.sayings());
  });

  test("never tells the peer that an injected flow has expired here, and has it again after a takeover", () => {
    const pair = new Pair(3, 20, { mode: ftfw });
    pair.b.kernel.destroy(keyOf(flowOf(1)));
    pair.network.poke(1);
    pair.run(5 * SECOND);
    expect(pair.a.kernel.flows.size).toBe(20);
    expect(pair.b.kernel.flows.size, "not created again as long as nobody uses it").toBe(19);
    pair.takeOver(pair.b, 0);
    expect(pair.b.kernel.sayings()).toEqual(pair.a.kernel.sayings());
  });

  test("leaves alone what is in the kernel of a router that never was active, and heeds a script that does not", () => {
    const pair = new Pair(3, 50, { loadsAhead: false });
    for (let number = 1000; number < 1020; number += 1) pair.b.kernel.create(flowOf(number));
    pair.run(60 * SECOND);
    expect(pair.b.kernel.sayings()).toHaveLength(20);
    pair.b.replicator.schedulePurge(instant(pair.network.now));
    pair.network.poke(1);
    pair.run(4 * SECOND);
    expect(pair.b.kernel.sayings()).toHaveLength(20);
    pair.run(2 * SECOND);
    expect(pair.b.kernel.sayings()).toEqual([]);
    expect(pair.a.kernel.sayings()).toHaveLength(50);
  });

  test("says how many flows were there already, and how long loading took", () => {
    const pair = new Pair(4, 300);
    const { b } = pair;
    const view = (): ReturnType<typeof b.replicator.view> =>
      b.replicator.view(instant(pair.network.now));
    pair.tell(b, "late");
    pair.run(100 * MILLISECOND);
    pair.tell(b, "relax");
    pair.run(SECOND);
    expect(view().takeover).toMatchObject({ kept: 0, created: 300 });
    expect(view().lastTakeover).toBeUndefined();
    pair.kill();
    for (let number = 300; number < 310; number += 1) b.kernel.create(flowOf(number + 1000));
    pair.takeOver(b, 100 * MILLISECOND);
    expect(view().lastTakeover).toMatchObject({ kept: 300, created: 0, updated: 0, failed: {} });
    pair.run(SECOND);
    const { lastTakeover } = view();
    expect(lastTakeover).toMatchObject({ kept: 300, adopted: 300 });
    expect(lastTakeover?.loadingTook).toBeGreaterThanOrEqual(0);
    b.replicator.commit(instant(pair.network.now));
    expect(view().takeover?.activeAt).toBeUndefined();
    expect(view().lastTakeover, "a command is no takeover").toEqual(lastTakeover);
  });
});

describe("of two units that are active on different routers", () => {
  const ALPHAS = Array.from({ length: 300 }, (_, number) => number);
  const BETAS = ALPHAS.map((number) => number + 1_000);

  /** Both are active; each has flows of its own. */
  function bothActive(seed: number): Pair {
    const pair = new Pair(seed, 0);
    pair.tell(pair.b, "finish");
    pair.run(SECOND);
    for (const number of ALPHAS) pair.a.kernel.create(flowOf(number));
    pair.network.poke(0);
    for (const number of BETAS) pair.b.kernel.create(flowOf(number));
    pair.network.poke(1);
    pair.run(15 * SECOND);
    return pair;
  }

  test("each router knows the flows of the other one", () => {
    const { a, b } = bothActive(1);
    expect(a.kernel.sayings()).toHaveLength(ALPHAS.length);
    for (const saying of b.kernel.sayings()) expect(a.external()).toContain(saying);
    for (const saying of a.kernel.sayings()) expect(b.external()).toContain(saying);
  });

  test.each([2, 3, 4])(
    "seed %i: one takes over the other's unit with its flows, and has them from then on",
    (seed) => {
      const pair = bothActive(seed);
      const { a, b } = pair;
      const wanted = [...a.kernel.sayings(), ...b.kernel.sayings()].toSorted();
      pair.kill();
      pair.takeOver(b, 50 * MILLISECOND);
      expect(b.kernel.sayings().toSorted(), "all are in the kernel").toEqual(wanted);
      pair.run(SECOND);
      expect(b.internal().toSorted(), "all are its own").toEqual(wanted);
      expect(b.external()).toEqual([]);
      const { lastTakeover } = b.replicator.view(instant(pair.network.now));
      expect(lastTakeover).toMatchObject({ created: ALPHAS.length, failed: {} });

      pair.revive();
      pair.run(20 * SECOND);
      expect(a.external(), "the one that comes back is told").toEqual(b.kernel.sayings());
      pair.takeOver(a, 50 * MILLISECOND);
      expect(a.kernel.sayings().toSorted()).toEqual(wanted);
    },
  );

  test("what a router knows better of a flow than its peer stays as it is", () => {
    const pair = new Pair(5, 10);
    const { a, b } = pair;
    pair.tell(b, "finish");
    pair.run(12 * SECOND);
    expect(b.internal()).toHaveLength(10);
    const key = keyOf(flowOf(1));
    a.kernel.update(key, { mark: 1 });
    pair.network.poke(0);
    pair.run(2 * SECOND);
    b.kernel.update(key, { mark: 2 });
    pair.network.poke(1);
    a.kernel.update(keyOf(flowOf(2)), { mark: 3 });
    pair.network.poke(0);
    pair.run(SECOND);
    pair.kill();
    pair.takeOver(b, 50 * MILLISECOND);
    pair.run(SECOND);
    const marks = b.kernel.sayings().map((saying) => saying.split(" ")[3]);
    expect(marks.filter((mark) => mark === "2")).toHaveLength(1);
    expect(marks.filter((mark) => mark === "3")).toHaveLength(1);
    expect(b.internal()).toEqual(b.kernel.sayings());
  });

  test("what was loaded for nothing may expire without being forgotten", () => {
    const pair = bothActive(6);
    const { a, b } = pair;
    pair.tell(b, "late");
    pair.run(100 * MILLISECOND);
    pair.tell(b, "relax");
    const key = keyOf(flowOf(7));
    expect(b.kernel.sayings()).toHaveLength(ALPHAS.length + BETAS.length);
    b.kernel.destroy(key);
    pair.network.poke(1);
    pair.run(100 * MILLISECOND);
    expect(b.kernel.sayings()).toHaveLength(ALPHAS.length + BETAS.length - 1);
    for (const saying of a.kernel.sayings()) expect(b.external()).toContain(saying);
    expect(a.kernel.sayings(), "and the one that has it is told nothing").toHaveLength(
      ALPHAS.length,
    );
    pair.kill();
    pair.takeOver(b, 50 * MILLISECOND);
    expect(b.kernel.sayings()).toHaveLength(ALPHAS.length + BETAS.length);
  });

  test("copies that expire on the other router take nothing from the one that has the flow", () => {
    const pair = new Pair(7, 50);
    const { a, b } = pair;
    pair.takeOver(b, 50 * MILLISECOND);
    pair.run(30 * SECOND);
    expect(b.kernel.sayings(), "a unit has moved, and whatever there was with it").toHaveLength(50);
    pair.tell(a, "late");
    pair.run(100 * MILLISECOND);
    pair.tell(a, "relax");
    for (let number = 0; number < 50; number += 1) {
      b.kernel.destroy(keyOf(flowOf(number)));
      pair.network.poke(1);
      pair.run(MILLISECOND);
    }
    pair.run(SECOND);
    expect(a.kernel.sayings()).toHaveLength(50);
    pair.run(30 * SECOND);
    expect(b.external()).toEqual(a.kernel.sayings());
    const wanted = a.kernel.sayings();
    pair.kill();
    pair.takeOver(b, 50 * MILLISECOND);
    expect(b.kernel.sayings()).toEqual(wanted);
  });
});
