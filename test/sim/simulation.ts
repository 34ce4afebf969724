/**
 * A whole network of routers in one virtual time, drawn from one seed: first trouble, during which nothing unsafe may
 * happen, then a healed phase, in which the routers must agree. The same seed gives the same run, to the last bit.
 */
import { Prng } from "../../src/base/random.ts";
import { times } from "../../src/base/time.ts";
import type { RouterConfig } from "../../src/vrrp/config.ts";
import { VrrpRouter } from "../../src/vrrp/router.ts";
import { Agenda } from "./agenda.ts";
import { healEverything, makeTrouble, type World } from "./chaos.ts";
import { DriftingClock } from "./clock.ts";
import { Invariants } from "./invariants.ts";
import { LATENESS_MAX, Machine, type MakeCore } from "./machine.ts";
import { DELAY_MAX, Segment } from "./segment.ts";
import { addressesOf, configOf, drawShape, patienceMax, type Shape, TRACKER } from "./topology.ts";

/** Clocks are off by up to this many parts per million, far more than any crystal. */
const DRIFT_MAX = 1_000;
/** More steps than any run needs; a core that never sleeps would take more. */
const STEPS_MAX = 2_000_000;

export interface SimulationOptions {
  /** Makes the cores; the real one unless a test plants a bug. */
  readonly makeCore?: MakeCore;
  /** Is told everything that happens, a line at a time. */
  readonly log?: (line: string) => void;
}

export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

export class Simulation {
  readonly seed: number;
  readonly shape: Shape;
  /** Transitions, one line each. */
  readonly transitions: string[] = [];
  steps = 0;
  readonly #agenda = new Agenda();
  readonly #prng: Prng;
  readonly #segments: readonly Segment[];
  readonly #machines: readonly Machine[];
  readonly #configs: readonly RouterConfig[];
  readonly #invariants: Invariants;
  readonly #options: SimulationOptions;

  constructor(seed: number, options: SimulationOptions = {}) {
    this.seed = seed;
    this.#options = options;
    this.#prng = new Prng(seed);
    this.shape = drawShape(this.#prng);
    this.#segments = this.shape.segments.map((name) => new Segment(name, this.#agenda, this.#prng));
    this.#configs = this.shape.priorities.map((_, index) => configOf(this.shape, index));
    this.#machines = this.#configs.map((config, index) => this.#build(config, index));
    this.#invariants = new Invariants({
      machines: this.#machines,
      segments: this.#segments,
      intervalMax: this.#intervalMax,
      fail: (problem) => this.#fail(problem),
    });
  }

  /** Runs everything. Throws a SimulationFailure that says what was wrong, when, and how to see it again. */
  run(): void {
    this.#log("--", describeShape(this.shape));
    for (const machine of this.#machines) {
      machine.setTracker(TRACKER, "up");
      this.#agenda.plan(this.#prng.below(1_000_000), () => machine.start());
    }
    const end = Math.max(12_000_000, this.shape.interval * 40);
    makeTrouble(this.#world, end);
    this.#runUntil(end);
    healEverything(this.#world, this.#configs);
    this.#mustAgree();
  }

  get #world(): World {
    return {
      agenda: this.#agenda,
      prng: this.#prng,
      shape: this.shape,
      machines: this.#machines,
      segments: this.#segments,
      log: (who, line) => this.#log(who, line),
    };
  }

  get #intervalMax(): number {
    return times(this.shape.interval, this.shape.mixed ? 2 : 1);
  }

  #build(config: RouterConfig, index: number): Machine {
    const prng = this.#prng;
    const machine = new Machine({
      name: `r${index + 1}`,
      config,
      clock: new DriftingClock(
        1_000_000_000 + prng.below(2_000_000_000),
        prng.below(2 * DRIFT_MAX) - DRIFT_MAX,
      ),
      wallOffset: prng.below(400_000) - 200_000,
      agenda: this.#agenda,
      prng,
      makeCore: this.#options.makeCore ?? ((...given) => new VrrpRouter(...given)),
      eager: prng.chance(30),
      log: (who, line) => {
        this.transitions.push(this.#log(who, line));
      },
      fail: (problem) => this.#fail(problem),
      observe: (observed) => this.#invariants.afterTurn(observed),
    });
    for (const [number, segment] of this.#segments.entries())
      machine.plug(segment, addressesOf(index, number));
    return machine;
  }

  #runUntil(end: number): void {
    while (this.#agenda.step(end)) {
      this.#invariants.afterStep(this.#agenda.now);
      this.steps += 1;
      if (this.steps > STEPS_MAX) this.#fail("there is no end to it");
    }
  }

  /**
   * Everything works from now on. Frames that were under way and late loops settle within `quiet`. Then whoever listens
   * does so for one Active_Down_Interval at the most, after the quiet time of its start and the delay of its links; two
   * that claim at the same time need one more interval. Preemption may take its delay and another such span.
   */
  #mustAgree(): void {
    const { startupDelay, linkDelay, preemptDelay, preempt, stateWait } = this.shape;
    const healed = this.#agenda.now;
    const quiet = DELAY_MAX + LATENESS_MAX + this.#intervalMax;
    const span = patienceMax(this.shape) * 1.01 + this.#intervalMax + DELAY_MAX;
    this.#runUntil(healed + quiet);
    const early = this.#segments.map(({ name }) => this.#activeOn(name));
    this.#runUntil(healed + quiet + startupDelay + linkDelay + span);
    for (const { name } of this.#segments)
      if (this.#activeOn(name).length === 0) this.#fail(`nobody is Active on ${name}`);
    this.#runUntil(healed + quiet + startupDelay + linkDelay + preemptDelay + 2 * span);
    for (const [index, { name }] of this.#segments.entries()) {
      const active = this.#onlyActiveOn(name);
      if (preempt) this.#mustBeBest(active, name);
      const [first, ...others] = early[index]!;
      if (!preempt && first !== undefined && others.length === 0 && first !== active)
        this.#fail(`${active.name} preempted ${first.name} on ${name} in spite of nopreempt`);
    }
    // Whoever became Active last may still wait for its connections before it reports.
    this.#runUntil(this.#agenda.now + stateWait);
    const settled = this.transitions.length;
    this.#runUntil(this.#agenda.now + 2 * span);
    if (this.transitions.length > settled)
      this.#fail(`no rest: ${this.transitions.slice(settled).join("; ")}`);
    this.#holdersAreRight();
  }

  #activeOn(link: string): Machine[] {
    return this.#machines.filter((machine) => machine.isActiveOn(link));
  }

  #onlyActiveOn(link: string): Machine {
    const active = this.#activeOn(link);
    const [only] = active;
    if (only === undefined || active.length > 1)
      return this.#fail(`Active on ${link}: ${active.map(({ name }) => name).join(", ")}`);
    return only;
  }

  #mustBeBest(active: Machine, link: string): void {
    const priority = (machine: Machine): number =>
      machine.view()?.instances.find((one) => one.interface === link)?.effectivePriority ?? 0;
    for (const machine of this.#machines)
      if (priority(machine) > priority(active))
        this.#fail(`${active.name} is Active on ${link}, but ${machine.name} is better`);
  }

  #holdersAreRight(): void {
    for (const machine of this.#machines)
      for (const instance of machine.config.instances) {
        const isActive = machine.isActiveOn(instance.interface);
        const missing = machine.kernel.missing(instance);
        const configured = instance.addresses.length + instance.excluded.length;
        if (isActive && missing.length > 0)
          this.#fail(`${machine.name} is Active without ${missing.join(", ")}`);
        if (!isActive && missing.length < configured)
          this.#fail(`${machine.name} holds addresses of ${instance.name} as a Backup`);
      }
  }

  #log(who: string, line: string): string {
    const text = `${(this.#agenda.now / 1_000_000).toFixed(6).padStart(11)} ${who} ${line}`;
    this.#options.log?.(text);
    return text;
  }

  #fail(problem: string): never {
    const at = (this.#agenda.now / 1_000_000).toFixed(6);
    throw new SimulationFailure(
      `seed ${this.seed}, ${at} s: ${problem}\nreplay with: node scripts/soak.mjs --seed ${this.seed} --short`,
    );
  }
}

function describeShape(shape: Shape): string {
  const { machines, segments, family, version, interval, grouped, preempt } = shape;
  const words = [
    `${machines} routers on ${segments.join(", ")}`,
    `IPv${family} VRRPv${version} every ${interval / 1_000} ms`,
    `priorities ${shape.priorities.join(", ")}`,
    preempt ? "preempt" : "nopreempt",
    ...(grouped ? ["one sync group"] : []),
    ...(shape.unicast ? ["unicast"] : []),
    `authentication ${shape.authentication.type}`,
  ];
  return words.join("; ");
}
