/** Runs of replication in which everything goes wrong, from a seed, and what must hold once it is over. */
import type { ReplicationConfig } from "../../src/replication/config.ts";
import { FTFW, RECEIVE_BUFFER, replicationConfig, SimDuet } from "./replication-duet.ts";
import { flowOf, keyOf } from "./replication-flow.ts";
import { GOOD_LINK, ReplicationNetwork } from "./replication-network.ts";
import type { Send, SimNode } from "./replication-node.ts";

const SECOND = 1_000_000;
/** How long everything goes wrong. */
const CHAOS_SECONDS = 7;
/** How long tables may take to become equal once nothing goes wrong: comparisons that fail become rarer and rarer. */
const HEALING_SECONDS = 1300;
/** And how long they have to stay so. */
const CALM_SECONDS = 12;
const FLOW_NUMBERS = 5000;

export interface NodeOptions {
  readonly seed: number;
  readonly startSequence: number;
  readonly send: Send;
  readonly config: ReplicationConfig;
  readonly ftfw: typeof FTFW;
  /** Of its socket, in bytes: how much the peer may have in flight. */
  readonly receiveBuffer: number;
}

export interface ChaosOptions {
  readonly make: readonly [(options: NodeOptions) => SimNode, (options: NodeOptions) => SimNode];
  /** Which of them may restart. */
  readonly restarts: readonly [boolean, boolean];
  /** Whether datagrams may be doubled and overtake each other. */
  readonly reorders: boolean;
  /** Whether tables may be too small. */
  readonly fillsUp: boolean;
  /** Which of them may keep flows of the other one that are no more. */
  readonly mayBeStale: readonly [boolean, boolean];
}

export const newDuet = (options: NodeOptions): SimNode => new SimDuet(options, 0);

const DUETS: ChaosOptions = {
  make: [newDuet, newDuet],
  restarts: [true, true],
  reorders: true,
  fillsUp: true,
  mayBeStale: [false, false],
};

export class ReplicationChaos {
  readonly network: ReplicationNetwork;
  readonly nodes: readonly [SimNode, SimNode];
  readonly log: string[] = [];
  readonly #options: ChaosOptions;
  readonly #limits: readonly [number, number];
  #numbers: readonly [number[], number[]] = [[], []];

  constructor(seed: number, options: ChaosOptions = DUETS) {
    this.#options = options;
    this.network = new ReplicationNetwork(seed);
    const { random } = this.network;
    // One table of four is so small that it fills up.
    const limit = (): number =>
      options.fillsUp && random.chance(25) ? 40 + random.below(200) : 4096;
    this.#limits = [limit(), limit()];
    this.nodes = [this.#make(0), this.#make(1)];
    for (const node of this.nodes) this.network.add(node);
  }

  #make(index: 0 | 1): SimNode {
    const { random } = this.network;
    const ftfw = {
      ...FTFW,
      ackWindowSize: random.chance(50) ? 300 : 10 + random.below(50),
      resendQueueSize: random.chance(80) ? 131_072 : 16 + random.below(100),
    };
    const isNearWrap = random.chance(30);
    return this.#options.make[index]({
      seed: random.below(1_000_000),
      startSequence: isNearWrap ? 0xffff_ffff - random.below(400) : random.below(1_000_000),
      send: (datagram) => this.network.carry(index, datagram),
      config: replicationConfig({ hashLimit: this.#limits[index], mode: ftfw }),
      ftfw,
      receiveBuffer: random.chance(50) ? RECEIVE_BUFFER : 12 * RECEIVE_BUFFER,
    });
  }

  /** Everything goes wrong for a while; then nothing does, and the tables must become equal and stay so. */
  run(): void {
    this.#misbehave();
    this.#heal();
    this.#converge();
  }

  /** Virtual seconds that it took after the end of all faults. */
  get healingSeconds(): number {
    return this.#healed;
  }

  #healed = 0;

  #note(line: string): void {
    this.log.push(`${(this.network.now / SECOND).toFixed(3)} ${line}`);
  }

  #misbehave(): void {
    const { random } = this.network;
    this.network.faults = {
      lossPercent: random.below(41),
      duplicatePercent: this.#options.reorders ? random.below(11) : 0,
      delayMin: 100,
      delayMax: 100 + (this.#options.reorders ? random.below(8000) : 0),
    };
    this.#note(`link ${JSON.stringify(this.network.faults)} limits ${this.#limits.join()}`);
    const end = CHAOS_SECONDS * SECOND;
    while (this.network.now < end) {
      this.network.run(1 + random.below(120_000));
      this.#something();
    }
  }

  #something(): void {
    const { random } = this.network;
    const index = random.below(2) as 0 | 1;
    const dice = random.below(100);
    if (dice < 45) this.#create(index, random.below(12));
    else if (dice < 60) this.#update(index, random.below(12));
    else if (dice < 78) this.#destroy(index, random.below(10));
    else if (dice < 82) this.#create(index, 50 + random.below(200));
    else if (dice < 85) this.#destroy(index, 100);
    else if (dice < 88) this.#restart(index);
    else if (dice < 93) this.#cut(index);
    else this.#mend();
  }

  #create(index: 0 | 1, count: number): void {
    const { random } = this.network;
    for (let made = 0; made < count; made += 1) {
      const number = random.below(FLOW_NUMBERS) * 2 + index;
      this.nodes[index].kernel.create(flowOf(number));
      this.#numbers[index].push(number);
    }
    this.network.poke(index);
  }

  #pick(index: 0 | 1): string {
    const numbers = this.#numbers[index];
    const number = numbers[this.network.random.below(Math.max(1, numbers.length))];
    return number === undefined ? "" : keyOf(flowOf(number));
  }

  #update(index: 0 | 1, count: number): void {
    const { kernel } = this.nodes[index];
    const { random } = this.network;
    for (let made = 0; made < count; made += 1) {
      const key = this.#pick(index);
      const isTcp = key.startsWith("6/") && random.chance(50);
      kernel.update(key, isTcp ? { state: 1 + random.below(8) } : { mark: 1 + random.below(9) });
    }
    this.network.poke(index);
  }

  #destroy(index: 0 | 1, count: number): void {
    for (let made = 0; made < count; made += 1) this.nodes[index].kernel.destroy(this.#pick(index));
    this.network.poke(index);
  }

  #restart(index: 0 | 1): void {
    if (!this.#options.restarts[index]) return;
    this.#note(`restart ${index}`);
    this.nodes[index].restart(this.network.now);
    this.network.poke(index);
  }

  #cut(index: 0 | 1): void {
    this.#note(`cut ${index}`);
    this.network.isCut[index] = true;
    if (this.network.random.chance(50)) this.network.isCut[1 - index] = true;
  }

  #mend(): void {
    this.network.isCut.fill(false);
  }

  #heal(): void {
    this.#note("heal");
    this.#mend();
    this.network.faults = GOOD_LINK;
    // What does not fit into a table cannot be equal, so there has to be room.
    const room = Math.min(...this.#limits) * 0.8;
    for (const { kernel } of this.nodes)
      for (const key of [...kernel.flows.keys()].slice(Math.floor(room))) kernel.destroy(key);
    for (const index of [0, 1] as const) this.network.poke(index);
  }

  #converge(): void {
    const end = this.network.now + HEALING_SECONDS * SECOND;
    for (let wait = SECOND; this.#difference() !== undefined; wait *= 1.5) {
      if (this.network.now >= end)
        throw new Error(`never equal: ${this.#difference()}\n${this.log.join("\n")}`);
      this.network.run(Math.floor(wait));
    }
    this.#healed = (this.network.now - end) / SECOND + HEALING_SECONDS;
    this.#note("equal");
    this.network.run(CALM_SECONDS * SECOND);
    const difference = this.#difference();
    if (difference !== undefined)
      throw new Error(`no longer equal: ${difference}\n${this.log.join("\n")}`);
  }

  #difference(): string | undefined {
    for (const [index, node] of this.nodes.entries()) {
      const internal = { name: `internal ${index}`, lines: node.internal() };
      const kernel = { name: `kernel ${index}`, lines: node.kernel.sayings() };
      const peer = this.nodes[1 - index]!;
      const external = { name: `external ${1 - index}`, lines: peer.external() };
      const mayBeStale = this.#options.mayBeStale[1 - index]!;
      const difference =
        compare(kernel, internal, false) ?? compare(internal, external, mayBeStale);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
}

interface Table {
  readonly name: string;
  readonly lines: readonly string[];
}

function compare(left: Table, right: Table, mayBeStale: boolean): string | undefined {
  const [ours, theirs] = [new Set(left.lines), new Set(right.lines)];
  const missing = left.lines.filter((line) => !theirs.has(line));
  const stale = mayBeStale ? [] : right.lines.filter((line) => !ours.has(line));
  if (missing.length === 0 && stale.length === 0) return undefined;
  const only = (lines: readonly string[]): string => `${lines.length}, as ${lines[0]}`;
  return `only in ${left.name}: ${only(missing)}; only in ${right.name}: ${only(stale)}`;
}
