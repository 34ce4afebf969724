/**
 * A replicator with everything it needs of this host: the sockets of its dedicated links and those to the kernel. Does a
 * bounded portion of whatever there is to do, so that nothing waits long for anything else.
 */
import { randomBytes } from "node:crypto";
import { endianness } from "node:os";
import { earliest, type Instant, instant } from "../base/time.ts";
import type { Reactor } from "../kernel/reactor.ts";
import type { ReplicationConfig } from "../replication/config.ts";
import { compareConfigs } from "../replication/reconfigure.ts";
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
  /** New flows may have begun unheard while many were loaded. */
  readonly missedNew: () => void;
}

const AT_ONCE: Instant = instant(0);

export class ReplicationEngine {
  readonly replicator: Replicator;
  #kernel: KernelFlows;
  readonly #context: EngineContext;
  #config: ReplicationConfig;
  #channels: ReplicationChannels;
  readonly #fill: Fill;
  /** More could be sent at once than one turn may. */
  #hasMore = false;

  /** Opens the sockets, listens to the kernel and asks it for its flows. Throws SyscallError. */
  constructor(config: ReplicationConfig, context: EngineContext) {
    const { now } = context;
    this.#config = config;
    this.#context = context;
    const startSequence = Math.floor(Date.now() / 1_000);
    const seed = randomBytes(4).readUInt32LE();
    const peerIsLittleEndian = endianness() === "LE";
    this.replicator = new Replicator({ config, startSequence, seed, peerIsLittleEndian }, now());
    this.#fill = (view, at) => this.replicator.pollTransmit(view, at, now());
    this.#kernel = this.#openKernel(config);
    this.#channels = this.#openChannels();
  }

  get config(): ReplicationConfig {
    return this.#config;
  }

  get kernel(): KernelFlows {
    return this.#kernel;
  }

  get channels(): ReplicationChannels {
    return this.#channels;
  }

  /**
   * Applies a configuration as far as that can be done with the tables that there are. False: it takes a new engine, and
   * nothing was changed. Throws SyscallError when the kernel's side cannot be opened anew; then nothing was changed either.
   */
  reconfigure(config: ReplicationConfig): boolean {
    const { reason, changesChannels, changesSockets } = compareConfigs(this.#config, config);
    if (reason !== undefined) return false;
    if (changesSockets) this.#exchangeKernel(config);
    this.replicator.reconfigure(config);
    this.#config = config;
    if (!changesChannels) return true;
    this.#channels.close();
    this.#channels = this.#openChannels();
    return true;
  }

  deadline(): Instant | undefined {
    if (this.#hasMore) return AT_ONCE;
    const deadline = earliest(this.replicator.deadline(), this.#kernel.deadline());
    return earliest(deadline, this.#channels.deadline());
  }

  work(now: Instant): void {
    if (now >= this.replicator.deadline()) this.replicator.wake(now);
    this.#kernel.work(now);
    this.#channels.wake(now);
    this.#transmit();
  }

  /** Takes in what the peer said last, before a takeover judges whether all of it is loaded. */
  catchUp(): void {
    this.#channels.catchUp();
  }

  /** Deletes from the kernel what a backup has loaded, as far as that can be done until `end`. */
  unload(end: Instant): void {
    this.replicator.unload();
    for (let now = this.#context.now(); now < end && this.replicator.hasKernelWrites; ) {
      this.#kernel.work(now);
      now = this.#context.now();
    }
  }

  close(): void {
    this.#kernel.close();
    this.#channels.close();
  }

  /** Listens anew before it stops listening, and reads the kernel's table, as what was not read yet is lost. */
  #exchangeKernel(config: ReplicationConfig): void {
    const before = this.#kernel;
    const after = this.#openKernel(config);
    this.#kernel = after;
    after.succeed(before);
    before.abandon(this.#context.now());
    this.replicator.resyncWithKernel();
  }

  #openKernel(config: ReplicationConfig): KernelFlows {
    return new KernelFlows(config, { ...this.#context, replicator: this.replicator });
  }

  #openChannels(): ReplicationChannels {
    const { now, reactor, linkOf, complain } = this.#context;
    return new ReplicationChannels(this.#config.channels, {
      reactor,
      now,
      linkOf,
      complain,
      received: (view, length, index) => this.replicator.handleDatagram(view, length, index, now()),
      changed: (index, capacity, receiveBuffer) =>
        this.replicator.handleLink(index, capacity, receiveBuffer),
      writable: () => this.#transmit(),
    });
  }

  #transmit(): void {
    this.#hasMore = this.#channels.transmit(this.replicator.channel, this.#fill) === "more";
  }
}
