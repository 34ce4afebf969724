/**
 * A dedicated link over TCP: two connections, each used in one direction. This router writes on the one that it opened and
 * reads the one that it accepted. The stream is messages back to back; what is not whole waits for the rest.
 *
 * News wait in the tables while there is no connection. What was taken from there when one broke, and was not written whole,
 * is kept for the next one: the last so many buffers, as ErrorQueueLength of conntrackd.conf says.
 */
import { after, type Instant, seconds } from "../base/time.ts";
import {
  type StreamEndpoint,
  StreamListener,
  type StreamReader,
  StreamSender,
} from "../kernel/channel-stream.ts";
import { SyscallError } from "../kernel/errno.ts";
import { Memory } from "../kernel/libc.ts";
import type { Reactor } from "../kernel/reactor.ts";
import { wholeMessages } from "../wire/flow-sync.ts";

/** Larger than any message, so that one always becomes whole. */
const ROOM = 131_072;
const RECONNECT = seconds(1);
/** The other end says nothing on this connection. */
const DISCARD_ROOM = 1_024;
/** Reads per turn, for the other descriptors to get theirs. */
const READS_MAX = 8;

export interface StreamOptions {
  readonly local: StreamEndpoint;
  readonly remote: StreamEndpoint;
  readonly reactor: Pick<Reactor, "watch" | "unwatch">;
  readonly now: () => Instant;
  /** Buffers at most that outlive a connection. */
  readonly keptBuffers: number;
  /** Whole messages, `length` bytes from the beginning of `view`. */
  readonly received: (view: DataView, length: number) => void;
  /** The connection that is written has become free to take more. */
  readonly writable: () => void;
}

export class StreamChannel {
  readonly #options: StreamOptions;
  readonly #listener: StreamListener;
  readonly #input: Memory = new Memory(ROOM);
  readonly #output: Memory = new Memory(ROOM);
  #reader: StreamReader | undefined;
  #inputLength = 0;
  #sender: StreamSender | undefined;
  #connected = false;
  #nextAttempt: Instant | undefined;
  #outputAt = 0;
  #outputEnd = 0;
  /** Where each buffer in the output ends. */
  #ends: number[] = [];
  #dropped = 0;
  /** Bytes that were written and not counted yet, see takeWritten(). */
  #written = 0;
  /** Connections that could not be opened, or that broke. */
  errors = 0;

  /** Listens at once; connects when there is something to send. Throws SyscallError. */
  constructor(options: StreamOptions) {
    this.#options = options;
    this.#listener = StreamListener.open(options.local);
    options.reactor.watch(this.#listener.fd, () => this.#accept());
  }

  get hasReader(): boolean {
    return this.#reader !== undefined;
  }

  get hasSender(): boolean {
    return this.#connected;
  }

  /** Buffers that wait for a connection. */
  get keptCount(): number {
    return this.#connected ? 0 : this.#ends.length;
  }

  /** Buffers that were given up because more of them would have outlived a connection than may. */
  get droppedCount(): number {
    return this.#dropped;
  }

  /** Where the next buffer is to be written, if it may be: `at` and the room behind it. */
  get output(): DataView {
    return this.#output.view;
  }

  get outputAt(): number {
    return this.#outputEnd;
  }

  /** Whether a buffer of `size` bytes would be taken now. Opens the connection when there is none. */
  accepts(size: number): boolean {
    if (this.#sender === undefined) this.#connect();
    return this.#connected && this.#outputEnd + size <= ROOM;
  }

  /** Takes the buffer of `size` bytes that was written at `outputAt`. */
  add(size: number): void {
    this.#outputEnd += size;
    this.#ends.push(this.#outputEnd);
  }

  /** Writes what the socket takes. False: some of it must wait, and writable() will be called. */
  flush(): boolean {
    const { reactor } = this.#options;
    const sender = this.#sender;
    if (sender === undefined || !this.#connected) return false;
    while (this.#outputAt < this.#outputEnd) {
      const address = this.#output.address + this.#outputAt;
      const written = sender.write(address, this.#outputEnd - this.#outputAt);
      if (written === "closed") return this.#broken();
      if (written === 0) {
        reactor.watch(sender.fd, () => this.#senderReady(), "writable");
        return false;
      }
      this.#outputAt += written;
      this.#written += written;
    }
    this.#outputAt = 0;
    this.#outputEnd = 0;
    this.#ends = [];
    return true;
  }

  /** Bytes written since the last call. */
  takeWritten(): number {
    const written = this.#written;
    this.#written = 0;
    return written;
  }

  close(): void {
    const { reactor } = this.#options;
    reactor.unwatch(this.#listener.fd);
    this.#listener.close();
    this.#closeReader();
    this.#closeSender();
  }

  #accept(): boolean {
    const reader = this.#listener.accept();
    if (reader === undefined) return true;
    // The peer has one connection; a new one means that it gave up the old.
    this.#closeReader();
    this.#reader = reader;
    this.#options.reactor.watch(reader.fd, () => this.#read(reader));
    return true;
  }

  #read(reader: StreamReader): boolean {
    for (let count = 0; count < READS_MAX; count += 1) {
      const length = reader.read(this.#input, this.#inputLength);
      if (length === 0) return true;
      if (length === "closed") {
        this.#closeReader();
        return true;
      }
      this.#inputLength += length;
      this.#deliver();
    }
    return false;
  }

  #deliver(): void {
    const { view, bytes } = this.#input;
    const whole = wholeMessages(view, this.#inputLength);
    if (whole === 0) return;
    this.#options.received(view, whole);
    // The handler may have closed the channel.
    bytes.copyWithin(0, whole, this.#inputLength);
    this.#inputLength = Math.max(0, this.#inputLength - whole);
  }

  #connect(): void {
    const { reactor, remote, now } = this.#options;
    const time = now();
    if (this.#nextAttempt !== undefined && time < this.#nextAttempt) return;
    this.#nextAttempt = after(time, RECONNECT);
    try {
      const sender = StreamSender.connect(remote);
      this.#sender = sender;
      reactor.watch(sender.fd, () => this.#senderReady(), "writable");
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.errors += 1;
    }
  }

  /** Connected, or writable again, or closed by the other end, which never sends anything on this connection. */
  #senderReady(): boolean {
    const sender = this.#sender;
    if (sender === undefined) return true;
    try {
      sender.finishConnecting();
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.#broken();
      return true;
    }
    this.#connected = true;
    this.#options.reactor.watch(sender.fd, () => this.#senderReadable(sender));
    this.flush();
    this.#options.writable();
    return true;
  }

  #senderReadable(sender: StreamSender): boolean {
    if (sender.discard(new Memory(DISCARD_ROOM)) === "closed") this.#broken();
    return true;
  }

  #broken(): false {
    this.errors += 1;
    this.#closeSender();
    this.#keepUnwritten();
    return false;
  }

  /** The next connection begins with a whole buffer: the peer forgets what it has of one that is not whole. */
  #keepUnwritten(): void {
    const ends = this.#ends;
    const unwritten = ends.filter((end) => end > this.#outputAt).length;
    const kept = Math.min(unwritten, this.#options.keptBuffers);
    this.#dropped += unwritten - kept;
    const from = ends[ends.length - kept - 1] ?? 0;
    const start = kept === 0 ? this.#outputEnd : from;
    this.#output.bytes.copyWithin(0, start, this.#outputEnd);
    this.#ends = ends.slice(ends.length - kept).map((end) => end - start);
    this.#outputEnd -= start;
    this.#outputAt = 0;
  }

  #closeSender(): void {
    if (this.#sender === undefined) return;
    this.#options.reactor.unwatch(this.#sender.fd);
    this.#sender.close();
    this.#sender = undefined;
    this.#connected = false;
  }

  #closeReader(): void {
    if (this.#reader === undefined) return;
    this.#options.reactor.unwatch(this.#reader.fd);
    this.#reader.close();
    this.#reader = undefined;
    this.#inputLength = 0;
  }
}
