/**
 * The dedicated links of one transport. All are read; one, the current one, is written: the default one at first, another
 * that is up when its interface goes down, and the one that the peer turned to. A link whose address or interface is not
 * there yet is opened when it appears.
 */
import { ipFamily } from "../base/ip.ts";
import { after, type Instant, milliseconds, seconds } from "../base/time.ts";
import type { ChannelStats } from "../control/replication-contract.ts";
import { DatagramChannel } from "../kernel/channel-datagram.ts";
import { ReceiveBatch, SendBatch } from "../kernel/datagram-batch.ts";
import { SyscallError } from "../kernel/errno.ts";
import type { Reactor } from "../kernel/reactor.ts";
import type { ChannelConfig } from "../replication/config.ts";
import type { LinkEntry } from "../wire/rtnetlink/entries.ts";
import { StreamChannel } from "./replication-stream.ts";
import type { Trouble } from "./thread-messages.ts";

/** Datagrams per call. Memory for the longest that IP knows is only taken where such long ones arrive. */
const RECEIVE_COUNT = 32;
const RECEIVE_SIZE = 65_536;
const SEND_COUNT = 32;
const SEND_SIZE_MAX = 65_528;
/** Rounds of sending per turn, for the other descriptors to get theirs. */
const SEND_ROUNDS_MAX = 4;
const FULL_PAUSE = milliseconds(1);
const REOPEN_PAUSE = seconds(1);
const MTU_DEFAULT = 1_500;

export interface ChannelsContext {
  readonly reactor: Pick<Reactor, "watch" | "unwatch">;
  readonly linkOf: (name: string) => LinkEntry | undefined;
  readonly now: () => Instant;
  /** A datagram, or whole messages of a stream. True: there was something valid in it. */
  readonly received: (view: DataView, at: number, length: number) => boolean;
  /** The current link takes datagrams again. */
  readonly writable: () => void;
  readonly complain: (trouble: Trouble) => void;
}

/** Writes the next datagram, of at most `room` bytes, at `at`. Returns its size, 0 when there is nothing to send. */
export type Fill = (view: DataView, at: number, room: number) => number;

/** "idle": everything is sent. "more": come back. "blocked": nothing can be sent now. */
export type Transmission = "idle" | "more" | "blocked";

interface Link {
  readonly config: ChannelConfig;
  socket: DatagramChannel | StreamChannel | undefined;
  /** Index of the interface that it was opened on. */
  index: number | undefined;
  /** What the last attempt to open it failed with, to tell a failure once. */
  failure: string | undefined;
  sentBytes: number;
  sentPackets: number;
  sendErrors: number;
  receivedBytes: number;
  receivedPackets: number;
  receiveErrors: number;
}

export class ReplicationChannels {
  readonly #context: ChannelsContext;
  readonly #links: readonly Link[];
  readonly #incoming = new ReceiveBatch(RECEIVE_COUNT, RECEIVE_SIZE);
  readonly #outgoing: SendBatch;
  #current: Link | undefined;
  #retryAt: Instant | undefined;
  #reopenAt: Instant | undefined;

  /** Opens what can be opened. */
  constructor(configs: readonly ChannelConfig[], context: ChannelsContext) {
    this.#context = context;
    this.#links = configs.map((config) => newLink(config));
    const mtus = configs.map(({ interface: name }) => context.linkOf(name)?.mtu ?? MTU_DEFAULT);
    const size = Math.min(SEND_SIZE_MAX, Math.max(MTU_DEFAULT, ...mtus));
    this.#outgoing = new SendBatch(SEND_COUNT, size);
    this.#open();
    this.linksChanged();
  }

  /** Interface that is written to; undefined when none is open. */
  get current(): string | undefined {
    return this.#current?.config.interface;
  }

  /** Bytes that a datagram may have: less than this. */
  get capacity(): number {
    const config = this.#current?.config;
    if (config === undefined) return MTU_DEFAULT - headersOf(undefined);
    const mtu = this.#context.linkOf(config.interface)?.mtu ?? MTU_DEFAULT;
    return Math.min(mtu, this.#outgoing.size) - headersOf(config);
  }

  /** Names of the interfaces that links use. */
  interfaces(): ReadonlySet<string> {
    return new Set(this.#links.map(({ config }) => config.interface));
  }

  /** An interface came, went, or changed: opens what can be opened now, and turns to a link that is up. */
  linksChanged(): void {
    this.#open();
    const isUsable = (link: Link): boolean => link.socket !== undefined && this.#isRunning(link);
    if (this.#current !== undefined && isUsable(this.#current)) return;
    const usable = this.#links.filter(isUsable);
    const open = this.#links.filter(({ socket }) => socket !== undefined);
    const best = preferred(usable) ?? this.#current ?? preferred(open);
    if (best !== undefined) this.#turnTo(best);
  }

  /** Sends what `fill` has, in bounded portions. */
  transmit(fill: Fill): Transmission {
    const socket = this.#current?.socket;
    if (this.#current === undefined || socket === undefined) return "blocked";
    if (socket instanceof StreamChannel) return this.#transmitStream(this.#current, socket, fill);
    if (this.#retryAt !== undefined && this.#context.now() < this.#retryAt) return "blocked";
    return this.#transmitDatagrams(this.#current, socket, fill);
  }

  /** When wake() has something to do. */
  deadline(): Instant | undefined {
    if (this.#retryAt === undefined) return this.#reopenAt;
    if (this.#reopenAt === undefined) return this.#retryAt;
    return this.#retryAt < this.#reopenAt ? this.#retryAt : this.#reopenAt;
  }

  wake(now: Instant): void {
    if (this.#reopenAt !== undefined && now >= this.#reopenAt) this.linksChanged();
    if (this.#retryAt === undefined || now < this.#retryAt) return;
    this.#retryAt = undefined;
    this.#context.writable();
  }

  stats(): readonly ChannelStats[] {
    return this.#links.map((link) => {
      const { socket } = link;
      const isStream = socket instanceof StreamChannel;
      return {
        transport: link.config.transport,
        interface: link.config.interface,
        state: this.#stateOf(link),
        isActive: link === this.#current,
        connections: isStream ? { server: socket.hasReader, client: socket.hasSender } : null,
        sentBytes: link.sentBytes,
        sentPackets: link.sentPackets,
        sendErrors: link.sendErrors + (isStream ? socket.errors : 0),
        receivedBytes: link.receivedBytes,
        receivedPackets: link.receivedPackets,
        receiveErrors: link.receiveErrors,
      };
    });
  }

  close(): void {
    for (const link of this.#links) this.#closeLink(link);
  }

  #transmitDatagrams(link: Link, socket: DatagramChannel, fill: Fill): Transmission {
    const batch = this.#outgoing;
    for (let round = 0; round < SEND_ROUNDS_MAX; round += 1) {
      const isEmpty = this.#gather(fill);
      if (batch.waiting === 0) return "idle";
      const { sentBytes, sentCount } = batch;
      const outcome = socket.send(batch);
      link.sentBytes += batch.sentBytes - sentBytes;
      link.sentPackets += batch.sentCount - sentCount;
      if (outcome === "failed") link.sendErrors += 1;
      if (outcome === "full") {
        this.#retryAt = after(this.#context.now(), FULL_PAUSE);
        return "blocked";
      }
      if (isEmpty && batch.waiting === 0) return "idle";
    }
    return "more";
  }

  /** True when `fill` has nothing more. */
  #gather(fill: Fill): boolean {
    const batch = this.#outgoing;
    const room = this.capacity;
    while (!batch.isFull) {
      const size = fill(batch.view, batch.nextAt, room);
      if (size === 0) return true;
      batch.add(size);
    }
    return false;
  }

  #transmitStream(link: Link, socket: StreamChannel, fill: Fill): Transmission {
    const room = this.capacity;
    for (let round = 0; round < SEND_ROUNDS_MAX; round += 1) {
      const isEmpty = gatherStream(link, socket, fill, room);
      const isFlushed = socket.flush();
      link.sentBytes += socket.takeWritten();
      if (!isFlushed) {
        // To connect again where that failed.
        this.#retryAt = after(this.#context.now(), REOPEN_PAUSE);
        return "blocked";
      }
      if (isEmpty) return "idle";
    }
    return "more";
  }

  #receive(link: Link, socket: DatagramChannel): boolean {
    const batch = this.#incoming;
    const received = this.#receiveBatch(link, socket);
    for (let index = 0; index < received; index += 1) {
      const length = batch.length(index);
      this.#take(link, batch.view, batch.at(index), length);
    }
    return received < batch.count;
  }

  #receiveBatch(link: Link, socket: DatagramChannel): number {
    try {
      const received = socket.receive(this.#incoming);
      return received === "overrun" ? 0 : received;
    } catch (error) {
      // An interface that goes down leaves an error behind; the socket goes on.
      if (!(error instanceof SyscallError)) throw error;
      link.receiveErrors += 1;
      return 0;
    }
  }

  #take(link: Link, view: DataView, at: number, length: number): void {
    link.receivedBytes += length;
    link.receivedPackets += 1;
    const isValid = this.#context.received(view, at, length);
    // The peer sends on the link that it believes in.
    if (isValid && link !== this.#current && link.socket !== undefined) this.#turnTo(link);
  }

  #turnTo(link: Link): void {
    const before = this.#current;
    this.#current = link;
    if (link.socket instanceof DatagramChannel) link.socket.aim(this.#outgoing);
    else this.#outgoing.clear();
    this.#retryAt = undefined;
    if (before !== undefined) this.#context.writable();
  }

  #open(): void {
    this.#reopenAt = undefined;
    for (const link of this.#links) {
      const index = this.#context.linkOf(link.config.interface)?.index;
      // An interface that was made anew under its old name is another one, of which no group is joined.
      if (index !== undefined && index !== link.index) this.#closeLink(link);
      if (link.socket === undefined) this.#tryToOpen(link, index);
      if (link.socket === undefined) this.#reopenAt = after(this.#context.now(), REOPEN_PAUSE);
    }
  }

  #closeLink(link: Link): void {
    const { socket } = link;
    link.socket = undefined;
    if (socket instanceof DatagramChannel) this.#context.reactor.unwatch(socket.fd);
    socket?.close();
  }

  #tryToOpen(link: Link, index: number | undefined): void {
    const { interface: name } = link.config;
    if (index === undefined) {
      this.#failed(link, {
        call: "open",
        subject: name,
        code: "ENODEV",
        text: "no such interface",
      });
      return;
    }
    try {
      link.socket = this.#openSocket(link, index);
      link.index = index;
      if (link === this.#current) this.#turnTo(link);
      link.failure = undefined;
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      const { syscall: call, subject, code, message: text } = error;
      this.#failed(link, { call, subject, code, text });
    }
  }

  #failed(link: Link, trouble: Trouble): void {
    if (link.failure !== trouble.text) this.#context.complain(trouble);
    link.failure = trouble.text;
  }

  #openSocket(link: Link, index: number): DatagramChannel | StreamChannel {
    const { config } = link;
    if (config.transport === "tcp") return this.#openStream(link, index);
    const { transport, address } = config;
    const destination = transport === "multicast" ? address : (config.peer ?? address);
    const socket = DatagramChannel.open({ ...config, transport, index, destination });
    this.#context.reactor.watch(socket.fd, () => this.#receive(link, socket));
    return socket;
  }

  #openStream(link: Link, index: number): StreamChannel {
    const { address, peer, port, interface: name, sendBuffer, receiveBuffer } = link.config;
    const { reactor, now, writable } = this.#context;
    const place = { port, interface: name, index };
    return new StreamChannel({
      local: { ...place, address, bufferSize: receiveBuffer },
      remote: { ...place, address: peer ?? address, bufferSize: sendBuffer },
      reactor,
      now,
      writable,
      received: (view, length) => this.#take(link, view, 0, length),
    });
  }

  #isRunning({ config }: Link): boolean {
    return this.#context.linkOf(config.interface)?.running === true;
  }

  #stateOf({ config }: Link): ChannelStats["state"] {
    const entry = this.#context.linkOf(config.interface);
    if (entry === undefined) return "missing";
    if (!entry.up) return "down";
    return entry.running ? "running" : "no-carrier";
  }
}

const newLink = (config: ChannelConfig): Link => ({
  config,
  socket: undefined,
  index: undefined,
  failure: undefined,
  sentBytes: 0,
  sentPackets: 0,
  sendErrors: 0,
  receivedBytes: 0,
  receivedPackets: 0,
  receiveErrors: 0,
});

const preferred = (links: readonly Link[]): Link | undefined =>
  links.find(({ config }) => config.isDefault) ?? links[0];

/** Bytes of the IP and UDP headers, or of those of IP and TCP, before the payload. */
function headersOf(config: ChannelConfig | undefined): number {
  const ip = config !== undefined && ipFamily(config.address) === 6 ? 40 : 20;
  return ip + (config?.transport === "tcp" ? 20 : 8);
}

/** True when `fill` has nothing more. */
function gatherStream(link: Link, socket: StreamChannel, fill: Fill, room: number): boolean {
  while (socket.accepts(room)) {
    const size = fill(socket.output, socket.outputAt, room);
    if (size === 0) return true;
    socket.add(size);
    link.sentPackets += 1;
  }
  return false;
}
