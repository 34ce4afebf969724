/**
 * What must hold after every step, whatever goes wrong. The bounds:
 *
 * Two Active routers that hear each other: each speaks once per interval, so within the longest interval after the last
 * loss between them the one that has to yield is spoken to; the words are under way for `DELAY_MAX` at the most, and both
 * loops may be late by `LATENESS_MAX`. A machine that was suspended, and so neither spoke nor heard, starts this anew.
 *
 * A dead daemon's addresses: gone one second after the lifetime that they were last given.
 */
import { instanceKey } from "../../src/vrrp/config.ts";
import { LATENESS_MAX, type Machine } from "./machine.ts";
import { DELAY_MAX, type Segment } from "./segment.ts";

/** The longest pause after which a core looks again: that after a refused installation. */
const PATIENCE_MAX = 60_000_000;

export interface Observed {
  readonly machines: readonly Machine[];
  readonly segments: readonly Segment[];
  /** The longest interval of advertisements, in microseconds. */
  readonly intervalMax: number;
  readonly fail: (problem: string) => never;
}

export class Invariants {
  readonly #observed: Observed;
  /** True time since when two machines are both Active, by "link a b". */
  readonly #pairs = new Map<string, number>();

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  /** After `machine` did something. */
  afterTurn(machine: Machine): void {
    if (!machine.alive) return;
    this.#holdsOnlyWhileActive(machine);
    this.#groupsStayTogether(machine);
    this.#isArmed(machine);
    this.#countsAddUp(machine);
  }

  /** After every step, at the true time `now`. */
  afterStep(now: number): void {
    for (const machine of this.#observed.machines) this.#isFenced(machine, now);
    for (const segment of this.#observed.segments) this.#oneYields(segment, now);
  }

  #holdsOnlyWhileActive(machine: Machine): void {
    for (const { owner, name } of machine.kernel.held) {
      const instance = machine.config.instances.find((one) => instanceKey(one) === owner);
      const state =
        instance === undefined ? "unknown" : machine.memberOf(instance.name)?.state.name;
      if (state !== "active")
        this.#observed.fail(`${machine.name} holds ${name} while ${instance?.name} is ${state}`);
    }
  }

  #groupsStayTogether(machine: Machine): void {
    for (const group of machine.config.groups) {
      const states = group.members.map((name) => machine.memberOf(name)?.state.name);
      if (new Set(states).size > 1)
        this.#observed.fail(`${machine.name}: group ${group.name} is split: ${states.join(", ")}`);
    }
  }

  #isArmed(machine: Machine): void {
    const takesPart = machine.config.instances.some(
      ({ name }) => (machine.memberOf(name)?.state.name ?? "idle") !== "idle",
    );
    const patience = machine.patience();
    if (takesPart && patience === undefined)
      this.#observed.fail(`${machine.name} takes part without a deadline`);
    if (patience !== undefined && patience > PATIENCE_MAX)
      this.#observed.fail(`${machine.name} sleeps for ${patience} us`);
  }

  #countsAddUp(machine: Machine): void {
    for (const instance of machine.config.instances) {
      const member = machine.memberOf(instance.name);
      if (member === undefined)
        return this.#observed.fail(`${machine.name} has lost ${instance.name}`);
      const { counters, state } = member;
      const tally = machine.tally.of(instanceKey(instance));
      const refused = Object.values(counters.refused).reduce((sum, count) => sum + count, 0);
      const pairs = {
        sent: [counters.advertisementsSent, tally.sent],
        "priority zero sent": [counters.priorityZeroSent, tally.zeroSent],
        received: [counters.advertisementsReceived, tally.received],
        refused: [refused, tally.refused],
        "became less released": [
          counters.becameActive - counters.releasedActive,
          state.name === "active" ? 1 : 0,
        ],
      };
      for (const [what, [counted, observed]] of Object.entries(pairs))
        if (counted !== observed)
          this.#observed.fail(
            `${machine.name} counts ${what} of ${instance.name} as ${counted}, not ${observed}`,
          );
    }
  }

  #isFenced(machine: Machine, now: number): void {
    if (machine.lifelessSince === undefined) return;
    const [held] = machine.kernel.held;
    const lifetime = (machine.config.fencing?.lifetimeSeconds ?? 0) * 1_000_000;
    if (held !== undefined && now > machine.lifelessSince + lifetime + 1_000_000)
      this.#observed.fail(`${machine.name} is lifeless and still holds ${held.name}`);
  }

  #oneYields(segment: Segment, now: number): void {
    const active = this.#observed.machines.filter(
      (machine) => machine.alive && machine.isActiveOn(segment.name),
    );
    const pairs = new Set<string>();
    for (const [index, a] of active.entries())
      for (const b of active.slice(index + 1)) {
        const pair = `${segment.name} ${a.name} ${b.name}`;
        pairs.add(pair);
        this.#judgePair(pair, segment.lastLoss(a.name, b.name), now);
      }
    for (const pair of this.#pairs.keys())
      if (pair.startsWith(`${segment.name} `) && !pairs.has(pair)) this.#pairs.delete(pair);
  }

  #judgePair(pair: string, lastLoss: number, now: number): void {
    const both = this.#pairs.get(pair) ?? now;
    this.#pairs.set(pair, both);
    const bound = this.#observed.intervalMax + DELAY_MAX + 2 * LATENESS_MAX;
    if (now - Math.max(both, lastLoss) > bound)
      this.#observed.fail(`${pair} hear each other and stay both Active`);
  }
}
