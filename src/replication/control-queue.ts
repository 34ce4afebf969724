/** Control messages of FTFW that wait to be sent, and those that the peer has not acknowledged. Few, and bounded. */
import type { ControlMessage } from "./datagram-packer.ts";
import { isWithin } from "./serial.ts";

/** Beyond this the oldest one goes: what it said is said again by later ones, or asked for by the peer. */
const QUEUE_MAX = 1024;

interface SentControl {
  readonly message: ControlMessage;
  readonly sequence: number;
}

export class ControlQueue {
  #waiting: ControlMessage[] = [];
  #sent: SentControl[] = [];

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  /** Sequence number of the oldest one that was sent and not acknowledged. */
  get oldestSent(): number | undefined {
    return this.#sent[0]?.sequence;
  }

  /** Whether that very message waits, or was sent and not acknowledged. */
  holds(message: ControlMessage): boolean {
    return this.#waiting.includes(message) || this.#sent.some((sent) => sent.message === message);
  }

  /** Shows what was sent and is not acknowledged, oldest first. */
  showSent(show: (sequence: number, flags: number) => void): void {
    for (const { message, sequence } of this.#sent) show(sequence, message.flags);
  }

  push(message: ControlMessage): void {
    if (this.#waiting.length >= QUEUE_MAX) this.#waiting.shift();
    this.#waiting.push(message);
  }

  first(): ControlMessage | undefined {
    return this.#waiting[0];
  }

  /** The first one was sent under `sequence`; it is kept until it is acknowledged where that matters. */
  sent(sequence: number, isKept: boolean): void {
    const message = this.#waiting.shift();
    if (message === undefined || !isKept) return;
    if (this.#sent.length >= QUEUE_MAX) this.#sent.shift();
    this.#sent.push({ message, sequence });
  }

  acknowledge(from: number, to: number): void {
    if (this.#sent.length === 0) return;
    this.#sent = this.#sent.filter(({ sequence }) => !isWithin(sequence, from, to));
  }

  /** Sends again what the peer misses; returns how many they were. */
  repeat(from: number, to: number): number {
    const missed = this.#sent.filter(({ sequence }) => isWithin(sequence, from, to));
    this.acknowledge(from, to);
    for (const { message } of missed) this.push(message);
    return missed.length;
  }

  dropOldestSent(): void {
    this.#sent.shift();
  }

  /** The peer has forgotten everything. */
  forgetSent(): void {
    this.#sent = [];
  }
}
