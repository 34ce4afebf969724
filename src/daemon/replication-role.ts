/**
 * Which router the flows belong to, as the election says. There may be several units, each of which moves by itself: this
 * router answers for the flows while it is Active in any of them, and takes those of the peer whenever one of them moves here.
 */
import { between, type Instant, toMilliseconds } from "../base/time.ts";
import type { CommitResult } from "../control/replication-contract.ts";
import { errnoCode } from "../kernel/errno.ts";
import type { Replicator } from "../replication/replicator.ts";
import type { TakeoverReport } from "../replication/takeover.ts";
import type { StateLoaded, StateOrder } from "./takeover-line.ts";

export interface RoleContext {
  readonly replicator: () => Replicator;
  readonly answer: (loaded: StateLoaded) => void;
  readonly loaded: (unit: string, result: CommitResult) => void;
  readonly released: (unit: string) => void;
}

export class ReplicationRole {
  readonly #context: RoleContext;
  readonly #active = new Set<string>();
  /** Units that may move here soon. */
  readonly #late = new Set<string>();
  /** Units whose addresses wait for the flows, and since when. */
  readonly #waiting = new Map<string, Instant>();

  constructor(context: RoleContext) {
    this.#context = context;
  }

  /** Somebody waits until everything is in the kernel. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** Brings a replicator that is new into the role of this router. */
  begin(now: Instant): void {
    const replicator = this.#context.replicator();
    if (this.#active.size === 0) replicator.handleTakeover("demote", now);
    else replicator.handleTakeover("finish", now);
  }

  order({ type, unit }: StateOrder, now: Instant): void {
    const replicator = this.#context.replicator();
    switch (type) {
      case "preload-state":
        this.#late.add(unit);
        replicator.handleTakeover("late", now);
        break;
      case "cancel-preload":
        this.#late.delete(unit);
        // One unit's peer was only late; what another one waits for goes on being loaded.
        if (this.#late.size === 0 && !this.isAwaited) replicator.handleTakeover("relax", now);
        break;
      case "load-state":
        this.#load(unit, now);
        break;
      case "release-state":
        this.#release(unit, now);
        break;
    }
  }

  /** Answers whoever waits once everything is in the kernel. To be called after requests to the kernel. */
  proceed(now: Instant): void {
    const replicator = this.#context.replicator();
    if (!this.isAwaited || !replicator.isLoaded) return;
    const { takeover } = replicator.view(now);
    const waiting = [...this.#waiting].map(([unit, since]) => {
      const took = between(since, now);
      const result = commitResult(takeover, toMilliseconds(took));
      return { unit, took, result };
    });
    this.#waiting.clear();
    // The addresses first: making the flows this router's own takes milliseconds where there are many.
    for (const { unit, took, result } of waiting)
      this.#context.answer({ type: "state-loaded", unit, took, detail: detailOf(result) });
    replicator.handleTakeover("finish", now);
    for (const { unit, result } of waiting) this.#context.loaded(unit, result);
  }

  #load(unit: string, now: Instant): void {
    const replicator = this.#context.replicator();
    this.#late.delete(unit);
    this.#active.add(unit);
    this.#waiting.set(unit, now);
    // A further unit brings flows of the peer along, too.
    replicator.handleTakeover("claim", now);
    this.proceed(now);
  }

  #release(unit: string, now: Instant): void {
    this.#waiting.delete(unit);
    this.#late.delete(unit);
    if (!this.#active.delete(unit)) return;
    if (this.#active.size === 0) this.#context.replicator().handleTakeover("demote", now);
    this.#context.released(unit);
  }
}

/** What a takeover, or a commit, did. */
export function commitResult(report: TakeoverReport | undefined, tookMs: number): CommitResult {
  const failures = byErrorName(
    Object.entries(report?.failed ?? {}).map(([errno, count]) => [Number(errno), count]),
  );
  const committed = (report?.created ?? 0) + (report?.updated ?? 0);
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return {
    committed,
    kept: report?.kept ?? 0,
    failed,
    failures,
    tookMs,
  };
}

/** Counts by the names of their errors. */
export function byErrorName(
  counts: Iterable<readonly [errno: number, count: number]>,
): Record<string, number> {
  return Object.fromEntries([...counts].map(([errno, count]) => [codeOf(errno), count]));
}

/** 0 stands for records of which no request can be made. */
const codeOf = (errno: number): string => (errno === 0 ? "unusable" : errnoCode(errno));

const detailOf = ({ committed, kept, failed }: CommitResult): string =>
  `${committed} flows loaded, ${kept} were there, ${failed} refused`;
