/**
 * One VRRP instance: its timers and what an advertisement means to it. Decisions about state are the unit's (a sync group
 * moves as one); here is what RFC 9568 section 6.4 and keepalived say about a single virtual router.
 */
import { compareIp, type IpAddress } from "../base/ip.ts";
import { after, type Duration, earliest, type Instant, sum, times } from "../base/time.ts";
import type { RefusalReason } from "./admission.ts";
import { type AnnouncementSchedule, NO_ANNOUNCEMENTS, nextAnnouncement } from "./announcements.ts";
import { type InstanceConfig, PRIORITY_OWNER, PRIORITY_RESIGN } from "./config.ts";
import type { HeardAdvertisement } from "./events.ts";
import type { Hearing } from "./notices.ts";
import { activeDownInterval, skewTime } from "./timing.ts";

/** An Active router that a Backup hears. */
interface FollowedActive {
  readonly source: IpAddress;
  readonly priority: number;
  readonly heardAt: Instant;
}

export type MemberState =
  /** Not taking part: before start, in fault, after shutdown. */
  | { readonly name: "idle" }
  | {
      readonly name: "backup";
      /** Interval of the Active router's advertisements; learned in version 3. */
      readonly interval: Duration;
      readonly downAt: Instant;
      /** The timer has run out: this instance would be Active if it were alone. */
      readonly wantsActive: boolean;
      readonly following: FollowedActive | undefined;
      /** An Active router of lower priority, which is going to be preempted. */
      readonly preempting: FollowedActive | undefined;
      /** A preemption is announced and begins then. */
      readonly preemptFrom: Instant | undefined;
      /** The Active router has resigned. */
      readonly resigned: boolean;
    }
  | { readonly name: "active"; readonly advertiseAt: Instant };

export type Backup = Extract<MemberState, { name: "backup" }>;

export interface Member {
  config: InstanceConfig;
  state: MemberState;
  /** Base priority and what the trackers add. */
  priority: number;
  /** Where advertisements are sent from; undefined while there is no such address. */
  source: IpAddress | undefined;
  /** Why it cannot listen; who cannot hear must not be Active. */
  deaf: string | undefined;
  announcements: AnnouncementSchedule;
  counters: MemberCounters;
}

interface MemberCounters {
  advertisementsReceived: number;
  advertisementsSent: number;
  priorityZeroReceived: number;
  priorityZeroSent: number;
  becameActive: number;
  releasedActive: number;
  objectsHealed: number;
  readonly refused: Partial<Record<RefusalReason, number>>;
}

export function newMember(config: InstanceConfig): Member {
  return {
    config,
    state: { name: "idle" },
    priority: config.priority,
    source: undefined,
    deaf: undefined,
    announcements: NO_ANNOUNCEMENTS,
    counters: {
      advertisementsReceived: 0,
      advertisementsSent: 0,
      priorityZeroReceived: 0,
      priorityZeroSent: 0,
      becameActive: 0,
      releasedActive: 0,
      objectsHealed: 0,
      refused: {},
    },
  };
}

/** Active_Down_Interval of this member if the Active router speaks every `interval`. */
const downInterval = ({ config, priority }: Member, interval: Duration): Duration =>
  activeDownInterval(config.version, priority, interval, config.downAdverts);

const skewOf = ({ config, priority }: Member, interval: Duration): Duration =>
  skewTime(config.version, priority, interval);

/** A Backup that waits `patience` (by default one Active_Down_Interval) before it wants to be Active. */
export function listening(
  member: Member,
  now: Instant,
  patience: Duration = downInterval(member, member.config.interval),
): Backup {
  return {
    name: "backup",
    interval: member.config.interval,
    downAt: after(now, patience),
    wantsActive: false,
    following: undefined,
    preempting: undefined,
    preemptFrom: undefined,
    resigned: false,
  };
}

/** One interval and the skew: enough to hear an Active router that is there. */
export const shortPatience = (member: Member): Duration =>
  sum(member.config.interval, skewOf(member, member.config.interval));

/** True when `gap` is longer than the peers, or we as one of them, wait for an advertisement at the least. */
export const outlasts = (gap: Duration, { config, state }: Member): boolean =>
  gap > times(state.name === "backup" ? state.interval : config.interval, config.downAdverts);

/** RFC 9568 section 6.4.2, rows (420) to (470), with keepalived's preempt_delay. */
export function hearAsBackup(
  member: Member,
  state: Backup,
  hearing: Hearing,
  now: Instant,
): Backup {
  const { source, heard } = hearing;
  if (heard.priority === PRIORITY_RESIGN)
    return { ...state, downAt: after(now, skewOf(member, state.interval)), resigned: true };
  if (!member.config.preempt || heard.priority >= member.priority)
    return follow(member, hearing, now, undefined);
  const preemptFrom = state.preemptFrom ?? after(now, member.config.preemptDelay);
  if (now < preemptFrom) return follow(member, hearing, now, preemptFrom);
  // A lower priority is not listened to: the timer goes on running, and when it ends we take over.
  return { ...state, preemptFrom, preempting: { source, priority: heard.priority, heardAt: now } };
}

/** Becomes or stays a Backup of the router that was heard. */
export function follow(
  member: Member,
  { source, heard }: Hearing,
  now: Instant,
  preemptFrom: Instant | undefined,
): Backup {
  const interval = member.config.version === 3 ? heard.interval : member.config.interval;
  return {
    name: "backup",
    interval,
    downAt: after(now, downInterval(member, interval)),
    wantsActive: false,
    following: { source, priority: heard.priority, heardAt: now },
    preempting: undefined,
    preemptFrom,
    resigned: false,
  };
}

/** Another member still hears an Active router: those whose time is over wait for it, one Active_Down_Interval at a time. */
export function waitOn(members: readonly Member[], now: Instant): void {
  for (const member of members) {
    const { state } = member;
    if (state.name === "backup" && now >= state.downAt)
      member.state = { ...state, downAt: after(now, downInterval(member, state.interval)) };
  }
}

/** They take no part any more. */
export function retire(members: readonly Member[]): void {
  for (const member of members) {
    member.state = { name: "idle" };
    member.announcements = NO_ANNOUNCEMENTS;
  }
}

export type ActiveVerdict = "answer-resignation" | "yield" | "defend" | "same-source";

/** RFC 9568 section 6.4.3, rows (700) to (770): what an Active router does about another one. */
export function hearAsActive(
  member: Member,
  source: IpAddress,
  heard: HeardAdvertisement,
): ActiveVerdict {
  if (heard.priority === PRIORITY_RESIGN) return "answer-resignation";
  if (heard.priority !== member.priority)
    return heard.priority > member.priority ? "yield" : "defend";
  const own = member.source;
  if (own === undefined) return "yield";
  const order = compareIp(source, own);
  if (order === 0) return "same-source";
  return order > 0 ? "yield" : "defend";
}

/** The next advertisement, one interval after the one that was due, so that lateness does not add up. */
export function nextAdvertisement(state: MemberState, interval: Duration, now: Instant): Instant {
  const due = state.name === "active" ? state.advertiseAt : now;
  const next = after(due, interval);
  return next > now ? next : after(now, interval);
}

/** Changes the priority; a running Backup timer moves by the difference in skew. */
export function setPriority(member: Member, priority: number): void {
  const before = member.priority;
  member.priority = priority;
  if (member.state.name !== "backup") return;
  const { interval, downAt } = member.state;
  const { version } = member.config;
  const shift = skewTime(version, priority, interval) - skewTime(version, before, interval);
  member.state = { ...member.state, downAt: (downAt + shift) as Instant };
}

export const isOwner = (member: Member): boolean => member.config.priority === PRIORITY_OWNER;

export function memberDeadline({ state, announcements }: Member): Instant | undefined {
  if (state.name === "idle") return undefined;
  if (state.name === "backup") return state.downAt;
  return earliest(state.advertiseAt, nextAnnouncement(announcements));
}
