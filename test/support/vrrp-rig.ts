/**
 * A VRRP core on a bench: a clock turned by hand and a kernel that answers at once. It keeps the daemon's order: deadlines
 * that pass are judged in turn, orders are carried out one after the other, and each answer is heard before anything else.
 */
import type { IpAddress } from "../../src/base/ip.ts";
import {
  type Duration,
  type Instant,
  instant,
  microseconds,
  seconds,
} from "../../src/base/time.ts";
import type { RouterConfig } from "../../src/vrrp/config.ts";
import type {
  HeardAdvertisement,
  InterfaceFacts,
  NotifyState,
  Remark,
  RouterAction,
  RouterEvent,
  Transition,
} from "../../src/vrrp/events.ts";
import { VrrpRouter } from "../../src/vrrp/router.ts";
import type { InstanceView, UnitView } from "../../src/vrrp/view.ts";
import { interfaceFacts, ip } from "./vrrp-config.ts";

/** More wakes than this without the clock moving means that a deadline is armed in the past. */
const WAKES_MAX = 10_000;

export interface Logged {
  /** Microseconds since the rig was built. */
  readonly at: number;
  readonly action: RouterAction;
}

export interface RigOptions {
  /** Interfaces that report at once; eth0 and eth1 unless given. */
  readonly interfaces?: readonly InterfaceFacts[];
  /** How long the kernel takes for everything it is asked. */
  readonly kernelTakes?: Duration;
}

export class Rig {
  readonly router: VrrpRouter;
  readonly log: Logged[] = [];
  /** Set to a reason and the kernel refuses to install. */
  refusal: string | undefined;
  /** What the kernel says it added, per installation. */
  objects = 1;
  readonly #start: Instant;
  readonly #kernelTakes: Duration;
  #now: Instant;

  constructor(config: RouterConfig, options: RigOptions = {}) {
    // Some clocks have run for years: no test may depend on a small origin.
    this.#start = instant(1_000_000_000_000);
    this.#now = this.#start;
    this.#kernelTakes = options.kernelTakes ?? microseconds(0);
    this.router = new VrrpRouter(config, this.#now);
    const interfaces = options.interfaces ?? [interfaceFacts("eth0"), interfaceFacts("eth1")];
    for (const facts of interfaces) this.event({ type: "interface", facts });
  }

  get now(): Instant {
    return this.#now;
  }
  /** Microseconds since the rig was built. */
  get elapsed(): number {
    return this.#now - this.#start;
  }

  /** Delivers `event` now. */
  event(event: RouterEvent): void {
    this.perform(this.router.handle(event, this.#now));
  }

  /** Lets `span` pass; every deadline in it is met to the microsecond. */
  pass(span: Duration): void {
    const end = instant(this.#now + span);
    for (let wakes = 0; wakes < WAKES_MAX; wakes += 1) {
      const due = this.router.deadline();
      if (due === undefined || due > end) {
        this.#now = end;
        return;
      }
      this.#now = instant(Math.max(this.#now, due));
      this.event({ type: "wake" });
    }
    throw new Error(`more than ${WAKES_MAX} wakes: a deadline stays in the past`);
  }

  /** Lets `span` pass while the loop does not run, then wakes it as the reactor does: the stall first, then `queued`. */
  stall(span: Duration, queued: readonly RouterEvent[] = []): void {
    const end = instant(this.#now + span);
    const due = this.router.deadline();
    this.#now = end;
    if (due !== undefined && due < end) this.event({ type: "stalled", since: due });
    for (const event of queued) this.event(event);
    this.event({ type: "wake" });
  }

  /** An advertisement as a peer with the same configuration would send it. */
  hear(
    priority: number,
    more: Partial<HeardAdvertisement> & { from?: string; on?: string } = {},
  ): void {
    const { from = "192.0.2.3", on = "VI", ...heard } = more;
    this.event({
      type: "advertisement",
      instance: on,
      source: ip(from) satisfies IpAddress,
      heard: { priority, interval: seconds(1), sameAddresses: true, ...heard },
    });
  }

  link(name: string, some: Partial<InterfaceFacts> = {}): void {
    this.event({ type: "interface", facts: interfaceFacts(name, some) });
  }

  reload(config: RouterConfig): readonly RouterAction[] {
    const { before, after } = this.router.reconfigure(config, this.#now);
    this.perform([...before, ...after]);
    return [...before, ...after];
  }

  /** What was ordered since the last call, the newest last. */
  take(): RouterAction[] {
    return this.log.splice(0).map(({ action }) => action);
  }

  perform(actions: readonly RouterAction[]): void {
    for (const action of actions) {
      this.log.push({ at: this.elapsed, action });
      const answer = this.#answer(action);
      if (answer !== undefined) this.event(answer);
    }
  }

  // --- what a test asks about --------------------------------------------------------------------------------------

  instance(name = "VI"): InstanceView {
    const view = this.router.view(this.#now).instances.find((one) => one.name === name);
    if (view === undefined) throw new Error(`no instance ${name}`);
    return view;
  }

  unit(name = "VI"): UnitView {
    const view = this.router.view(this.#now).units.find((one) => one.name === name);
    if (view === undefined) throw new Error(`no unit ${name}`);
    return view;
  }

  get state(): string {
    return this.router.view(this.#now).units[0]?.state ?? "none";
  }

  /** Microseconds from now until the next deadline. */
  get patience(): number | undefined {
    const due = this.router.deadline();
    return due === undefined ? undefined : due - this.#now;
  }

  of<T extends RouterAction["type"]>(type: T): Extract<RouterAction, { type: T }>[] {
    return this.log
      .map(({ action }) => action)
      .filter((action): action is Extract<RouterAction, { type: T }> => action.type === type);
  }

  /** Priorities sent, oldest first. */
  sent(name?: string): number[] {
    return this.of("advertise")
      .filter(({ instance }) => name === undefined || instance === name)
      .map(({ priority }) => priority);
  }

  /** When advertisements were sent, in microseconds since the rig was built. */
  sentAt(): number[] {
    return this.log.filter(({ action }) => action.type === "advertise").map(({ at }) => at);
  }

  notified(): string[] {
    return this.of("notify").map(
      ({ scope, name, state }) => `${scope} ${name} ${state satisfies NotifyState}`,
    );
  }

  transitions(): Transition[] {
    return this.of("report").flatMap(({ report }) =>
      report.type === "transition" ? [report] : [],
    );
  }

  remarks(): Remark[] {
    return this.of("report").flatMap(({ report }) => (report.type === "remark" ? [report] : []));
  }

  #answer(action: RouterAction): RouterEvent | undefined {
    const took = this.#kernelTakes;
    if (action.type === "install" || action.type === "withdraw" || action.type === "announce")
      this.#now = instant(this.#now + took);
    if (action.type === "install") {
      if (this.refusal !== undefined)
        return { type: "install-failed", unit: action.unit, took, reason: this.refusal };
      return { type: "installed", unit: action.unit, took, objects: this.objects };
    }
    if (action.type === "withdraw")
      return { type: "withdrawn", unit: action.unit, took, objects: this.objects };
    if (action.type !== "announce") return undefined;
    const frames = action.bursts.reduce((total, { rounds }) => total + rounds, 0);
    return { type: "announced", unit: action.unit, took, frames };
  }
}
