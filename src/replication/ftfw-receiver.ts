/**
 * The receiving half of FTFW, section 4.4 of the protocol: which messages count, and what the peer is told about it.
 *
 * Beyond conntrackd: what was received is acknowledged after a short while even when few messages came, and numbers that
 * stay out of range while nothing else arrives are accepted in the end, so that one forged number cannot silence a peer.
 */
import {
  after,
  between,
  type Duration,
  type Instant,
  milliseconds,
  seconds,
} from "../base/time.ts";
import { SYNC_ACK, SYNC_DUET, SYNC_NACK } from "../wire/flow-sync.ts";
import type { ControlQueue } from "./control-queue.ts";
import type { TrafficCounters } from "./counters.ts";
import { distance, onward } from "./serial.ts";

/** Data is acknowledged within this, if nothing makes it due earlier. */
const ACK_DELAY: Duration = milliseconds(50);
/** Numbers further ahead than this are not believed at once: weeks of idle messages, minutes of a full load. */
const GAP_MAX = 4_194_304;
/** Unbelievable numbers are believed when so many came in a row, and nothing else for a while. */
const STRANGERS_IN_ROW = 4;
const STRANGER_PATIENCE: Duration = seconds(2);

/** "renumbered": accepted, but what came before and between is unknown. */
export type Admission = "accepted" | "dropped" | "renumbered";

export class FtfwReceiver {
  readonly #control: ControlQueue;
  readonly #traffic: TrafficCounters;
  #windowSize: number;
  #last = 0;
  #known = false;
  #ackFrom: number | undefined;
  #window: number;
  #ackAt: Instant | undefined;
  #acceptedAt: Instant | undefined;
  #stranger = 0;
  #strangersInRow = 0;

  constructor(control: ControlQueue, traffic: TrafficCounters, windowSize: number) {
    this.#control = control;
    this.#traffic = traffic;
    this.#windowSize = Math.max(1, windowSize);
    this.#window = this.#windowSize;
  }

  /** Messages per acknowledgement while there are many. */
  setWindowSize(size: number): void {
    this.#windowSize = Math.max(1, size);
    this.#window = Math.min(this.#window, this.#windowSize);
  }

  /** When an acknowledgement is due, if nothing makes it due earlier. */
  deadline(): Instant | undefined {
    return this.#ackAt;
  }

  /** Judges a message by its number; it is to be handled unless it is dropped. */
  admit(sequence: number, isHello: boolean, now: Instant): Admission {
    if (!this.#known || (isHello && sequence !== onward(this.#last, 1)))
      return this.#restart(sequence, now);
    const ahead = distance(this.#last, sequence);
    if (ahead <= 0 || ahead > GAP_MAX) return this.#stray(sequence, ahead, now);
    if (ahead > 1) this.#gap(sequence, ahead);
    else this.#count(sequence);
    this.#accept(sequence, now);
    return "accepted";
  }

  /** Data was taken in: it is to be acknowledged soon, or at once where the peer waits for it. */
  owe(now: Instant, isUrgent: boolean): void {
    const due = isUrgent ? now : after(now, ACK_DELAY);
    if (this.#ackAt === undefined || due < this.#ackAt) this.#ackAt = due;
  }

  /** Acknowledges all that was received since the last time; false when there is nothing. */
  acknowledge(): boolean {
    this.#ackAt = undefined;
    if (this.#ackFrom === undefined || !this.#known) return false;
    this.#tell(SYNC_ACK, this.#ackFrom, this.#last);
    this.#ackFrom = undefined;
    return true;
  }

  /** The peer's numbering begins anew: what is acknowledged from here on never reaches back behind it. */
  #restart(sequence: number, now: Instant): Admission {
    this.#known = true;
    this.#ackFrom = sequence;
    this.#window = this.#windowSize - 1;
    this.#accept(sequence, now);
    return "accepted";
  }

  #stray(sequence: number, ahead: number, now: Instant): Admission {
    const follows = this.#strangersInRow > 0 && sequence === onward(this.#stranger, 1);
    this.#strangersInRow = follows ? this.#strangersInRow + 1 : 1;
    this.#stranger = sequence;
    const silence = between(this.#acceptedAt ?? now, now);
    if (this.#strangersInRow >= STRANGERS_IN_ROW && silence > STRANGER_PATIENCE) {
      this.#restart(sequence, now);
      return "renumbered";
    }
    if (ahead <= 0) this.#traffic.before += 1;
    else this.#traffic.implausible += 1;
    return "dropped";
  }

  #gap(sequence: number, ahead: number): void {
    this.#traffic.lost += ahead - 1;
    if (this.#ackFrom !== undefined) this.#tell(SYNC_ACK, this.#ackFrom, this.#last);
    this.#tell(SYNC_NACK, onward(this.#last, 1), onward(sequence, -1));
    this.#window = this.#windowSize - 1;
    this.#ackFrom = sequence;
  }

  #count(sequence: number): void {
    this.#ackFrom ??= sequence;
    this.#window -= 1;
    if (this.#window > 0) return;
    this.#tell(SYNC_ACK, this.#ackFrom, sequence);
    this.#window = this.#windowSize;
    this.#ackFrom = undefined;
    this.#ackAt = undefined;
  }

  #accept(sequence: number, now: Instant): void {
    this.#last = sequence;
    this.#acceptedAt = now;
    this.#strangersInRow = 0;
  }

  #tell(flag: number, from: number, to: number): void {
    this.#control.push({ flags: flag | SYNC_DUET, ranged: true, from, to });
  }
}
