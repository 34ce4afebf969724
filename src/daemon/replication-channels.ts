/**
 * The sockets of the dedicated links. All links are read; which one is written is the replicator's choice, who is told of
 * each whether it works. A link whose address or interface is not there yet is opened when it appears.
 */
import { ipFamily } from "../base/ip.ts";
import { after, earliest, type Instant, milliseconds, seconds } from "../base/time.ts";
import type { ChannelStats, QueueStats } from "../control/replication-contract.ts";
import { DatagramChannel } from "../kernel/channel-datagram.ts";
import { ReceiveBatch, SendBatch } from "../kernel/datagram-batch.ts";
import { SyscallError } from "../kernel/errno.ts";
import type { Reactor } from "../kernel/reactor.ts";
import type { ChannelConfig } from "../replication/config.ts";
import type { LinkEntry } from "../wire/rtnetlink/entries.ts";
import type { PacingLimits } from "./event-pacing.ts";
import { PacedReader } from "./paced-reader.ts";
import { StreamChannel } from "./replication-stream.ts";
import type { Trouble } from "./thread-messages.ts";

/** Datagrams per call. Memory for the longest that IP knows is only taken where such long ones arrive. */
const RECEIVE_COUNT = 32;
const RECEIVE_SIZE = 65_536;
const SEND_COUNT = 32;
const SEND_SIZE_MAX = 65_528;
/**
 * Some 800 datagrams a second are many, 400 are not. Nothing is lost by a long pause: a takeover reads first what there is. But a
 * socket's buffer holds a hundred where nothing is configured, and a conntrackd that tells everything sends as many in 1 ms.
 */
const DATAGRAM_LIMITS: PacingLimits = {
  many: 4,
  few: 2,
  longest: milliseconds(10),
  portion: 50,
};
/** Batches that may be read before a takeover: what a socket's buffer holds as a rule. */
const CATCH_UP_MAX = 64;
/** Rounds of sending per turn, for the other descriptors to get theirs. */
const SEND_ROUNDS_MAX = 4;
const FULL_PAUSE = milliseconds(1);
const REOPEN_PAUSE = seconds(1);
const MTU_DEFAULT = 1_500;

export interface ChannelsContext {
  readonly reactor: Pick<Reactor, "watch" | "unwatch">;
  readonly linkOf: (name: string) => LinkEntry | undefined;
  readonly now: () => Instant;
  /** A datagram, or whole messages of a stream: the first `length` bytes of `view`, which came on link `index`. */
  readonly received: (view: DataView, length: number, index: number) => void;
  /** Link `index` takes datagrams below `capacity` bytes from now on, or none (undefined); see Replicator.handleLink(). */
  readonly changed: (
    index: number,
    capacity: number | undefined,
    receiveBuffer: number | undefined,
  ) => void;
  /** A link that was blocked takes datagrams again. */
  readonly writable: () => void;
  readonly complain: (trouble: Trouble) => void;
}

/** Writes the next datagram, below the link's capacity, at `at`. Returns its size, 0 when there is nothing to send. */
export type Fill = (view: DataView, at: number) => number;

/** "idle": everything is sent. "more": come back. "blocked": nothing can be sent now. */
export type Transmission = "idle" | "more" | "blocked";

interface Link {
  readonly number: number;
  readonly config: ChannelConfig;
  /** What was last said of it. */
  capacity: number | undefined;
  socket: DatagramChannel | StreamChannel | undefined;
  /** Of a datagram socket. */
  reader: PacedReader | undefined;
  /** Index of the interface that it was opened on. */
  interfaceIndex: number | undefined;
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
  /** Where the outgoing batch goes. */
  #aimed: Link | undefined;
  #retryAt: Instant | undefined;
  #reopenAt: Instant | undefined;

  /** Opens what can be opened. */
  constructor(configs: readonly ChannelConfig[], context: ChannelsContext) {
    this.#context = context;
    this.#links = configs.map((config, number) => newLink(config, number));
    const mtus = configs.map(({ interface: name }) => context.linkOf(name)?.mtu ?? MTU_DEFAULT);
    const size = Math.min(SEND_SIZE_MAX, Math.max(MTU_DEFAULT, ...mtus));
    this.#outgoing = new SendBatch(SEND_COUNT, size);
    this.linksChanged();
  }

  /** Names of the interfaces that links use. */
  interfaces(): ReadonlySet<string> {
    return new Set(this.#links.map(({ config }) => config.interface));
  }

  /** An interface or an address came, went, or changed: opens what can be opened now, and says what works. */
  linksChanged(): void {
    this.#reopenAt = undefined;
    for (const link of this.#links) {
      this.#open(link);
      const capacity = this.#capacityOf(link);
      if (capacity !== link.capacity)
        this.#context.changed(link.number, capacity, bufferOf(link.socket));
      link.capacity = capacity;
    }
  }

  /** Sends what `fill` has on link `index`, in bounded portions. */
  transmit(index: number, fill: Fill): Transmission {
    const link = this.#links[index];
    const socket = link?.socket;
    if (link === undefined || socket === undefined) return "blocked";
    if (socket instanceof StreamChannel) return this.#transmitStream(link, socket, fill);
    if (this.#retryAt !== undefined && this.#context.now() < this.#retryAt) return "blocked";
    return this.#transmitDatagrams(link, socket, fill);
  }

  /** When wake() has something to do. */
  deadline(): Instant | undefined {
    let deadline = earliest(this.#retryAt, this.#reopenAt);
    for (const { reader } of this.#links) deadline = earliest(deadline, reader?.deadline());
    return deadline;
  }

  wake(now: Instant): void {
    for (const { reader } of this.#links) reader?.wake(now);
    if (this.#reopenAt !== undefined && now >= this.#reopenAt) this.linksChanged();
    if (this.#retryAt === undefined || now < this.#retryAt) return;
    this.#retryAt = undefined;
    this.#context.writable();
  }

  /** Takes in what has arrived and was not read yet. */
  catchUp(): void {
    for (const { reader } of this.#links) reader?.catchUp(CATCH_UP_MAX);
  }

  /** `current` is the link that is written. */
  stats(current: number): readonly ChannelStats[] {
    return this.#links.map((link) => {
      const { socket } = link;
      const isStream = socket instanceof StreamChannel;
      return {
        transport: link.config.transport,
        interface: link.config.interface,
        state: this.#stateOf(link),
        isActive: link.number === current,
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

  /** Buffers that wait for a connection of TCP, as many as may on one link, and those that were given up. */
  errorQueue(): QueueStats {
    let [length, overflows] = [0, 0];
    for (const { socket } of this.#links) {
      if (!(socket instanceof StreamChannel)) continue;
      length += socket.keptCount;
      overflows += socket.droppedCount;
    }
    const max = Math.max(0, ...this.#links.map(({ config }) => config.errorQueueLength));
    return { name: "error", length, max, overflows };
  }

  close(): void {
    for (const link of this.#links) this.#closeLink(link);
  }

  #transmitDatagrams(link: Link, socket: DatagramChannel, fill: Fill): Transmission {
    const batch = this.#outgoing;
    if (this.#aimed !== link) socket.aim(batch);
    this.#aimed = link;
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
    while (!batch.isFull) {
      const size = fill(batch.view, batch.nextAt);
      if (size === 0) return true;
      batch.add(size);
    }
    return false;
  }

  #transmitStream(link: Link, socket: StreamChannel, fill: Fill): Transmission {
    const room = link.capacity ?? MTU_DEFAULT;
    for (let round = 0; round < SEND_ROUNDS_MAX; round += 1) {
      const isEmpty = gatherStream(link, socket, { fill, room });
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

  #receive(link: Link, socket: DatagramChannel): { count: number; isDrained: boolean } {
    const batch = this.#incoming;
    const received = this.#receiveBatch(link, socket);
    for (let index = 0; index < received; index += 1) {
      this.#take(link, batch.room(index), batch.length(index));
    }
    return { count: received, isDrained: received < batch.count };
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

  #take(link: Link, view: DataView, length: number): void {
    link.receivedBytes += length;
    link.receivedPackets += 1;
    this.#context.received(view, length, link.number);
  }

  #open(link: Link): void {
    const index = this.#context.linkOf(link.config.interface)?.index;
    // An interface that was made anew under its old name is another one, of which no group is joined.
    if (index !== undefined && index !== link.interfaceIndex) this.#closeLink(link);
    if (link.socket === undefined) this.#tryToOpen(link, index);
    if (link.socket === undefined) this.#reopenAt = after(this.#context.now(), REOPEN_PAUSE);
  }

  #capacityOf({ config, socket }: Link): number | undefined {
    const entry = this.#context.linkOf(config.interface);
    if (entry === undefined || !entry.running || socket === undefined) return undefined;
    return Math.min(entry.mtu, this.#outgoing.size) - headersOf(config);
  }

  #closeLink(link: Link): void {
    const { socket } = link;
    link.socket = undefined;
    if (this.#aimed === link) this.#aimed = undefined;
    link.reader?.close();
    link.reader = undefined;
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
      link.interfaceIndex = index;
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
    const { reactor, now } = this.#context;
    const read = (): { count: number; isDrained: boolean } => this.#receive(link, socket);
    link.reader = new PacedReader({ reactor, now, fd: socket.fd, limits: DATAGRAM_LIMITS, read });
    return socket;
  }

  #openStream(link: Link, index: number): StreamChannel {
    const { address, peer, port, interface: name, sendBuffer, receiveBuffer } = link.config;
    const { errorQueueLength: keptBuffers } = link.config;
    const { reactor, now, writable } = this.#context;
    const place = { port, interface: name, index };
    return new StreamChannel({
      local: { ...place, address, bufferSize: receiveBuffer },
      remote: { ...place, address: peer ?? address, bufferSize: sendBuffer },
      reactor,
      now,
      writable,
      keptBuffers,
      received: (view, length) => this.#take(link, view, length),
    });
  }

  #stateOf({ config }: Link): ChannelStats["state"] {
    const entry = this.#context.linkOf(config.interface);
    if (entry === undefined) return "missing";
    if (!entry.up) return "down";
    return entry.running ? "running" : "no-carrier";
  }
}

const newLink = (config: ChannelConfig, number: number): Link => ({
  number,
  config,
  capacity: undefined,
  socket: undefined,
  reader: undefined,
  interfaceIndex: undefined,
  failure: undefined,
  sentBytes: 0,
  sentPackets: 0,
  sendErrors: 0,
  receivedBytes: 0,
  receivedPackets: 0,
  receiveErrors: 0,
});

/** A stream holds its sender back by itself. */
const bufferOf = (socket: Link["socket"]): number | undefined =>
  socket instanceof StreamChannel ? Infinity : socket?.receiveBuffer;

/** Bytes of the IP and UDP headers, or of those of IP and TCP, before the payload. */
function headersOf({ address, transport }: ChannelConfig): number {
  return (ipFamily(address) === 6 ? 40 : 20) + (transport === "tcp" ? 20 : 8);
}

/** True when `fill` has nothing more. */
function gatherStream(
  link: Link,
  socket: StreamChannel,
  { fill, room }: { readonly fill: Fill; readonly room: number },
): boolean {
  while (socket.accepts(room)) {
    const size = fill(socket.output, socket.outputAt);
    if (size === 0) return true;
    socket.add(size);
    link.sentPackets += 1;
  }
  return false;
}
