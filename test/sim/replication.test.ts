import { describe, expect, test } from "vitest";
import { type ChaosOptions, newDuet, ReplicationChaos } from "./replication-chaos.ts";
import { SimConntrackd } from "./replication-conntrackd.ts";

/** How many seeds to try, and where to begin: DUET_SIM_SEEDS=5000 DUET_SIM_FROM=1 for a long run. */
const COUNT = Number(process.env["DUET_SIM_SEEDS"] ?? 200);
const FROM = Number(process.env["DUET_SIM_FROM"] ?? 1);
const BATCH = 25;

const batches = Array.from(
  { length: Math.ceil(COUNT / BATCH) },
  (_, index) => FROM + index * BATCH,
);

function run(seed: number, options?: ChaosOptions): ReplicationChaos {
  const chaos = new ReplicationChaos(seed, options);
  try {
    chaos.run();
  } catch (error) {
    throw new Error(`seed ${seed}`, { cause: error });
  }
  return chaos;
}

describe("two routers that replicate while everything goes wrong", () => {
  test.each(batches)(
    "have equal tables and nothing stale once it is over, from seed %i on",
    { timeout: 600_000 },
    (first) => {
      for (let seed = first; seed < Math.min(first + BATCH, FROM + COUNT); seed += 1) run(seed);
    },
  );

  test("do the same thing again for the same seed, and another for another", () => {
    expect(run(7).log).toEqual(run(7).log);
    expect(run(7).log).not.toEqual(run(8).log);
  });
});

describe("Duet beside a conntrackd while everything goes wrong", () => {
  const mixed: ChaosOptions = {
    make: [
      newDuet,
      ({ ftfw, startSequence, send }) =>
        new SimConntrackd({
          startSequence,
          send,
          resendQueueSize: ftfw.resendQueueSize,
          windowSize: ftfw.ackWindowSize,
        }),
    ],
    restarts: [false, true],
    // A hello that comes twice makes conntrackd forget what it sent, for good.
    reorders: false,
    fillsUp: false,
    mayBeStale: [false, false],
  };

  test.each(batches.slice(0, 4))(
    "agrees with it, also after its restarts, from seed %i on",
    { timeout: 600_000 },
    (first) => {
      for (let seed = first; seed < first + BATCH; seed += 1) run(seed, mixed);
    },
  );

  test.each(batches.slice(0, 2))(
    "agrees with it after restarts of both, but for what it keeps for ever, from seed %i on",
    { timeout: 600_000 },
    (first) => {
      const options: ChaosOptions = { ...mixed, restarts: [true, true], mayBeStale: [false, true] };
      for (let seed = first; seed < first + BATCH; seed += 1) run(seed, options);
    },
  );
});
