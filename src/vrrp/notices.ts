/** The texts of what a unit remarks on, and of why it moves. */
import type { IpAddress } from "../base/ip.ts";
import { between, type Duration, formatDuration, type Instant, times } from "../base/time.ts";
import { PRIORITY_RESIGN } from "./config.ts";
import type { Cause, HeardAdvertisement, Remark } from "./events.ts";
import type { Member } from "./member.ts";

export type Notice = Omit<Remark, "type" | "at">;

/** An advertisement and where it came from. */
export interface Hearing {
  readonly source: IpAddress;
  readonly heard: HeardAdvertisement;
}

const warn = (subject: string, code: Remark["code"], text: string): Notice => ({
  level: "warn",
  code,
  subject,
  text,
});

/** In what an accepted advertisement differs from our own configuration. */
export function differences({ config }: Member, { source, heard }: Hearing): Notice[] {
  const notices: Notice[] = [];
  if (!heard.sameAddresses) {
    const text = `${source} advertises another list of virtual addresses for VRID ${config.vrid}`;
    notices.push(warn(config.name, "address-list-differs", text));
  }
  if (heard.interval !== config.interval && heard.priority !== PRIORITY_RESIGN) {
    const [theirs, ours] = [formatDuration(heard.interval), formatDuration(config.interval)];
    const text = `${source} advertises every ${theirs}, ours is ${ours}`;
    notices.push(warn(config.name, "interval-differs", text));
  }
  return notices;
}

export function twoActive({ config, priority }: Member, { source, heard }: Hearing): Notice {
  if (heard.priority === priority && priority === 255)
    return warn(
      config.name,
      "two-owners",
      `${source} claims to own the addresses too (priority 255)`,
    );
  const text = `${source} is Active too, with priority ${heard.priority}; ours is ${priority}`;
  return warn(config.name, "two-active", text);
}

export const sameSource = ({ config }: Member, { source }: Hearing): Notice =>
  warn(config.name, "same-source", `${source} advertises from our own address`);

export const stalledLoop = (unit: string, text: string): Notice => warn(unit, "loop-stalled", text);

export const stateOverdue = (unit: string, waited: Duration): Notice =>
  warn(
    unit,
    "state-overdue",
    `replicated connections were not loaded within ${formatDuration(waited)}: the addresses are installed without them, and connections may break`,
  );

export const healed = ({ config }: Member, object: string): Notice =>
  warn(config.name, "object-healed", `${object} was removed by someone else and is put back`);

export const priorityChanged = ({ config }: Member, before: number, after: number): Notice => ({
  ...warn(config.name, "priority-changed", `priority ${before} -> ${after}`),
  level: "info",
});

/** One member has lost the Active router, another still hears it: the whole group stays where it is. */
export function heldBack(
  unit: string,
  deaf: Member,
  members: readonly Member[],
): Notice | undefined {
  for (const { config, state } of members) {
    if (state.name !== "backup" || state.wantsActive) continue;
    const active = state.following?.source ?? "an Active router";
    const text =
      `${deaf.config.name} hears no Active router on ${deaf.config.interface}, but ${config.name} ` +
      `still hears ${active} on ${config.interface}: a sync group moves only as one, so traffic on ` +
      `${deaf.config.interface} may be cut off; check the path between the routers there`;
    return warn(unit, "group-held-back", text);
  }
  return undefined;
}

/** Why `member` completes a takeover, and for how long it has heard nothing (at most since `listeningSince`). */
export function takeoverCause(
  { config, state, priority }: Member,
  listeningSince: Instant,
  now: Instant,
): { readonly cause: Cause; readonly silence: Duration } {
  const { following, preempting, resigned } =
    state.name === "backup"
      ? state
      : { following: undefined, preempting: undefined, resigned: false };
  const silence = between(following?.heardAt ?? listeningSince, now);
  const patience = times(config.interval, config.downAdverts);
  if (resigned) {
    const who = following?.source ?? "the Active router";
    return { cause: { code: "active-resigned", text: `${who} resigned` }, silence };
  }
  if (preempting !== undefined && between(preempting.heardAt, now) <= patience) {
    const { source, priority: theirs } = preempting;
    const text = `${source} advertises priority ${theirs} only on ${config.interface}, ours is ${priority}`;
    return { cause: { code: "lower-priority-heard", text }, silence };
  }
  const who = following?.source ?? "any router";
  const text = `no advertisement from ${who} on ${config.interface} for ${formatDuration(silence)}`;
  return { cause: { code: "active-down", text }, silence };
}

export const STARTED: Cause = { code: "start", text: "listening for an Active router" };
export const FAULT_CLEARED: Cause = { code: "fault-cleared", text: "the fault is gone" };

export function yieldCause(member: Member, { source, heard }: Hearing): Cause {
  const { config, priority } = member;
  const ours =
    heard.priority === priority
      ? `ours is the same, but our address ${member.source} is lower`
      : `ours is ${priority}`;
  const text = `${source} advertises priority ${heard.priority} on ${config.interface}, ${ours}`;
  return { code: "higher-priority-heard", text };
}
