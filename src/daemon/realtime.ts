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

export function askForRealtime({ realtimePriority, nice }: Scheduling): RealtimeOutcome {
  if (nice !== undefined) setNice(nice);
  const priority = realtimePriority ?? PRIORITY_DEFAULT;
  const answer = setRealtimePriority(priority);
  return answer.granted
    ? { realtimePriority: priority, realtimeRefusal: null }
    : { realtimePriority: null, realtimeRefusal: answer.error.message };
}
