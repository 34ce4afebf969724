/**
 * NOTRACK, the way of talking to the peer that takes losses: section 4.6 of the protocol. Numbers are for statistics. With
 * the internal cache switched off, what the kernel says goes to the wire as it is, through a bounded ring.
 */
import {
  after,
  between,
  type Duration,
  type Instant,
  milliseconds,
  seconds,
} from "../base/time.ts";
import type { Span } from "../wire/flow-record.ts";
import {
  SYNC_ALIVE,
  SYNC_DUET,
  SYNC_RANGE_SIZE,
  SYNC_RESYNC,
  type SyncCursor,
} from "../wire/flow-sync.ts";
import { ControlQueue } from "./control-queue.ts";
import type { TrafficCounters } from "./counters.ts";
import type { ControlMessage, DatagramPacker } from "./datagram-packer.ts";
import { NONE } from "./flow-table.ts";
import { type InternalCache, TRANSMIT } from "./internal-cache.ts";
import { FactsExchange, type KernelFacts } from "./kernel-facts.ts";
import type { Protocol, ProtocolParts } from "./protocol.ts";
import { RecordRing } from "./record-ring.ts";
import { distance, onward } from "./serial.ts";
import type { SyncEvents } from "./sync-events.ts";
import { readMark } from "./sync-mark.ts";
import { TableWalk } from "./table-walk.ts";

const ALIVE_INTERVAL: Duration = seconds(1);
/** Something with the Duet flag is sent at least this often. */
const SHOW_INTERVAL: Duration = seconds(10);
const ALIVE: ControlMessage = { flags: SYNC_ALIVE | SYNC_DUET, ranged: false, from: 0, to: 0 };
/** A peer that was silent for this long may have restarted. */
const SILENT_FOR: Duration = seconds(5);
/** A full resync is sent at this pace, as nothing tells whether the peer keeps up: 50 000 entries a second. */
const PORTION = 250;
const PORTION_INTERVAL: Duration = milliseconds(5);
/** Bytes of messages that wait for the wire without a cache: half a second of 20 000 new flows a second. */
const BYPASS_SIZE = 1 << 20;

export class Notrack implements Protocol {
  readonly #control = new ControlQueue();
  readonly #caches: readonly InternalCache[];
  readonly #bypass: RecordRing | undefined;
  readonly #walk: TableWalk;
  readonly #traffic: TrafficCounters;
  readonly #events: SyncEvents;
  readonly #facts = new FactsExchange();
  /** The peer's last control message had the Duet flag. */
  #showsDuet = false;
  #next: number;
  #last: number | undefined;
  #heardAt: Instant | undefined;
  #aliveAt: Instant;
  #showAt: Instant;
  #feedAt: Instant | undefined;
  #sends = false;

  constructor(
    parts: ProtocolParts,
    options: {
      readonly startSequence: number;
      readonly startupResync: boolean;
      readonly bypasses: boolean;
    },
    now: Instant,
  ) {
    this.#caches = parts.caches;
    this.#traffic = parts.traffic;
    this.#events = parts.events;
    this.#walk = new TableWalk(parts.caches);
    this.#bypass = options.bypasses ? new RecordRing(BYPASS_SIZE) : undefined;
    this.#next = options.startSequence >>> 0;
    this.#aliveAt = after(now, ALIVE_INTERVAL);
    this.#showAt = after(now, SHOW_INTERVAL);
    if (options.startupResync) this.requestResync();
  }

  get heardAt(): Instant | undefined {
    return this.#heardAt;
  }

  get isReady(): boolean {
    return this.#heardAt !== undefined;
  }

  get peerFacts(): KernelFacts | undefined {
    return this.#facts.peer;
  }

  /** There are no numbers to change. */
  reconfigure(): void {}

  setFacts(facts: KernelFacts): void {
    this.#facts.setOwn(facts);
  }

  setRoom(): void {}

  /** Nobody acknowledges anything, nor proves it. */
  readonly isDuet = false;
  readonly unacknowledgedCount = 0;
  readonly lastResync: undefined;

  get isSendingAll(): boolean {
    return this.#feedAt !== undefined;
  }

  /** Messages that wait to be sent. */
  get waitingCount(): number {
    let sum = this.#control.waitingCount + (this.#bypass?.count ?? 0);
    for (const { table } of this.#caches) sum += table.lengthOf(TRANSMIT);
    return sum;
  }

  /** Nobody says what it has heard. */
  get unheardCount(): number {
    return this.waitingCount;
  }

  deadline(): Instant {
    return this.#feedAt !== undefined && this.#feedAt < this.#aliveAt
      ? this.#feedAt
      : this.#aliveAt;
  }

  setSending(sends: boolean): void {
    this.#sends = sends;
    if (sends) return;
    this.#feedAt = undefined;
    this.#bypass?.clear();
  }

  /** Sends everything once more; without a cache that is for the kernel's dump to do. */
  requestBulk(now: Instant): void {
    if (!this.#sends || this.#caches.length === 0) return;
    this.#walk.restart();
    this.#feedAt = now;
  }

  requestResync(): void {
    this.#control.push({ flags: SYNC_RESYNC | SYNC_DUET, ranged: true, from: 0, to: 0 });
  }

  /** Without an internal cache: a message to send as it is. What does not fit is lost, as on the wire. */
  send(type: number, record: Span): boolean {
    return this.#bypass?.push(type, record) ?? false;
  }

  receive(message: SyncCursor, now: Instant): void {
    if (message.kind === "ack" || message.kind === "nack") {
      this.#traffic.faults.malformedHeader += 1;
      return;
    }
    const wasSilent = this.#heardAt === undefined || between(this.#heardAt, now) > SILENT_FOR;
    this.#heardAt = now;
    this.#count(message.sequence);
    if (wasSilent) {
      this.#facts.forget();
      this.requestBulk(now);
      this.#events.peerReady(now);
    }
    if (message.kind === "data" && !this.#events.data(message, now))
      this.#traffic.faults.malformedPayload += 1;
    if (message.kind !== "data") this.#showsDuet = (message.flags & SYNC_DUET) !== 0;
    if (message.kind === "alive" && this.#showsDuet)
      this.#facts.hear(readMark(message.from, message.to));
    if (message.kind === "resync") this.#events.resyncRequested(now);
  }

  fillDatagram(packer: DatagramPacker, now: Instant): void {
    if (this.#feedAt !== undefined && now >= this.#feedAt) this.#feed(now);
    this.#fillControl(packer);
    this.#fillBypass(packer);
    for (const cache of this.#caches) this.#fillFrom(cache, packer);
    if (packer.size > 0) this.#aliveAt = after(now, ALIVE_INTERVAL);
  }

  wake(now: Instant): void {
    this.#exchangeFacts(now);
    if (now < this.#aliveAt) return;
    this.#aliveAt = after(now, ALIVE_INTERVAL);
    // What waits because every link is down will show it.
    if (this.#control.waitingCount > 0) return;
    this.#control.push(ALIVE);
  }

  /** A peer that is never idle shows itself, too, so that each learns what the other one is. */
  #exchangeFacts(now: Instant): void {
    if (this.#showsDuet) {
      for (const message of this.#facts.due(now)) this.#control.push(message);
    } else if (now >= this.#showAt) {
      this.#showAt = after(now, SHOW_INTERVAL);
      this.#control.push(ALIVE);
    }
  }

  #count(sequence: number): void {
    const ahead = this.#last === undefined ? 1 : distance(this.#last, sequence);
    if (ahead > 1) this.#traffic.lost += ahead - 1;
    if (ahead < 1) this.#traffic.before += 1;
    this.#last = sequence;
  }

  #feed(now: Instant): void {
    const isDone = this.#walk.feed(PORTION, now);
    this.#feedAt = isDone ? undefined : after(now, PORTION_INTERVAL);
  }

  #fillControl(packer: DatagramPacker): void {
    for (let message = this.#control.first(); message !== undefined; ) {
      if (!packer.fits(SYNC_RANGE_SIZE)) return;
      packer.putControl(message, 0, this.#take());
      this.#control.sent(0, false);
      message = this.#control.first();
    }
  }

  #fillBypass(packer: DatagramPacker): void {
    const ring = this.#bypass;
    if (ring === undefined) return;
    while (ring.count > 0) {
      const { record } = ring;
      if (packer.fitsRecord(record.size)) packer.putRecord(ring.number, 0, this.#take(), record);
      else if (packer.size > 0) return;
      else this.#traffic.tooLarge += 1;
      ring.shift();
    }
  }

  #fillFrom(cache: InternalCache, packer: DatagramPacker): void {
    const { table } = cache;
    for (let slot = table.first(TRANSMIT); slot !== NONE; slot = table.first(TRANSMIT)) {
      const record = cache.record(slot);
      if (packer.fitsRecord(record.size))
        packer.putRecord(cache.typeOf(slot), 0, this.#take(), record);
      else if (packer.size > 0) return;
      else this.#traffic.tooLarge += 1;
      cache.settle(slot);
    }
  }

  #take(): number {
    const sequence = this.#next;
    this.#next = onward(sequence, 1);
    this.#traffic.messagesSent += 1;
    return sequence;
  }
}
