import { describe, expect, test } from "vitest";
import { Simulation } from "./simulation.ts";

/** How many seeds to try, and where to begin: DUET_SIM_SEEDS=5000 DUET_SIM_FROM=1 for a long run. */
const COUNT = Number(process.env["DUET_SIM_SEEDS"] ?? 300);
const FROM = Number(process.env["DUET_SIM_FROM"] ?? 1);
const BATCH = 50;
/** What to print of each run: DUET_SIM_LOG=all for everything, =short for transitions only. */
const LOG = process.env["DUET_SIM_LOG"];

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const batches = Array.from(
  { length: Math.ceil(COUNT / BATCH) },
  (_, index) => FROM + index * BATCH,
);

function run(seed: number): void {
  const simulation = new Simulation(seed, LOG === "all" ? { log: print } : {});
  try {
    simulation.run();
  } finally {
    if (LOG === "short") for (const line of simulation.transitions) print(line);
  }
}

describe("a network of routers in which everything goes wrong", () => {
  test.each(batches)(
    "stays safe and agrees once it is healed, from seed %i on",
    { timeout: 600_000 },
    (first) => {
      for (let seed = first; seed < Math.min(first + BATCH, FROM + COUNT); seed += 1) run(seed);
    },
  );

  test("does the same thing again for the same seed, and another for another", () => {
    const record = (seed: number): string[] => {
      const lines: string[] = [];
      new Simulation(seed, { log: (line) => lines.push(line) }).run();
      return lines;
    };
    expect(record(7)).toEqual(record(7));
    expect(record(7)).not.toEqual(record(8));
  });
});
