/** Answers commands in the replication thread. What takes several turns is answered when it is done, and not before. */
import { between, type Instant, toMilliseconds } from "../base/time.ts";
import type { CommandOutcome, CommandRefused, Tables } from "../control/replication-contract.ts";
import type { ReplicationView } from "../replication/view.ts";
import type { ReplicationEngine } from "./replication-engine.ts";
import type { Answer, Question } from "./replication-messages.ts";
import { commitResult } from "./replication-role.ts";
import type { CommandCounters } from "./replication-views.ts";

/** Questions that change something. */
export type Command = Exclude<
  Question,
  { type: "status" | "stats" | "list" | "resend-queue" | "reload" }
>;

const READING: ReadonlySet<Question["type"]> = new Set<Question["type"]>([
  "status",
  "stats",
  "list",
  "resend-queue",
  "reload",
]);

export const isCommand = (question: Question): question is Command => !READING.has(question.type);

/** Something that is going on, and whoever waits for its end. */
interface Pending {
  readonly type: Command["type"];
  /** The outcome, once there is one. */
  readonly outcome: (now: Instant) => Answer | undefined;
  readonly answer: (answer: Answer) => void;
}

export class ReplicationCommands {
  readonly counters: CommandCounters = {
    flushes: 0,
    kernelFlushes: 0,
    resyncsSent: 0,
    bulks: 0,
    commits: 0,
  };
  readonly #engine: () => ReplicationEngine;
  #pending: Pending[] = [];

  constructor(engine: () => ReplicationEngine) {
    this.#engine = engine;
  }

  /** Carries a command out, or begins to. */
  take(command: Command, answer: (answer: Answer) => void, now: Instant): void {
    const outcome = this.#begin(command, now);
    if (typeof outcome !== "function") answer(outcome);
    else this.#pending.push({ type: command.type, outcome, answer });
  }

  /** Answers what has come to its end. */
  proceed(now: Instant): void {
    if (this.#pending.length === 0) return;
    this.#pending = this.#pending.filter(({ outcome, answer }) => {
      const found = outcome(now);
      if (found !== undefined) answer(found);
      return found === undefined;
    });
  }

  /** The tables begin anew: what waited for the old ones waits in vain. */
  abandon(): void {
    for (const { answer } of this.#pending)
      answer(refused("not-ready", "the configuration was changed meanwhile"));
    this.#pending = [];
  }

  #begin(command: Command, now: Instant): Answer | Pending["outcome"] {
    const { replicator, config } = this.#engine();
    switch (command.type) {
      case "resync":
        if (config.mode.type === "alarm") return refused("not-supported", NO_RESYNC);
        this.counters.resyncsSent += 1;
        replicator.requestResync();
        return { done: true };
      case "send":
        if (config.mode.type === "alarm") return refused("not-supported", NO_RESYNC);
        this.counters.bulks += 1;
        replicator.sendAll(now);
        return flowCount(internalFlows(replicator.view(now)));
      case "commit":
        return this.#commit(command.tables, now);
      case "flush":
        return this.#flush(command.cache, now);
      case "kernel-resync":
        return this.#kernelResync(now);
      case "kernel-flush":
        return this.#kernelFlush(now);
      case "schedule-purge":
        replicator.schedulePurge(now);
        return { done: true, inMs: toMilliseconds(config.purgeTimeout) };
    }
  }

  #commit(tables: Tables, now: Instant): Answer | Pending["outcome"] {
    const { replicator, config } = this.#engine();
    if (tables === "expectations" && config.expectations === false)
      return refused("not-supported", "expectations are not replicated");
    if (this.#runs("commit")) return refused("commit-running", "flows are being committed already");
    this.counters.commits += 1;
    replicator.commit(now);
    return (later) => {
      if (!replicator.isLoaded) return undefined;
      const { takeover } = replicator.view(later);
      const tookMs = toMilliseconds(between(now, later));
      return { done: true, ...commitResult(takeover, tookMs) };
    };
  }

  #flush(cache: "internal" | "external" | "both", now: Instant): Answer {
    if (this.#runs("commit"))
      return refused("commit-running", "a table that is being committed cannot be emptied");
    const { replicator } = this.#engine();
    const view = replicator.view(now);
    const internal = cache === "external" ? 0 : internalFlows(view);
    const external = cache === "internal" ? 0 : view.flows.external.flows;
    this.counters.flushes += 1;
    replicator.flush(cache === "both" ? "all" : cache);
    return flowCount(internal + external);
  }

  #kernelResync(now: Instant): Answer | Pending["outcome"] {
    const { replicator } = this.#engine();
    const before = replicator.view(now);
    if (before.flows.internal === undefined)
      return refused("not-supported", "there is no internal cache to bring in line");
    replicator.resyncWithKernel();
    return (later) => {
      const view = replicator.view(later);
      const isDone = view.kernel.resyncs > before.kernel.resyncs;
      return isDone ? flowCount(internalFlows(view)) : undefined;
    };
  }

  #kernelFlush(now: Instant): Pending["outcome"] {
    const { replicator, kernel } = this.#engine();
    const before = replicator.view(now).flows.commit.purged;
    this.counters.kernelFlushes += 1;
    replicator.flushKernel();
    return (later) => {
      const isBusy =
        replicator.hasKernelWrites || replicator.wantedDump !== undefined || kernel.isDumping;
      return isBusy ? undefined : flowCount(replicator.view(later).flows.commit.purged - before);
    };
  }

  #runs(type: Command["type"]): boolean {
    return this.#pending.some((pending) => pending.type === type);
  }
}

const NO_RESYNC = "in ALARM mode flows are repeated by themselves";

const refused = (code: CommandRefused["code"], message: string): CommandRefused => ({
  done: false,
  code,
  message,
});

const flowCount = (flows: number): CommandOutcome<{ readonly flows: number }> => ({
  done: true,
  flows,
});

const internalFlows = (view: ReplicationView): number => view.flows.internal?.flows ?? 0;
