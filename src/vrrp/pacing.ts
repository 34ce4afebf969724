/** Frames that must keep a distance from each other on one interface (vrrp_garp_interval, vrrp_gna_interval). */
import { after, type Duration, earliest, type Instant, NO_TIME } from "../base/time.ts";

interface Lane<T> {
  readonly waiting: T[];
  nextAt: Instant;
}

/** No lane waits for more than this; what comes on top is dropped, since a later refresh repeats it anyway. */
const WAITING_MAX = 4_096;

export class Pacer<T> {
  readonly #lanes = new Map<string, Lane<T>>();

  /**
   * Asks leave to send `item` in `lane`, whose items are at least `spacing` apart. True: send it now. False: it waits, and
   * `due` returns it in time.
   */
  admit(lane: string, item: T, spacing: Duration, now: Instant): boolean {
    if (spacing === NO_TIME) return true;
    const found = this.#lanes.get(lane) ?? { waiting: [], nextAt: now };
    this.#lanes.set(lane, found);
    if (found.waiting.length === 0 && now >= found.nextAt) {
      found.nextAt = after(now, spacing);
      return true;
    }
    if (found.waiting.length < WAITING_MAX) found.waiting.push(item);
    return false;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { waiting, nextAt } of this.#lanes.values())
      if (waiting.length > 0) deadline = earliest(deadline, nextAt);
    return deadline;
  }

  /** The items whose turn it is, at most one per lane. `spacingOf` gives the distance to each one's successor. */
  due(now: Instant, spacingOf: (item: T) => Duration): T[] {
    const items: T[] = [];
    for (const lane of this.#lanes.values()) {
      if (now < lane.nextAt) continue;
      const item = lane.waiting.shift();
      if (item === undefined) continue;
      lane.nextAt = after(now, spacingOf(item));
      items.push(item);
    }
    return items;
  }

  /** Drops what waits and is no longer wanted. */
  drop(isStale: (item: T) => boolean): void {
    for (const lane of this.#lanes.values())
      lane.waiting.splice(0, lane.waiting.length, ...lane.waiting.filter((item) => !isStale(item)));
  }
}
