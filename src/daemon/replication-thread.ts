/**
 * The replication thread: one synchronous reactor that owns the replicator, its dedicated links and its part of the kernel.
 * It never returns to an event loop while it runs, so there is no promise, no timer and no console here. Orders come over
 * the line from the VRRP thread; the main thread asks, and is told.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import {
  after,
  between,
  type Duration,
  earliest,
  type Instant,
  milliseconds,
  seconds,
  sum,
  toMilliseconds,
} from "../base/time.ts";
import { monotonicNow } from "../kernel/clock.ts";
import {
  type KernelConntrackFacts,
  readConntrackFacts,
  reportsOnDemand,
} from "../kernel/conntrack-facts.ts";
import { EventFd } from "../kernel/event-fd.ts";
import { Reactor } from "../kernel/reactor.ts";
import { RouteMonitor } from "../kernel/route-monitor.ts";
import { RouteNetlink } from "../kernel/route-netlink.ts";
import {
  endRealtimePriority,
  nameThread,
  setNice,
  setRealtimePriority,
} from "../kernel/scheduling.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import { compareConfigs, describeReconfiguration } from "../replication/reconfigure.ts";
import { takePortion, takeResendQueue } from "./entry-portion.ts";
import { InterfaceTable } from "./interface-table.ts";
import { KernelListings } from "./kernel-listing.ts";
import { isCommand, ReplicationCommands } from "./replication-commands.ts";
import { ReplicationEngine } from "./replication-engine.ts";
import type {
  Answer,
  FromReplicationThread,
  Question,
  ReplicationNews,
  ReplicationThreadStart,
  ToReplicationThread,
} from "./replication-messages.ts";
import { ReplicationRole } from "./replication-role.ts";
import {
  makeReplicationStats,
  makeReplicationStatus,
  type Rates,
  type ViewParts,
} from "./replication-views.ts";
import { ReplicationWatch } from "./replication-watch.ts";
import { type StateLoaded, type StateOrder, TakeoverLine } from "./takeover-line.ts";

/** Messages read from the main thread before the sockets get their turn. */
const MESSAGES_MAX = 32;
/** Where the kernel refuses real-time scheduling. */
const NICE = -10;
const SECOND = seconds(1);
/** A daemon that stops takes no longer than this to delete what it has loaded: some hundred thousand flows. */
const UNLOADING_MAX = milliseconds(500);
/** Sysctls are files, which are read less often. */
const FACTS_INTERVAL = seconds(10);

/**
 * Where flows may be mute because they began before anybody listened, the kernel's table is read again from time to time:
 * soon after the start, when there are many of them, and more and more seldom.
 */
const REREAD_MIN = seconds(10);
const REREAD_MAX = seconds(300);

/** What rates are computed from. */
interface Sample {
  readonly at: Instant;
  readonly events: number;
  readonly sent: number;
  readonly received: number;
}

class ReplicationThread {
  readonly #reactor = new Reactor();
  readonly #netlink = RouteNetlink.open();
  readonly #monitor = RouteMonitor.open(["link", "address"]);
  readonly #interfaces = new InterfaceTable();
  readonly #wakeFd: EventFd;
  readonly #line: TakeoverLine<StateOrder, StateLoaded> | undefined;
  readonly #role: ReplicationRole;
  readonly #commands: ReplicationCommands;
  readonly #watch: ReplicationWatch;
  readonly #listings = new KernelListings();
  readonly #startedAt: Instant;
  readonly #tell: (message: FromReplicationThread) => void;
  #engine: ReplicationEngine;
  #channel: string | null = null;
  #secondAt: Instant;
  #facts: KernelConntrackFacts = readConntrackFacts();
  #factsAt: Instant;
  #sample: Sample;
  #rates: Rates = { eventsPerSecond: 0, sentPerSecond: 0, receivedPerSecond: 0 };
  #isAnnounced = false;
  #reread: Duration = REREAD_MIN;
  #rereadAt: Instant | undefined;

  constructor(start: ReplicationThreadStart, tell: (message: FromReplicationThread) => void) {
    const now = monotonicNow();
    this.#tell = tell;
    this.#startedAt = now;
    this.#secondAt = after(now, SECOND);
    this.#factsAt = after(now, FACTS_INTERVAL);
    if (reportsOnDemand()) this.#rereadAt = after(now, REREAD_MIN);
    this.#wakeFd = EventFd.adopt(start.wakeFd);
    this.#interfaces.load(this.#netlink.links(), this.#netlink.addresses());
    this.#watch = new ReplicationWatch((news) => this.#report(news), now);
    this.#engine = this.#newEngine(start.config);
    this.#sample = this.#takeSample(now);
    this.#commands = new ReplicationCommands(() => this.#engine);
    this.#line = start.line === null ? undefined : new TakeoverLine(start.line);
    this.#role = new ReplicationRole({
      replicator: () => this.#engine.replicator,
      answer: (loaded) => this.#line?.tell(loaded),
      loaded: (unit, result) => this.#report({ type: "loaded", unit, ...result }),
      released: (unit) => this.#report({ type: "released", unit }),
    });
    if (this.#line === undefined) return;
    this.#role.begin(now);
    if (start.wasActive) this.#engine.replicator.schedulePurge(now);
  }

  /** Until the main thread asks to shut down. */
  run(realtimePriority: number | null): void {
    this.#schedule(realtimePriority);
    const line = this.#line;
    if (line !== undefined) this.#reactor.watch(line.fd, () => this.#hearOrders(line));
    this.#reactor.watch(this.#wakeFd.fd, () => this.#readMessages());
    this.#reactor.watch(this.#monitor.fd, () => this.#readLinks());
    this.#tell({ type: "running" });
    this.#reactor.run({
      deadline: () => earliest(this.#engine.deadline(), this.#secondAt),
      judge: (now) => this.#judge(now),
    });
    this.close();
  }

  #schedule(realtimePriority: number | null): void {
    if (realtimePriority !== null && setRealtimePriority(realtimePriority).granted) return;
    setNice(NICE);
  }

  close(): void {
    this.#engine.close();
    this.#listings.close();
    for (const part of [this.#monitor, this.#netlink, this.#reactor]) part.close();
  }

  #newEngine(config: ReplicationConfig): ReplicationEngine {
    const engine = new ReplicationEngine(config, {
      reactor: this.#reactor,
      now: monotonicNow,
      linkOf: (name) => this.#interfaces.link(name),
      complain: (trouble) => this.#report({ type: "trouble", trouble }),
      overran: (buffer) => {
        const { overruns } = this.#engine.kernel.counters;
        this.#report({ type: "overrun", count: overruns, buffer });
      },
      missedNew: () => {
        this.#rereadAt = earliest(this.#rereadAt, after(monotonicNow(), REREAD_MIN));
      },
    });
    engine.replicator.handleKernelFacts(this.#facts);
    return engine;
  }

  #judge(now: Instant): void {
    this.#engine.work(now);
    this.#role.proceed(now);
    this.#commands.proceed(now);
    if (now >= this.#secondAt) this.#second(now);
  }

  /** What need not be known at once. */
  #second(now: Instant): void {
    this.#secondAt = after(now, SECOND);
    if (now >= this.#factsAt) {
      this.#facts = readConntrackFacts();
      this.#factsAt = after(now, FACTS_INTERVAL);
    }
    this.#engine.kernel.isAccounting = this.#facts.accounting === true;
    this.#engine.replicator.handleKernelFacts(this.#facts);
    const view = this.#engine.replicator.view(now);
    if (!this.#isAnnounced && view.kernel.resyncs > 0) this.#announce(now);
    this.#watch.judge(view, this.#facts, this.#engine.config);
    const channel = this.#currentChannel();
    if (this.#isAnnounced && channel !== this.#channel)
      this.#report({ type: "link-changed", interface: channel });
    this.#channel = channel;
    this.#updateRates(now);
    if (this.#rereadAt !== undefined && now >= this.#rereadAt) this.#readAgain(now);
  }

  #readAgain(now: Instant): void {
    this.#reread = sum(this.#reread, this.#reread);
    if (this.#reread > REREAD_MAX) this.#reread = REREAD_MAX;
    this.#rereadAt = reportsOnDemand() ? after(now, this.#reread) : undefined;
    this.#engine.replicator.resyncWithKernel();
  }

  #announce(now: Instant): void {
    this.#isAnnounced = true;
    this.#channel = this.#currentChannel();
    const { internal } = this.#engine.replicator.view(now).flows;
    const tookMs = Math.round(toMilliseconds(between(this.#startedAt, now)));
    const flows = internal?.flows ?? 0;
    this.#report({ type: "started", interface: this.#channel, flows, tookMs });
  }

  #currentChannel(): string | null {
    const stats = this.#engine.channels.stats(this.#engine.replicator.channel);
    const active = stats.find(({ isActive }) => isActive);
    return active?.state === "running" ? active.interface : null;
  }

  #takeSample(now: Instant): Sample {
    const { kernel, replicator } = this.#engine;
    const { traffic } = replicator.view(now);
    return {
      at: now,
      events: kernel.counters.events,
      sent: traffic.messagesSent,
      received: traffic.messagesReceived,
    };
  }

  #updateRates(now: Instant): void {
    const before = this.#sample;
    const sample = this.#takeSample(now);
    const perSecond = (count: number): number =>
      Math.max(0, Math.round((count * SECOND) / Math.max(1, between(before.at, now))));
    this.#rates = {
      eventsPerSecond: perSecond(sample.events - before.events),
      sentPerSecond: perSecond(sample.sent - before.sent),
      receivedPerSecond: perSecond(sample.received - before.received),
    };
    this.#sample = sample;
  }

  #hearOrders(line: TakeoverLine<StateOrder, StateLoaded>): boolean {
    line.hear((order) => {
      if (order.type === "load-state") this.#engine.catchUp();
      this.#role.order(order, monotonicNow());
    });
    return true;
  }

  #readLinks(): boolean {
    const outcome = this.#monitor.drain((note) => this.#interfaces.take(note));
    if (outcome === "overrun")
      this.#interfaces.load(this.#netlink.links(), this.#netlink.addresses());
    this.#engine.channels.linksChanged();
    return outcome !== "more";
  }

  #readMessages(): boolean {
    this.#wakeFd.drain();
    for (let count = 0; count < MESSAGES_MAX; count += 1) {
      const received = parentPort === null ? undefined : receiveMessageOnPort(parentPort);
      if (received === undefined) return true;
      this.#take(received.message as ToReplicationThread);
    }
    this.#wakeFd.signal();
    return false;
  }

  #take(message: ToReplicationThread): void {
    if (message.type === "shutdown") {
      this.#engine.unload(after(monotonicNow(), UNLOADING_MAX));
      this.#tell({ type: "stopped" });
      this.#reactor.stop();
      return;
    }
    const { request, question } = message;
    try {
      this.#answer(question, (answer) => this.#tell({ type: "answer", request, answer }));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#tell({ type: "failed", request, reason });
    }
  }

  #answer(question: Question, answer: (answer: Answer) => void): void {
    const now = monotonicNow();
    if (isCommand(question)) {
      this.#commands.take(question, answer, now);
      return;
    }
    switch (question.type) {
      case "status":
        answer(makeReplicationStatus(this.#parts(now)));
        break;
      case "stats":
        answer(makeReplicationStats(this.#parts(now)));
        break;
      case "list":
        answer(this.#list(question, now));
        break;
      case "resend-queue":
        answer(takeResendQueue(this.#engine.replicator, question.cursor));
        break;
      case "reload":
        this.#reload(question.config, now);
        answer(null);
        break;
    }
  }

  #list(question: Extract<Question, { type: "list" }>, now: Instant): Answer {
    const { cache, table, filter, cursor: from, limit: count } = question;
    const { replicator, config } = this.#engine;
    if (cache === "internal" && !replicator.keepsOwn)
      return this.#listings.take({ table, cursor: from, limit: count }, filter, config);
    const kind = table === "flows" ? "flow" : "expectation";
    return takePortion(replicator, { kind, cache, from, count }, filter, now);
  }

  #parts(now: Instant): ViewParts {
    const { replicator, kernel, channels, config } = this.#engine;
    const view = replicator.view(now);
    const facts = readConntrackFacts();
    this.#watch.judge(view, facts, config);
    return {
      config,
      view,
      channels: channels.stats(replicator.channel),
      errorQueue: channels.errorQueue(),
      kernel: kernel.counters,
      receiveBuffer: kernel.receiveBuffer,
      commands: this.#commands.counters,
      rates: this.#rates,
      processed: { bytes: kernel.processed.bytes, packets: kernel.processed.packets },
      uptimeMs: toMilliseconds(between(this.#startedAt, now)),
      facts,
      problems: this.#watch.problems,
      isSynchronised: this.#watch.isSynchronised,
      wallMs: Date.now(),
    };
  }

  /** What cannot be changed is made anew: this router then reads its kernel again, and the peer is asked for its flows. */
  #reload(config: ReplicationConfig, now: Instant): void {
    const { config: before, replicator } = this.#engine;
    const difference = compareConfigs(before, config);
    const text = describeReconfiguration(difference);
    if (!this.#engine.reconfigure(config)) this.#beginAnew(config, replicator.isToPurge, now);
    if (text === undefined) return;
    const { changes, reason = null } = difference;
    this.#report({ type: "reconfigured", changes, reason, text });
  }

  #beginAnew(config: ReplicationConfig, isToPurge: boolean, now: Instant): void {
    this.#commands.abandon();
    this.#engine.unload(after(now, UNLOADING_MAX));
    this.#engine.close();
    this.#engine = this.#newEngine(config);
    this.#sample = this.#takeSample(now);
    if (this.#line !== undefined) this.#role.begin(now);
    if (isToPurge) this.#engine.replicator.schedulePurge(now);
    this.#engine.replicator.requestResync();
  }

  #report(news: ReplicationNews): void {
    this.#tell({ type: "news", news });
  }
}

function main(port: NonNullable<typeof parentPort>): void {
  nameThread("duet-flows");
  const start = workerData as ReplicationThreadStart;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, not a window
  const thread = new ReplicationThread(start, (message) => port.postMessage(message));
  try {
    thread.run(start.realtimePriority);
  } finally {
    endRealtimePriority();
  }
  port.close();
}

if (parentPort !== null) main(parentPort);
