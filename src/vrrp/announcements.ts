/**
 * When an Active router tells its neighbours where the virtual addresses are: a burst on becoming Active and again a little
 * later, a burst when another router claimed the role, and refreshes if wanted (garp_master_* in keepalived.conf(5)).
 */
import { after, type Duration, earliest, type Instant, NO_TIME, sum } from "../base/time.ts";
import type { AnnouncementConfig } from "./config.ts";

/** Bursts that are still to come. */
export interface AnnouncementSchedule {
  readonly secondAt: Instant | undefined;
  readonly refreshAt: Instant | undefined;
  readonly lowerSecondAt: Instant | undefined;
}

export const NO_ANNOUNCEMENTS: AnnouncementSchedule = {
  secondAt: undefined,
  refreshAt: undefined,
  lowerSecondAt: undefined,
};

/** The schedule after the first burst on becoming Active. */
export function scheduleAnnouncements(
  { delay, refresh }: AnnouncementConfig,
  now: Instant,
): AnnouncementSchedule {
  return {
    secondAt: later(now, delay),
    refreshAt: refresh === NO_TIME ? undefined : after(now, sum(delay, refresh)),
    lowerSecondAt: undefined,
  };
}

/** The schedule after the burst that answers an advertisement of lower priority. */
export function scheduleSecondAnswer(
  schedule: AnnouncementSchedule,
  config: AnnouncementConfig,
  now: Instant,
): AnnouncementSchedule {
  if (config.lowerPriorityRepeat === 0) return schedule;
  return { ...schedule, lowerSecondAt: later(now, config.lowerPriorityDelay) };
}

/** The schedule after a burst for addresses that a reload added. */
export const scheduleSecond = (
  schedule: AnnouncementSchedule,
  { delay }: AnnouncementConfig,
  now: Instant,
): AnnouncementSchedule => ({ ...schedule, secondAt: later(now, delay) });

/** What is left of a schedule under a new configuration. Refreshes, if any, begin at once, as in keepalived. */
export const reschedule = (
  schedule: AnnouncementSchedule,
  { delay, refresh, lowerPriorityRepeat, lowerPriorityDelay }: AnnouncementConfig,
  now: Instant,
): AnnouncementSchedule => ({
  secondAt: delay === NO_TIME ? undefined : schedule.secondAt,
  refreshAt: refresh === NO_TIME ? undefined : now,
  lowerSecondAt:
    lowerPriorityRepeat === 0 || lowerPriorityDelay === NO_TIME
      ? undefined
      : schedule.lowerSecondAt,
});

export const nextAnnouncement = (schedule: AnnouncementSchedule): Instant | undefined =>
  earliest(earliest(schedule.secondAt, schedule.lowerSecondAt), schedule.refreshAt);

/** Rounds that are due now, the largest of the bursts that fall together, and what is left of the schedule. */
export function dueAnnouncements(
  schedule: AnnouncementSchedule,
  config: AnnouncementConfig,
  now: Instant,
): { readonly rounds: number; readonly schedule: AnnouncementSchedule } {
  const isDue = (at: Instant | undefined): boolean => at !== undefined && now >= at;
  const second = isDue(schedule.secondAt);
  const lower = isDue(schedule.lowerSecondAt);
  const refresh = isDue(schedule.refreshAt);
  return {
    rounds: Math.max(
      second ? config.repeat : 0,
      lower ? config.lowerPriorityRepeat : 0,
      refresh ? config.refreshRepeat : 0,
    ),
    schedule: {
      secondAt: second ? undefined : schedule.secondAt,
      lowerSecondAt: lower ? undefined : schedule.lowerSecondAt,
      refreshAt: refresh ? after(now, config.refresh) : schedule.refreshAt,
    },
  };
}

const later = (now: Instant, delay: Duration): Instant | undefined =>
  delay === NO_TIME ? undefined : after(now, delay);
