/**
 * Both caches of one kind, flows or expectations, with what is told to the kernel about them, and how they trade places. On a
 * takeover the external table becomes the internal one as a whole: what the peer said, and the kernel now has, is from then on
 * this router's own. What the internal table held before is added where it is not known better.
 */
import { between, type Duration, type Instant, NO_TIME } from "../base/time.ts";
import { Span } from "../wire/flow-record.ts";
import { CommitPlan, type CommitScope, type KernelRequests } from "./commit-plan.ts";
import { ExternalCache, IN_KERNEL } from "./external-cache.ts";
import { FlowTable, NONE, type TableOptions } from "./flow-table.ts";
import { InternalCache } from "./internal-cache.ts";
import { KernelPurge } from "./kernel-purge.ts";

/** Entries of a table that was given up, looked at per call. */
const DRAIN_MAX = 4096;

export interface CachePairOptions extends TableOptions {
  /** False: the kernel's news go to the wire without being kept. */
  readonly isKept: boolean;
  /** Dead entries at most that wait for the peer to hear of their end. */
  readonly deadMax: number;
  /** What the peer says goes into the kernel at once, not only at a takeover. */
  readonly isEager: boolean;
  /** Whether a backup has flows of the peer in its kernel before any takeover. */
  readonly loadsAhead: () => boolean;
  readonly commitTimeout: Duration | undefined;
  /** Whether this router is active, and has taken over whatever there was. */
  readonly isSettled: () => boolean;
}

export class CachePair {
  readonly internal: InternalCache | undefined;
  readonly external: ExternalCache;
  readonly plan: CommitPlan;
  readonly purge: KernelPurge;
  readonly #options: CachePairOptions;
  readonly #record = new Span(new DataView(new ArrayBuffer(0)));
  /** The table that was given up in the last takeover, until it is empty. */
  #retired: FlowTable | undefined;
  #retiredSlot = 0;
  /** What the kernel said of entries of the old table since loading began is newer than what the peer said. */
  #retiredIsNews: Duration = NO_TIME;
  /** It is the peer's: whoever spoke last of an entry is right. */
  #isJoining = false;
  #spare: FlowTable | undefined;
  #loadedSince: Instant | undefined;
  #batch: "purge" | "commit" | undefined;

  constructor(options: CachePairOptions) {
    this.#options = options;
    this.internal = options.isKept ? new InternalCache(options) : undefined;
    this.external = new ExternalCache(options, options.isEager);
    this.external.isOwn = (record) => options.isSettled() && this.internal?.knows(record) === true;
    this.plan = new CommitPlan(this.external, options.commitTimeout);
    this.purge = new KernelPurge(this.internal, this.external);
  }

  /** Whether an old table still has to be added to the new one. */
  get isDraining(): boolean {
    return this.#retired !== undefined;
  }

  /** Bytes that were touched in all tables. */
  get touchedBytes(): number {
    const internal = this.internal?.table.touchedBytes ?? 0;
    return internal + this.external.table.touchedBytes + (this.#retired?.touchedBytes ?? 0);
  }

  /**
   * Loading for a takeover begins: what is not in the kernel as it should be is loaded, and all of it if `isWhole`. Where this
   * router `isActive` already, flows of which its own kernel said something later than the peer stay as they are. Returns how
   * many entries are in the kernel as they should be.
   */
  beginLoading(
    { isWhole, isActive }: { readonly isWhole: boolean; readonly isActive: boolean },
    now: Instant,
  ): number {
    this.#loadedSince = now;
    const { internal } = this;
    if (internal === undefined || !isActive) return this.external.reopen(isWhole, now);
    return this.external.reopen(isWhole, now, (record, idle) => {
      const own = internal.idleOf(record, now);
      return own !== undefined && own < idle;
    });
  }

  /** Whether there is something to tell the kernel; `loads`: for a takeover. */
  hasWrites(loads: boolean): boolean {
    if (this.purge.isRunning || this.plan.hasDoomed) return true;
    return (loads || this.#options.isEager) && this.external.pendingCount > 0;
  }

  /** Begins to delete this router's flows from its kernel, and with them those of the peer that are loaded if `isWhole`. */
  startPurge(isWhole: boolean): void {
    const sparesExternal = this.#options.isEager || (!isWhole && this.#options.loadsAhead());
    this.purge.start({ sparesExternal });
  }

  /** Appends requests to the kernel and returns how many. They are to be settled before the next call. */
  fill(requests: KernelRequests, scope: CommitScope, now: Instant): number {
    this.#batch = this.purge.isRunning ? "purge" : "commit";
    if (this.#batch === "purge") return this.purge.fill(requests);
    return this.plan.fill(requests, this.#options.isEager ? "all" : scope, now);
  }

  /** The kernel refused a request of the last batch. That what is to be purged is gone already does not matter. */
  refused(index: number, errno: number): void {
    if (this.#batch === "commit") this.plan.failed(index, errno);
  }

  settle(now: Instant): void {
    if (this.#batch === "commit") this.plan.settle(now);
    this.#batch = undefined;
  }

  /** Makes the peer's entries that are in the kernel this router's own. Returns how many they are. */
  adopt(now: Instant): number {
    const { internal, external, plan } = this;
    plan.abandon();
    while (this.#retired !== undefined) this.drain(now);
    this.#isJoining = false;
    this.#retiredIsNews = between(this.#loadedSince ?? now, now);
    const table = external.exchange(this.#spare ?? new FlowTable(this.#options));
    this.#spare = undefined;
    if (internal === undefined) return 0;
    this.#retired = internal.exchange(table);
    this.#retiredSlot = 0;
    for (let slot = 0; slot < table.slotEnd; slot += 1) {
      if (!table.holds(slot)) continue;
      if (table.has(slot, IN_KERNEL) && !table.isDead(slot)) internal.markAdopted(slot);
      else table.remove(slot);
    }
    return table.count;
  }

  /** Adds the peer's entries that are in the kernel to this router's own, portion by portion. Returns how many they are. */
  join(now: Instant): number {
    const { internal, external, plan } = this;
    plan.abandon();
    while (this.#retired !== undefined) this.drain(now);
    const table = external.exchange(this.#spare ?? new FlowTable(this.#options));
    this.#spare = undefined;
    if (internal === undefined) return 0;
    this.#retired = table;
    this.#retiredSlot = 0;
    this.#isJoining = true;
    for (let slot = 0; slot < table.slotEnd; slot += 1)
      if (table.holds(slot) && (table.isDead(slot) || !table.has(slot, IN_KERNEL)))
        table.remove(slot);
    return table.count;
  }

  /** Adds a portion of the table that was given up to the internal one. */
  drain(now: Instant): void {
    const table = this.#retired;
    if (table === undefined || this.internal === undefined) return;
    const end = Math.min(table.slotEnd, this.#retiredSlot + DRAIN_MAX);
    for (; this.#retiredSlot < end; this.#retiredSlot += 1) {
      const slot = this.#retiredSlot;
      if (!table.holds(slot) || table.isDead(slot)) continue;
      const record = table.load(slot, this.#record);
      const known = this.#isJoining
        ? (this.internal.idleOf(record, now) ?? NO_TIME)
        : this.#retiredIsNews;
      this.internal.adopt(record, table.idle(slot, now) < known, now);
    }
    if (this.#retiredSlot < table.slotEnd) return;
    table.clear();
    this.#retired = undefined;
    this.#spare = table;
  }

  /** The kernel lost a flow that is known neither as own nor as the peer's: it may be in the old table. */
  forgetRetired(record: Span): void {
    const slot = this.#retired?.find(record) ?? NONE;
    if (slot !== NONE) this.#retired?.remove(slot);
  }

  /** Empties a cache and tells nobody. What is in the kernel stays there, unless it was only `loadedAhead`. */
  flushExternal(loadedAhead: boolean): void {
    this.plan.abandon();
    if (loadedAhead) this.external.doom();
    else this.external.clear();
  }

  flushInternal(): void {
    this.internal?.clear();
    this.#retired = undefined;
  }
}
