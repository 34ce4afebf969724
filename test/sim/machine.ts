/**
 * One machine: a kernel, a clock of its own, and a daemon that keeps the order of the real one. Each turn of its loop hears
 * of a stall first, then everything that has arrived, then judges the deadlines; orders are carried out in the order given,
 * and their outcomes are heard before anything else.
 */
import type { Prng } from "../../src/base/random.ts";
import { type Duration, type Instant, microseconds, milliseconds } from "../../src/base/time.ts";
import { type InstanceConfig, instanceKey, type RouterConfig } from "../../src/vrrp/config.ts";
import type { InterfaceFacts, RouterAction, RouterEvent } from "../../src/vrrp/events.ts";
import type { Member } from "../../src/vrrp/member.ts";
import type { VrrpRouter } from "../../src/vrrp/router.ts";
import type { RouterView } from "../../src/vrrp/view.ts";
import type { Agenda } from "./agenda.ts";
import type { DriftingClock } from "./clock.ts";
import { SimKernel } from "./kernel.ts";
import { Loading } from "./loading.ts";
import type { Frame, Port, Segment } from "./segment.ts";
import { Speakers } from "./speakers.ts";
import { Tally } from "./tally.ts";

/** The daemon calls it a stall when its loop is later than this. */
const STALL_THRESHOLD = milliseconds(50);
/** Frames that the socket of a machine holds while nobody reads them. */
const QUEUE_MAX = 48;
/** How late a late loop runs at the most, in microseconds. */
export const LATENESS_MAX = 900_000;

/** The core, or the core with a bug planted in it. */
export type Core = Pick<VrrpRouter, "handle" | "deadline" | "reconfigure" | "view" | "memberOf">;
export type MakeCore = (config: RouterConfig, now: Instant) => Core;

export interface MachineParts {
  readonly name: string;
  readonly config: RouterConfig;
  readonly clock: DriftingClock;
  /** Microseconds that its wall clock is ahead. */
  readonly wallOffset: number;
  readonly agenda: Agenda;
  readonly prng: Prng;
  readonly makeCore: MakeCore;
  /** Outcomes are heard after each order, not after each batch of orders. */
  readonly eager: boolean;
  readonly log: (machine: string, line: string) => void;
  readonly fail: (problem: string) => never;
  /** Called whenever the daemon has done something. */
  readonly observe: (machine: Machine) => void;
}

type Waiting =
  | { readonly type: "frame"; readonly link: string; readonly frame: Frame }
  | { readonly type: "event"; readonly event: RouterEvent };

interface Link {
  readonly segment: Segment;
  readonly port: Port;
  readonly index: number;
}

export class Machine {
  readonly name: string;
  readonly kernel = new SimKernel();
  readonly tally = new Tally();
  readonly #parts: MachineParts;
  readonly #links = new Map<string, Link>();
  readonly #trackers = new Map<string, "up" | "down">();
  #config: RouterConfig;
  #core: Core | undefined;
  #speakers = new Speakers();
  #queue: Waiting[] = [];
  #turn: { readonly at: number } | undefined;
  readonly #loading: Loading;
  /** Keys of the instances whose addresses were installed and not withdrawn since. */
  readonly #installed = new Set<string>();
  #turnEnded: Instant;
  /** True time until which the process does not run. */
  #suspendedUntil = 0;
  /** Turns are up to this many microseconds late. */
  lateness = 0;
  installFailsPercent = 0;
  repairFailsPercent = 0;
  /** True time since when the daemon is dead or did not run; undefined while it is well. */
  lifelessSince: number | undefined = 0;
  /** True time of the last thing that may excuse a lapsed address: a suspension's end, a start, a failed renewal. */
  excusedAt = 0;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.#config = parts.config;
    this.#turnEnded = parts.clock.read(0);
    this.#loading = new Loading(parts.agenda, parts.prng, (event) => this.#tell(event));
  }

  // --- what the simulation does to it --------------------------------------------------------------------------------

  plug(segment: Segment, addresses: Port["addresses"]): void {
    const port: Port = {
      machine: this.name,
      addresses,
      carrier: true,
      receive: (frame) => this.#receive(segment.name, frame),
    };
    segment.ports.push(port);
    this.#links.set(segment.name, { segment, port, index: this.#links.size + 2 });
  }

  /** Starts the daemon, if it does not run: it sweeps what an earlier one left, and listens. */
  start(): void {
    if (this.#core !== undefined) return;
    this.kernel.sweep();
    this.tally.clear();
    this.#queue = [];
    this.#suspendedUntil = 0;
    this.lifelessSince = undefined;
    this.excusedAt = this.#now;
    this.#core = this.#parts.makeCore(this.#config, this.#clockNow());
    this.#turnEnded = this.#clockNow();
    this.#speakers = new Speakers();
    this.#speakers.configure(this.#config.instances);
    for (const name of this.#links.keys()) this.#dispatch(this.#factsOf(name));
    for (const [tracker, value] of this.#trackers)
      this.#dispatch({ type: "tracker", tracker, value });
    this.#parts.observe(this);
    this.#arm();
  }

  /** Ends the daemon as SIGKILL does. */
  crash(): void {
    this.lifelessSince ??= this.#now;
    this.#core = undefined;
    this.#queue = [];
    this.#loading.clear();
    this.#installed.clear();
  }

  /** Ends the daemon as SIGTERM does. */
  stop(): void {
    if (this.#core === undefined) return;
    if (this.suspended) {
      this.crash();
      return;
    }
    this.#dispatch({ type: "shutdown" });
    this.crash();
    if (this.kernel.held.length > 0)
      this.#parts.fail(`${this.name} left ${this.kernel.held[0]?.name} behind when it was stopped`);
  }

  /** Takes the processor away from the daemon for `span` microseconds. */
  suspend(span: number): void {
    if (this.#core === undefined) return;
    this.#suspendedUntil = Math.max(this.#suspendedUntil, this.#now + span);
    this.lifelessSince ??= this.#now;
    this.#parts.agenda.plan(this.#suspendedUntil, () => this.resume());
  }

  /** Gives the processor back, if it is time; `now` gives it back in any case. */
  resume(how?: "now"): void {
    if (this.#core === undefined || this.lifelessSince === undefined) return;
    if (how === undefined && this.#now < this.#suspendedUntil) return;
    this.#suspendedUntil = 0;
    this.lifelessSince = undefined;
    this.excusedAt = this.#now;
    this.#arm();
  }

  setCarrier(link: string, carrier: boolean): void {
    const { port } = this.#links.get(link)!;
    if (port.carrier === carrier) return;
    port.carrier = carrier;
    this.#tell(this.#factsOf(link));
  }

  setTracker(tracker: string, value: "up" | "down"): void {
    this.#trackers.set(tracker, value);
    this.#tell({ type: "tracker", tracker, value });
  }

  resign(unit: string): void {
    this.#tell({ type: "resign", unit, by: "operator" });
  }

  /** Someone else deletes an address. */
  lose(name: string): void {
    const held = this.kernel.held.find((one) => one.name === name);
    if (held === undefined || !this.kernel.remove(name)) return;
    this.#objectLost(held.owner, name);
  }

  reload(config: RouterConfig): void {
    if (this.#core === undefined || this.suspended) return;
    const { before, after } = this.#core.reconfigure(config, this.#clockNow());
    this.#perform(before);
    this.#config = config;
    this.#speakers.configure(config.instances);
    this.#perform(after);
    for (const name of this.#links.keys()) this.#dispatch(this.#factsOf(name));
    this.tally.keepOnly(config.instances.map(instanceKey));
    this.#parts.observe(this);
    this.#arm();
  }

  // --- what an observer sees -----------------------------------------------------------------------------------------

  get config(): RouterConfig {
    return this.#config;
  }
  get suspended(): boolean {
    return this.#now < this.#suspendedUntil;
  }
  /** The daemon runs, though perhaps late. */
  get alive(): boolean {
    return this.#core !== undefined && !this.suspended;
  }
  view(): RouterView | undefined {
    return this.#core?.view(this.#clockNow());
  }
  memberOf(instance: string): Member | undefined {
    return this.#core?.memberOf(instance);
  }
  /** Microseconds from now to the next deadline, by its own clock. */
  patience(): number | undefined {
    const due = this.#core?.deadline();
    return due === undefined ? undefined : due - this.#clockNow();
  }
  /** The daemon runs and is Active on this link. */
  isActiveOn(link: string): boolean {
    const instance = this.#config.instances.find((one) => one.interface === link);
    return instance !== undefined && this.#core?.memberOf(instance.name)?.state.name === "active";
  }

  // --- the daemon ----------------------------------------------------------------------------------------------------

  get #now(): number {
    return this.#parts.agenda.now;
  }
  #clockNow(): Instant {
    return this.#parts.clock.read(this.#now);
  }
  get #wall(): number {
    return 1_800_000_000_000_000 + this.#now + this.#parts.wallOffset;
  }

  #factsOf(link: string): RouterEvent {
    const { port, index } = this.#links.get(link)!;
    const facts: InterfaceFacts = {
      interface: link,
      present: true,
      index,
      running: port.carrier,
      mtu: 1500,
      addresses: port.addresses,
    };
    return { type: "interface", facts };
  }

  #receive(link: string, frame: Frame): boolean {
    if (this.#core === undefined || this.#queue.length >= QUEUE_MAX) return false;
    this.#queue.push({ type: "frame", link, frame });
    this.#arm();
    return true;
  }

  #tell(event: RouterEvent): void {
    if (this.#core === undefined) return;
    this.#queue.push({ type: "event", event });
    this.#arm();
  }

  #objectLost(owner: string, object: string): void {
    const instance = this.#config.instances.find((one) => instanceKey(one) === owner);
    if (instance !== undefined)
      this.#tell({ type: "object-lost", instance: instance.name, object });
  }

  /** Plans the next turn for when something waits or is due. An earlier turn than needed does no harm. */
  #arm(): void {
    const due = this.#core?.deadline();
    let at = this.#queue.length > 0 ? this.#now : Number.POSITIVE_INFINITY;
    if (due !== undefined) at = Math.min(at, this.#parts.clock.whenShows(due));
    if (at === Number.POSITIVE_INFINITY) return;
    const late = 10 + this.#parts.prng.below(200) + this.#parts.prng.below(this.lateness + 1);
    const turn = { at: Math.max(Math.max(at, this.#now) + late, this.#suspendedUntil) };
    if (this.#turn !== undefined && this.#turn.at <= turn.at) return;
    this.#turn = turn;
    this.#parts.agenda.plan(turn.at, () => {
      if (this.#turn !== turn) return;
      this.#turn = undefined;
      if (this.#core === undefined) return;
      if (!this.suspended) this.#run(this.#core);
      this.#parts.observe(this);
      this.#arm();
    });
  }

  #run(core: Core): void {
    const now = this.#clockNow();
    const due = core.deadline() ?? now;
    const since = due > this.#turnEnded ? due : this.#turnEnded;
    const gap = now - since;
    const involved = this.#config.instances.filter(
      ({ name }) => core.memberOf(name)?.state.name !== "idle",
    );
    if (gap > STALL_THRESHOLD) this.#dispatch({ type: "stalled", since });
    for (const waiting of this.#queue.splice(0)) {
      if (waiting.type === "frame") this.#hear(core, waiting.link, waiting.frame);
      else this.#dispatch(waiting.event);
    }
    const deadline = core.deadline();
    if (deadline !== undefined && now >= deadline) {
      this.#dispatch({ type: "wake" });
      this.#checkDeadline(core, now);
    }
    this.#turnEnded = now;
    this.#checkStall(gap, involved);
  }

  /** Who took part and did not run for longer than any peer waits must not be Active before it has listened. */
  #checkStall(gap: number, involved: readonly InstanceConfig[]): void {
    if (involved.some((one) => gap <= one.interval * one.downAdverts * 2)) return;
    const active = involved.find((one) => this.isActiveOn(one.interface));
    if (active !== undefined)
      this.#parts.fail(`${this.name} is Active as ${active.name} right after a stall of ${gap} us`);
  }

  /** A deadline that a wake leaves in the past would keep the loop from ever sleeping again. */
  #checkDeadline(core: Core, now: Instant): void {
    const deadline = core.deadline();
    if (deadline !== undefined && deadline <= now)
      this.#parts.fail(`${this.name} has a deadline that lies ${now - deadline} us in the past`);
  }

  #hear(core: Core, link: string, frame: Frame): void {
    const memberOf = (instance: string): ReturnType<Core["memberOf"]> => core.memberOf(instance);
    const heard = this.#speakers.hear(link, frame, memberOf, this.#wall);
    if (heard === undefined) return;
    const { instance, verdict } = heard;
    const { source } = frame;
    const tally = this.tally.of(this.#keyOf(instance));
    if (verdict.ok) {
      if (core.memberOf(instance)?.state.name !== "idle") tally.received += 1;
      this.#dispatch({ type: "advertisement", instance, source, heard: verdict.heard });
      return;
    }
    tally.refused += 1;
    const before = core.memberOf(instance)?.state;
    this.#dispatch({ type: "refused", instance, reason: verdict.reason, source });
    if (core.memberOf(instance)?.state !== before)
      this.#parts.fail(`${this.name} changed its state for a packet refused as ${verdict.reason}`);
  }

  #dispatch(event: RouterEvent): void {
    if (this.#core !== undefined) this.#perform(this.#core.handle(event, this.#clockNow()));
  }

  #perform(orders: readonly RouterAction[]): void {
    if (this.#parts.eager) {
      for (const action of orders) {
        const answer = this.#carryOut(action);
        if (answer !== undefined) this.#dispatch(answer);
      }
      return;
    }
    const answers = orders.flatMap((action) => this.#carryOut(action) ?? []);
    for (const answer of answers) this.#dispatch(answer);
  }

  // oxlint-disable-next-line eslint/complexity -- one line for each kind of order
  #carryOut(action: RouterAction): RouterEvent | undefined {
    const took = microseconds(this.#parts.prng.below(2_000));
    switch (action.type) {
      case "advertise":
        this.#advertise(action.instance, action.priority);
        return undefined;
      case "load-state":
        this.#loading.begin(action.unit, this.#clockNow(), this.#hasInstalled(action.unit));
        return undefined;
      case "release-state":
        this.#loading.release(action.unit);
        return undefined;
      case "install":
        return this.#tryInstall(action, took);
      case "withdraw":
        return this.#withdraw(action, took);
      case "renew":
        this.#repair(action.instances);
        return undefined;
      case "heal":
        this.#repair([action.instance]);
        return undefined;
      case "announce":
        return { type: "announced", unit: action.unit, took, frames: action.bursts.length };
      case "report":
        this.#note(action.report);
        return undefined;
      // Without effect on anything that is simulated.
      case "announce-source":
      case "cancel-preload":
      case "notify":
      case "preload-state":
        return undefined;
    }
  }

  #tryInstall(
    { unit, instances }: Extract<RouterAction, { type: "install" }>,
    took: Duration,
  ): RouterEvent {
    const { stateTransfer } = this.#config;
    if (!this.#loading.mayInstall(unit, this.#clockNow(), stateTransfer?.wait))
      this.#parts.fail(`${this.name} installs the addresses of ${unit} before their connections`);
    if (this.#parts.prng.chance(this.installFailsPercent))
      return { type: "install-failed", unit, took, reason: "EINVAL" };
    for (const config of this.#configs(instances)) this.#installed.add(instanceKey(config));
    return { type: "installed", unit, took, objects: this.#install(instances) };
  }

  #withdraw(
    { unit, instances }: Extract<RouterAction, { type: "withdraw" }>,
    took: Duration,
  ): RouterEvent {
    const configs = this.#configs(instances);
    for (const config of configs) this.#installed.delete(instanceKey(config));
    return { type: "withdrawn", unit, took, objects: this.kernel.withdraw(configs) };
  }

  #hasInstalled(unit: string): boolean {
    const members = this.view()?.units.find(({ name }) => name === unit)?.members ?? [];
    return this.#configs(members).every((one) => this.#installed.has(instanceKey(one)));
  }

  #note(report: Extract<RouterAction, { type: "report" }>["report"]): void {
    if (report.type === "remark") return;
    const { unit, from, to, cause } = report;
    this.#parts.log(this.name, `${unit}: ${from} -> ${to} (${cause.code}: ${cause.text})`);
  }

  #advertise(instance: string, priority: number): void {
    const tally = this.tally.of(this.#keyOf(instance));
    tally.sent += 1;
    if (priority === 0) tally.zeroSent += 1;
    const config = this.#speakers.configOf(instance);
    const link = config === undefined ? undefined : this.#links.get(config.interface);
    if (link === undefined) return;
    const member = this.#core?.memberOf(instance);
    for (const frame of this.#speakers.frames(instance, priority, member, this.#wall))
      link.segment.transmit(link.port, frame);
  }

  /** Renewals and repairs are the same request to the kernel: to have what should be there, for another lifetime. */
  #repair(instances: readonly string[]): void {
    if (this.#parts.prng.chance(this.repairFailsPercent)) this.excusedAt = this.#now;
    else this.#install(instances);
  }

  #install(instances: readonly string[]): number {
    const lifetime = this.#config.fencing?.lifetimeSeconds;
    const expiresAt =
      lifetime === undefined ? Number.POSITIVE_INFINITY : this.#now + lifetime * 1_000_000;
    const added = this.kernel.install(this.#configs(instances), expiresAt);
    if (expiresAt !== Number.POSITIVE_INFINITY)
      this.#parts.agenda.plan(expiresAt, () => this.#expire(expiresAt));
    return added;
  }

  #expire(at: number): void {
    for (const { name, owner } of this.kernel.expire(at)) {
      const span = (this.#config.fencing?.lifetimeSeconds ?? 0) * 1_000_000;
      if (this.alive && this.#now - this.excusedAt > span + LATENESS_MAX)
        this.#parts.fail(`${this.name} let ${name} lapse although its loop was alive`);
      this.#objectLost(owner, name);
    }
  }

  #configs(instances: readonly string[]): InstanceConfig[] {
    return this.#config.instances.filter(({ name }) => instances.includes(name));
  }

  #keyOf(instance: string): string {
    const config = this.#config.instances.find(({ name }) => name === instance);
    return config === undefined ? instance : instanceKey(config);
  }
}
