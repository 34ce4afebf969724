/**
 * The direct line between the VRRP thread and the replication thread. A failover must not wait for the main thread, so the
 * two have a message channel of their own, with an eventfd for each direction because neither runs an event loop.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { EventFd } from "../kernel/event-fd.ts";
import type { RouterAction, RouterEvent } from "../vrrp/events.ts";

/** What the VRRP core orders. */
export type StateOrder = Extract<
  RouterAction,
  { type: "preload-state" | "cancel-preload" | "load-state" | "release-state" }
>;

export const isStateOrder = (action: RouterAction): action is StateOrder =>
  STATE_ORDERS.has(action.type);

const STATE_ORDERS: ReadonlySet<RouterAction["type"]> = new Set<StateOrder["type"]>([
  "preload-state",
  "cancel-preload",
  "load-state",
  "release-state",
]);

/** The answer to a load-state. */
export type StateLoaded = Extract<RouterEvent, { type: "state-loaded" }>;

/** One end, as it is sent to a thread: the port must be in the list of what is transferred. */
export interface LineEnd {
  readonly port: MessagePort;
  /** The eventfd that the other end signals, and the one that it waits for. */
  readonly ownFd: number;
  readonly otherFd: number;
}

/** The line as the main thread makes it, which keeps the descriptors until both threads are done with it. */
export class TakeoverWiring {
  readonly #eventFds = [EventFd.create(), EventFd.create()] as const;
  readonly vrrp: LineEnd;
  readonly replication: LineEnd;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    const [a, b] = this.#eventFds;
    this.vrrp = { port: port1, ownFd: a.fd, otherFd: b.fd };
    this.replication = { port: port2, ownFd: b.fd, otherFd: a.fd };
  }

  close(): void {
    for (const eventFd of this.#eventFds) eventFd.close();
  }
}

/** One end in its thread. */
export class TakeoverLine<Heard, Told> {
  readonly #port: MessagePort;
  readonly #own: EventFd;
  readonly #other: EventFd;

  constructor({ port, ownFd, otherFd }: LineEnd) {
    this.#port = port;
    this.#own = EventFd.adopt(ownFd);
    this.#other = EventFd.adopt(otherFd);
  }

  /** Readable when the other end has said something. */
  get fd(): number {
    return this.#own.fd;
  }

  tell(message: Told): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, not a window
    this.#port.postMessage(message);
    this.#other.signal();
  }

  hear(take: (message: Heard) => void): void {
    this.#own.drain();
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      take(received.message as Heard);
    }
  }
}
