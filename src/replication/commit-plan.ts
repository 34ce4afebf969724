/**
 * Tells the kernel what the peer said, in batches: masters before related flows, deletions before all. Section 7 of the
 * protocol. A batch is filled, sent by the caller, and settled with what the kernel answered; until then none is filled.
 *
 * An entry that the kernel has already is never created twice: one that this router put there is updated, one that was there
 * before is deleted and created again, because the peer's copy is the one that counts.
 */
import { type Duration, type Instant, seconds, toSeconds } from "../base/time.ts";
import type { RequestOutcome } from "../wire/ctnetlink/flow-requests.ts";
import { expectationTimeout, flowTimeout, type Span } from "../wire/flow-record.ts";
import {
  AHEAD,
  BATCHED,
  DOOMED,
  type ExternalCache,
  IN_KERNEL,
  PENDING,
  REFUSED,
  RELATED,
  REPLACE,
} from "./external-cache.ts";
import { NONE, UNLISTED } from "./flow-table.ts";

/** Requests per batch; each may be answered by an error of some 40 bytes, which all must fit in a socket buffer. */
const BATCH_MAX = 1024;
/** Seconds for a flow whose timeout is unknown or has passed: the peer does not tell when traffic renews it. */
const TIMEOUT_UNKNOWN = 60;
/** Seconds left to any flow, so that it is still there for its next packet. */
const TIMEOUT_MIN = 10;
/** What was loaded for a takeover this recently is not loaded again. */
const FRESH_FOR: Duration = seconds(10);
/** Requests per batch of what is loaded ahead: half a millisecond's work. */
const AHEAD_BATCH_MAX = 128;
/** Seconds at most that a flow gets beyond its timeout when it is loaded ahead. */
const SPARE_MAX = 300;

/** "ends": only what is no more. "ahead": that, and what is to be loaded before any takeover. */
export type CommitScope = "ends" | "ahead" | "all";

/** What FlowRequests and ExpectationRequests have in common. */
export interface KernelRequests {
  create(record: Span, timeout: number, flags: number): RequestOutcome;
  delete(record: Span, flags: number): RequestOutcome;
  update?(record: Span, timeout: number | undefined, flags: number): RequestOutcome;
}

export interface CommitCounters {
  created: number;
  updated: number;
  deleted: number;
  /** There before, and replaced. */
  replaced: number;
  /** Refused by the kernel, by errno. Those of which no request can be made count under 0. */
  readonly failed: Map<number, number>;
}

type Step = "create" | "update" | "clear" | "delete";

const ENOENT = 2;
const EEXIST = 17;

export class CommitPlan {
  readonly counters: CommitCounters = {
    created: 0,
    updated: 0,
    deleted: 0,
    replaced: 0,
    failed: new Map<number, number>(),
  };
  readonly #cache: ExternalCache;
  #timeout: number | undefined;
  readonly #slots = new Int32Array(BATCH_MAX);
  readonly #steps: Step[] = [];
  readonly #errors = new Int32Array(BATCH_MAX);
  #count = 0;
  #scope: CommitScope = "all";

  /** `timeout`: of all committed entries; undefined estimates it from what the peer sent. */
  constructor(cache: ExternalCache, timeout: Duration | undefined) {
    this.#cache = cache;
    this.setTimeout(timeout);
  }

  /** Of what is committed from now on; undefined estimates it. */
  setTimeout(timeout: Duration | undefined): void {
    this.#timeout = timeout === undefined ? undefined : Math.round(toSeconds(timeout));
  }

  /** Whether there is nothing more to tell, and nothing is on its way. */
  get isDone(): boolean {
    return this.#count === 0 && this.#cache.pendingCount === 0 && this.#cache.doomedCount === 0;
  }

  get hasDoomed(): boolean {
    return this.#cache.doomedCount > 0;
  }

  /** Entries that the kernel refused since it was last asked. */
  get failedCount(): number {
    let sum = 0;
    for (const count of this.counters.failed.values()) sum += count;
    return sum;
  }

  /** Appends requests until `requests` or the batch is full. Returns how many; the caller numbers them from 0. */
  fill(requests: KernelRequests, scope: CommitScope, now: Instant): number {
    if (this.#count > 0) throw new Error("the last batch is not settled");
    this.#scope = scope;
    const isOpen = this.#fillDoomed(requests);
    if (isOpen && scope === "ahead") this.#fillFrom(requests, AHEAD, now);
    if (isOpen && scope === "all") this.#fillAll(requests, now);
    return this.#count;
  }

  /** The kernel refused the request at `index` of the batch. */
  failed(index: number, errno: number): void {
    if (index >= 0 && index < this.#count) this.#errors[index] = errno;
  }

  /** The table is about to be emptied or exchanged: what is on its way is no longer of interest. */
  abandon(): void {
    for (let index = 0; index < this.#count; index += 1)
      this.#cache.table.unset(this.#slots[index] ?? NONE, BATCHED);
    this.#count = 0;
  }

  /** The kernel has answered the whole batch: what did not fail is done. */
  settle(now: Instant): void {
    const count = this.#count;
    this.#count = 0;
    for (let index = 0; index < count; index += 1)
      this.#cache.table.unset(this.#slots[index] ?? NONE, BATCHED);
    for (let index = 0; index < count; index += 1) {
      const slot = this.#slots[index] ?? NONE;
      this.#judge(this.#steps[index] ?? "clear", slot, this.#errors[index] ?? 0, now);
    }
  }

  /** Related flows need their masters in the kernel, so they wait until no master is left. */
  #fillAll(requests: KernelRequests, now: Instant): void {
    const { table } = this.#cache;
    for (const list of [AHEAD, PENDING]) if (!this.#fillFrom(requests, list, now)) return;
    if (table.lengthOf(AHEAD) + table.lengthOf(PENDING) === 0)
      this.#fillFrom(requests, RELATED, now);
  }

  #fillDoomed(requests: KernelRequests): boolean {
    const { table } = this.#cache;
    for (let slot = table.first(DOOMED); slot !== NONE; slot = table.first(DOOMED)) {
      if (this.#count >= BATCH_MAX) return false;
      const outcome = requests.delete(this.#cache.record(slot), 0);
      if (outcome === "full") return false;
      if (outcome === "unusable") {
        table.remove(slot);
        continue;
      }
      table.unlist(slot);
      this.#add(slot, "delete");
    }
    return true;
  }

  #fillFrom(requests: KernelRequests, list: number, now: Instant): boolean {
    const { table } = this.#cache;
    const max = this.#scope === "ahead" ? AHEAD_BATCH_MAX : BATCH_MAX;
    for (let slot = table.first(list); slot !== NONE; slot = table.first(list)) {
      if (this.#count + 2 > max) return false;
      const outcome = this.#write(requests, slot, now);
      if (outcome === "full") return false;
      table.unlist(slot);
      if (outcome === "unusable") this.#refuse(slot, 0);
    }
    return true;
  }

  #write(requests: KernelRequests, slot: number, now: Instant): RequestOutcome {
    const { table } = this.#cache;
    const record = this.#cache.record(slot);
    const own = this.#timeoutOf(slot, record, now);
    const timeout = this.#scope === "ahead" ? own + spareOf(own) : own;
    if (table.has(slot, IN_KERNEL) && !table.has(slot, REPLACE) && requests.update !== undefined)
      return this.#note(requests.update(record, timeout, 0), slot, "update");
    if (table.has(slot, IN_KERNEL | REPLACE)) {
      // The create that follows may not fit; then the next batch tries both again, and misses nothing.
      const cleared = this.#note(requests.delete(record, 0), slot, "clear");
      if (cleared !== "written") return cleared;
    }
    return this.#note(requests.create(record, timeout, 0), slot, "create");
  }

  #note(outcome: RequestOutcome, slot: number, step: Step): RequestOutcome {
    if (outcome === "written") this.#add(slot, step);
    return outcome;
  }

  #add(slot: number, step: Step): void {
    this.#slots[this.#count] = slot;
    this.#steps[this.#count] = step;
    this.#errors[this.#count] = 0;
    this.#count += 1;
    this.#cache.table.set(slot, BATCHED);
  }

  /** Seconds, section 7.2. */
  #timeoutOf(slot: number, record: Span, now: Instant): number {
    if (this.#timeout !== undefined) return this.#timeout;
    const { table } = this.#cache;
    const told = table.kind === "flow" ? flowTimeout(record) : expectationTimeout(record);
    if (told === undefined) return TIMEOUT_UNKNOWN;
    const left = told - Math.floor(toSeconds(table.idle(slot, now)));
    return left > 0 ? Math.max(left, TIMEOUT_MIN) : TIMEOUT_UNKNOWN;
  }

  #committed(slot: number, now: Instant): void {
    const freshFor =
      this.#scope === "ahead"
        ? seconds(spareOf(this.#timeoutOf(slot, this.#cache.record(slot), now)))
        : FRESH_FOR;
    this.#cache.committed(slot, freshFor, now);
  }

  #judge(step: Step, slot: number, errno: number, now: Instant): void {
    switch (step) {
      case "create":
        this.#created(slot, errno, now);
        break;
      case "update":
        this.#updated(slot, errno, now);
        break;
      case "clear":
        // Whether there was anything to delete shows when it is created.
        break;
      case "delete":
        this.#deleted(slot);
        break;
      default:
        break;
    }
  }

  #created(slot: number, errno: number, now: Instant): void {
    const { table } = this.#cache;
    const wasReplaced = table.has(slot, REPLACE);
    if (errno === 0) {
      this.#committed(slot, now);
      this.counters.created += 1;
      if (wasReplaced) this.counters.replaced += 1;
    } else if (errno === EEXIST && !wasReplaced) {
      table.set(slot, REPLACE);
      this.#planLiving(slot);
    } else {
      this.#refuse(slot, errno);
    }
  }

  #updated(slot: number, errno: number, now: Instant): void {
    const { table } = this.#cache;
    if (errno === 0) {
      this.#committed(slot, now);
      this.counters.updated += 1;
      return;
    }
    if (errno === ENOENT) table.unset(slot, IN_KERNEL);
    else table.set(slot, REPLACE);
    this.#planLiving(slot);
  }

  /** The kernel does not have it any more, or never had: either is what was wanted. */
  #deleted(slot: number): void {
    const { table } = this.#cache;
    this.counters.deleted += 1;
    table.unset(slot, IN_KERNEL | REPLACE);
    if (table.isDead(slot)) table.remove(slot);
    else this.#cache.plan(slot);
  }

  #refuse(slot: number, errno: number): void {
    const { table } = this.#cache;
    this.counters.failed.set(errno, (this.counters.failed.get(errno) ?? 0) + 1);
    table.unset(slot, IN_KERNEL | REPLACE);
    if (table.isDead(slot)) table.remove(slot);
    else table.set(slot, REFUSED);
  }

  #planLiving(slot: number): void {
    const { table } = this.#cache;
    if (!table.isDead(slot)) this.#cache.plan(slot);
    else if (table.listOf(slot) === UNLISTED) table.enlist(slot, DOOMED);
  }
}

/**
 * Seconds that a flow gets beyond its timeout when it is loaded ahead, and after which it gets more: it must never have less
 * than its timeout left, whenever a takeover comes.
 */
const spareOf = (timeout: number): number => Math.min(SPARE_MAX, Math.ceil(timeout / 2));
