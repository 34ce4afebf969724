/**
 * The kernel's side of replication: its events, dumps of its tables, and requests to it, all in bounded portions. Events
 * are read in a hurry only while they are few. Our own requests come from one socket whose events the kernel leaves out.
 */
import { earliest, type Instant, instant } from "../base/time.ts";
import { ConntrackDump, type DumpTable } from "../kernel/conntrack-dump.ts";
import { ConntrackEvents } from "../kernel/conntrack-events.ts";
import { ConntrackRequests } from "../kernel/conntrack-requests.ts";
import type { Reactor } from "../kernel/reactor.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import type { Replicator } from "../replication/replicator.ts";
import { ExpectationRequests } from "../wire/ctnetlink/expectation-requests.ts";
import { FlowCounters } from "../wire/ctnetlink/flow-counters.ts";
import { FlowRequests } from "../wire/ctnetlink/flow-requests.ts";
import { Span } from "../wire/flow-record.ts";
import { type MessageCursor, NLM_F_CREATE } from "../wire/netlink.ts";
import type { PacingLimits } from "./event-pacing.ts";
import { Masters } from "./masters.ts";
import { PacedReader } from "./paced-reader.ts";

/** Messages of nfnetlink that say something of a flow or of an expectation. */
const FLOW_NEW = 0x100;
const FLOW_DELETE = 0x102;
const EXPECTATION_NEW = 0x200;
const EXPECTATION_DELETE = 0x202;
const NFGENMSG_SIZE = 4;

/** Datagrams of events, and of dumps, per turn. A datagram of a dump holds about a hundred flows. */
const EVENTS_MAX = 2_048;
const DUMP_DATAGRAMS_MAX = 8;
/** Sequence numbers begin again here, so that they never wrap within a batch. */
const SEQUENCE_MAX = 0x7fff_0000;
/** Bytes of receive buffer for events, and as far as it may grow, where nothing is configured. */
const BUFFER_DEFAULT = 2_097_152;
const BUFFER_MAX_DEFAULT = 16_777_216;
/** Requests of one call from which on a takeover is worth not hearing of the flows that it creates. */
const BULK_MIN = 64;
/** Some 2000 a second are many, 1000 are not. */
const EVENT_LIMITS: PacingLimits = { many: 10, few: 5 };
const AT_ONCE: Instant = instant(0);

export interface KernelFlowsContext {
  readonly reactor: Pick<Reactor, "watch" | "unwatch">;
  readonly replicator: Replicator;
  readonly now: () => Instant;
  /** Events were lost; `buffer` is the size of the event socket's buffer from now on. */
  readonly overran: (buffer: number) => void;
  /** New flows may have begun unheard; those that changed or ended since were heard. */
  readonly missedNew: () => void;
}

export interface KernelFlowCounters {
  events: number;
  overruns: number;
  /** Beyond the first one, with which replication begins. */
  dumps: number;
  /** Changes that our own requests made, the events of which the kernel leaves out. */
  own: number;
  /** Requests that the kernel refused, by errno. */
  readonly failed: Map<number, number>;
}

export class KernelFlows {
  /** What flows that ended had carried; counted while `isAccounting`. */
  processed: FlowCounters = new FlowCounters();
  isAccounting = false;
  counters: KernelFlowCounters = {
    events: 0,
    overruns: 0,
    dumps: 0,
    own: 0,
    failed: new Map(),
  };
  readonly #context: KernelFlowsContext;
  readonly #config: ReplicationConfig;
  readonly #requests: ConntrackRequests;
  readonly #flowRequests: FlowRequests;
  readonly #expectationRequests: ExpectationRequests;
  readonly #events: ConntrackEvents | undefined;
  readonly #reader: PacedReader | undefined;
  readonly #dump: ConntrackDump = ConntrackDump.open();
  readonly #masters: Masters | undefined;
  readonly #attributes: Span;
  #dumping: DumpTable | undefined;
  #ignoresNew = false;
  #isDumpWhole = true;
  #sequence = 1;

  /** Opens the sockets and listens. Throws SyscallError. */
  constructor(config: ReplicationConfig, context: KernelFlowsContext) {
    this.#context = context;
    this.#config = config;
    this.#requests = ConntrackRequests.open();
    const { view } = this.#requests.memory;
    this.#attributes = new Span(view, 0, 0);
    this.#flowRequests = new FlowRequests(view, { liberal: !config.windowTracking });
    this.#expectationRequests = new ExpectationRequests(view);
    // With PollSecs the kernel's table is read now and then, and nobody listens.
    if (config.poll !== undefined) return;
    const events = this.#openEvents();
    this.#events = events;
    if (config.expectations !== false)
      this.#masters = new Masters((flow) =>
        context.replicator.handleFlow("update", flow, context.now()),
      );
    this.#reader = new PacedReader({
      ...context,
      fd: events.fd,
      limits: EVENT_LIMITS,
      read: (now) => this.#drain(events, now),
    });
  }

  /** Bytes of the event socket's receive buffer; 0 when nobody listens. */
  get receiveBuffer(): number {
    return this.#events?.bufferSize() ?? 0;
  }

  get #bufferMax(): number {
    const { netlinkBufferMax } = this.#config;
    return netlinkBufferMax > 0 ? netlinkBufferMax : BUFFER_MAX_DEFAULT;
  }

  get isDumping(): boolean {
    return this.#dumping !== undefined;
  }

  deadline(): Instant | undefined {
    const { replicator } = this.#context;
    const isBusy =
      this.isDumping || replicator.wantedDump !== undefined || replicator.hasKernelWrites;
    return isBusy ? AT_ONCE : earliest(this.#reader?.deadline(), this.#masters?.deadline());
  }

  /** Does a portion of what is to be done. */
  work(now: Instant): void {
    this.#reader?.wake(now);
    this.#masters?.wake(now);
    if (this.isDumping || this.#context.replicator.wantedDump !== undefined) this.#readDump(now);
    if (this.#context.replicator.hasKernelWrites) this.#write(now);
    if (this.#ignoresNew && !this.#context.replicator.hasKernelWrites) this.#ignoreNew(false);
  }

  /** Goes on counting where `other` stopped. */
  succeed(other: KernelFlows): void {
    this.counters = other.counters;
    this.processed = other.processed;
    this.isAccounting = other.isAccounting;
  }

  /** Ends a dump that runs, as one that is not complete, and closes. */
  abandon(now: Instant): void {
    if (this.isDumping) this.#context.replicator.endDump(false, now);
    this.#dumping = undefined;
    this.close();
  }

  close(): void {
    this.#reader?.close();
    this.#events?.close();
    this.#masters?.close();
    this.#dump.close();
    this.#requests.close();
  }

  #openEvents(): ConntrackEvents {
    const { expectations, netlinkBuffer, reliableEvents } = this.#config;
    return ConntrackEvents.open({
      expectations: expectations !== false,
      bufferSize: Math.min(netlinkBuffer ?? BUFFER_DEFAULT, this.#bufferMax),
      reliable: reliableEvents,
      ownPorts: [this.#requests.port],
    });
  }

  #drain(events: ConntrackEvents, now: Instant): { count: number; isDrained: boolean } {
    const before = this.counters.events;
    const { message, view } = events;
    const outcome = events.drain(EVENTS_MAX, () => this.#take(view, message, now));
    if (outcome === "overrun") this.#overran(events, now);
    return { count: this.counters.events - before, isDrained: outcome === "drained" };
  }

  #overran(events: ConntrackEvents, now: Instant): void {
    this.counters.overruns += 1;
    events.grow(this.#bufferMax);
    this.#context.replicator.handleOverrun(now);
    this.#context.overran(events.bufferSize());
  }

  #take(view: DataView, message: MessageCursor, now: Instant): void {
    const { replicator } = this.#context;
    const { type, bodyAt, endAt } = message;
    this.counters.events += 1;
    const at = bodyAt + NFGENMSG_SIZE;
    if (at > endAt) return;
    const attributes = this.#attributes.move(view, at, endAt - at);
    const isCreated = (message.flags & NLM_F_CREATE) !== 0;
    if (type === FLOW_NEW) replicator.handleFlow(isCreated ? "new" : "update", attributes, now);
    else if (type === FLOW_DELETE) this.#end(attributes, now);
    else if (type === EXPECTATION_NEW) {
      replicator.handleExpectation("new", attributes, now);
      this.#masters?.note(view, bodyAt, endAt, now);
    } else if (type === EXPECTATION_DELETE)
      replicator.handleExpectation("destroy", attributes, now);
  }

  #end(attributes: Span, now: Instant): void {
    if (this.isAccounting) this.processed.add(attributes);
    this.#context.replicator.handleFlow("destroy", attributes, now);
  }

  #readDump(now: Instant): void {
    const { replicator } = this.#context;
    if (this.#dumping === undefined) {
      replicator.beginDump();
      this.#isDumpWhole = true;
      this.#dumping = "flows";
      this.#dump.begin("flows");
    }
    const table = this.#dumping;
    const { message, view } = this.#dump;
    const progress = this.#dump.read(DUMP_DATAGRAMS_MAX, () =>
      this.#takeDumped(table, view, message, now),
    );
    if (progress === "more") return;
    if (progress === "interrupted") this.#isDumpWhole = false;
    if (table === "flows" && this.#config.expectations !== false) {
      this.#dumping = "expectations";
      this.#dump.begin("expectations");
      return;
    }
    this.#dumping = undefined;
    if (replicator.isPopulated) this.counters.dumps += 1;
    replicator.endDump(this.#isDumpWhole, now);
  }

  #takeDumped(table: DumpTable, view: DataView, message: MessageCursor, now: Instant): void {
    const { replicator } = this.#context;
    const at = message.bodyAt + NFGENMSG_SIZE;
    if (at > message.endAt) return;
    const attributes = this.#attributes.move(view, at, message.endAt - at);
    if (table === "flows") replicator.handleFlow("dump", attributes, now);
    else replicator.handleExpectation("dump", attributes, now);
  }

  #write(now: Instant): void {
    const { replicator } = this.#context;
    const flows = this.#flowRequests;
    const first = this.#firstOf(flows);
    const count = replicator.pollKernelWrites(flows, now);
    this.#sequence += count;
    this.counters.own += count;
    if (count >= BULK_MIN && replicator.isLoading) this.#ignoreNew(true);
    this.#requests.send(flows.size, (sequence, errno) => {
      this.#count(errno);
      replicator.kernelRefused(sequence - first, errno);
    });
    replicator.settleKernelWrites(this.#context.now());
    if (this.#config.expectations !== false) this.#writeExpectations(now);
  }

  #ignoreNew(isIgnored: boolean): void {
    if (this.#events === undefined || this.#ignoresNew === isIgnored) return;
    this.#ignoresNew = isIgnored;
    this.#events.ignoreNew(isIgnored);
    if (!isIgnored) this.#context.missedNew();
  }

  #writeExpectations(now: Instant): void {
    const { replicator } = this.#context;
    const requests = this.#expectationRequests;
    const first = this.#firstOf(requests);
    const count = replicator.pollExpectationWrites(requests, now);
    if (count === 0) return;
    this.#sequence += count;
    this.counters.own += count;
    this.#requests.send(requests.size, (sequence, errno) => {
      this.#count(errno);
      replicator.expectationRefused(sequence - first, errno);
    });
    replicator.settleExpectationWrites(this.#context.now());
  }

  /** Empties the batch; returns the number of its first request. */
  #firstOf(requests: FlowRequests | ExpectationRequests): number {
    if (this.#sequence > SEQUENCE_MAX) this.#sequence = 1;
    requests.clear();
    requests.sequence = this.#sequence;
    return this.#sequence;
  }

  /** The kernel refused a request, and so changed nothing. */
  #count(errno: number): void {
    this.counters.own -= 1;
    const { failed } = this.counters;
    failed.set(errno, (failed.get(errno) ?? 0) + 1);
  }
}
