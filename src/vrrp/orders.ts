/** The orders that every transition is made of: what members say to the network, and what scripts are told. */
import { after, type Instant } from "../base/time.ts";
import { PRIORITY_RESIGN } from "./config.ts";
import type { Burst, NotifyState, RouterAction } from "./events.ts";
import type { Member } from "./member.ts";

export function advertise(member: Member, priority: number, out: RouterAction[]): void {
  member.counters.advertisementsSent += 1;
  if (priority === PRIORITY_RESIGN) member.counters.priorityZeroSent += 1;
  out.push({ type: "advertise", instance: member.config.name, priority });
}

/** Every member is Active from now on and says so. */
export function claim(members: readonly Member[], now: Instant, out: RouterAction[]): void {
  for (const member of members) {
    member.state = { name: "active", advertiseAt: after(now, member.config.interval) };
    advertise(member, member.priority, out);
  }
}

/** Priority 0 of every member: its backups need not wait for the rest of their time. */
export function resign(members: readonly Member[], out: RouterAction[]): void {
  for (const member of members) advertise(member, PRIORITY_RESIGN, out);
}

/** One burst per member that has rounds of that kind. */
export const burstsOf = (
  members: readonly Member[],
  kind: "repeat" | "lowerPriorityRepeat",
): Burst[] =>
  members
    .map(({ config }) => ({ instance: config.name, rounds: config.announcements[kind] }))
    .filter(({ rounds }) => rounds > 0);

/** Members in order, then the group if there is one; groups have priority 0. */
export function notifyAll(
  members: readonly Member[],
  group: string | undefined,
  state: NotifyState,
  out: RouterAction[],
): void {
  for (const { config, priority } of members)
    out.push(notification("INSTANCE", config.name, state, priority));
  if (group !== undefined) out.push(notification("GROUP", group, state, 0));
}

export const notification = (
  scope: "INSTANCE" | "GROUP",
  name: string,
  state: NotifyState,
  priority: number,
): RouterAction => ({ type: "notify", scope, name, state, priority });
