/** How many live downloads through the lab's pair a fault of its active router costs, and how long all of them are silent. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Duration, toMilliseconds } from "../src/base/time.ts";
import { ControlClient } from "../src/control/client.ts";
import { monotonicNow } from "../src/kernel/clock.ts";
import { HOW_TO_CONNTRACKD_FILE } from "../src/lab/demo.ts";
import { singleRouter } from "../src/lab/drill.ts";
import { type DrillCase, findCase } from "../src/lab/faults.ts";
import { overlap } from "../src/lab/gap-meter.ts";
import { Lab } from "../src/lab/lab.ts";
import { conntrackdFileOf, type RouterOptions } from "../src/lab/router-daemon.ts";
import { namespaceName, otherRouter, ROUTER_NAMES, type RouterName } from "../src/lab/topology.ts";
import { Traffic } from "../src/lab/traffic.ts";
import { oneByOne, waitUntil } from "../src/lab/waiting.ts";
import type { Contestant } from "./report.ts";

export interface LossPlan {
  /** One of the lab's drill cases. */
  readonly fault: string;
  /** keepalived.conf; the notify script is added for keepalived. */
  readonly config: string;
  readonly downloads: number;
  readonly otherFlows: number;
  readonly say: (text: string) => void;
}

export interface Loss {
  /** Downloads that were reset or bring nothing any more. */
  readonly lost: number;
  /** Of a client's probes, from the fault to the first answered one. */
  readonly seconds: number;
  /**
   * Between the address and the state of the connections: how long Duet's addresses waited for it, or how long
   * keepalived's were there without it.
   */
  readonly apart: number;
}

const SECOND_START_MS = 800;
const ELECTION_MS = 20_000;
const SYNCHRONISED_MS = 60_000;
/** A fault comes when a backup has done what it does by itself, at no chosen time between two advertisements. */
const QUIET_MS = 8_000;
const PHASE_MS = 1_000;
const EVENTS_MAX = 500;
/** TCP repeats after 0.2, 0.6, 1.4, 3 and 6.2 s; who is silent after that is lost. */
const RECOVERY_MS = 9_000;
/** Flows a second at which the table is filled; conntrackd can follow that. */
const FILL_CHUNK = 2_000;
const FILL_EACH_MS = 150;

/** In a lab of its own. */
export async function measureLoss(contestant: Contestant, plan: LossPlan): Promise<Loss> {
  const drillCase = findCase(plan.fault);
  if (drillCase === undefined) throw new RangeError(`no such fault: ${plan.fault}`);
  const folder = mkdtempSync(path.join(tmpdir(), "duet-bench-"));
  const name = `bench-${process.pid}`;
  const fill = writeFill(folder, plan.otherFlows);
  const optionsOf = (router: RouterName): RouterOptions => ({
    daemon: contestant,
    configFile: writeConfig(contestant, router, { lab: name, folder, config: plan.config }),
    conntrackdFile: HOW_TO_CONNTRACKD_FILE,
  });
  const routers = { alpha: optionsOf("alpha"), beta: optionsOf("beta") };
  const lab = await Lab.open({ name, routers, tell: () => {} });
  try {
    const loss = await measureOne({ lab, folder, drillCase, plan, fill });
    const { lost, seconds, apart } = loss;
    plan.say(
      `  ${lost} of ${plan.downloads} lost, silent for ${seconds.toFixed(2)} s, address and state ${apart.toFixed(3)} s apart`,
    );
    return loss;
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Round {
  readonly lab: Lab;
  readonly folder: string;
  readonly drillCase: DrillCase;
  readonly plan: LossPlan;
  readonly fill: readonly string[];
}

async function measureOne({ lab, folder, drillCase, plan, fill }: Round): Promise<Loss> {
  await lab.stopRouters();
  await lab.repairNetwork();
  for (const router of ROUTER_NAMES) inside(lab, router, "conntrack", "-F");
  const traffic = await Traffic.start(lab.name, () => {});
  try {
    const active = await elect(lab, traffic);
    await fillTable(lab, active, fill);
    await traffic.openDownloads(plan.downloads);
    await isSynchronised(lab, otherRouter(active), plan.otherFlows);
    await delay(QUIET_MS + Math.random() * PHASE_MS);
    traffic.noteFault(monotonicNow());
    const faultAt = await lab.perform(drillCase.fault(active));
    await delay(RECOVERY_MS);
    const { reset, stalled } = traffic.downloads();
    const until = monotonicNow();
    const gaps = traffic.gaps("through").map((gap) => overlap(gap, faultAt, until));
    const longest = gaps.reduce((most, gap) => (gap > most ? gap : most));
    const apart = await stateApart(lab, folder, otherRouter(active));
    if (drillCase.name === "freeze") await lab.perform(drillCase.restore(active));
    return { lost: reset + stalled, seconds: toMilliseconds(longest) / 1_000, apart };
  } finally {
    await traffic.close();
  }
}

async function elect(lab: Lab, traffic: Traffic): Promise<RouterName> {
  lab.startRouter("alpha");
  await delay(SECOND_START_MS);
  lab.startRouter("beta");
  await waitUntil(() => singleRouter(traffic) !== undefined && traffic.flows, ELECTION_MS);
  const active = singleRouter(traffic);
  if (active === undefined)
    throw new Error(`no router became active; see ${lab.routers.alpha.logFile}`);
  return active;
}

async function fillTable(lab: Lab, router: RouterName, files: readonly string[]): Promise<void> {
  await oneByOne(files, async (file) => {
    inside(lab, router, "conntrack", "--load-file", file);
    await delay(FILL_EACH_MS);
  });
}

/** Waits until the backup has what it would take over. */
async function isSynchronised(lab: Lab, backup: RouterName, flows: number): Promise<void> {
  const end = performance.now() + SYNCHRONISED_MS;
  let known = 0;
  while (known < flows) {
    if (performance.now() > end)
      throw new Error(`${backup} knows only ${known} of ${flows} flows of its peer`);
    // oxlint-disable-next-line no-await-in-loop -- one look after the other is what waiting is
    await delay(250);
    // oxlint-disable-next-line no-await-in-loop -- as above
    known = await externalFlows(lab, backup);
  }
}

/** Of the last takeover by `router`; not a number when it made none. */
async function stateApart(lab: Lab, folder: string, router: RouterName): Promise<number> {
  const { kind, socket } = lab.routers[router];
  if (kind !== "duet") {
    const [begin, end] = readFileSync(timesFileOf(folder, router), "utf8").split("\n").map(Number);
    return (end ?? Number.NaN) - (begin ?? Number.NaN);
  }
  const { events } = await new ControlClient(socket).events(EVENTS_MAX);
  const takeover = events.findLast(
    ({ name, text }) => name === "vrrp.transition" && /-> active/.test(text),
  );
  const { steps = [] } = (takeover?.data ?? {}) as { steps?: readonly Step[] };
  const load = steps.find(({ name }) => name === "load");
  return load === undefined ? Number.NaN : toMilliseconds(load.took) / 1_000;
}

interface Step {
  readonly name: string;
  readonly took: Duration;
}

const timesFileOf = (folder: string, router: RouterName): string =>
  path.join(folder, `${router}.times`);

async function externalFlows(lab: Lab, router: RouterName): Promise<number> {
  if (lab.routers[router].kind === "duet") {
    const { replication } = await new ControlClient(lab.routers[router].socket).status();
    return replication?.flows.external ?? 0;
  }
  const file = conntrackdFileOf(lab.name, router);
  const text = inside(lab, router, "conntrackd", "-C", file, "-s");
  return Number(/external:\s+current active connections:\s+(\d+)/.exec(text)?.[1] ?? 0);
}

const inside = (lab: Lab, router: RouterName, ...words: readonly string[]): string =>
  execFileSync("ip", ["netns", "exec", namespaceName(lab.name, router), ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });

function writeFill(folder: string, count: number): string[] {
  const lines = Array.from({ length: count }, (_, index) => {
    const host = `10.${70 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
    return `-I -p udp -s ${host} -d 203.0.113.77 --sport ${1_024 + (index % 60_000)} --dport 53 -t 3600 -u SEEN_REPLY,ASSURED`;
  });
  return Array.from({ length: Math.ceil(count / FILL_CHUNK) }, (_, chunk) => {
    const file = path.join(folder, `flows-${chunk}`);
    const part = lines.slice(chunk * FILL_CHUNK, (chunk + 1) * FILL_CHUNK);
    writeFileSync(file, `${part.join("\n")}\n`);
    return file;
  });
}

interface ConfigPlan {
  readonly lab: string;
  readonly folder: string;
  readonly config: string;
}

/** keepalived calls the script that conntrackd's manual recommends, Duet needs none. */
function writeConfig(
  contestant: Contestant,
  router: RouterName,
  { lab, folder, config }: ConfigPlan,
): string {
  const file = path.join(folder, `${router}.conf`);
  if (contestant === "duet") {
    writeFileSync(file, config);
    return file;
  }
  const script = path.join(folder, `${router}.sh`);
  writeFileSync(script, primaryBackup(conntrackdFileOf(lab, router), timesFileOf(folder, router)));
  chmodSync(script, 0o755);
  const notify = ["master primary", "backup backup", "fault fault"].map((pair) => {
    const [state, word] = pair.split(" ");
    return `  notify_${state} "${script} ${word}"\n`;
  });
  const global = "global_defs {\n  script_user root\n}\n";
  writeFileSync(file, global + config.replace(/(vrrp_sync_group G1 \{\n)/, `$1${notify.join("")}`));
  return file;
}

/**
 * The steps of the failover script that everybody uses: commit, flush, resync with the kernel, send. keepalived calls it
 * when the address is there; `times` gets the seconds of that and of the end of the commit.
 */
const primaryBackup = (file: string, times: string): string => `#!/bin/sh
ct() { conntrackd -C ${file} "$1"; }
now() { date +%s.%N; }
case "$1" in
  primary) now >${times}; ct -c; now >>${times}; ct -f; ct -R; ct -B ;;
  backup) ct -s >/dev/null || exit 1; ct -t; ct -n ;;
  fault) ct -t ;;
esac
`;
