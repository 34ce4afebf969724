/** The timers of RFC 3768 section 6.1 and RFC 9568 section 6.1, in microseconds. */
import { type Duration, microseconds, seconds, sum, times } from "../base/time.ts";
import type { VrrpVersion } from "./config.ts";

/** Skew_Time: the lower the priority, the longer a Backup waits, so the best one speaks first. Version 2 counts in seconds, version 3 in intervals. */
export function skewTime(version: VrrpVersion, priority: number, interval: Duration): Duration {
  const unit = version === 2 ? seconds(1) : interval;
  return microseconds(Math.round(((256 - priority) * unit) / 256));
}

/** Active_Down_Interval: how long silence lasts until the Active router counts as down. `adverts` is 3 in the RFCs. */
export function activeDownInterval(
  version: VrrpVersion,
  priority: number,
  interval: Duration,
  adverts: number,
): Duration {
  return sum(times(interval, adverts), skewTime(version, priority, interval));
}
