/**
 * How long a client is without answers when the active router fails: 1000 datagrams a second through the lab's pair, from
 * the fault to the first answered one. And who answers for the virtual addresses six seconds after it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { toMilliseconds } from "../src/base/time.ts";
import { monotonicNow } from "../src/kernel/clock.ts";
import { singleRouter } from "../src/lab/drill.ts";
import { type DrillCase, findCase } from "../src/lab/faults.ts";
import { overlap } from "../src/lab/gap-meter.ts";
import { Lab } from "../src/lab/lab.ts";
import { namespaceName, otherRouter, type RouterName, SIDES } from "../src/lab/topology.ts";
import { Traffic } from "../src/lab/traffic.ts";
import { oneByOne, waitUntil } from "../src/lab/waiting.ts";
import { afterAdvertisement } from "./phase.ts";
import type { Contestant } from "./report.ts";

export interface OutagePlan {
  /** One of the lab's drill cases. */
  readonly fault: string;
  readonly config: string;
  /** When each fault strikes, in milliseconds after an advertisement; one repeat for each. */
  readonly phasesMs: readonly number[];
}

export interface Outage {
  readonly seconds: number;
  /** Routers that answer ARP for an address six seconds after the fault, the address with the most. */
  readonly owners: number;
}

/** The second router starts this much after the first one. */
const SECOND_START_MS = 800;
const ELECTION_MS = 20_000;
const RECOVERY_MS = 6_000;
/** Undisturbed traffic before the fault. */
const CALM_MS = 1_000;

export async function measureOutages(
  contestant: Contestant,
  { fault, config, phasesMs }: OutagePlan,
): Promise<Outage[]> {
  const drillCase = findCase(fault);
  if (drillCase === undefined) throw new RangeError(`no such fault: ${fault}`);
  const folder = mkdtempSync(path.join(tmpdir(), "duet-bench-"));
  const configFile = path.join(folder, "keepalived.conf");
  writeFileSync(configFile, config);
  const router = { daemon: contestant, configFile };
  const name = `bench-${process.pid}`;
  const lab = await Lab.open({ name, routers: { alpha: router, beta: router }, tell: () => {} });
  try {
    const traffic = await Traffic.start(name, () => {});
    try {
      return await oneByOne(phasesMs, (phaseMs) =>
        measureOne(lab, traffic, { drillCase, phaseMs }),
      );
    } finally {
      await traffic.close();
    }
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Strike {
  readonly drillCase: DrillCase;
  /** After an advertisement. */
  readonly phaseMs: number;
}

async function measureOne(
  lab: Lab,
  traffic: Traffic,
  { drillCase, phaseMs }: Strike,
): Promise<Outage> {
  await lab.stopRouters();
  await lab.repairNetwork();
  const active = await elect(lab, traffic);
  await delay(CALM_MS);
  await afterAdvertisement(namespaceName(lab.name, "client"), phaseMs);
  const faultAt = await lab.perform(drillCase.fault(active));
  // All is said after six seconds: the kernel has withdrawn what a dead daemon no longer renews.
  await delay(RECOVERY_MS);
  const until = monotonicNow();
  const gaps = traffic.gaps("through").map((gap) => overlap(gap, faultAt, until));
  const seconds = toMilliseconds(gaps.reduce((most, gap) => (gap > most ? gap : most))) / 1_000;
  const owners = Math.max(...SIDES.map((side) => traffic.owners(side).at(-1)?.macs.length ?? 0));
  if (drillCase.name === "freeze") await lab.perform(drillCase.restore(active));
  return { seconds, owners };
}

async function elect(lab: Lab, traffic: Traffic): Promise<RouterName> {
  lab.startRouter("alpha");
  await delay(SECOND_START_MS);
  lab.startRouter("beta");
  const isSettled = (): boolean => singleRouter(traffic) !== undefined && traffic.flows;
  await waitUntil(isSettled, ELECTION_MS);
  const active = singleRouter(traffic);
  if (active === undefined)
    throw new Error(`no router became active; see ${lab.routers.alpha.logFile}`);
  if (lab.routers[otherRouter(active)].pid === undefined) throw new Error("the backup has ended");
  return active;
}
