/**
 * Flow replication of one router, as one object that reads no clock and performs no I/O.
 *
 * `handle...` takes in what happened: messages of the kernel, datagrams of the peer, the state of links and of the takeover.
 * `poll...` hands out what is to be done: datagrams to send, requests to the kernel; both are asked again until they have
 * nothing more, and each batch of requests is settled with its answers before the next one. Commands are what people ask for.
 * `deadline` says when `wake` is wanted; earlier ones are harmless. `view` looks.
 *
 * Own writes must not come back: the caller leaves out events that carry the port ids of its own netlink sockets.
 *
 * Supported: FTFW, NOTRACK and ALARM of conntrackd 1.4, in both directions and with either router.
 */
import { Prng } from "../base/random.ts";
import { unreachable } from "../base/result.ts";
import { after, type Duration, earliest, type Instant, instant, seconds } from "../base/time.ts";
import type { Span } from "../wire/flow-record.ts";
import { SyncCursor, type SyncFault } from "../wire/flow-sync.ts";
import { Alarm } from "./alarm.ts";
import { assumedAfter, expiryOf, isEager, newChannels, newPair } from "./assembly.ts";
import type { CachePair } from "./cache-pair.ts";
import { CertaintyJudge } from "./certainty.ts";
import type { Channels } from "./channels.ts";
import type { CommitScope, KernelRequests } from "./commit-plan.ts";
import type { ReplicationConfig } from "./config.ts";
import { newTrafficCounters, type TrafficCounters } from "./counters.ts";
import { DatagramPacker } from "./datagram-packer.ts";
import { Ftfw } from "./ftfw.ts";
import type { KernelNews } from "./internal-cache.ts";
import type { DumpPurpose } from "./kernel-dumps.ts";
import type { KernelFacts } from "./kernel-facts.ts";
import { KernelSide } from "./kernel-side.ts";
import {
  type ListRequest,
  type Portion,
  type ShowEntry,
  showEntries,
  showUnacknowledged,
} from "./listing.ts";
import { LoadAhead } from "./load-ahead.ts";
import { Notrack } from "./notrack.ts";
import { PeerNews } from "./peer-news.ts";
import type { Protocol } from "./protocol.ts";
import { compareConfigs } from "./reconfigure.ts";
import { Takeover, type TakeoverEvent } from "./takeover.ts";
import type { ReplicationView } from "./view.ts";
import { viewReplication } from "./views.ts";

const LOOK_INTERVAL: Duration = seconds(1);
const NO_BYTES: DataView = new DataView(new ArrayBuffer(0));

export interface ReplicatorOptions {
  readonly config: ReplicationConfig;
  /** UNIX time in seconds: numbers begin there, so that those of a restart lie ahead as a rule. */
  readonly startSequence: number;
  /** A secret number of 32 bits: spreads the flows over tables, and repetitions over time. */
  readonly seed: number;
  /** Whether the peer is a conntrackd on a little-endian host, which nearly all are. */
  readonly peerIsLittleEndian: boolean;
}

/** "all": internal and external. */
export type CacheChoice = "all" | "internal" | "external";

export class Replicator {
  #config: ReplicationConfig;
  readonly #traffic: TrafficCounters = newTrafficCounters();
  readonly #certainty: CertaintyJudge;
  #channels: Channels;
  readonly #packer: DatagramPacker;
  readonly #flows: CachePair;
  readonly #expectations: CachePair | undefined;
  readonly #pairs: readonly CachePair[];
  readonly #ahead: LoadAhead;
  readonly #takeover: Takeover;
  readonly #kernel: KernelSide;
  readonly #peer: PeerNews;
  readonly #protocol: Protocol;
  #cursor = new SyncCursor(NO_BYTES);
  #cursorView = NO_BYTES;
  #isPopulated = false;
  #isFlushing = false;
  #lookAt: Instant;

  constructor(options: ReplicatorOptions, now: Instant) {
    const { config } = options;
    this.#config = config;
    this.#certainty = new CertaintyJudge(() => assumedAfter(this.#config));
    this.#channels = newChannels(config);
    this.#packer = new DatagramPacker(options.peerIsLittleEndian);
    const isSettled = (): boolean => this.#takeover.role === "active" && !this.#takeover.isAdopting;
    const asked = { isSettled, loadsAhead: () => this.#loadsAhead };
    this.#flows = newPair("flow", options, asked);
    this.#expectations =
      config.expectations === false ? undefined : newPair("expectation", options, asked);
    this.#ahead = new LoadAhead(this.#flows, now);
    this.#pairs =
      this.#expectations === undefined ? [this.#flows] : [this.#flows, this.#expectations];
    this.#takeover = new Takeover(this.#pairs, {
      purgeTimeout: () => this.#config.purgeTimeout,
      sendingChanged: () => this.#updateSending(),
      adopted: (at) => this.#sendAll(at, true),
      purged: () => {
        if (this.#flows.internal === undefined) this.#kernel.dumps.want("flush");
      },
    });
    this.#peer = this.#newPeerNews(options);
    this.#protocol = this.#newProtocol(options, now);
    this.#kernel = new KernelSide(
      {
        flows: this.#flows,
        expectations: this.#expectations,
        role: () => this.#takeover.role,
        isAdopting: () => this.#takeover.isAdopting,
        send: (type, record) => this.#sendDirectly(type, record),
      },
      config,
    );
    this.#isPopulated = this.#flows.internal === undefined;
    this.#lookAt = after(now, LOOK_INTERVAL);
    this.#updateSending();
  }

  /**
   * Applies what may change while the tables are kept; see compareConfigs(). Returns false, and has changed nothing, where
   * that takes a new replicator. Where the links changed, all of them count as down until they are told of again.
   */
  reconfigure(config: ReplicationConfig): boolean {
    const { reason, changesChannels, changesContent } = compareConfigs(this.#config, config);
    if (reason !== undefined) return false;
    this.#config = config;
    if (changesChannels) this.#channels = newChannels(config);
    for (const { plan } of this.#pairs) plan.setTimeout(config.commitTimeout);
    this.#kernel.reconfigure(config, changesContent);
    this.#protocol.reconfigure(config.mode);
    return true;
  }

  /** The channel to send on. */
  get channel(): number {
    return this.#channels.current;
  }

  /** What a dump of the kernel's tables is wanted for, if for anything. */
  get wantedDump(): DumpPurpose | undefined {
    return this.#kernel.dumps.wanted;
  }

  /** Whether the kernel is to be told something: see pollKernelWrites(). */
  get hasKernelWrites(): boolean {
    const { loads } = this.#takeover;
    if (this.#kernel.hasToFlush || this.#ahead.isDue) return true;
    return this.#pairs.some((pair) => pair.hasWrites(loads));
  }

  /** Whether what the peer said is being loaded into the kernel. */
  get isLoading(): boolean {
    return this.#takeover.loads;
  }

  /** Whether everything that the peer said is in the kernel: the addresses may move. */
  get isLoaded(): boolean {
    return this.#takeover.isLoaded;
  }

  /** An event or an entry of a dump: the attributes behind its nfgenmsg. */
  handleFlow(news: KernelNews, attributes: Span, now: Instant): void {
    this.#kernel.flow(news, attributes, now);
  }

  handleExpectation(news: KernelNews, attributes: Span, now: Instant): void {
    this.#kernel.expectation(news, attributes, now);
  }

  /** A dump of both tables begins, for what is wanted most. */
  beginDump(): void {
    this.#kernel.beginDump();
  }

  /** It ended; `isComplete` unless it was interrupted by an error or by changes (NLM_F_DUMP_INTR). */
  endDump(isComplete: boolean, now: Instant): void {
    if (!this.#kernel.endDump(isComplete, now) || this.#isPopulated) return;
    this.#isPopulated = true;
    this.#updateSending();
    this.#sendAll(now, true);
  }

  /** The kernel dropped events for want of buffer. */
  handleOverrun(now: Instant): void {
    this.#kernel.dumps.overran(now);
  }

  /** What came in the first `length` bytes of `view`: a datagram, or whole messages of a stream. May be changed. */
  handleDatagram(view: DataView, length: number, channel: number, now: Instant): void {
    if (view !== this.#cursorView) {
      this.#cursorView = view;
      this.#cursor = new SyncCursor(view);
    }
    const cursor = this.#cursor;
    this.#traffic.datagramsReceived += 1;
    this.#traffic.bytesReceived += length;
    cursor.reset(length);
    while (cursor.next()) {
      this.#traffic.messagesReceived += 1;
      if (cursor.fault === undefined) {
        this.#channels.heard(channel);
        this.#protocol.receive(cursor, now);
      } else {
        this.#countFault(cursor.fault);
      }
    }
  }

  /**
   * A link works, with datagrams below `capacity` bytes (of payload), or it does not (undefined). `receiveBuffer`: bytes, as
   * SO_RCVBUF tells of the socket; Infinity where whoever sends is held back by other means.
   */
  handleLink(channel: number, capacity: number | undefined, receiveBuffer?: number): void {
    this.#channels.set(channel, capacity, receiveBuffer);
    this.#protocol.setRoom(this.#channels.room);
  }

  /** What this host's kernel is like, for the peer's status. To be repeated when it changes. */
  handleKernelFacts(facts: KernelFacts): void {
    this.#protocol.setFacts(facts);
    this.#ahead.setFacts(facts);
  }

  handleTakeover(event: TakeoverEvent, now: Instant): void {
    this.#takeover.handle(event, now);
    if (!this.#mayLoadAhead) this.#ahead.pause();
  }

  /** Fills a datagram at `at` of `view`, to be sent on `channel`. Returns its size; 0 when there is nothing to send. */
  pollTransmit(view: DataView, at: number, now: Instant): number {
    const { capacity } = this.#channels;
    if (capacity === 0) return 0;
    this.#packer.begin(view, at, capacity);
    this.#protocol.fillDatagram(this.#packer, now);
    const { size } = this.#packer;
    if (size === 0) return 0;
    this.#traffic.datagramsSent += 1;
    this.#traffic.bytesSent += size;
    return size;
  }

  /**
   * Appends requests about flows until the buffer or the batch is full. Returns how many; the kernel's refusals are given back
   * by their place in the batch, from 0, and then the batch is settled.
   */
  pollKernelWrites(requests: KernelRequests, now: Instant): number {
    this.#isFlushing = this.#kernel.hasToFlush;
    if (this.#isFlushing) return this.#kernel.fillFlush(requests);
    if (this.#ahead.isDue) this.#ahead.begin(now);
    return this.#flows.fill(requests, this.#scope, now);
  }

  kernelRefused(index: number, errno: number): void {
    if (!this.#isFlushing) this.#flows.refused(index, errno);
  }

  settleKernelWrites(now: Instant): void {
    if (!this.#isFlushing) this.#flows.settle(now);
    this.#ahead.settled(now);
    this.#takeover.proceed(now);
  }

  /** The same for expectations, which have nothing to say before their masters are in the kernel. */
  pollExpectationWrites(requests: KernelRequests, now: Instant): number {
    if (this.#expectations === undefined || this.#flows.hasWrites(this.#takeover.loads)) return 0;
    return this.#expectations.fill(requests, this.#scope, now);
  }

  expectationRefused(index: number, errno: number): void {
    this.#expectations?.refused(index, errno);
  }

  settleExpectationWrites(now: Instant): void {
    this.#expectations?.settle(now);
    this.#takeover.proceed(now);
  }

  /** Loads everything into the kernel, as conntrackd -c does. */
  commit(now: Instant): void {
    this.#takeover.commit(now);
  }

  /** Empties caches, as conntrackd -f does. Nobody is told. */
  flush(choice: CacheChoice): void {
    for (const pair of this.#pairs) {
      if (choice !== "external") pair.flushInternal();
      if (choice !== "internal") pair.flushExternal(this.#mayLoadAhead);
    }
  }

  /** Deletes flows from the kernel, as conntrackd -F does. */
  flushKernel(): void {
    this.#takeover.purge(true);
  }

  /**
   * Deletes from the kernel of a backup what it has loaded: a daemon that goes on later, or another one, could not tell it from
   * sessions of this router's own. Done when hasKernelWrites is false.
   */
  unload(): void {
    if (this.#mayLoadAhead) for (const { purge } of this.#pairs) purge.startWithPeers();
  }

  /** Does so after PurgeTimeout, as conntrackd -t does. */
  schedulePurge(now: Instant): void {
    this.#takeover.schedulePurge(now);
  }

  /** Whether this router's flows are kept in a table, and not only in the kernel. */
  get keepsOwn(): boolean {
    return this.#flows.internal !== undefined;
  }

  /** Whether the first dump, with which replication begins, is complete. */
  get isPopulated(): boolean {
    return this.#isPopulated;
  }

  /** Whether flows of this router wait for PurgeTimeout to be deleted. */
  get isToPurge(): boolean {
    return this.#takeover.isToPurge;
  }

  /** Brings the internal caches in line with the kernel, as conntrackd -R does. */
  resyncWithKernel(): void {
    if (this.#flows.internal !== undefined) this.#kernel.dumps.want("populate");
  }

  /** Asks the peer to send everything, as conntrackd -n does. */
  requestResync(): void {
    this.#protocol.requestResync();
  }

  /** Sends everything to the peer, as conntrackd -B does. */
  sendAll(now: Instant): void {
    this.#sendAll(now, false);
  }

  /** The earliest time at which wake() has something to do. */
  deadline(): Instant {
    let deadline = earliest(this.#protocol.deadline(), this.#lookAt) ?? this.#lookAt;
    for (const pair of this.#pairs) {
      if (pair.isDraining) return instant(0);
      deadline = earliest(deadline, pair.external.deadline) ?? deadline;
    }
    deadline = earliest(deadline, this.#takeover.deadline) ?? deadline;
    if (this.#mayLoadAhead) deadline = earliest(deadline, this.#ahead.deadline) ?? deadline;
    return earliest(deadline, this.#kernel.dumps.deadline) ?? deadline;
  }

  wake(now: Instant): void {
    this.#protocol.wake(now);
    this.#takeover.proceed(now);
    this.#kernel.dumps.wake(now);
    for (const { external } of this.#pairs) external.sweep(now);
    if (this.#mayLoadAhead) this.#ahead.wake(now);
    if (now < this.#lookAt) return;
    this.#lookAt = after(now, LOOK_INTERVAL);
    this.#kernel.look(now);
    if (this.#certainty.wantsAll(now)) this.#askForAll(now);
  }

  /** Shows entries of one table, with the time until they expire where they do: those of the peer in ALARM. See showEntries(). */
  list(request: ListRequest, show: ShowEntry, now: Instant): number | undefined {
    const { kind, cache } = request;
    const pair = kind === "flow" ? this.#flows : this.#expectations;
    const table = cache === "internal" ? pair?.internal?.table : pair?.external.table;
    const life = cache === "external" ? expiryOf(this.#config) : undefined;
    return table === undefined ? undefined : showEntries({ table, life, now }, request, show);
  }

  /** Shows what was sent and is not acknowledged: control messages with their flags, then flows. See showUnacknowledged(). */
  listUnacknowledged(
    portion: Portion,
    show: (sequence: number, flags: number | undefined) => void,
  ): number | undefined {
    if (!(this.#protocol instanceof Ftfw)) return undefined;
    if (portion.from === 0) this.#protocol.sender.control.showSent(show);
    const tables = this.#pairs.flatMap(({ internal }) => internal?.table ?? []);
    return showUnacknowledged(tables, portion, (sequence) => show(sequence, undefined));
  }

  view(now: Instant): ReplicationView {
    return viewReplication(
      {
        mode: this.#config.mode.type,
        protocol: this.#protocol,
        peer: this.#peer,
        certainty: this.#certainty,
        takeover: this.#takeover,
        ahead: this.#ahead,
        kernel: this.#kernel,
        channels: this.#channels,
        traffic: this.#traffic,
        flows: this.#flows,
        expectations: this.#expectations,
      },
      now,
    );
  }

  get #loadsAhead(): boolean {
    return this.#config.loadsAhead && !isEager(this.#config);
  }

  get #mayLoadAhead(): boolean {
    return this.#loadsAhead && this.#takeover.isIdle && this.#isPopulated;
  }

  get #scope(): CommitScope {
    if (this.#takeover.loads) return "all";
    return this.#ahead.isDue ? "ahead" : "ends";
  }

  #updateSending(): void {
    const sends = this.#takeover.role !== "backup" && this.#isPopulated;
    for (const { internal } of this.#pairs) internal?.setSending(sends);
    this.#protocol.setSending(sends);
  }

  /** `isVoid`: what a resync that runs has sent so far does not count. */
  #sendAll(now: Instant, isVoid: boolean): void {
    if (this.#flows.internal !== undefined) this.#protocol.requestBulk(now, isVoid);
    else if (this.#takeover.role !== "backup") this.#kernel.dumps.want("bulk");
  }

  #sendDirectly(type: number, record: Span): void {
    if (!(this.#protocol instanceof Notrack)) return;
    if (!this.#protocol.send(type, record)) this.#traffic.unsent += 1;
  }

  /** A Duet brings us up to date by itself; a conntrackd has to be asked, and leaves it to us to find what is no more. */
  #askForAll(now: Instant): void {
    if (this.#protocol.isDuet) return;
    for (const { external } of this.#pairs) external.suspect(now);
    this.#certainty.peerReady(now);
    this.#protocol.requestResync();
  }

  #countFault(fault: SyncFault): void {
    const { faults } = this.#traffic;
    if (fault === "truncated") faults.truncated += 1;
    else if (fault === "bad-size") faults.badSize += 1;
    else if (fault === "wrong-version") faults.wrongVersion += 1;
    else faults.malformedHeader += 1;
  }

  #newPeerNews({ peerIsLittleEndian }: ReplicatorOptions): PeerNews {
    return new PeerNews(this.#flows, this.#expectations, this.#certainty, {
      swaps: peerIsLittleEndian,
      expiresAfter: () => expiryOf(this.#config),
      sendAll: (at) => this.#sendAll(at, false),
      askForAll: () => this.#protocol.requestResync(),
      ready: (at) => this.#askForAll(at),
      isProving: () => this.#protocol.isDuet,
    });
  }

  #newProtocol({ config, startSequence, seed }: ReplicatorOptions, now: Instant): Protocol {
    const { mode } = config;
    const caches = this.#pairs.flatMap(({ internal }) => internal ?? []);
    const parts = { caches, traffic: this.#traffic, events: this.#peer };
    switch (mode.type) {
      case "ftfw":
        return new Ftfw(parts, { ...mode, startSequence }, now);
      case "notrack":
        return new Notrack(
          parts,
          { startSequence, startupResync: mode.startupResync, bypasses: !mode.internalCache },
          now,
        );
      case "alarm":
        return new Alarm(
          parts,
          { startSequence, refreshTime: mode.refreshTime, random: new Prng(seed) },
          now,
        );
      default:
        return unreachable(mode);
    }
  }
}
