/** Asks the kernel to run the calling thread before everybody else. */
import type { Scheduling } from "../config/model.ts";
import { setNice, setRealtimePriority } from "../kernel/scheduling.ts";

export interface RealtimeOutcome {
  readonly realtimePriority: number | null;
  /** The kernel's answer where it refused. */
  readonly realtimeRefusal: string | null;
}

/** Above ordinary work and below the kernel's own threads and watchdogs. */
const PRIORITY_DEFAULT = 50;

const vrrpPriority = ({ realtimePriority }: Scheduling): number =>
  realtimePriority ?? PRIORITY_DEFAULT;

/** Enough not to lose events of the kernel to programs that compute; advertisements come first at all times. */
const REPLICATION_PRIORITY = 10;

/** Of the replication thread; null when nothing lies below that of the VRRP thread. */
export function replicationPriority(scheduling: Scheduling): number | null {
  const priority = Math.min(REPLICATION_PRIORITY, vrrpPriority(scheduling) - 1);
  return priority < 1 ? null : priority;
}

export function askForRealtime(scheduling: Scheduling): RealtimeOutcome {
  const { nice } = scheduling;
  if (nice !== undefined) setNice(nice);
  const priority = vrrpPriority(scheduling);
  const answer = setRealtimePriority(priority);
  return answer.granted
    ? { realtimePriority: priority, realtimeRefusal: null }
    : { realtimePriority: null, realtimeRefusal: answer.error.message };
}
