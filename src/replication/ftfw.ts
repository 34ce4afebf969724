/**
 * FTFW, the reliable way of talking to the peer: section 4 of the protocol. See ftfw-sender.ts and ftfw-receiver.ts for the
 * two halves, bulk-round.ts for full resyncs. Wire-compatible with conntrackd 1.4; what Duets say to each other beyond it is
 * in sync-mark.ts.
 *
 * A peer that says hello has forgotten everything. Nothing can be relied on until it has heard our answer, so what is sent to
 * it in the meantime is told anew by a full resync once it stops saying hello.
 */
import {
  after,
  between,
  type Duration,
  earliest,
  type Instant,
  milliseconds,
  seconds,
} from "../base/time.ts";
import {
  SYNC_ALIVE,
  SYNC_DUET,
  SYNC_HELLO,
  SYNC_HELLO_BACK,
  SYNC_RESYNC,
  type SyncCursor,
} from "../wire/flow-sync.ts";
import { BulkRound, type RoundReport } from "./bulk-round.ts";
import type { ReplicationMode } from "./config.ts";
import type { TrafficCounters } from "./counters.ts";
import type { DatagramPacker } from "./datagram-packer.ts";
import { FtfwReceiver } from "./ftfw-receiver.ts";
import { FtfwSender } from "./ftfw-sender.ts";
import type { InternalCache } from "./internal-cache.ts";
import { FactsExchange, type KernelFacts } from "./kernel-facts.ts";
import type { Protocol, ProtocolParts } from "./protocol.ts";
import type { SyncEvents } from "./sync-events.ts";
import {
  MARK_BEGIN,
  MARK_DIGEST,
  MARK_END,
  MARK_ROOM,
  markMessage,
  readMark,
} from "./sync-mark.ts";

/** Something is sent at least this often. */
const ALIVE_INTERVAL: Duration = seconds(1);
/** What was not acknowledged is looked at this often. */
const REVIEW_INTERVAL: Duration = milliseconds(250);
/** A peer that was not heard for this long is not sent to again and again. */
const ALIVE_FOR: Duration = seconds(3);
/** Quiet tables are compared this often. */
const DIGEST_INTERVAL: Duration = seconds(10);

export interface FtfwOptions {
  readonly startSequence: number;
  readonly resendQueueSize: number;
  readonly ackWindowSize: number;
  readonly startupResync: boolean;
}

export class Ftfw implements Protocol {
  readonly sender: FtfwSender;
  readonly bulk: BulkRound;
  readonly #receiver: FtfwReceiver;
  readonly #caches: readonly InternalCache[];
  readonly #traffic: TrafficCounters;
  readonly #events: SyncEvents;
  readonly #facts = new FactsExchange();
  #aliveAt: Instant;
  #reviewAt: Instant;
  #digestAt: Instant;
  #heardAt: Instant | undefined;
  /** The peer says hello, so it has forgotten everything. Also before it says anything. */
  #peerGreets = true;
  /** Whether peerRestarted() was told of this greeting. */
  #isAware = false;
  #isReady = false;
  #isDuet = false;
  /** Whether this router is the one whose flows count; see setSending(). */
  #sends = false;

  constructor(parts: ProtocolParts, options: FtfwOptions, now: Instant) {
    this.#caches = parts.caches;
    this.#traffic = parts.traffic;
    this.#events = parts.events;
    this.sender = new FtfwSender(parts.caches, parts.traffic, options);
    this.bulk = new BulkRound(this.sender, parts.caches);
    this.#receiver = new FtfwReceiver(this.sender.control, parts.traffic, options.ackWindowSize);
    this.#aliveAt = now;
    this.#reviewAt = after(now, REVIEW_INTERVAL);
    this.#digestAt = after(now, DIGEST_INTERVAL);
    if (options.startupResync) this.requestResync();
  }

  get waitingCount(): number {
    return this.sender.waitingCount;
  }

  get unheardCount(): number {
    return this.sender.unheardCount;
  }

  get unacknowledgedCount(): number {
    return this.sender.resendCount;
  }

  get lastResync(): RoundReport | undefined {
    return this.bulk.report;
  }

  get isSendingAll(): boolean {
    return this.bulk.isRunning;
  }

  get isDuet(): boolean {
    return this.#isDuet;
  }

  /** Both sides hear each other. */
  get isReady(): boolean {
    return this.#isReady;
  }

  get heardAt(): Instant | undefined {
    return this.#heardAt;
  }

  get peerFacts(): KernelFacts | undefined {
    return this.#facts.peer;
  }

  deadline(): Instant {
    return (
      earliest(earliest(this.#aliveAt, this.#reviewAt), this.#receiver.deadline()) ?? this.#aliveAt
    );
  }

  reconfigure(mode: ReplicationMode): void {
    if (mode.type !== "ftfw") return;
    this.sender.setResendQueueSize(mode.resendQueueSize);
    this.#receiver.setWindowSize(mode.ackWindowSize);
  }

  setFacts(facts: KernelFacts): void {
    this.#facts.setOwn(facts);
  }

  setRoom(messages: number | undefined): void {
    this.#facts.setRoom(messages);
  }

  /** Full resyncs and comparisons happen only while this router's own flows are sent. */
  setSending(sends: boolean): void {
    this.#sends = sends;
    if (!sends) this.bulk.cancel();
  }

  /** Sends everything once more. `isVoid`: what a running resync sent so far does not count. */
  requestBulk(_now: Instant, isVoid: boolean = false): void {
    if (this.#sends) this.bulk.request(isVoid);
  }

  /** Asks the peer to send everything. */
  requestResync(): void {
    this.sender.control.push({ flags: SYNC_RESYNC | SYNC_DUET, ranged: true, from: 0, to: 0 });
  }

  receive(message: SyncCursor, now: Instant): void {
    this.#heardAt = now;
    const isHello = (message.flags & SYNC_HELLO) !== 0;
    if (isHello) this.#hello(now);
    const isAnswered = (message.flags & SYNC_HELLO_BACK) !== 0 && this.sender.greeted();
    // The peer waits for us to stop saying hello, which the next message shows.
    if (isAnswered) this.#receiver.owe(now, true);
    const { lost } = this.#traffic;
    const admission = this.#receiver.admit(message.sequence, isHello, now);
    if (this.#traffic.lost > lost) this.#events.lossNoticed(now);
    if (admission === "dropped") return;
    if (admission === "renumbered") this.#peerRestarted(now);
    if (message.kind !== "data") this.#isDuet = (message.flags & SYNC_DUET) !== 0;
    if (!isHello) this.#peerGreets = false;
    this.#judgeReadiness(now);
    this.#handle(message, now);
  }

  /** Puts what there is to send into a datagram, which may stay empty. */
  fillDatagram(packer: DatagramPacker, now: Instant): void {
    if (this.#isReady) {
      if (this.#isDuet) this.#tellFacts(now);
      this.bulk.step(this.#isDuet, now);
    }
    this.sender.fill(packer, this.#isReady);
    if (packer.size > 0) this.#aliveAt = after(now, ALIVE_INTERVAL);
  }

  /** Judges the deadlines; harmless when it comes too early. */
  wake(now: Instant): void {
    const ackAt = this.#receiver.deadline();
    if (ackAt !== undefined && now >= ackAt) this.#receiver.acknowledge();
    if (now >= this.#reviewAt) this.#review(now);
    if (now >= this.#aliveAt) this.#showLife(now);
  }

  #hello(now: Instant): void {
    this.sender.sayHelloBack = true;
    this.sender.forgetSent();
    if (this.#peerGreets && this.#isAware) return;
    this.#peerGreets = true;
    this.#peerRestarted(now);
    // The answer to a hello goes with the next message, so there had better be one.
    this.#receiver.owe(now, true);
  }

  #peerRestarted(now: Instant): void {
    this.#isAware = true;
    this.#isReady = false;
    this.#isDuet = false;
    this.#facts.forget();
    this.sender.setPeerRoom(undefined);
    this.bulk.cancel();
    this.#events.peerRestarted(now);
  }

  /** Nothing but control messages is sent before both sides have heard each other's hello: it might get lost unnoticed. */
  #judgeReadiness(now: Instant): void {
    if (this.#isReady || this.#peerGreets || !this.sender.isGreeted) return;
    this.#isReady = true;
    this.#isAware = false;
    this.requestBulk(now, true);
    this.#events.peerReady(now);
  }

  #handle(message: SyncCursor, now: Instant): void {
    switch (message.kind) {
      case "data":
        if (!this.#events.data(message, now)) this.#traffic.faults.malformedPayload += 1;
        this.#receiver.owe(now, false);
        break;
      case "ack":
        this.sender.acknowledge(message.from, message.to);
        break;
      case "nack":
        if (this.sender.repeat(message.from, message.to)) this.bulk.repeated();
        break;
      case "resync":
        this.#events.resyncRequested(now);
        this.#receiver.owe(now, true);
        break;
      case "alive":
        if (this.#isDuet) this.#mark(message, now);
        break;
      case "none":
        break;
      default:
        break;
    }
  }

  #mark(message: SyncCursor, now: Instant): void {
    const mark = readMark(message.from, message.to);
    const { kind, number, value } = mark;
    this.#facts.hear(mark);
    if (kind === MARK_BEGIN) this.#events.roundBegan(number);
    else if (kind === MARK_END) this.#events.roundEnded(number, now);
    else if (kind === MARK_ROOM) this.sender.setPeerRoom(value);
    else if (kind === MARK_DIGEST) this.#events.digest(number, value, now);
    if (kind === MARK_BEGIN || kind === MARK_END) this.#receiver.owe(now, true);
  }

  #review(now: Instant): void {
    this.#reviewAt = after(now, REVIEW_INTERVAL);
    const isAlive = this.#heardAt !== undefined && between(this.#heardAt, now) < ALIVE_FOR;
    if (this.sender.review({ isAlive, isDuet: this.#isDuet })) this.bulk.repeated();
    if (isAlive && this.#sends && this.#isReady && this.#caches.some((cache) => cache.hasDoubt)) {
      for (const cache of this.#caches) cache.hasDoubt = false;
      this.requestBulk(now);
    }
    if (now >= this.#digestAt) this.#compare(now);
  }

  #tellFacts(now: Instant): void {
    for (const message of this.#facts.due(now)) this.sender.control.push(message);
  }

  /** Tells the peer what our table amounts to, when there is nothing it has yet to hear. */
  #compare(now: Instant): void {
    const isQuiet = this.sender.unheardCount === 0 && !this.bulk.isRunning;
    if (!this.#sends || !this.#isDuet || !this.#isReady || !isQuiet) return;
    this.#digestAt = after(now, DIGEST_INTERVAL);
    // Expectations live too shortly to be compared.
    const flows = this.#caches.find(({ kind }) => kind === "flow")?.table;
    if (flows === undefined) return;
    const [count, value] = [flows.liveCount, flows.digest];
    this.sender.control.push(markMessage({ kind: MARK_DIGEST, number: count, value }));
  }

  #showLife(now: Instant): void {
    this.#aliveAt = after(now, ALIVE_INTERVAL);
    // What waits because every link is down will show it.
    if (this.sender.control.waitingCount > 0 || this.#receiver.acknowledge()) return;
    this.sender.control.push({ flags: SYNC_ALIVE | SYNC_DUET, ranged: false, from: 0, to: 0 });
  }
}
