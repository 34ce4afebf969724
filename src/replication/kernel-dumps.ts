/** When the kernel's tables are to be dumped, and what for. */
import { after, type Duration, earliest, type Instant, seconds } from "../base/time.ts";

/**
 * "populate": to bring the internal caches in line with the kernel. Without internal caches: "bulk", to send all flows to the
 * peer, and "flush", to delete them.
 */
export type DumpPurpose = "populate" | "bulk" | "flush";

const BY_URGENCY: readonly DumpPurpose[] = ["flush", "populate", "bulk"];
/** A dump that was cut short is tried again after this. */
const RETRY_AFTER: Duration = seconds(1);

export interface KernelDumpOptions {
  readonly overrunResync: Duration | undefined;
  readonly poll: Duration | undefined;
}

export class KernelDumps {
  #options: KernelDumpOptions;
  readonly #wanted = new Set<DumpPurpose>();
  #current: DumpPurpose | undefined;
  #populateAt: Instant | undefined;
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
    return this.#populateAt;
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

  /** Events were lost: the caches are brought in line once the storm may be over. */
  overran(now: Instant): void {
    this.#overruns += 1;
    if (this.#options.overrunResync !== undefined)
      this.wantAt(after(now, this.#options.overrunResync));
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
    if (this.#populateAt === undefined || now < this.#populateAt) return;
    this.#populateAt = undefined;
    this.want("populate");
  }
}
