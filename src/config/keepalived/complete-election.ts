/** How an instance takes part in the election: interval, priority, preemption, and keepalived's corrections of them. */
import type { Duration } from "../../base/time.ts";
import { centiseconds, formatDuration, NO_TIME, seconds } from "../../base/time.ts";
import type { InstanceConfig, VrrpVersion } from "../../vrrp/config.ts";
import { PRIORITY_DEFAULT, PRIORITY_OWNER } from "../../vrrp/config.ts";
import type { InstanceDraft } from "./instance-draft.ts";
import type { Reading } from "./reading.ts";

const INTERVAL_V3_MAX = centiseconds(4095);

export function limitInterval(
  { findings }: Reading,
  { interval = seconds(1), intervalAt, at }: InstanceDraft,
  version: VrrpVersion,
): Duration {
  const step = version === 2 ? seconds(1) : centiseconds(1);
  const most = version === 2 ? seconds(255) : INTERVAL_V3_MAX;
  const rounded = Math.round(interval / step) * step;
  const limited = Math.min(most, Math.max(step, rounded)) as Duration;
  if (limited !== interval) {
    const rule =
      version === 2
        ? "version 2 advertises every 1 to 255 whole seconds; write version 3 for shorter intervals"
        : "version 3 advertises every 0.01 to 40.95 seconds in steps of 0.01";
    const message = `advert_int is taken as ${formatDuration(limited)}: ${rule}`;
    findings.warn(intervalAt ?? at, "number-rounded", message);
  }
  return limited;
}

export type Election = Pick<
  InstanceConfig,
  "priority" | "startsActive" | "preempt" | "preemptDelay"
>;

export function completeElection(
  reading: Reading,
  draft: InstanceDraft,
  strict: boolean,
): Election {
  const configured = draft.state;
  const priority = draft.priority ?? (configured === "MASTER" ? PRIORITY_OWNER : PRIORITY_DEFAULT);
  const owner = priority === PRIORITY_OWNER;
  const state = strict ? strictState(reading, draft, owner) : configured;
  const preempt = completePreempt(reading, draft, { owner, master: state === "MASTER" });
  const preemptDelay = completeDelay(reading, draft, {
    preempt,
    strict,
    master: state === "MASTER",
  });
  return { priority, startsActive: owner && state !== "BACKUP", preempt, preemptDelay };
}

function strictState(
  { findings }: Reading,
  { state, stateAt, at }: InstanceDraft,
  owner: boolean,
): "MASTER" | "BACKUP" {
  const demanded = owner ? "MASTER" : "BACKUP";
  if (state !== undefined && state !== demanded) {
    const message = `strict mode: state ${demanded} goes with ${owner ? "priority 255" : "every priority but 255"}; it is used`;
    findings.warn(stateAt ?? at, "strict-violation", message);
  }
  return demanded;
}

function completePreempt(
  { findings }: Reading,
  { preempt, preemptAt, at }: InstanceDraft,
  { owner, master }: { owner: boolean; master: boolean },
): boolean {
  if (preempt !== false || (!owner && !master)) return preempt ?? true;
  const why = owner ? "priority 255" : "state MASTER; write state BACKUP on both routers";
  const message = `nopreempt does not go with ${why}: it has no effect`;
  findings.warn(preemptAt ?? at, "preempt-conflict", message);
  return true;
}

function completeDelay(
  { findings }: Reading,
  { preemptDelay = NO_TIME, preemptDelayAt, at }: InstanceDraft,
  { preempt, strict, master }: { preempt: boolean; strict: boolean; master: boolean },
): Duration {
  if (preemptDelay === NO_TIME) return NO_TIME;
  const position = preemptDelayAt ?? at;
  if (strict) {
    findings.warn(position, "strict-violation", "strict mode: preempt_delay has no effect");
  } else if (!preempt || master) {
    const why = master ? "state MASTER" : "nopreempt";
    const message = `preempt_delay does not go with ${why}: it has no effect`;
    findings.warn(position, "preempt-conflict", message);
  } else return preemptDelay;
  return NO_TIME;
}

export function completeAccept(
  { findings }: Reading,
  { accept, acceptAt, at }: InstanceDraft,
  { strict, version, priority }: { strict: boolean; version: VrrpVersion; priority: number },
): boolean {
  if (!strict) return accept ?? true;
  const owner = priority === PRIORITY_OWNER;
  if (accept !== true || version === 3 || owner) return accept ?? owner;
  const message =
    "strict mode: version 2 has no accept; packets to the virtual addresses are dropped";
  findings.warn(acceptAt ?? at, "strict-violation", message);
  return false;
}
