/**
 * ALARM, the way of talking to peers that needs no answer: section 4.7 of the protocol. Every flow is repeated from time to
 * time, and what is not repeated expires at those who heard of it. Nothing else is said, so that any number may listen.
 */

import type { Prng } from "../base/random.ts";
import { after, type Duration, type Instant, milliseconds, toMilliseconds } from "../base/time.ts";
import type { SyncCursor } from "../wire/flow-sync.ts";
import type { ReplicationMode } from "./config.ts";
import type { TrafficCounters } from "./counters.ts";
import type { DatagramPacker } from "./datagram-packer.ts";
import { NONE, UNLISTED } from "./flow-table.ts";
import { type InternalCache, TRANSMIT } from "./internal-cache.ts";
import type { Protocol, ProtocolParts } from "./protocol.ts";
import { isBefore, onward } from "./serial.ts";
import type { SyncEvents } from "./sync-events.ts";

/** The table is looked through in turns, a fifth of it each time, to see what is due. */
const ALARM_PARTS = 5;
const ALARM_TURN: Duration = milliseconds(200);
/** Unit in which an entry keeps when it is due. */
const TICK: Duration = milliseconds(100);
/** The fractions of a second that are added to whole ones. */
const FRACTION_TICKS = 2;
const FRACTIONS = 5;
const TICKS_PER_SECOND = 10;

const wholeSeconds = (time: Duration): number =>
  Math.max(1, Math.round(toMilliseconds(time) / 1000));

const tickOf = (now: Instant): number => Math.floor(now / TICK) >>> 0;

export class Alarm implements Protocol {
  readonly #caches: readonly InternalCache[];
  readonly #traffic: TrafficCounters;
  readonly #events: SyncEvents;
  readonly #random: Prng;
  #refreshSeconds: number;
  #next: number;
  #heardAt: Instant | undefined;
  #turnAt: Instant;
  #part = 0;
  #sends = false;

  constructor(
    parts: ProtocolParts,
    options: {
      readonly random: Prng;
      readonly startSequence: number;
      readonly refreshTime: Duration;
    },
    now: Instant,
  ) {
    this.#caches = parts.caches;
    this.#traffic = parts.traffic;
    this.#events = parts.events;
    this.#random = options.random;
    this.#next = options.startSequence >>> 0;
    this.#refreshSeconds = wholeSeconds(options.refreshTime);
    this.#turnAt = after(now, ALARM_TURN);
  }

  get heardAt(): Instant | undefined {
    return this.#heardAt;
  }

  get waitingCount(): number {
    let sum = 0;
    for (const { table } of this.#caches) sum += table.lengthOf(TRANSMIT);
    return sum;
  }

  get unheardCount(): number {
    return this.waitingCount;
  }

  get isReady(): boolean {
    return this.#heardAt !== undefined;
  }

  /** Nobody acknowledges anything, nor proves it. */
  readonly isDuet = false;
  readonly unacknowledgedCount = 0;
  readonly lastResync: undefined;
  /** Only flows are ever spoken of. */
  readonly peerFacts: undefined;

  get isSendingAll(): boolean {
    return false;
  }

  deadline(): Instant {
    return this.#turnAt;
  }

  setSending(sends: boolean): void {
    this.#sends = sends;
  }

  /** Everything is sent from time to time anyway, and nobody can be asked. */
  requestBulk(): void {}
  requestResync(): void {}
  setFacts(): void {}
  setRoom(): void {}

  /** Flows that are due later keep to it. */
  reconfigure(mode: ReplicationMode): void {
    if (mode.type === "alarm") this.#refreshSeconds = wholeSeconds(mode.refreshTime);
  }

  /** Whatever has a flag is no alarm, and is not even counted. */
  receive(message: SyncCursor, now: Instant): void {
    if (message.flags !== 0) return;
    if (this.#heardAt === undefined) this.#events.peerReady(now);
    this.#heardAt = now;
    if (!this.#events.data(message, now)) this.#traffic.faults.malformedPayload += 1;
  }

  fillDatagram(packer: DatagramPacker, now: Instant): void {
    for (const cache of this.#caches) this.#fillFrom(cache, packer, now);
  }

  /** Queues what is due. */
  wake(now: Instant): void {
    if (now < this.#turnAt) return;
    this.#turnAt = after(now, ALARM_TURN);
    const part = this.#part;
    this.#part = (part + 1) % ALARM_PARTS;
    if (this.#sends) for (const cache of this.#caches) this.#queueDue(cache, part, now);
    this.#events.turn(part, ALARM_PARTS, now);
  }

  #queueDue(cache: InternalCache, part: number, now: Instant): void {
    const { table } = cache;
    const tick = tickOf(now);
    for (let slot = part; slot < table.slotEnd; slot += ALARM_PARTS) {
      if (!table.holds(slot) || table.listOf(slot) !== UNLISTED) continue;
      if (!isBefore(tick, table.stampOf(slot))) cache.enqueue(slot, now);
    }
  }

  #fillFrom(cache: InternalCache, packer: DatagramPacker, now: Instant): void {
    const { table } = cache;
    for (let slot = table.first(TRANSMIT); slot !== NONE; slot = table.first(TRANSMIT)) {
      const record = cache.record(slot);
      if (packer.fitsRecord(record.size)) {
        packer.putRecord(cache.typeOf(slot), 0, this.#next, record);
        this.#next = onward(this.#next, 1);
        this.#traffic.messagesSent += 1;
      } else if (packer.size > 0) {
        return;
      } else {
        this.#traffic.tooLarge += 1;
      }
      table.setStamp(slot, this.#dueTick(now));
      cache.settle(slot);
    }
  }

  /** 1 to RefreshTime seconds and a fraction from now. */
  #dueTick(now: Instant): number {
    const whole = 1 + this.#random.below(this.#refreshSeconds);
    const fraction = (1 + this.#random.below(FRACTIONS)) * FRACTION_TICKS;
    return onward(tickOf(now), whole * TICKS_PER_SECOND + fraction);
  }
}
