/**
 * What live downloads make of a failover with 100 000 other flows in the table: Duet beside keepalived and conntrackd with
 * the usual primary-backup script, in turn and in the same run. Prints a table and writes results/takeover.json and .md.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { oneByOne } from "../src/lab/waiting.ts";
import { type Loss, measureLoss } from "./losses.ts";
import {
  always,
  atMost,
  type Contestant,
  describeMachine,
  inTurn,
  loadAverage,
  type Row,
  rowOf,
  type Samples,
  tableOf,
} from "./report.ts";

const RESULTS = new URL("results/", import.meta.url);
const PEER = "keepalived + conntrackd";
const DOWNLOADS = 100;
const OTHER_FLOWS = 100_000;
const REPEATS = 5;
const REPEATS_QUICK = 2;

const HOW_TO = readFileSync(new URL("../examples/how-to/keepalived.conf", import.meta.url), "utf8");
/** The same in version 3, which has no passwords, ten times as fast. */
const HOW_TO_FAST = HOW_TO.replaceAll("advert_int 1", "version 3\n  advert_int 0.1").replaceAll(
  / *authentication \{[^}]*\}\n/g,
  "",
);

interface Case {
  readonly title: string;
  readonly fault: string;
  readonly config: string;
}

const CASES: Readonly<Record<string, Case>> = {
  "cut-v2": { title: "cut, VRRPv2 1 s", fault: "cut", config: HOW_TO },
  "cut-v3": { title: "cut, VRRPv3 0.1 s", fault: "cut", config: HOW_TO_FAST },
  sigkill: { title: "SIGKILL, VRRPv2 1 s", fault: "kill", config: HOW_TO },
  sigstop: { title: "SIGSTOP, VRRPv2 1 s", fault: "freeze", config: HOW_TO },
  sigterm: { title: "SIGTERM, VRRPv2 1 s", fault: "stop", config: HOW_TO },
};

/** For scripts/bench.mjs. Resolves to the exit code: 1 when a target was missed. */
export async function main(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: "boolean", default: false },
      repeats: { type: "string" },
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
  const repeats = Number(values.repeats ?? (values.quick ? REPEATS_QUICK : REPEATS));
  const rows = (await oneByOne(names, (name) => measure(CASES[name] as Case, repeats))).flat();
  const table = tableOf(rows, PEER);
  say(`\n${table}`);
  const result = { machine, loadAfter: loadAverage(), repeats, rows };
  if (!values.quick && values.case === undefined) keep(result, table);
  return rows.every(({ target }) => target?.met !== false) ? 0 : 1;
}

async function measure({ title, fault, config }: Case, repeats: number): Promise<Row[]> {
  const found: Record<Contestant, Loss[]> = { keepalived: [], duet: [] };
  await oneByOne(inTurn(repeats), async (contestant) => {
    say(`${title}: ${contestant === "duet" ? "Duet" : PEER} ...`);
    const plan = { fault, config, downloads: DOWNLOADS, otherFlows: OTHER_FLOWS, say };
    found[contestant].push(await measureLoss(contestant, plan));
  });
  const samples = (pick: (loss: Loss) => number): Samples => ({
    keepalived: found.keepalived.map(pick),
    duet: found.duet.map(pick),
  });
  return [
    rowOf(
      { case: title, figure: `lost of ${DOWNLOADS} downloads`, unit: "", target: always(0) },
      samples(({ lost }) => lost),
    ),
    rowOf(
      { case: title, figure: "silence", unit: "s" },
      samples(({ seconds }) => seconds),
    ),
    rowOf(
      { case: title, figure: "address and state apart", unit: "s", target: atMost(0.02, "s") },
      samples(({ apart }) => apart),
    ),
  ];
}

interface Result {
  readonly machine: ReturnType<typeof describeMachine>;
  readonly loadAfter: number;
  readonly repeats: number;
  readonly rows: readonly Row[];
}

function keep(result: Result, table: string): void {
  const { machine, loadAfter, repeats } = result;
  const text = `# Downloads through a failover, beside keepalived and conntrackd

${machine.at.slice(0, 10)}: ${machine.cores} cores of ${machine.cpu}, Linux ${machine.kernel}, Node.js ${machine.node}; load average ${machine.loadBefore}
before, ${loadAfter} after. ${repeats} repeats with ${DOWNLOADS} downloads and ${OTHER_FLOWS} other flows; medians, and the largest value where
there is more than one. Every sample stands in takeover.json. How it is measured: ../README.md.

${table}
`;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL("takeover.json", RESULTS), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(new URL("takeover.md", RESULTS), text);
}

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
