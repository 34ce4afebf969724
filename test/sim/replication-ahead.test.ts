/** What a backup has in its kernel before any takeover. */
import { describe, expect, test } from "vitest";
import { instant, seconds } from "../../src/base/time.ts";
import type { KernelFacts } from "../../src/replication/kernel-facts.ts";
import { flowOf, keyOf } from "./replication-flow.ts";
import { MILLISECOND, Pair, SECOND } from "./replication-pair.ts";

/** Long enough for flows to settle, and for the walk to go round. */
const SETTLED = 6 * SECOND;

const facts = (max: number, count: number): KernelFacts => ({
  max,
  count,
  buckets: null,
  tcpBeLiberal: null,
  events: null,
  accounting: null,
  timestamps: null,
});

const loadedOf = ({ b, network }: Pair): unknown =>
  b.replicator.view(instant(network.now)).flows.commit.loaded;

describe("a backup", () => {
  test("has in its kernel what has settled, and takes over without loading anything", () => {
    const pair = new Pair(1, 3000);
    pair.run(SETTLED);
    expect(pair.b.kernel.sayings()).toEqual(pair.a.kernel.sayings());
    expect(loadedOf(pair)).toBe(3000);
    pair.kill();
    pair.tell(pair.b, "claim");
    expect(pair.b.replicator.isLoaded, "at once").toBe(true);
    pair.tell(pair.b, "finish");
    pair.run(SECOND);
    expect(pair.b.internal()).toEqual(pair.a.kernel.sayings());
    const { lastTakeover } = pair.b.replicator.view(instant(pair.network.now));
    expect(lastTakeover).toMatchObject({ kept: 3000, created: 0, updated: 0, adopted: 3000 });
  });

  test("has what is two rounds old, however fast the table grows", () => {
    const pair = new Pair(11, 0);
    const { a, b, network } = pair;
    for (let number = 0; number < 20_000; number += 1) {
      a.kernel.create(flowOf(number));
      if (number % 100 !== 0) continue;
      network.poke(0);
      pair.run(100 * MILLISECOND);
      // A thousand a second, settled after two, found within two more, and loaded within one.
      if (number >= 6_000) expect(b.kernel.flows.size).toBeGreaterThanOrEqual(number - 6_000);
    }
  });

  test("leaves to the takeover what is young", () => {
    const pair = new Pair(2, 500);
    pair.run(SETTLED);
    for (let number = 1000; number < 1100; number += 1) pair.a.kernel.create(flowOf(number));
    pair.a.kernel.update(keyOf(flowOf(7)), { mark: 7 });
    pair.network.poke(0);
    pair.run(500 * MILLISECOND);
    expect(pair.b.kernel.flows.size).toBe(500);
    pair.takeOver(pair.b, 0);
    const { takeover } = pair.b.replicator.view(instant(pair.network.now));
    expect(takeover).toMatchObject({ kept: 499, created: 100, updated: 1 });
    expect(pair.b.kernel.sayings()).toEqual(pair.a.kernel.sayings());
  });

  test("does nothing of the kind when it is told not to", () => {
    const pair = new Pair(3, 100, { loadsAhead: false });
    pair.run(60 * SECOND);
    expect(pair.b.kernel.flows.size).toBe(0);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "seed %i: has the same as the active router, whatever happens to flows, datagrams and daemons",
    (seed) => {
      const pair = new Pair(seed, 400);
      const { a, b, network } = pair;
      const { random } = network;
      network.faults = {
        lossPercent: random.below(30),
        duplicatePercent: 3,
        delayMin: 100,
        delayMax: 3000,
      };
      for (let change = 0; change < 400; change += 1) {
        const number = random.below(700);
        const kind = random.below(100);
        if (kind < 40) a.kernel.create(flowOf(number));
        else if (kind < 70) a.kernel.update(keyOf(flowOf(number)), { mark: 1 + random.below(5) });
        else if (kind < 97) a.kernel.destroy(keyOf(flowOf(number)));
        // What was loaded expires in the backup's kernel.
        else if (kind < 99) b.kernel.destroy(keyOf(flowOf(number)));
        else restartBackup(pair);
        network.poke(0);
        network.poke(1);
        pair.run(random.below(200 * MILLISECOND));
      }
      pair.run(30 * SECOND);
      expect(b.kernel.sayings()).toEqual(a.kernel.sayings());
      pair.takeOver(b, 0);
      expect(b.kernel.sayings()).toEqual(a.kernel.sayings());
    },
  );

  test("never lets a flow have less than its timeout", () => {
    const pair = new Pair(4, 200, { commitTimeout: seconds(60) });
    pair.run(SETTLED);
    for (let passed = 0; passed < 200; passed += 1) {
      pair.run(SECOND);
      pair.b.kernel.age(1);
      pair.network.poke(1);
      const timeouts = [...pair.b.kernel.flows.values()].map(({ timeout }) => timeout);
      expect(timeouts).toHaveLength(200);
      // The walk goes round within two seconds.
      expect(Math.min(...timeouts)).toBeGreaterThanOrEqual(60 - 3);
    }
  });

  test("leaves sessions of its own alone until a takeover", () => {
    const pair = new Pair(5, 0);
    const { a, b } = pair;
    const own = { ...flowOf(1), mark: 99, translated: 0 };
    b.kernel.create(own);
    pair.network.poke(1);
    for (const number of [1, 2, 3]) a.kernel.create(flowOf(number));
    pair.network.poke(0);
    pair.run(60 * SECOND);
    expect(b.kernel.flows.get(keyOf(own))).toEqual(own);
    expect(b.kernel.flows.size).toBe(3);
    // Its session ends. What the peer has may be about to end, too.
    b.kernel.destroy(keyOf(own));
    pair.network.poke(1);
    pair.run(60 * SECOND);
    expect(b.kernel.flows.has(keyOf(own))).toBe(false);
    pair.takeOver(b, 0);
    expect(b.kernel.sayings()).toEqual(a.kernel.sayings());
  });

  test("knows again what it had loaded before its daemon crashed", () => {
    const pair = new Pair(6, 300);
    pair.run(SETTLED);
    crashBackup(pair);
    pair.run(2 * SETTLED);
    expect(pair.b.internal(), "none of it is its own").toEqual([]);
    pair.takeOver(pair.b, 0);
    const { takeover } = pair.b.replicator.view(instant(pair.network.now));
    expect(takeover).toMatchObject({ kept: 300, created: 0, replaced: 0 });
    expect(pair.b.kernel.sayings()).toEqual(pair.a.kernel.sayings());
  });

  test("that is told to forget the peer's flows takes them out of its kernel, and has them again when it is told of them", () => {
    const pair = new Pair(10, 100);
    const { a, b, network } = pair;
    pair.run(SETTLED);
    b.replicator.flush("external");
    network.poke(1);
    expect(b.external()).toEqual([]);
    pair.run(SECOND);
    expect(b.kernel.flows.size).toBe(0);
    b.replicator.requestResync();
    network.poke(1);
    pair.run(2 * SETTLED);
    expect(b.kernel.sayings()).toEqual(a.kernel.sayings());
  });

  test("does not take for its own what it has loaded when it reads its kernel again", () => {
    const pair = new Pair(9, 100);
    pair.b.kernel.create(flowOf(5000));
    pair.run(SETTLED);
    pair.b.replicator.resyncWithKernel();
    pair.network.poke(1);
    pair.run(SECOND);
    expect(pair.b.kernel.flows.size).toBe(101);
    expect(pair.b.internal()).toHaveLength(1);
    expect(loadedOf(pair)).toBe(100);
  });

  test("takes with it what it had loaded when its daemon stops", () => {
    const pair = new Pair(6, 3000);
    const { b, network } = pair;
    b.kernel.create(flowOf(5000));
    pair.run(SETTLED);
    expect(b.kernel.flows.size).toBe(3001);
    b.replicator.unload();
    while (b.replicator.hasKernelWrites) b.kernel.obey(b.replicator, instant(network.now));
    expect([...b.kernel.flows.keys()]).toEqual([keyOf(flowOf(5000))]);
  });

  test("fills its kernel's table to four fifths at most", () => {
    const pair = new Pair(7, 0);
    pair.b.replicator.handleKernelFacts(facts(1000, 100));
    for (let number = 0; number < 900; number += 1) pair.a.kernel.create(flowOf(number));
    pair.network.poke(0);
    pair.run(60 * SECOND);
    expect(pair.b.kernel.flows.size).toBeLessThanOrEqual(700 + 128);
    expect(pair.b.kernel.flows.size).toBeGreaterThanOrEqual(700);
    pair.takeOver(pair.b, 0);
    expect(pair.b.kernel.flows.size, "a takeover needs all of them").toBe(900);
  });

  test("that was active waits for its own flows to be purged", () => {
    const pair = new Pair(8, 200);
    const { a, b } = pair;
    pair.run(SETTLED);
    pair.takeOver(b, 0);
    pair.tell(a, "demote");
    pair.run(4 * SECOND);
    expect(a.kernel.flows.size, "PurgeTimeout has not passed").toBe(200);
    for (let number = 0; number < 100; number += 1) b.kernel.destroy(keyOf(flowOf(number)));
    pair.network.poke(1);
    pair.run(30 * SECOND);
    expect(a.kernel.sayings()).toEqual(b.kernel.sayings());
    expect(a.internal()).toEqual([]);
  });
});

/** In good order: it takes with it what it had loaded. */
function restartBackup(pair: Pair): void {
  const { b, network } = pair;
  b.replicator.unload();
  while (b.replicator.hasKernelWrites) b.kernel.obey(b.replicator, instant(network.now));
  crashBackup(pair);
}

function crashBackup({ b, network }: Pair): void {
  b.restart(network.now);
  b.takeover("demote", network.now);
}
