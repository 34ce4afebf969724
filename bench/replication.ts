/**
 * What replication costs and how much it can take: Duet beside conntrackd, in turn and in the same run. Prints a table and
 * writes results/replication.json and .md.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { oneByOne } from "../src/lab/waiting.ts";
import { Recording } from "../test/support/interop-recording.ts";
import { FlowSite } from "./flow-site.ts";
import type { FlowOrder, Manner } from "./flow-source.ts";
import { memoryOf, processorTime } from "./processes.ts";
import {
  always,
  atLeastTimes,
  atMost,
  atMostShare,
  type Contestant,
  describeMachine,
  type Figure,
  inTurn,
  loadAverage,
  type Row,
  rowOf,
  tableOf,
} from "./report.ts";
import { percentile } from "./statistics.ts";

const RESULTS = new URL("results/", import.meta.url);
const PEER = "conntrackd";
const RATE = 20_000;
const FLOWS = 100_000;
/** Before costs and rates are measured, so that they are those of a daemon that has run for a while. */
const WARM_UP = { rate: RATE, count: 80_000 } as const;
const WARM_UP_ROUNDS = 3;
/** Of flows that come many at once. */
const BURST_FLOWS = 60_000;
/** As many as the kernel has room for; by default it has not enough for twice as many. */
const [USUAL_FLOWS, MANY_FLOWS] = [240_000, 480_000] as const;
const FLOWS_MAX = Number(readFileSync("/proc/sys/net/netfilter/nf_conntrack_max", "latin1"));
const RESYNC_FLOWS = FLOWS_MAX > MANY_FLOWS + USUAL_FLOWS / 2 ? MANY_FLOWS : USUAL_FLOWS;
const BYTES_PER_MB = 1_048_576;
const ADVERT_MS = 100;
/** New flows a second that are tried, until one is too much. */
const RATES = [20, 30, 40, 60, 80, 100, 120, 140, 160, 180, 200, 250, 300].map(
  (thousand) => 1_000 * thousand,
);
/** Long enough that no buffer hides a rate that is too high, as far as the flow table has room. */
const RATE_SPAN_S = 6;
/** Of the rate that was asked for; with less the source is at its end. */
const REACHED = 0.95;
/** Within which the backup must know all after the last one. */
const PROMPT_MS = 3_000;

type Figures = Readonly<Record<string, number>>;

interface Case {
  readonly title: string;
  readonly measure: (contestant: Contestant) => Promise<Figures>;
  readonly figures: readonly Omit<Figure, "case">[];
}

const third = atMostShare(1 / 3, "1/3");
const half = atMostShare(1 / 2, "1/2");

const CASES: Readonly<Record<string, Case>> = {
  cost: {
    title: `${FLOWS} flows at ${RATE}/s`,
    measure: measureCost,
    figures: [
      { figure: "CPU per new flow, active", unit: "µs", target: third },
      { figure: "CPU per new flow, backup", unit: "µs", target: third },
      { figure: "CPU, 20 at once, active", unit: "µs" },
      { figure: "CPU, 20 at once, backup", unit: "µs" },
      { figure: "CPU, first flows after the start, active", unit: "µs" },
      { figure: "CPU, first flows after the start, backup", unit: "µs" },
      { figure: "memory per flow, active", unit: "bytes", target: half },
      { figure: "memory per flow, backup", unit: "bytes", target: half },
    ],
  },
  commit: {
    title: `commit of ${FLOWS} flows`,
    measure: measureCommit,
    figures: [{ figure: "until all are in the kernel", unit: "s", target: half }],
  },
  ahead: {
    title: `${FLOWS} flows in the backup's kernel`,
    measure: measureAhead,
    figures: [{ figure: "CPU per flow to put them there", unit: "µs" }],
  },
  rate: {
    title: "highest rate without loss",
    measure: measureRate,
    figures: [
      { figure: "new flows, one by one", unit: "/s", target: atLeastTimes(2) },
      { figure: "new flows, in bursts", unit: "/s" },
    ],
  },
  resync: {
    title: `resync of ${RESYNC_FLOWS} flows`,
    measure: measureResync,
    figures: [
      { figure: "messages reported lost", unit: "", target: always(0) },
      { figure: "until all are there", unit: "s" },
    ],
  },
  adverts: {
    title: `adverts at ${ADVERT_MS} ms, ${RATE} flows/s`,
    measure: measureAdverts,
    figures: [
      { figure: "advert late, p99", unit: "ms", target: atMost(5, "ms") },
      { figure: "flaps", unit: "", target: always(0) },
    ],
  },
};

/** For scripts/bench.mjs. Resolves to the exit code: 1 when a target was missed. */
export async function main(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: { repeats: { type: "string" }, case: { type: "string", multiple: true } },
  });
  const names = values.case ?? Object.keys(CASES);
  const unknown = names.filter((name) => CASES[name] === undefined);
  if (unknown.length > 0) {
    say(`no such case: ${unknown.join(", ")}; there are ${Object.keys(CASES).join(", ")}`);
    return 2;
  }
  const machine = describeMachine();
  const repeats = Number(values.repeats ?? 3);
  const rows = (await oneByOne(names, (name) => measure(CASES[name] as Case, repeats))).flat();
  const table = tableOf(rows, PEER);
  say(`\n${table}`);
  const result = { machine, loadAfter: loadAverage(), repeats, rows };
  if (values.case === undefined) keep(result, table);
  return rows.every(({ target }) => target?.met !== false) ? 0 : 1;
}

async function measure(one: Case, repeats: number): Promise<Row[]> {
  const found: Record<Contestant, Figures[]> = { keepalived: [], duet: [] };
  await oneByOne(inTurn(repeats), async (contestant) => {
    const figures = await one.measure(contestant);
    say(`${one.title}: ${contestant === "duet" ? "Duet" : PEER} ${JSON.stringify(figures)}`);
    found[contestant].push(figures);
  });
  return one.figures.map((figure) => {
    const pick = (figures: Figures): number => figures[figure.figure] ?? Number.NaN;
    const samples = { keepalived: found.keepalived.map(pick), duet: found.duet.map(pick) };
    return rowOf({ case: one.title, ...figure }, samples);
  });
}

/**
 * The flows of the warm-up come once more before those that are measured: what memory these take is then new. The figures
 * of both routers are in this order.
 */
function measureCost(contestant: Contestant): Promise<Figures> {
  return FlowSite.with(contestant, false, async (site) => {
    const single = { rate: RATE, manner: "single" } as const;
    const first = await costOf(site, { ...single, count: WARM_UP.count });
    await site.forget(WARM_UP.count);
    await site.warmUp({ ...single, count: WARM_UP.count }, WARM_UP_ROUNDS - 1);
    await costOf(site, { ...single, count: WARM_UP.count });
    const one = await costOf(site, { ...single, count: FLOWS, first: WARM_UP.count });
    const all = FLOWS + WARM_UP.count;
    const many = await costOf(site, { rate: RATE, count: BURST_FLOWS, first: all });
    return {
      "CPU per new flow, active": one.active.us,
      "CPU per new flow, backup": one.backup.us,
      "CPU, 20 at once, active": many.active.us,
      "CPU, 20 at once, backup": many.backup.us,
      "CPU, first flows after the start, active": first.active.us,
      "CPU, first flows after the start, backup": first.backup.us,
      "memory per flow, active": one.active.bytes,
      "memory per flow, backup": one.backup.bytes,
    };
  });
}

/** Of one flow. */
interface Cost {
  readonly us: number;
  readonly bytes: number;
}

async function costOf(
  site: FlowSite,
  order: FlowOrder,
): Promise<Record<"active" | "backup", Cost>> {
  const { count, first = 0 } = order;
  const look = ({ pid }: { readonly pid: number }) =>
    [processorTime(pid), residentOf(pid)] as const;
  const before = [look(site.active), look(site.backup)] as const;
  await site.send(order);
  if (!(await site.knows(first + count)))
    throw new Error(`the backup knows ${site.known()} flows of ${first + count}`);
  await site.settle();
  const [active, backup] = [look(site.active), look(site.backup)].map(([time, memory], router) => ({
    us: (time - (before[router]?.[0] ?? 0)) / count / 1_000,
    bytes: (memory - (before[router]?.[1] ?? 0)) / count,
  })) as [Cost, Cost];
  return { active, backup };
}

/** The active router's daemon is dead by then, as in a failover: while it listens the kernel that both share does more. */
function measureCommit(contestant: Contestant): Promise<Figures> {
  return FlowSite.with(contestant, false, async (site) => {
    const { active, backup } = site;
    await site.send({ rate: RATE, count: FLOWS });
    if (!(await site.knows(FLOWS))) throw new Error(`the backup knows ${site.known()} flows`);
    await site.settle();
    await active.end("SIGKILL");
    await site.settle();
    const beginAt = performance.now();
    backup.ask("-c");
    const seconds = (performance.now() - beginAt) / 1_000;
    const committed = Number(backup.namespace.exec("conntrack", "-C"));
    if (committed < FLOWS) throw new Error(`${committed} flows were committed`);
    return { "until all are in the kernel": seconds };
  });
}

/** Duet puts them there by itself while nobody waits, conntrackd when it is told to commit. */
function measureAhead(contestant: Contestant): Promise<Figures> {
  return FlowSite.with(contestant, true, async (site) => {
    const { backup } = site;
    await site.send({ rate: RATE, count: FLOWS });
    if (!(await site.knows(FLOWS))) throw new Error(`the backup knows ${site.known()} flows`);
    const before = processorTime(backup.pid);
    if (contestant === "keepalived") backup.ask("-c");
    else if (!(await site.loads(FLOWS)))
      throw new Error(`of ${FLOWS} flows ${await site.loaded()} were loaded`);
    const ns = processorTime(backup.pid) - before;
    return { "CPU per flow to put them there": ns / FLOWS / 1_000 };
  });
}

const residentOf = (pid: number): number => memoryOf(pid).residentMb * BYTES_PER_MB;

async function measureRate(contestant: Contestant): Promise<Figures> {
  return {
    "new flows, one by one": await highestRate(contestant, "single"),
    "new flows, in bursts": await highestRate(contestant, "bursts"),
  };
}

/** One rate after the other, until one is too much for the daemons or for the source. */
function highestRate(contestant: Contestant, manner: Manner): Promise<number> {
  return FlowSite.with(contestant, false, async (site) => {
    await site.warmUp({ ...WARM_UP, manner }, WARM_UP_ROUNDS);
    let best = 0;
    for (const rate of RATES) {
      // oxlint-disable no-await-in-loop -- the next rate is tried if this one was borne
      const count = Math.min(RESYNC_FLOWS, rate * RATE_SPAN_S);
      const sent = await site.send({ rate, count, manner });
      const isWhole = await site.knows(count, PROMPT_MS);
      const text = `${manner} ${Math.round(sent.rate)}/s: ${site.known()} of ${count} flows, ${site.overruns()} overruns`;
      say(`  ${text}`);
      if (!isWhole || site.overruns() > 0) break;
      best = Math.max(best, sent.rate);
      if (sent.rate < REACHED * rate) break;
      await site.forget(count);
      // oxlint-enable no-await-in-loop
    }
    return best;
  });
}

function measureResync(contestant: Contestant): Promise<Figures> {
  return FlowSite.with(contestant, false, async (site) => {
    await site.send({ rate: RATE / 2, count: RESYNC_FLOWS });
    await site.settle();
    // Nothing else may be on its way when the backup asks.
    if (!(await site.knows(RESYNC_FLOWS)))
      throw new Error(
        `of ${site.kernelFlows()} flows the active router knows ${site.own()}, the backup ${site.known()}`,
      );
    await site.settle();
    site.backup.ask("-f", "external");
    if (!(await site.forgets())) throw new Error(`the backup still knows ${site.known()} flows`);
    const lost = site.backup.counter(/(\d+) Lost/);
    const beginAt = performance.now();
    site.backup.ask("-n");
    if (!(await site.knows(site.own()))) throw new Error(`${site.known()} of ${site.own()} flows`);
    const seconds = (performance.now() - beginAt) / 1_000;
    await site.settle();
    return {
      "messages reported lost": site.backup.counter(/(\d+) Lost/) - lost,
      "until all are there": seconds,
    };
  });
}

function measureAdverts(contestant: Contestant): Promise<Figures> {
  return FlowSite.with(contestant, true, async (site) => {
    const recording = new Recording(site.middle.namespace, "br0", `${site.folder}/wire.pcapng`);
    await recording.start();
    await site.send({ rate: RATE, count: FLOWS });
    const { advertisements } = await recording.read();
    const late = advertisements
      .slice(1)
      .map(({ at }, index) => (at - advertisements[index]!.at) * 1_000 - ADVERT_MS);
    const speakers = new Set(advertisements.map(({ source }) => source));
    return {
      "advert late, p99": percentile(
        late.map((span) => Math.max(0, span)),
        99,
      ),
      flaps: speakers.size - 1,
    };
  });
}

interface Result {
  readonly machine: ReturnType<typeof describeMachine>;
  readonly loadAfter: number;
  readonly repeats: number;
  readonly rows: readonly Row[];
}

function keep(result: Result, table: string): void {
  const { machine, loadAfter, repeats } = result;
  const text = `# Replication, beside conntrackd

${machine.at.slice(0, 10)}: ${machine.cores} cores of ${machine.cpu}, Linux ${machine.kernel}, Node.js ${machine.node}; load average ${machine.loadBefore}
before, ${loadAfter} after. ${repeats} repeats; medians, and the largest value where there is more than one. Every sample
stands in replication.json. How it is measured: ../README.md.

${table}
`;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL("replication.json", RESULTS), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(new URL("replication.md", RESULTS), text);
}

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
