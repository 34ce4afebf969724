/**
 * How this router becomes the one that owns the flows, and how it ceases to be.
 *
 *    backup --late--> loading --finish--> active, adopting --loaded--> active --demote--> backup
 *             ^_________relax_________|
 *
 * Loading begins when an advertisement is late, and goes on until everything is in the kernel; news of the peer that come
 * meanwhile are loaded, too. `finish` makes this router the sender; once all is loaded, at once as a rule, the peer's flows
 * become its own and it brings the peer up to date as a whole.
 *
 * Where there are several units this router may be active already and take over a further one: then what is loaded is added to
 * its own flows, and what it knows better stays as it is.
 *
 * When the peer was only late, what was loaded stays in the kernel. It does no harm: no packet takes it up, it expires by
 * itself, and what the peer deletes is deleted. Next time it counts as loaded only if it was loaded just before.
 *
 * While this router is backup and nothing else is to be done, most of it is loaded ahead: see load-ahead.ts.
 *
 * On a demotion this router falls silent: its flows now belong to the peer, and what expires here is no news. They leave the
 * kernel after PurgeTimeout, unless a takeover begins before. A router that starts as backup deletes nothing: conntrackd does
 * so only when a script tells it to, and so does Duet.
 */
import { after, between, type Duration, type Instant, instant } from "../base/time.ts";
import type { CachePair } from "./cache-pair.ts";
import type { CommitCounters } from "./commit-plan.ts";

/** "alone": nobody says who is active, so that all flows of this router count, as with conntrackd. */
export type Role = "alone" | "active" | "backup";

/**
 * "late": the peer's advertisement is missing. "relax": it came after all. "claim": this router has claimed the role.
 * "finish": it takes the addresses. "demote": it is backup, also when it starts as such.
 */
export type TakeoverEvent = "late" | "relax" | "claim" | "finish" | "demote";

const IMMEDIATELY: Instant = instant(0);

export interface TakeoverReport {
  /** When loading began, when this router became active, and when the flows were its own. */
  readonly loadingAt: Instant;
  readonly activeAt: Instant | undefined;
  readonly adoptedAt: Instant | undefined;
  /** From the beginning of loading until all was in the kernel; undefined while it goes on. */
  readonly loadingTook: Duration | undefined;
  /** In the kernel as they should be when loading began. */
  readonly kept: number;
  readonly created: number;
  readonly updated: number;
  /** Among those created: there before in another form. */
  readonly replaced: number;
  /** By errno; 0 counts those that cannot be told to a kernel at all. */
  readonly failed: Readonly<Record<number, number>>;
  readonly adopted: number;
}

interface Totals {
  readonly created: number;
  readonly updated: number;
  readonly replaced: number;
  readonly failed: ReadonlyMap<number, number>;
}

export interface TakeoverOptions {
  readonly purgeTimeout: () => Duration;
  /** This router's flows begin, or cease, to be the ones that count. */
  readonly sendingChanged: (sends: boolean, now: Instant) => void;
  /** The peer's flows are this router's own now. */
  readonly adopted: (now: Instant) => void;
  /** This router's flows begin to be deleted from its kernel. */
  readonly purged: () => void;
}

export class Takeover {
  readonly #pairs: readonly CachePair[];
  readonly #options: TakeoverOptions;
  #role: Role = "alone";
  #isLoading = false;
  /** It was asked for by hand, and no takeover follows. */
  #endsWhenLoaded = false;
  #isAdopting = false;
  /** What is adopted joins flows of this router that count already. */
  #isFurther = false;
  /** It is being added, and the peer is told when that is done. */
  #isJoining = false;
  #purgeAt: Instant | undefined;
  #loadingAt: Instant | undefined;
  #loadedAt: Instant | undefined;
  #activeAt: Instant | undefined;
  #adoptedAt: Instant | undefined;
  #adopted = 0;
  #kept = 0;
  /** Of the last takeover that came to its end. */
  #last: TakeoverReport | undefined;
  #before: Totals = totalsOf([]);

  constructor(pairs: readonly CachePair[], options: TakeoverOptions) {
    this.#pairs = pairs;
    this.#options = options;
  }

  get role(): Role {
    return this.#role;
  }

  /** Whether the kernel is to be told what the peer said. */
  get loads(): boolean {
    return this.#isLoading;
  }

  /** This router is active, and what the peer said is not its own yet. */
  get isAdopting(): boolean {
    return this.#isAdopting;
  }

  /** Whether everything the peer said is in the kernel. */
  get isLoaded(): boolean {
    return this.#pairs.every(({ plan }) => plan.isDone);
  }

  /** When proceed() is wanted. Making the peer's flows this router's own comes after `finish`: no address waits for it. */
  get deadline(): Instant | undefined {
    return this.#isAdopting && this.isLoaded ? IMMEDIATELY : this.#purgeAt;
  }

  handle(event: TakeoverEvent, now: Instant): void {
    switch (event) {
      case "late":
      case "claim":
        this.#load(now);
        break;
      case "relax":
        if (!this.#isAdopting) this.#isLoading = false;
        break;
      case "finish":
        this.#activate(now);
        break;
      case "demote":
        this.#demote(now);
        break;
      default:
        break;
    }
  }

  /** Loads everything into the kernel without a change of role, as conntrackd -c does. */
  commit(now: Instant): void {
    this.#cancelPurge();
    this.#begin(true, now);
    this.#endsWhenLoaded = !this.#isAdopting;
  }

  /** Deletes this router's flows from its kernel after PurgeTimeout, as conntrackd -t does. */
  schedulePurge(now: Instant): void {
    this.#purgeAt ??= after(now, this.#options.purgeTimeout());
  }

  get isToPurge(): boolean {
    return this.#purgeAt !== undefined;
  }

  /** Whether this router is backup, and nobody waits for anything that is done to its kernel. */
  get isIdle(): boolean {
    if (this.#role !== "backup" || this.#isLoading || this.isToPurge) return false;
    return this.#pairs.every(({ purge }) => !purge.isRunning);
  }

  /** Deletes them now, and with `isWhole` also what was loaded of the peer's. */
  purge(isWhole: boolean): void {
    this.#purgeAt = undefined;
    for (const pair of this.#pairs) pair.startPurge(isWhole);
    this.#options.purged();
  }

  /** To be called after writes to the kernel, and at deadlines. */
  proceed(now: Instant): void {
    if (this.#purgeAt !== undefined && now >= this.#purgeAt) this.purge(false);
    for (const pair of this.#pairs) if (pair.isDraining) pair.drain(now);
    this.#finishJoining(now);
    if (!this.#isLoading || !this.isLoaded) return;
    this.#loadedAt ??= now;
    if (this.#isAdopting) this.#adopt(now);
    else if (this.#endsWhenLoaded) this.#isLoading = false;
  }

  /** The last or current loading. */
  report(): TakeoverReport | undefined {
    if (this.#loadingAt === undefined) return undefined;
    const totals = totalsOf(this.#pairs.map(({ plan }) => plan.counters));
    return {
      loadingAt: this.#loadingAt,
      activeAt: this.#activeAt,
      adoptedAt: this.#adoptedAt,
      loadingTook:
        this.#loadedAt === undefined ? undefined : between(this.#loadingAt, this.#loadedAt),
      kept: this.#kept,
      created: totals.created - this.#before.created,
      updated: totals.updated - this.#before.updated,
      replaced: totals.replaced - this.#before.replaced,
      failed: difference(totals.failed, this.#before.failed),
      adopted: this.#adopted,
    };
  }

  /** The last or current loading that belongs to a change of role. */
  lastTakeover(): TakeoverReport | undefined {
    const isUnfinished = this.#activeAt !== undefined && this.#adoptedAt === undefined;
    return isUnfinished ? this.report() : this.#last;
  }

  #load(now: Instant): void {
    if (this.#isAdopting) return;
    this.#cancelPurge();
    if (!this.#isLoading) this.#begin(false, now);
    this.#endsWhenLoaded = false;
  }

  /** `isWhole`: also what is in the kernel as it should be. */
  #begin(isWhole: boolean, now: Instant): void {
    this.#isLoading = true;
    this.#endsWhenLoaded = false;
    this.#loadingAt = now;
    this.#loadedAt = undefined;
    this.#activeAt = undefined;
    this.#adoptedAt = undefined;
    this.#adopted = 0;
    this.#before = totalsOf(this.#pairs.map(({ plan }) => plan.counters));
    this.#kept = 0;
    for (const pair of this.#pairs) {
      const isActive = this.#role === "active";
      this.#kept += pair.beginLoading({ isWhole, isActive }, now);
    }
  }

  #activate(now: Instant): void {
    this.#isFurther = this.#role === "active";
    if (this.#isFurther && (this.#isAdopting || !this.#isLoading)) return;
    this.#load(now);
    this.#role = "active";
    this.#activeAt = now;
    this.#isAdopting = true;
    if (!this.#isFurther) this.#options.sendingChanged(true, now);
  }

  #adopt(now: Instant): void {
    this.#isAdopting = false;
    this.#isLoading = false;
    this.#adoptedAt = now;
    for (const pair of this.#pairs)
      this.#adopted += this.#isFurther ? pair.join(now) : pair.adopt(now);
    this.#last = this.report();
    if (this.#isFurther) this.#isJoining = true;
    else this.#options.adopted(now);
  }

  #finishJoining(now: Instant): void {
    if (!this.#isJoining || this.#pairs.some(({ isDraining }) => isDraining)) return;
    this.#isJoining = false;
    this.#options.adopted(now);
  }

  #demote(now: Instant): void {
    if (this.#role === "backup") return;
    const wasActive = this.#role === "active";
    this.#role = "backup";
    this.#isLoading = false;
    this.#isAdopting = false;
    this.#isJoining = false;
    this.#options.sendingChanged(false, now);
    // What a router that never was active has in its kernel is not the peer's: its own sessions, or nobody knows what.
    if (wasActive) this.schedulePurge(now);
  }

  #cancelPurge(): void {
    this.#purgeAt = undefined;
    for (const { purge } of this.#pairs) purge.cancel();
  }
}

function totalsOf(counters: readonly CommitCounters[]): Totals {
  const failed = new Map<number, number>();
  let [created, updated, replaced] = [0, 0, 0];
  for (const one of counters) {
    created += one.created;
    updated += one.updated;
    replaced += one.replaced;
    for (const [errno, count] of one.failed) failed.set(errno, (failed.get(errno) ?? 0) + count);
  }
  return { created, updated, replaced, failed };
}

function difference(
  now: ReadonlyMap<number, number>,
  before: ReadonlyMap<number, number>,
): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const [errno, count] of now) {
    const more = count - (before.get(errno) ?? 0);
    if (more > 0) counts[errno] = more;
  }
  return counts;
}
