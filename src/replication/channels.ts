/** Dedicated links that stand by for each other, section 1.7 of the protocol: which of them messages are sent on. */
import { messagesIn } from "./send-window.ts";

interface Channel {
  /** Bytes that a datagram has to stay below. */
  capacity: number;
  isUp: boolean;
  /** Bytes that its socket keeps until they are read, as far as known. */
  receiveBuffer: number | undefined;
}

export class Channels {
  readonly #channels: readonly Channel[];
  #current: number;
  #switches = 0;

  /** `preferred`: the one marked as default, or 0. Channels count as down until they are set. */
  constructor(count: number, preferred: number) {
    this.#channels = Array.from({ length: count }, () => ({
      capacity: 0,
      isUp: false,
      receiveBuffer: undefined,
    }));
    this.#current = preferred;
  }

  get current(): number {
    return this.#current;
  }

  /** How often another link had to take over. */
  get switches(): number {
    return this.#switches;
  }

  /** Room in a datagram of the current link; 0 while it is down. */
  get capacity(): number {
    const channel = this.#channels[this.#current];
    return channel?.isUp === true ? channel.capacity : 0;
  }

  /** Messages that may be on their way here, whichever link they come by; undefined while that is not known of any. */
  get room(): number | undefined {
    const buffers = this.#channels.flatMap(({ receiveBuffer }) => receiveBuffer ?? []);
    return buffers.length === 0 ? undefined : messagesIn(Math.min(...buffers));
  }

  /** Says that a link works, with datagrams below `capacity` bytes, or that it does not (undefined). */
  set(index: number, capacity: number | undefined, receiveBuffer?: number): void {
    const channel = this.#channels[index];
    if (channel === undefined) return;
    channel.receiveBuffer = receiveBuffer ?? channel.receiveBuffer;
    channel.isUp = capacity !== undefined;
    if (capacity !== undefined) channel.capacity = capacity;
    if (this.capacity > 0) return;
    const other = this.#channels.findIndex(({ isUp }) => isUp);
    if (other >= 0) this.#use(other);
  }

  /** A good message came in on a link: that is where the peer is. */
  heard(index: number): void {
    if (index !== this.#current && this.#channels[index]?.isUp === true) this.#use(index);
  }

  #use(index: number): void {
    this.#current = index;
    this.#switches += 1;
  }
}
