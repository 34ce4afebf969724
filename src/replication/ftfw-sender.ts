/**
 * The sending half of FTFW, section 4.3 of the protocol: numbers, hello flags, retransmission.
 *
 * Two things conntrackd does not do. What is in flight, sent and not acknowledged, is bounded, so that a full table never
 * overruns the peer. And what was not acknowledged in a few seconds is sent again, so that a lost acknowledgement, or a lost
 * request for retransmission, leaves nothing behind.
 */
import {
  SYNC_ACK,
  SYNC_HELLO,
  SYNC_HELLO_BACK,
  SYNC_NACK,
  SYNC_RANGE_SIZE,
  SYNC_RESYNC,
} from "../wire/flow-sync.ts";
import { ControlQueue } from "./control-queue.ts";
import type { TrafficCounters } from "./counters.ts";
import type { ControlMessage, DatagramPacker } from "./datagram-packer.ts";
import { NONE } from "./flow-table.ts";
import { type InternalCache, RESEND, TRANSMIT } from "./internal-cache.ts";
import { distance, isBefore, onward } from "./serial.ts";
import { isKeptMark } from "./sync-mark.ts";

/** Messages in flight that any peer's socket buffer holds, at the default size of 208 KiB and full datagrams. */
const IN_FLIGHT_MIN = 900;
/** And as many as they may become where the peer acknowledges in large steps. */
const IN_FLIGHT_MAX = 8192;
/** Steps of acknowledgement that fit in flight at once: more than one, or the peer would wait for us as we for it. */
const STEPS_IN_FLIGHT = 1.5;
/** What was not acknowledged for so many calls of review() is sent again. A conntrackd takes a second to acknowledge. */
const REVIEWS_UNTIL_REPEAT = { duet: 2, conntrackd: 12 } as const;

const KEPT_FLAGS = SYNC_ACK | SYNC_NACK | SYNC_RESYNC;

export interface FtfwSenderOptions {
  readonly startSequence: number;
  readonly resendQueueSize: number;
}

export class FtfwSender {
  readonly control: ControlQueue = new ControlQueue();
  /** The last message that the peer has, as far as it said. */
  acked: number;
  /** The next message answers the peer's hello. */
  sayHelloBack = false;
  readonly #caches: readonly InternalCache[];
  readonly #traffic: TrafficCounters;
  #resendQueueSize = 1;
  #inFlightMin = 1;
  #inFlightMax = 1;
  /** The next number at each of the last calls of review(). */
  readonly #reviewed: number[] = [];
  #inFlightLimit = 1;
  #next: number;
  #hello: "init" | "say" | "done" = "init";

  constructor(
    caches: readonly InternalCache[],
    traffic: TrafficCounters,
    { startSequence, resendQueueSize }: FtfwSenderOptions,
  ) {
    this.#caches = caches;
    this.#traffic = traffic;
    this.#next = startSequence >>> 0;
    this.acked = onward(this.#next, -1);
    this.setResendQueueSize(resendQueueSize);
  }

  /** Bounds what is not acknowledged, and so what is in flight. */
  setResendQueueSize(size: number): void {
    this.#resendQueueSize = Math.max(1, size);
    this.#inFlightMin = Math.min(IN_FLIGHT_MIN, this.#resendQueueSize);
    this.#inFlightMax = Math.min(IN_FLIGHT_MAX, this.#resendQueueSize);
    this.#inFlightLimit = this.#inFlightMin;
  }

  /** Number of the message sent last. */
  get lastSent(): number {
    return onward(this.#next, -1);
  }

  get isGreeted(): boolean {
    return this.#hello === "done";
  }

  get inFlight(): number {
    return distance(this.acked, this.lastSent);
  }

  get waitingCount(): number {
    return this.#sumOf(TRANSMIT) + this.control.waitingCount;
  }

  get resendCount(): number {
    return this.#sumOf(RESEND) + this.control.sentCount;
  }

  /** Flows and expectations of which the peer has not acknowledged the latest news. */
  get unheardCount(): number {
    return this.#sumOf(TRANSMIT) + this.#sumOf(RESEND);
  }

  get hasRoom(): boolean {
    return this.inFlight < this.#inFlightLimit;
  }

  /** Puts what waits into a datagram, as far as it fits and the peer may be sent more: flows only where it is `ready`. */
  fill(packer: DatagramPacker, ready: boolean): void {
    for (
      let message = this.control.first();
      message !== undefined;
      message = this.control.first()
    ) {
      if (!packer.fits(SYNC_RANGE_SIZE)) return;
      this.#putControl(packer, message);
    }
    if (!ready) return;
    for (const cache of this.#caches) if (!this.#fillFrom(cache, packer)) return;
  }

  /** The peer has everything from `from` to `to`. */
  acknowledge(from: number, to: number): void {
    if (isBefore(this.lastSent, to)) {
      this.#traffic.implausible += 1;
      return;
    }
    if (!this.hasRoom) this.#widen(distance(from, to) + 1);
    this.control.acknowledge(from, to);
    for (const cache of this.#caches) cache.acknowledge(from, to);
    if (isBefore(this.acked, to)) this.acked = to;
  }

  /** The peer misses everything from `from` to `to`: what is still wanted of it goes out again. False: nothing is. */
  repeat(from: number, to: number): boolean {
    this.#narrow();
    const before = this.#traffic.repeated;
    this.#traffic.repeated += this.control.repeat(from, to);
    for (const cache of this.#caches) this.#traffic.repeated += cache.repeat(from, to);
    return this.#traffic.repeated > before;
  }

  /** The peer started anew, or has not noticed our start: it knows nothing of what was sent. */
  forgetSent(): void {
    this.control.forgetSent();
    for (const cache of this.#caches) cache.forgetSent();
    this.acked = this.lastSent;
    this.#inFlightLimit = this.#inFlightMin;
    this.#inFlightMax = Math.min(IN_FLIGHT_MAX, this.#resendQueueSize);
  }

  /** The peer has answered our hello; returns whether this is news. */
  greeted(): boolean {
    if (this.#hello !== "say") return false;
    this.#hello = "done";
    return true;
  }

  /**
   * To be called four times a second. Where the peer `isAlive`, sends again what it has not acknowledged for some time;
   * returns whether there was any.
   */
  review({ isAlive, isDuet }: { isAlive: boolean; isDuet: boolean }): boolean {
    const patience = isDuet ? REVIEWS_UNTIL_REPEAT.duet : REVIEWS_UNTIL_REPEAT.conntrackd;
    this.#reviewed.push(this.#next);
    if (this.#reviewed.length <= patience) return false;
    const old = onward(this.#reviewed.splice(0, this.#reviewed.length - patience).at(-1) ?? 0, -1);
    const oldest = this.#oldestUnacknowledged();
    if (!isAlive || oldest === undefined || isBefore(old, oldest)) return false;
    if (isBefore(this.acked, old)) this.acked = old;
    return this.repeat(oldest, old);
  }

  /** Whether a flow or expectation that was sent up to `sequence` may still be unknown to the peer. */
  isUnheard(sequence: number): boolean {
    return this.#caches.some((cache) => {
      const oldest = oldestOf(cache);
      return oldest !== undefined && !isBefore(sequence, oldest);
    });
  }

  #fillFrom(cache: InternalCache, packer: DatagramPacker): boolean {
    const { table } = cache;
    for (let slot = table.first(TRANSMIT); slot !== NONE; slot = table.first(TRANSMIT)) {
      if (!this.hasRoom) return true;
      const record = cache.record(slot);
      if (packer.fitsRecord(record.size)) {
        const sequence = this.#take();
        packer.putRecord(cache.typeOf(slot), this.#helloFlags(), sequence, record);
        cache.sent(slot, sequence);
        this.#boundResendQueue();
      } else if (packer.size > 0) {
        return false;
      } else {
        this.#traffic.tooLarge += 1;
        cache.settle(slot);
      }
    }
    return true;
  }

  #putControl(packer: DatagramPacker, message: ControlMessage): void {
    const sequence = this.#take();
    packer.putControl(message, this.#helloFlags(), sequence);
    this.control.sent(sequence, (message.flags & KEPT_FLAGS) !== 0 || isKeptMark(message));
    this.#boundResendQueue();
  }

  #take(): number {
    const sequence = this.#next;
    this.#next = onward(sequence, 1);
    this.#traffic.messagesSent += 1;
    return sequence;
  }

  #helloFlags(): number {
    if (this.#hello === "init") this.#hello = "say";
    const flags =
      (this.#hello === "say" ? SYNC_HELLO : 0) | (this.sayHelloBack ? SYNC_HELLO_BACK : 0);
    this.sayHelloBack = false;
    return flags;
  }

  /** What is not acknowledged is bounded. conntrackd forgets the oldest; here it is sent again. */
  #boundResendQueue(): void {
    if (this.resendCount <= this.#resendQueueSize) return;
    const oldest = this.#oldestUnacknowledged();
    if (oldest === undefined) return;
    if (this.control.oldestSent === oldest) this.control.dropOldestSent();
    for (const cache of this.#caches) this.#traffic.repeated += cache.repeat(oldest, oldest);
  }

  /** An acknowledgement of `step` messages came while nothing more might be sent. */
  #widen(step: number): void {
    const wanted = Math.min(Math.ceil(step * STEPS_IN_FLIGHT), this.#inFlightMax);
    this.#inFlightLimit = Math.max(this.#inFlightMin, wanted);
  }

  /** Messages were lost: if it was for want of room, as many will not be in flight again. */
  #narrow(): void {
    if (this.#inFlightLimit > this.#inFlightMin)
      this.#inFlightMax = Math.max(this.#inFlightMin, this.#inFlightLimit / 2);
    this.#inFlightLimit = this.#inFlightMin;
  }

  #oldestUnacknowledged(): number | undefined {
    let oldest = this.control.oldestSent;
    for (const cache of this.#caches) {
      const sequence = oldestOf(cache);
      if (sequence !== undefined && (oldest === undefined || isBefore(sequence, oldest)))
        oldest = sequence;
    }
    return oldest;
  }

  #sumOf(list: number): number {
    let sum = 0;
    for (const { table } of this.#caches) sum += table.lengthOf(list);
    return sum;
  }
}

function oldestOf({ table }: InternalCache): number | undefined {
  const slot = table.first(RESEND);
  return slot === NONE ? undefined : table.stampOf(slot);
}
