/** A router with Duet in a simulation of replication. */
import { type Instant, instant, seconds } from "../../src/base/time.ts";
import type { ReplicationConfig, ReplicationMode } from "../../src/replication/config.ts";
import type { KernelNews } from "../../src/replication/internal-cache.ts";
import { Replicator } from "../../src/replication/replicator.ts";
import type { TakeoverEvent } from "../../src/replication/takeover.ts";
import { flowOfRecord, kernelAttributes, type SimFlow, saying } from "./replication-flow.ts";
import { SimKernel } from "./replication-kernel.ts";
import type { Send, SimNode } from "./replication-node.ts";

export const FTFW: Extract<ReplicationMode, { type: "ftfw" }> = {
  type: "ftfw",
  resendQueueSize: 131_072,
  ackWindowSize: 300,
  externalCache: true,
  startupResync: false,
};

export const replicationConfig = (changes: Partial<ReplicationConfig> = {}): ReplicationConfig => ({
  mode: FTFW,
  channels: [CHANNEL],
  commitTimeout: undefined,
  purgeTimeout: seconds(60),
  loadsAhead: true,
  windowTracking: false,
  expectations: false,
  hashSize: 1024,
  hashLimit: 4096,
  netlinkBuffer: undefined,
  netlinkBufferMax: 0,
  overrunResync: seconds(30),
  reliableEvents: false,
  eventIterationLimit: 100,
  poll: undefined,
  filter: { place: "userspace", protocols: undefined, addresses: undefined, tcpStates: undefined },
  logFile: undefined,
  syslog: undefined,
  lockFile: undefined,
  controlSocket: undefined,
  ...changes,
});

const CHANNEL: ReplicationConfig["channels"][number] = {
  transport: "udp",
  isDefault: true,
  interface: "sync",
  address: "10.255.0.1" as ReplicationConfig["channels"][number]["address"],
  peer: undefined,
  port: 3780,
  sendBuffer: undefined,
  receiveBuffer: undefined,
  checksum: true,
  errorQueueLength: 128,
};

/** MTU 1500 over UDP and IPv4. */
const CAPACITY = 1472;
/** As Linux gives it to a socket for which nothing is configured. */
export const RECEIVE_BUFFER = 212_992;
/** Datagrams sent per run: a socket's buffer takes no more at once. */
const DATAGRAMS_MAX = 64;
/** Batches of requests to the kernel per run. */
const BATCHES_MAX = 4;

export interface SimDuetOptions {
  readonly config?: ReplicationConfig;
  readonly startSequence: number;
  readonly seed: number;
  readonly send: Send;
  /** Bytes, as SO_RCVBUF tells. */
  readonly receiveBuffer?: number;
}

export class SimDuet implements SimNode {
  readonly kernel = new SimKernel();
  readonly #options: SimDuetOptions;
  readonly #out = new DataView(new ArrayBuffer(2048));
  #starts = 0;
  #at = 0;
  replicator: Replicator;

  constructor(options: SimDuetOptions, at: number) {
    this.#options = options;
    this.replicator = this.#start(at);
  }

  handle(news: KernelNews, flow: SimFlow): void {
    this.replicator.handleFlow(news, kernelAttributes(flow), instant(this.#at));
  }

  takeover(event: TakeoverEvent, at: number): void {
    this.replicator.handleTakeover(event, instant(at));
    this.run(at);
  }

  receive(datagram: Uint8Array, at: number): void {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    this.replicator.handleDatagram(view, datagram.byteLength, 0, instant(at));
    this.run(at);
  }

  run(at: number): void {
    this.#at = at;
    const now = instant(at);
    this.replicator.wake(now);
    if (this.replicator.wantedDump !== undefined) this.kernel.dump(this.replicator, now);
    for (let batch = 0; batch < BATCHES_MAX && this.replicator.hasKernelWrites; batch += 1)
      this.kernel.obey(this.replicator, now);
    this.#transmit(now);
  }

  deadline(): number {
    return this.replicator.hasKernelWrites || this.#isBusy
      ? this.#at + 100
      : Math.max(this.#at + 1, this.replicator.deadline());
  }

  restart(at: number): void {
    this.replicator = this.#start(at);
  }

  internal(): string[] {
    return this.#list("internal");
  }

  external(): string[] {
    return this.#list("external");
  }

  #isBusy = false;

  #start(at: number): Replicator {
    this.#at = at;
    const { config = replicationConfig(), startSequence, seed } = this.#options;
    const { receiveBuffer = RECEIVE_BUFFER } = this.#options;
    const replicator = new Replicator(
      {
        config,
        // The clock has gone on by a second or so whenever it starts again.
        startSequence: startSequence + Math.floor(at / 1_000_000) + this.#starts,
        seed: seed + this.#starts,
        peerIsLittleEndian: true,
      },
      instant(at),
    );
    replicator.handleLink(0, CAPACITY, receiveBuffer);
    this.#starts += 1;
    this.kernel.listener = (news, flow) => this.handle(news, flow);
    return replicator;
  }

  #transmit(now: Instant): void {
    this.#isBusy = false;
    for (let count = 0; count < DATAGRAMS_MAX; count += 1) {
      const size = this.replicator.pollTransmit(this.#out, 0, now);
      if (size === 0) return;
      this.#options.send(new Uint8Array(this.#out.buffer.slice(0, size)));
    }
    this.#isBusy = true;
  }

  #list(cache: "internal" | "external"): string[] {
    const lines: string[] = [];
    const request = { kind: "flow", cache, from: 0, count: Infinity } as const;
    this.replicator.list(
      request,
      (record) => lines.push(saying(flowOfRecord(record))),
      instant(this.#at),
    );
    return lines.toSorted();
  }
}
