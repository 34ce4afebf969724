/** Carries out what the VRRP core orders, in order, and answers with what came of it. */
import { between, type Duration, type Instant, NO_TIME } from "../base/time.ts";
import type { RouterAction, RouterEvent } from "../vrrp/events.ts";
import type { Member } from "../vrrp/member.ts";
import type { Announcer } from "./announcer.ts";
import type { Installer } from "./installer.ts";
import type { Speakers } from "./speakers.ts";
import { isStateOrder, type StateOrder } from "./takeover-line.ts";
import type { FromVrrpThread } from "./thread-messages.ts";

export interface EffectsContext {
  readonly speakers: Speakers;
  readonly installer: Installer;
  readonly announcer: Announcer;
  readonly memberOf: (instance: string) => Member | undefined;
  readonly tell: (message: FromVrrpThread) => void;
  /** To the replication thread. False: there is none. */
  readonly orderState: (order: StateOrder) => boolean;
  readonly now: () => Instant;
}

export class Effects {
  readonly #context: EffectsContext;

  constructor(context: EffectsContext) {
    this.#context = context;
  }

  /** Performs one action; the core wants to hear the outcome, if there is one, before anything else. */
  perform(action: RouterAction): RouterEvent | undefined {
    if (isStateOrder(action)) return this.#orderState(action);
    switch (action.type) {
      case "advertise":
        this.#context.speakers.advertise(action.instance, action.priority);
        return undefined;
      case "install":
        return this.#install(action.unit, action.instances);
      case "withdraw":
        return this.#withdraw(action.unit, action.instances);
      case "renew":
        this.#context.installer.renew(action.instances);
        return undefined;
      case "heal":
        this.#context.installer.heal(action.instance);
        return undefined;
      case "announce":
        return this.#announce(action);
      case "announce-source":
        this.#announceSource(action.instance);
        return undefined;
      case "notify":
      case "report":
        this.#context.tell(action);
        return undefined;
    }
  }

  /** Where nothing is replicated there is nothing to wait for. */
  #orderState(order: StateOrder): RouterEvent | undefined {
    if (this.#context.orderState(order) || order.type !== "load-state") return undefined;
    const { unit } = order;
    return { type: "state-loaded", unit, took: NO_TIME, detail: "nothing is replicated" };
  }

  #install(unit: string, instances: readonly string[]): RouterEvent {
    const [outcome, took] = this.#timed(() => this.#context.installer.install(instances));
    return outcome.ok
      ? { type: "installed", unit, took, objects: outcome.added }
      : { type: "install-failed", unit, took, reason: outcome.reason };
  }

  #withdraw(unit: string, instances: readonly string[]): RouterEvent {
    this.#context.announcer.silence(instances);
    const [objects, took] = this.#timed(() => this.#context.installer.withdraw(instances));
    return { type: "withdrawn", unit, took, objects };
  }

  #announce({ unit, bursts }: Extract<RouterAction, { type: "announce" }>): RouterEvent {
    const [frames, took] = this.#timed((now) => this.#context.announcer.announce(bursts, now));
    return { type: "announced", unit, took, frames };
  }

  #announceSource(instance: string): void {
    const member = this.#context.memberOf(instance);
    if (member?.source === undefined) return;
    const { interface: name } = member.config;
    this.#context.announcer.announceAddress(name, member.source, this.#context.now());
  }

  #timed<T>(work: (now: Instant) => T): readonly [T, Duration] {
    const begin = this.#context.now();
    const result = work(begin);
    return [result, between(begin, this.#context.now())];
  }
}
