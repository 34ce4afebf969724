/** When the kernel's tables are to be dumped, and what for. */
import {
  after,
  between,
  type Duration,
  earliest,
  type Instant,
  milliseconds,
  seconds,
  sum,
} from "../base/time.ts";

/**
 * "populate": to bring the internal caches in line with the kernel. Without internal caches: "bulk", to send all flows to the
 * peer, and "flush", to delete them.
 */
export type DumpPurpose = "populate" | "bulk" | "flush";

const BY_URGENCY: readonly DumpPurpose[] = ["flush", "populate", "bulk"];
/** A dump that was cut short is tried again after this. */
const RETRY_AFTER: Duration = seconds(1);
/**
 * After a burst of overruns the tables are read anew once none came for this long. Where reading them brings about the next
 * overrun, twice as long each time, and never longer than is configured after the first one of a burst.
 */
const CALM_MIN: Duration = milliseconds(500);
/** Overruns this long after the last one was made good have nothing to do with it. */
const FORGOTTEN_AFTER: Duration = seconds(60);

export interface KernelDumpOptions {
  /** The tables are read anew at the latest this long after events were lost; undefined: not at all. */
  readonly overrunResync: Duration | undefined;
  readonly poll: Duration | undefined;
}

export class KernelDumps {
  #options: KernelDumpOptions;
  readonly #wanted = new Set<DumpPurpose>();
  #current: DumpPurpose | undefined;
  #populateAt: Instant | undefined;
  /** When the burst of overruns is made good, and when at the latest. */
  #repairAt: Instant | undefined;
  #repairBy: Instant | undefined;
  #repairedAt: Instant | undefined;
  #calm: Duration = CALM_MIN;
  #completed = 0;
  #overruns = 0;

  constructor(options: KernelDumpOptions) {
    this.#options = options;
  }

  reconfigure(options: KernelDumpOptions): void {
    this.#options = options;
    if (options.poll === undefined) return;
    this.want("populate");
  }

  /** Complete dumps to bring the caches in line, the first one included. */
  get completedCount(): number {
    return this.#completed;
  }

  get overrunCount(): number {
    return this.#overruns;
  }

  /** The purpose of the dump that runs. */
  get current(): DumpPurpose | undefined {
    return this.#current;
  }

  get deadline(): Instant | undefined {
    return earliest(this.#populateAt, this.#repairAt);
  }

  /** What a dump is wanted for, while none runs. */
  get wanted(): DumpPurpose | undefined {
    if (this.#current !== undefined) return undefined;
    return BY_URGENCY.find((purpose) => this.#wanted.has(purpose));
  }

  want(purpose: DumpPurpose): void {
    this.#wanted.add(purpose);
  }

  wantAt(at: Instant): void {
    this.#populateAt = earliest(this.#populateAt, at);
  }

  /** Events were lost: the caches are brought in line as soon as the burst is over. */
  overran(now: Instant): void {
    this.#overruns += 1;
    const longest = this.#options.overrunResync;
    if (longest === undefined) return;
    if (this.#repairBy === undefined) {
      const isNew =
        this.#repairedAt === undefined || between(this.#repairedAt, now) > FORGOTTEN_AFTER;
      this.#calm = shorter(isNew ? CALM_MIN : sum(this.#calm, this.#calm), longest);
      this.#repairBy = after(now, longest);
    }
    this.#repairAt = earliest(after(now, this.#calm), this.#repairBy);
  }

  begin(): DumpPurpose {
    const purpose = this.wanted ?? "populate";
    this.#wanted.delete(purpose);
    this.#current = purpose;
    return purpose;
  }

  /** Returns what has ended. */
  end(isComplete: boolean, now: Instant): DumpPurpose | undefined {
    const purpose = this.#current;
    this.#current = undefined;
    if (purpose === "populate" && isComplete) this.#completed += 1;
    if (purpose !== undefined && !isComplete) this.wantAt(after(now, RETRY_AFTER));
    if (this.#options.poll !== undefined) this.wantAt(after(now, this.#options.poll));
    return purpose;
  }

  wake(now: Instant): void {
    if (this.#repairAt !== undefined && now >= this.#repairAt) {
      this.#repairAt = undefined;
      this.#repairBy = undefined;
      this.#repairedAt = now;
      this.want("populate");
    }
    if (this.#populateAt === undefined || now < this.#populateAt) return;
    this.#populateAt = undefined;
    this.want("populate");
  }
}

const shorter = (one: Duration, other: Duration): Duration => (one < other ? one : other);
