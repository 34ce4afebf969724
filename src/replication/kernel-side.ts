/** Takes in what the kernel says of flows and expectations: events, and entries of dumps. */
import { after, type Duration, type Instant, seconds } from "../base/time.ts";
import { ExpectationReader } from "../wire/ctnetlink/expectation-reader.ts";
import { FlowReader } from "../wire/ctnetlink/flow-reader.ts";
import type { Span } from "../wire/flow-record.ts";
import { CT_NEW, EXP_NEW } from "../wire/flow-sync.ts";
import type { CachePair } from "./cache-pair.ts";
import type { KernelRequests } from "./commit-plan.ts";
import type { ReplicationConfig } from "./config.ts";
import { EndedFlows } from "./ended-flows.ts";
import { ExpectationFilter } from "./expectation-filter.ts";
import { FlowFilter } from "./filter.ts";
import type { RecordKind } from "./flow-table.ts";
import type { KernelNews } from "./internal-cache.ts";
import { KernelDumps } from "./kernel-dumps.ts";
import { RecordRing } from "./record-ring.ts";
import type { Role } from "./takeover.ts";

/** Bytes of records of flows that wait for their deletion, where there is no cache to keep them. */
const FLUSH_RING_SIZE = 1 << 18;
/** Requests per batch of deletions. */
const FLUSH_BATCH_MAX = 1024;
/** Flows that found no room are looked for again when there is some, at most this often. */
const LOOK_AGAIN_AFTER: Duration = seconds(30);
/** Part of a table that counts as some room. */
const ROOM = 0.9;

/** Message types, less those of NEW. */
const TYPE_OF_NEWS = { new: 0, update: 1, destroy: 2, dump: 0 } as const;

export interface KernelSideParts {
  readonly flows: CachePair;
  readonly expectations: CachePair | undefined;
  readonly role: () => Role;
  /** Active, and what the peer said is about to become this router's own. */
  readonly isAdopting: () => boolean;
  /** Sends a message as it is, where there is no internal cache. */
  readonly send: (type: number, record: Span) => void;
}

export class KernelSide {
  readonly dumps: KernelDumps;
  readonly #parts: KernelSideParts;
  readonly #pairs: readonly CachePair[];
  #flowReader: FlowReader;
  #expectationReader: ExpectationReader;
  #filter: FlowFilter;
  #expectationFilter: ExpectationFilter;
  readonly #toFlush: RecordRing | undefined;
  /** One for flows, one for expectations. */
  readonly #ended: Readonly<Record<RecordKind, EndedFlows>>;
  #unreadable = 0;
  #filtered = 0;
  #refusedBefore = 0;

  constructor(parts: KernelSideParts, config: ReplicationConfig) {
    this.#parts = parts;
    this.#pairs =
      parts.expectations === undefined ? [parts.flows] : [parts.flows, parts.expectations];
    this.dumps = new KernelDumps(config);
    this.#ended = { flow: new EndedFlows("flow"), expectation: new EndedFlows("expectation") };
    ({
      flowReader: this.#flowReader,
      expectationReader: this.#expectationReader,
      filter: this.#filter,
      expectationFilter: this.#expectationFilter,
    } = newReaders(config));
    if (parts.flows.internal === undefined) this.#toFlush = new RecordRing(FLUSH_RING_SIZE);
    else this.dumps.want("populate");
  }

  /** `rereads`: what is replicated, or said of it, is another from now on, so the kernel's table is read again. */
  reconfigure(config: ReplicationConfig, rereads: boolean): void {
    ({
      flowReader: this.#flowReader,
      expectationReader: this.#expectationReader,
      filter: this.#filter,
      expectationFilter: this.#expectationFilter,
    } = newReaders(config));
    this.dumps.reconfigure(config);
    if (!rereads) return;
    if (this.#parts.flows.internal !== undefined) this.dumps.want("populate");
    else if (this.#parts.role() !== "backup") this.dumps.want("bulk");
  }

  /** Messages of the kernel without a tuple to know the flow by. */
  get unreadableCount(): number {
    return this.#unreadable;
  }

  /** Messages about flows that the filter keeps out. */
  get filteredCount(): number {
    return this.#filtered;
  }

  /** Whether dumped flows wait to be deleted. */
  get hasToFlush(): boolean {
    return (this.#toFlush?.count ?? 0) > 0;
  }

  flow(news: KernelNews, attributes: Span, now: Instant): void {
    if (!this.#flowReader.read(attributes)) {
      this.#unreadable += 1;
      return;
    }
    const flow = this.#flowReader.record;
    // The end of a flow concerns whoever knows it, even if its last state is one that is filtered.
    if (news === "destroy" || this.#filter.passes(flow))
      this.#take(this.#parts.flows, news, flow, now);
    else this.#filtered += 1;
  }

  expectation(news: KernelNews, attributes: Span, now: Instant): void {
    const pair = this.#parts.expectations;
    if (pair === undefined) return;
    if (!this.#expectationReader.read(attributes)) {
      this.#unreadable += 1;
      return;
    }
    const expectation = this.#expectationReader.record;
    if (this.#expectationFilter.passes(expectation)) this.#take(pair, news, expectation, now);
  }

  beginDump(): void {
    if (this.dumps.begin() !== "populate") return;
    for (const ended of Object.values(this.#ended)) ended.begin();
    for (const { internal } of this.#pairs) internal?.beginDump();
  }

  /** Returns whether the internal caches are in line with the kernel now. */
  endDump(isComplete: boolean, now: Instant): boolean {
    for (const ended of Object.values(this.#ended)) ended.end();
    const isPopulated = this.dumps.end(isComplete, now) === "populate" && isComplete;
    if (isPopulated) for (const { internal } of this.#pairs) internal?.endDump();
    return isPopulated;
  }

  /** Flows for which there was no room are asked for again once there is some. */
  look(now: Instant): void {
    let refused = 0;
    let hasRoom = true;
    for (const { internal } of this.#pairs) {
      if (internal === undefined) continue;
      refused += internal.counters.refused;
      hasRoom &&= internal.table.count < internal.table.limit * ROOM;
    }
    if (refused === this.#refusedBefore || !hasRoom) return;
    this.#refusedBefore = refused;
    this.dumps.wantAt(after(now, LOOK_AGAIN_AFTER));
  }

  /** Appends requests to delete dumped flows. Returns how many. */
  fillFlush(requests: KernelRequests): number {
    const ring = this.#toFlush;
    if (ring === undefined) return 0;
    let count = 0;
    while (ring.count > 0 && count < FLUSH_BATCH_MAX) {
      const outcome = requests.delete(ring.record, 0);
      if (outcome === "full") break;
      if (outcome === "written") count += 1;
      ring.shift();
    }
    return count;
  }

  #take(pair: CachePair, news: KernelNews, record: Span, now: Instant): void {
    const { external } = pair;
    if (this.#ended[external.table.kind].isGhost(news, record)) return;
    // What a backup has loaded of the peer's is none of its own.
    if (news === "dump" && this.#parts.role() === "backup" && external.isInKernel(record)) return;
    const wasPeers =
      news === "destroy" &&
      external.table.count > 0 &&
      external.kernelLost(record, this.#isOurs(pair, record, now));
    if (pair.internal === undefined) {
      this.#pass(pair, { news, wasPeers }, record);
      return;
    }
    // What the kernel lost of the peer's is no news to the peer, unless it is known as own, too.
    if (wasPeers && !pair.internal.knows(record)) return;
    pair.internal.observe(news, record, now);
    if (news === "destroy" && pair.isDraining) pair.forgetRetired(record);
  }

  /**
   * Whether the end of a flow in this kernel is its end, although the peer speaks of it, too. Where there are several units the
   * peer may be active in one of them, and what was loaded of its flows may expire here for want of packets.
   */
  #isOurs({ internal, external }: CachePair, record: Span, now: Instant): boolean {
    if (this.#parts.role() !== "active") return false;
    if (internal === undefined || this.#parts.isAdopting()) return true;
    const own = internal.idleOf(record, now);
    return own !== undefined && own <= (external.idleOf(record, now) ?? own);
  }

  /** Without an internal cache: straight to the wire, or to its deletion. */
  #pass(
    { external }: CachePair,
    { news, wasPeers }: { news: KernelNews; wasPeers: boolean },
    record: Span,
  ): void {
    if (news === "dump" && this.dumps.current === "flush") {
      // What does not fit is found by the next dump.
      if (this.#toFlush?.push(0, record) !== true) this.dumps.want("flush");
      return;
    }
    if (wasPeers || this.#parts.role() === "backup") return;
    const base = external.table.kind === "flow" ? CT_NEW : EXP_NEW;
    this.#parts.send(base + TYPE_OF_NEWS[news], record);
  }
}

interface Readers {
  readonly flowReader: FlowReader;
  readonly expectationReader: ExpectationReader;
  readonly filter: FlowFilter;
  readonly expectationFilter: ExpectationFilter;
}

function newReaders(config: ReplicationConfig): Readers {
  const timeouts = config.commitTimeout === undefined;
  return {
    flowReader: new FlowReader({ timeouts, windowScales: config.windowTracking }),
    expectationReader: new ExpectationReader({ timeouts }),
    filter: new FlowFilter(config.filter),
    expectationFilter: new ExpectationFilter(config.expectations),
  };
}
