/**
 * A replicator with everything it needs of this host: the sockets of its dedicated links and those to the kernel. Does a
 * bounded portion of whatever there is to do, so that nothing waits long for anything else.
 */
import { randomBytes } from "node:crypto";
import { endianness } from "node:os";
import { earliest, type Instant, instant } from "../base/time.ts";
import type { Reactor } from "../kernel/reactor.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import { Replicator } from "../replication/replicator.ts";
import type { LinkEntry } from "../wire/rtnetlink/entries.ts";
import { KernelFlows } from "./kernel-flows.ts";
import { type Fill, ReplicationChannels } from "./replication-channels.ts";
import type { Trouble } from "./thread-messages.ts";

export interface EngineContext {
  readonly reactor: Pick<Reactor, "watch" | "unwatch">;
  readonly now: () => Instant;
  readonly linkOf: (name: string) => LinkEntry | undefined;
  readonly complain: (trouble: Trouble) => void;
  /** Events were lost; `buffer` is the size of the event socket's buffer from now on. */
  readonly overran: (buffer: number) => void;
}

const AT_ONCE: Instant = instant(0);

export class ReplicationEngine {
  readonly replicator: Replicator;
  readonly kernel: KernelFlows;
  readonly #context: EngineContext;
  #config: ReplicationConfig;
  #channels: ReplicationChannels;
  readonly #fill: Fill;
  /** More could be sent at once than one turn may. */
  #hasMore = false;

  /** Opens the sockets, listens to the kernel and asks it for its flows. Throws SyscallError. */
  constructor(config: ReplicationConfig, context: EngineContext) {
    const { now, reactor, overran } = context;
    this.#config = config;
    this.#context = context;
    const startSequence = Math.floor(Date.now() / 1_000);
    const seed = randomBytes(4).readUInt32LE();
    const peerIsLittleEndian = endianness() === "LE";
    this.replicator = new Replicator({ config, startSequence, seed, peerIsLittleEndian }, now());
    this.#fill = (view, at) => this.replicator.pollTransmit(view, at, now());
    this.kernel = new KernelFlows(config, { reactor, now, overran, replicator: this.replicator });
    this.#channels = this.#openChannels();
  }

  get config(): ReplicationConfig {
    return this.#config;
  }

  get channels(): ReplicationChannels {
    return this.#channels;
  }

  /** Applies a configuration as far as that can be done without a new replicator. False: it takes a new one. */
  reconfigure(config: ReplicationConfig): boolean {
    const before = this.#config;
    if (essence(before) !== essence(config)) return false;
    if (before.channels.length !== config.channels.length) return false;
    this.#config = config;
    if (JSON.stringify(before.channels) === JSON.stringify(config.channels)) return true;
    this.#channels.close();
    for (const index of config.channels.keys()) this.replicator.handleLink(index, undefined);
    this.#channels = this.#openChannels();
    return true;
  }

  deadline(): Instant | undefined {
    if (this.#hasMore) return AT_ONCE;
    const deadline = earliest(this.replicator.deadline(), this.kernel.deadline());
    return earliest(deadline, this.#channels.deadline());
  }

  work(now: Instant): void {
    if (now >= this.replicator.deadline()) this.replicator.wake(now);
    this.kernel.work(now);
    this.#channels.wake(now);
    this.#transmit();
  }

  close(): void {
    this.kernel.close();
    this.#channels.close();
  }

  #openChannels(): ReplicationChannels {
    const { now, reactor, linkOf, complain } = this.#context;
    return new ReplicationChannels(this.#config.channels, {
      reactor,
      now,
      linkOf,
      complain,
      received: (view, length, index) => this.replicator.handleDatagram(view, length, index, now()),
      changed: (index, capacity) => this.replicator.handleLink(index, capacity),
      writable: () => this.#transmit(),
    });
  }

  #transmit(): void {
    this.#hasMore = this.#channels.transmit(this.replicator.channel, this.#fill) === "more";
  }
}

/** What may change around a replicator and its side of the kernel. */
const AROUND: ReadonlySet<string> = new Set<keyof ReplicationConfig>([
  "channels",
  "logFile",
  "syslog",
  "lockFile",
  "controlSocket",
]);

const essence = (config: ReplicationConfig): string =>
  JSON.stringify(config, (key, value: unknown) => (AROUND.has(key) ? undefined : value));
