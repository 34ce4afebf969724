/** Follows slow downloads through a fault: which of them went on, which were reset, which just hang. */
import { after, between, type Duration, type Instant, milliseconds } from "../base/time.ts";
import type { DownloadEnded, Downloaded } from "./agents/messages.ts";

/** A download whose newest bytes were written this long ago hangs. The servers write twenty times a second. */
const FRESH: Duration = milliseconds(1_000);

export interface DownloadsSeen {
  readonly total: number;
  readonly alive: number;
  readonly reset: number;
  readonly stalled: number;
  /** From the fault until the last of those alive brought bytes that were written after it; null when none is alive. */
  readonly resumedAfter: Duration | null;
}

export class DownloadMeter {
  #latest: Downloaded | undefined;
  #faultAt: Instant | undefined;
  readonly #ended = new Map<number, string>();
  /** Since when each download brings fresh bytes without a pause. */
  readonly #freshSince = new Map<number, Instant>();

  get total(): number {
    return this.#latest?.stamps.length ?? 0;
  }

  /** From now on a download resumes when it is fresh again after its silence. */
  faultAt(now: Instant): void {
    this.#faultAt = now;
  }

  downloaded(message: Downloaded): void {
    this.#latest = message;
    for (const [download, stamp] of message.stamps.entries()) {
      if (!isFresh(stamp, message.at)) this.#freshSince.delete(download);
      else if (!this.#freshSince.has(download)) this.#freshSince.set(download, message.at);
    }
  }

  ended(message: DownloadEnded): void {
    this.#ended.set(message.download, message.reason);
  }

  view(): DownloadsSeen {
    const downloads = Array.from({ length: this.total }, (_, download) => download);
    const open = downloads.filter((download) => !this.#ended.has(download));
    const alive = open.filter((download) => this.#freshSince.has(download));
    return {
      total: this.total,
      alive: alive.length,
      reset: this.#ended.size,
      stalled: open.length - alive.length,
      resumedAfter: this.#resumedAfter(alive),
    };
  }

  #resumedAfter(alive: readonly number[]): Duration | null {
    const faultAt = this.#faultAt;
    if (faultAt === undefined || alive.length === 0) return null;
    const resumed = alive.map((download) => this.#freshSince.get(download) ?? faultAt);
    return between(faultAt, Math.max(...resumed) as Instant);
  }
}

const isFresh = (stamp: Instant, now: Instant): boolean => now <= after(stamp, FRESH);
