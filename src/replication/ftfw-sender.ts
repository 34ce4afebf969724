/**
 * The sending half of FTFW, section 4.3 of the protocol: numbers, hello flags, retransmission.
 *
 * Two things conntrackd does not do. What is in flight, sent and not acknowledged, is bounded (send-window.ts), so that a full
 * table never overruns the peer. And what was not acknowledged in a few seconds is sent again, so that a lost acknowledgement,
 * or a lost request for retransmission, leaves nothing behind.
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
import { SendWindow } from "./send-window.ts";
import { distance, isBefore, onward } from "./serial.ts";
import { isKeptMark } from "./sync-mark.ts";

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
  readonly #window: SendWindow = new SendWindow(1);
  #resendQueueSize = 1;
  /** Something waits because enough is in flight. */
  #isHeldBack = false;
  /** The next number at each of the last calls of review(). */
  readonly #reviewed: number[] = [];
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
    this.#window.setBound(this.#resendQueueSize);
  }

  /** How many messages the peer's socket buffers hold; undefined when it does not say. */
  setPeerRoom(messages: number | undefined): void {
    this.#window.setRoom(messages);
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
    this.#isHeldBack = false;
    for (const cache of this.#caches) if (!this.#fillFrom(cache, packer)) return;
  }

  /** The peer has everything from `from` to `to`. */
  acknowledge(from: number, to: number): void {
    if (isBefore(this.lastSent, to)) {
      this.#traffic.implausible += 1;
      return;
    }
    if (this.#isHeldBack) this.#widen(from, to);
    this.control.acknowledge(from, to);
    for (const cache of this.#caches) cache.acknowledge(from, to);
    if (isBefore(this.acked, to)) this.acked = to;
  }

  /** The peer misses everything from `from` to `to`: what is still wanted of it goes out again. False: nothing is. */
  repeat(from: number, to: number): boolean {
    this.#window.lost();
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
    this.#window.reset();
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

  get #hasRoom(): boolean {
    return this.inFlight < this.#window.size;
  }

  /** False: there is no room for more. */
  #fillFrom(cache: InternalCache, packer: DatagramPacker): boolean {
    const { table } = cache;
    for (let slot = table.first(TRANSMIT); slot !== NONE; slot = table.first(TRANSMIT)) {
      if (!this.#hasRoom) {
        this.#isHeldBack = true;
        return false;
      }
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

  /** An acknowledgement came after something had to wait for it. It is prompt when its last message was sent since review(). */
  #widen(from: number, to: number): void {
    const step = Math.min(distance(from, to) + 1, this.inFlight);
    const reviewed = this.#reviewed.at(-1);
    if (step > 0)
      this.#window.acknowledged(step, reviewed === undefined || !isBefore(to, reviewed));
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
