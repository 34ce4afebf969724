/**
 * Deletes from the kernel what this router no longer answers for, after it was active: the flows of the internal cache, and,
 * unless they belong there, flows of the peer that were loaded. Without this, flows that ended on the other router meanwhile
 * would be met again, in an old state, when this router takes over once more.
 */
import type { Span } from "../wire/flow-record.ts";
import type { KernelRequests } from "./commit-plan.ts";
import { type ExternalCache, IN_KERNEL } from "./external-cache.ts";
import { NONE } from "./flow-table.ts";
import type { InternalCache } from "./internal-cache.ts";

/** Slots looked at per batch, most of which may be empty. */
const SCAN_MAX = 8192;
/** Requests per batch. */
const BATCH_MAX = 1024;

export class KernelPurge {
  readonly #internal: InternalCache | undefined;
  readonly #external: ExternalCache;
  /** Whether flows of the peer are in the kernel because they belong there, and have to stay. */
  #sparesExternal = false;
  #stage: "idle" | "internal" | "external" = "idle";
  #slot = 0;
  #deleted = 0;

  constructor(internal: InternalCache | undefined, external: ExternalCache) {
    this.#internal = internal;
    this.#external = external;
  }

  get isRunning(): boolean {
    return this.#stage !== "idle";
  }

  /** Flows deleted in all. */
  get deletedCount(): number {
    return this.#deleted;
  }

  start({ sparesExternal }: { readonly sparesExternal: boolean }): void {
    this.#sparesExternal = sparesExternal;
    this.#enter("internal");
  }

  /** Only flows of the peer that were loaded. */
  startWithPeers(): void {
    this.#sparesExternal = false;
    this.#enter("external");
  }

  cancel(): void {
    this.#stage = "idle";
  }

  /** Appends requests until `requests` or the batch is full. Returns how many. Their answers do not matter. */
  fill(requests: KernelRequests): number {
    const before = this.#deleted;
    if (this.#stage === "internal" && this.#purgeInternal(requests)) this.#enter("external");
    if (this.#stage === "external" && this.#purgeExternal(requests)) this.#enter("idle");
    return this.#deleted - before;
  }

  #enter(stage: "internal" | "external" | "idle"): void {
    this.#stage = stage;
    this.#slot = 0;
  }

  #purgeInternal(requests: KernelRequests): boolean {
    const cache = this.#internal;
    if (cache === undefined) return true;
    const { table } = cache;
    const until = this.#deleted + BATCH_MAX;
    for (let budget = SCAN_MAX; this.#slot < table.slotEnd; this.#slot += 1, budget -= 1) {
      if (budget === 0 || this.#deleted >= until) return false;
      if (!table.holds(this.#slot)) continue;
      if (!this.#deleteFlow(requests, cache.record(this.#slot))) return false;
      table.remove(this.#slot);
    }
    return true;
  }

  #purgeExternal(requests: KernelRequests): boolean {
    if (this.#sparesExternal) return true;
    const { table } = this.#external;
    const until = this.#deleted + BATCH_MAX;
    for (let budget = SCAN_MAX; this.#slot < table.slotEnd; this.#slot += 1, budget -= 1) {
      if (budget === 0 || this.#deleted >= until) return false;
      if (!table.holds(this.#slot) || table.isDead(this.#slot)) continue;
      if (!table.has(this.#slot, IN_KERNEL)) continue;
      if (!this.#deleteFlow(requests, this.#external.record(this.#slot))) return false;
    }
    return true;
  }

  /** False when there is no more room. */
  #deleteFlow(requests: KernelRequests, record: Span): boolean {
    const slot = this.#external.table.find(record);
    const isPeers = slot !== NONE && this.#external.table.has(slot, IN_KERNEL);
    if (isPeers && this.#sparesExternal) return true;
    const outcome = requests.delete(record, 0);
    if (outcome === "full") return false;
    if (outcome === "written") this.#deleted += 1;
    this.#external.kernelForgot(record);
    return true;
  }
}
