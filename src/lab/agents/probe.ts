/**
 * Sends streams of probes at an exact pace and tells what became of them. One thread, one reactor: it sends at absolute
 * deadlines of the monotonic clock, never catches up with a burst, and states its own worst pace in every tally, so that
 * its own pauses are not taken for outages.
 */
import { execFileSync } from "node:child_process";
import { type Mac, parseMac } from "../../base/mac.ts";
import { after, type Duration, earliest, type Instant, milliseconds } from "../../base/time.ts";
import { monotonicNow } from "../../kernel/clock.ts";
import { Reactor } from "../../kernel/reactor.ts";
import { setRealtimePriority } from "../../kernel/scheduling.ts";
import type { Tally } from "../gap-meter.ts";
import { ArpProbe } from "./arp-probe.ts";
import { EchoProbe } from "./echo-probe.ts";
import type { ProbePlan } from "./probe-plan.ts";
import { say } from "./say.ts";

const TALLY_EACH: Duration = milliseconds(100);
/** Below the daemons' priority: who measures must not delay what is measured. */
const REALTIME_PRIORITY = 1;
const INTERFACE = "eth0";

const plans = JSON.parse(process.argv[2] ?? "[]") as readonly ProbePlan[];
const { granted: realtime } = setRealtimePriority(REALTIME_PRIORITY);
const startAt = after(monotonicNow(), milliseconds(5));
const identifier = process.pid & 0xffff;

const echoes = plans
  .filter(({ kind }) => kind !== "arp")
  .map((plan) => new EchoProbe(plan, identifier, startAt));
const arps = plans
  .filter(({ kind }) => kind === "arp")
  .map((plan, index) => new ArpProbe(plan, interfaceIndex(), asker(index), startAt));
const probes = [...echoes, ...arps];
let tallyAt = after(startAt, TALLY_EACH);

const reactor = new Reactor();
for (const probe of probes) reactor.watch(probe.fd, () => probe.receive());
say({ type: "ready", at: monotonicNow(), realtime });
reactor.run({
  deadline: () => probes.reduce<Instant>((due, { dueAt }) => earliest(due, dueAt) ?? due, tallyAt),
  judge(now) {
    for (const echo of echoes) {
      echo.wake(now);
      for (const gap of echo.settle(now)) say({ type: "gap", probe: echo.name, gap });
    }
    for (const arp of arps) {
      const owners = arp.wake(now);
      if (owners !== undefined) say({ type: "owners", probe: arp.name, ...owners });
    }
    if (now >= tallyAt) tell(now);
  },
});

function tell(now: Instant): void {
  tallyAt = after(now, TALLY_EACH);
  const tallies: Record<string, Tally> = {};
  for (const echo of echoes) tallies[echo.name] = echo.tally();
  say({ type: "tally", at: now, probes: tallies });
}

function interfaceIndex(): number {
  const line = execFileSync("ip", ["-oneline", "link", "show", "dev", INTERFACE], {
    encoding: "utf8",
  });
  return Number.parseInt(line, 10);
}

/** A locally administered address; the process id keeps two agents on one segment apart. */
function asker(index: number): Mac {
  const octets = [0x02, 0xa4, index, (process.pid >> 16) & 255, (process.pid >> 8) & 255];
  return parseMac(
    [...octets, process.pid & 255].map((octet) => octet.toString(16)).join(":"),
  ) as Mac;
}
