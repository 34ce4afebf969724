/** A dedicated link between two nodes, on which datagrams get lost, late, doubled and overtaken, from a seed. */
import { Prng } from "../../src/base/random.ts";
import { Agenda } from "./agenda.ts";
import type { SimNode } from "./replication-node.ts";

export interface LinkFaults {
  readonly lossPercent: number;
  readonly duplicatePercent: number;
  /** Microseconds at least and at most. */
  readonly delayMin: number;
  readonly delayMax: number;
}

export const GOOD_LINK: LinkFaults = {
  lossPercent: 0,
  duplicatePercent: 0,
  delayMin: 200,
  delayMax: 200,
};

export class ReplicationNetwork {
  readonly agenda = new Agenda();
  readonly random: Prng;
  readonly #nodes: SimNode[] = [];
  readonly #plannedFor: number[] = [];
  faults: LinkFaults = GOOD_LINK;
  /** By sender: whether what it sends is cut off. */
  readonly isCut: [boolean, boolean] = [false, false];
  delivered = 0;
  lost = 0;

  constructor(seed: number) {
    this.random = new Prng(seed);
  }

  get now(): number {
    return this.agenda.now;
  }

  /** To be called for the first node and then for its peer. */
  add(node: SimNode): void {
    this.#nodes.push(node);
    this.#plannedFor.push(Infinity);
    this.#arm(this.#nodes.length - 1);
  }

  /** Carries a datagram from the node at `from` to the other one. */
  carry(from: 0 | 1, datagram: Uint8Array): void {
    const { lossPercent, duplicatePercent } = this.faults;
    const copies = this.random.chance(duplicatePercent) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.isCut[from] || this.random.chance(lossPercent)) this.lost += 1;
      else this.#deliver(1 - from, datagram);
    }
  }

  /** Lets `span` microseconds pass. */
  run(span: number): void {
    const end = this.now + span;
    while (this.agenda.step(end)) this.#armAll();
  }

  /** Lets a node notice what was done to it from outside. */
  poke(index: number): void {
    this.#nodes[index]!.run(this.now);
    this.#armAll();
  }

  #deliver(to: number, datagram: Uint8Array): void {
    const { delayMin, delayMax } = this.faults;
    const delay = delayMin + this.random.below(delayMax - delayMin + 1);
    this.agenda.plan(this.now + delay, () => {
      this.delivered += 1;
      this.#nodes[to]!.receive(Uint8Array.from(datagram), this.now);
    });
  }

  #armAll(): void {
    for (let index = 0; index < this.#nodes.length; index += 1) this.#arm(index);
  }

  #arm(index: number): void {
    const node = this.#nodes[index]!;
    const at = Math.max(this.now, node.deadline());
    if (at >= this.#plannedFor[index]!) return;
    this.#plannedFor[index] = at;
    this.agenda.plan(at, () => {
      if (this.#plannedFor[index] === at) this.#plannedFor[index] = Infinity;
      node.run(this.now);
    });
  }
}
