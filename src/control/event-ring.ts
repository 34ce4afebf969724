import type { EventPage, EventRecord, NewEvent } from "./contract.ts";

const EVENT_COUNT_MAX = 1_000;

/**
 * The newest events of this daemon, in order, and those who wait for more. Bounded: the oldest make room. Ids are those of
 * one life of the daemon ("3fa81c-12"), so that a reader who comes back after a restart is not told that it missed nothing.
 */
export class EventRing {
  readonly #life: string;
  readonly #countMax: number;
  readonly #listeners = new Set<(record: EventRecord) => void>();
  #records: EventRecord[] = [];
  #next = 1;

  /** `life` distinguishes this life of the daemon from others: letters and digits. */
  constructor(life: string, countMax: number = EVENT_COUNT_MAX) {
    this.#life = life;
    this.#countMax = countMax;
  }

  /** Keeps an event and tells every subscriber. */
  append(event: NewEvent): EventRecord {
    const record = { id: `${this.#life}-${this.#next}`, ...event };
    this.#next += 1;
    this.#records.push(record);
    if (this.#records.length > this.#countMax) this.#records.shift();
    for (const listener of this.#listeners) listener(record);
    return record;
  }

  /** Where a reader starts who wants only what happens from now on. */
  newestId(): string {
    return `${this.#life}-${this.#next - 1}`;
  }

  /** The newest `limit` events, oldest first. */
  latest(limit: number): EventPage {
    return { events: this.#records.slice(-limit), complete: true, next: this.newestId() };
  }

  /** The oldest `limit` events after the one with the id `since`. An id of another life is before all of ours. */
  after(since: string, limit: number): EventPage {
    const first = this.#next - this.#records.length;
    const wanted = this.#sequence(since) + 1;
    const start = Math.max(0, wanted - first);
    const known = since.startsWith(`${this.#life}-`);
    const events = this.#records.slice(start, start + limit);
    const complete = known && wanted >= first;
    return { events, complete, next: events.at(-1)?.id ?? this.newestId() };
  }

  /** Returns the function that ends the subscription. `listener` must not throw. */
  subscribe(listener: (record: EventRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How many wait for events. */
  subscriberCount(): number {
    return this.#listeners.size;
  }

  #sequence(id: string): number {
    const [life, text = ""] = id.split("-");
    return life === this.#life && /^\d{1,15}$/.test(text) ? Number(text) : 0;
  }
}
