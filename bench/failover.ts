/**
 * Duet beside keepalived, in turn and in the same run: outages by fault, processor time, memory, lateness, start. Prints a
 * table and writes results/failover.json and .md beside this file.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { oneByOne } from "../src/lab/waiting.ts";
import { measureCost } from "./cost.ts";
import { measureLateness } from "./lateness.ts";
import { measureOutages, type Outage } from "./outage.ts";
import {
  always,
  atMost,
  CONTESTANTS,
  type Contestant,
  describeMachine,
  type Figure,
  loadAverage,
  type Machine,
  noSlower,
  type Row,
  rowOf,
  type Samples,
  tableOf,
} from "./report.ts";
import type { Population } from "./site.ts";
import { measureStarts } from "./start-time.ts";

interface Effort {
  readonly repeats: number;
  readonly costSpanMs: number;
  readonly latenessSpanMs: number;
}

const FULL: Effort = { repeats: 5, costSpanMs: 20_000, latenessSpanMs: 60_000 };
const QUICK: Effort = { repeats: 2, costSpanMs: 5_000, latenessSpanMs: 10_000 };

const RESULTS = new URL("results/", import.meta.url);
const HOW_TO = readFileSync(new URL("../examples/how-to/keepalived.conf", import.meta.url), "utf8");
/** The same in version 3, which has no passwords, ten times as fast. */
const HOW_TO_FAST = HOW_TO.replaceAll("advert_int 1", "version 3\n  advert_int 0.1").replaceAll(
  / *authentication \{[^}]*\}\n/g,
  "",
);

type Case = (effort: Effort) => Promise<Row[]>;

const CASES: Readonly<Record<string, Case>> = {
  "cut-v2": outages("cut", HOW_TO, { outage: noSlower("s", 3.65) }),
  "cut-v3": outages("cut", HOW_TO_FAST, { outage: noSlower("s", 0.4) }),
  sigkill: outages("kill", HOW_TO, { owners: always(1) }),
  sigstop: outages("freeze", HOW_TO, { owners: always(1) }),
  sigterm: outages("stop", HOW_TO, { outage: noSlower("s") }),
  start: async ({ repeats }) => {
    const samples = await contest((contestant) => measureStarts(contestant, repeats));
    return [
      rowOf(
        { case: "start", figure: "until it listens", unit: "s", target: atMost(0.5, "s") },
        samples,
      ),
    ];
  },
  "cost-2": cost({ instances: 2, version: 2, interval: 1 }, 0.3),
  "cost-200": cost({ instances: 200, version: 2, interval: 1 }, 3),
  "cost-200-fast": cost({ instances: 200, version: 3, interval: 0.1 }, 20),
  lateness: async ({ latenessSpanMs }) => {
    const found = await contest(async (contestant) => [
      await measureLateness(contestant, latenessSpanMs),
    ]);
    const row = (
      figure: Omit<Figure, "case">,
      pick: (one: (typeof found.duet)[number]) => number,
    ): Row => rowOf({ case: "10 ms, a core busy", ...figure }, picked(found, pick));
    return [
      row({ figure: "advert late, median", unit: "ms" }, ({ medianMs }) => medianMs),
      row(
        { figure: "advert late, p99", unit: "ms", target: atMost(3, "ms") },
        ({ p99Ms }) => p99Ms,
      ),
      row({ figure: "advert late, max", unit: "ms" }, ({ maxMs }) => maxMs),
      row({ figure: "flaps", unit: "", target: always(0) }, ({ flaps }) => flaps),
    ];
  },
};

/** For scripts/bench.mjs. Resolves to the exit code: 1 when a target was missed. */
export async function main(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: "boolean", default: false },
      case: { type: "string", multiple: true },
    },
  });
  const names = values.case ?? Object.keys(CASES);
  const unknown = names.filter((name) => CASES[name] === undefined);
  if (unknown.length > 0) {
    say(`no such case: ${unknown.join(", ")}; there are ${Object.keys(CASES).join(", ")}`);
    return 2;
  }
  const machine = describeMachine();
  const effort = values.quick ? QUICK : FULL;
  const rows = await oneByOne(names, async (name) => {
    say(`${name} ...`);
    return (await CASES[name]?.(effort)) ?? [];
  });
  const table = tableOf(rows.flat());
  say(`\n${table}`);
  const result = { machine, loadAfter: loadAverage(), effort, rows: rows.flat() };
  if (!values.quick && values.case === undefined) keep(result, table);
  return rows.flat().every(({ target }) => target?.met !== false) ? 0 : 1;
}

function outages(
  fault: string,
  config: string,
  targets: { readonly outage?: Figure["target"]; readonly owners?: Figure["target"] },
): Case {
  return async ({ repeats }) => {
    const intervalMs = config === HOW_TO ? 1_000 : 100;
    // One in each part of the interval, the same for both: the phase is half of the outcome.
    const phasesMs = Array.from(
      { length: repeats },
      (_, round) => ((round + Math.random()) / repeats) * intervalMs,
    );
    const found = await contest((contestant) =>
      measureOutages(contestant, { fault, config, phasesMs }),
    );
    const title = config === HOW_TO ? `${fault}, VRRPv2 1 s` : `${fault}, VRRPv3 0.1 s`;
    const row = (
      figure: string,
      unit: string,
      pick: (one: Outage) => number,
      target: Figure["target"],
    ): Row => rowOf({ case: title, figure, unit, ...(target && { target }) }, picked(found, pick));
    const outage = row("outage", "s", ({ seconds }) => seconds, targets.outage);
    if (targets.owners === undefined) return [outage];
    return [outage, row("owners after 6 s", "", ({ owners }) => owners, targets.owners)];
  };
}

function cost(population: Population, mostPercent: number): Case {
  return async ({ costSpanMs }) => {
    const found = await contest(async (contestant) => [
      await measureCost(contestant, population, costSpanMs),
    ]);
    const title = `${population.instances} instances, ${population.interval} s`;
    const row = (
      figure: Omit<Figure, "case">,
      pick: (one: (typeof found.duet)[number]) => number,
    ): Row => rowOf({ case: title, ...figure }, picked(found, pick));
    const target = atMost(mostPercent, "%");
    return [
      row({ figure: "CPU, active", unit: "%", target }, ({ activePercent }) => activePercent),
      row({ figure: "CPU, backup", unit: "%", target }, ({ backupPercent }) => backupPercent),
      row({ figure: "RSS, active", unit: "MB" }, ({ activeMemory }) => activeMemory.residentMb),
      row({ figure: "PSS, active", unit: "MB" }, ({ activeMemory }) => activeMemory.proportionalMb),
    ];
  };
}

/** keepalived first, then Duet, never at the same time. */
async function contest<T>(
  measure: (contestant: Contestant) => Promise<T[]>,
): Promise<Record<Contestant, T[]>> {
  const [keepalived, duet] = await oneByOne(CONTESTANTS, measure);
  return { keepalived: keepalived ?? [], duet: duet ?? [] };
}

const picked = <T>(
  found: Readonly<Record<Contestant, readonly T[]>>,
  pick: (one: T) => number,
): Samples => ({ keepalived: found.keepalived.map(pick), duet: found.duet.map(pick) });

interface Result {
  readonly machine: Machine;
  /** One-minute load average at the end, the benchmark's own included. */
  readonly loadAfter: number;
  readonly effort: Effort;
  readonly rows: readonly Row[];
}

function keep(result: Result, table: string): void {
  const { machine, loadAfter, effort } = result;
  const text = `# Failover, beside keepalived

${machine.at.slice(0, 10)}: ${machine.cores} cores of ${machine.cpu}, Linux ${machine.kernel}, Node.js ${machine.node}; load average ${machine.loadBefore}
before, ${loadAfter} after. ${effort.repeats} repeats; medians, and the largest value where there is more than one. How it is measured: ../README.md.

${table}
`;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL("failover.json", RESULTS), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(new URL("failover.md", RESULTS), text);
}

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
