/**
 * Follows what the kernel and others do to interfaces and to the objects that Duet holds. What was lost is only believed
 * after the kernel was asked again: our own withdrawals echo too.
 */
import type { RouteMonitor } from "../kernel/route-monitor.ts";
import type { RouteNetlink } from "../kernel/route-netlink.ts";
import type { InterfaceFacts, RouterEvent } from "../vrrp/events.ts";
import type { Notification } from "../wire/rtnetlink/entries.ts";
import type { Installer } from "./installer.ts";
import type { InterfaceTable } from "./interface-table.ts";
import { addressKey, isRoute, isRule, type OwnedObject } from "./owned-objects.ts";
import type { StaticObjects } from "./static-objects.ts";
import type { FromVrrpThread } from "./thread-messages.ts";

export interface KernelWatchContext {
  readonly netlink: Pick<RouteNetlink, "links" | "addresses" | "routes" | "rules">;
  readonly monitor: RouteMonitor;
  readonly interfaces: InterfaceTable;
  readonly installer: Installer;
  readonly statics: StaticObjects;
  readonly deliver: (event: RouterEvent) => void;
  readonly interfacesChanged: (names: readonly string[]) => void;
  readonly tell: (message: FromVrrpThread) => void;
}

export class KernelWatch {
  readonly #context: KernelWatchContext;
  #interest: ReadonlySet<string> = new Set();
  /** The facts last delivered, to tell changes from renewals. */
  readonly #known = new Map<string, string>();
  readonly #states = new Map<string, "up" | "down" | "missing">();

  constructor(context: KernelWatchContext) {
    this.#context = context;
  }

  /** The names whose facts the core wants to hear. */
  setInterest(names: ReadonlySet<string>): void {
    this.#interest = names;
  }

  /** Reads interfaces and addresses anew. */
  reload(): void {
    const { interfaces, netlink } = this.#context;
    interfaces.load(netlink.links(), netlink.addresses());
  }

  /** Delivers the facts of every interface of interest. */
  feedAll(): void {
    for (const name of this.#interest) this.#feed(name, false);
  }

  /** Reads what the kernel reports; false when there is more. */
  drain(): boolean {
    const touched = new Set<string>();
    const lost: Notification[] = [];
    const outcome = this.#context.monitor.drain((note) => {
      // Renewals of our own addresses come by several times a second and change nothing.
      const isRenewal = note.type === "address" && !note.gone;
      if (isRenewal && this.#context.interfaces.isVirtual(note.entry)) return;
      if (note.gone) lost.push(note);
      for (const name of this.#context.interfaces.take(note)) touched.add(name);
    });
    if (outcome === "overrun") this.#recover();
    else {
      const changed = [...touched].filter(
        (name) => this.#interest.has(name) && this.#feed(name, true),
      );
      if (changed.length > 0) this.#context.interfacesChanged(changed);
      if (lost.length > 0) this.#judgeLosses(lost);
    }
    return outcome !== "more";
  }

  /** Notifications were dropped: nothing we know may be true any more. */
  #recover(): void {
    this.#context.tell({ type: "overrun" });
    this.reload();
    const changed = [...this.#interest].filter((name) => this.#feed(name, true));
    if (changed.length > 0) this.#context.interfacesChanged(changed);
    for (const { instance, object } of this.#context.installer.held())
      if (object.tracked && this.#isMissing(object)) this.#lost(instance, object.text);
    if (this.#context.statics.held().some((object) => this.#isMissing(object)))
      this.#context.statics.install();
  }

  #feed(name: string, tell: boolean): boolean {
    const facts = this.#context.interfaces.facts(name);
    const text = JSON.stringify(facts);
    if (this.#known.get(name) === text && tell) return false;
    this.#known.set(name, text);
    this.#tellState(facts, tell);
    this.#context.deliver({ type: "interface", facts });
    return true;
  }

  #tellState({ interface: name, present, running }: InterfaceFacts, tell: boolean): void {
    const state = present ? (running ? "up" : "down") : "missing";
    if (tell && this.#states.get(name) !== state)
      this.#context.tell({ type: "interface", interface: name, state });
    this.#states.set(name, state);
  }

  #judgeLosses(notes: readonly Notification[]): void {
    const { installer } = this.#context;
    for (const { instance, object } of installer.held()) {
      if (!notes.some((note) => this.#isAbout(note, object)) || !this.#isMissing(object)) continue;
      if (object.tracked) this.#lost(instance, object.text);
      else installer.forget(instance, object.key);
    }
    const { statics } = this.#context;
    const isLost = statics
      .held()
      .some(
        (object) => notes.some((note) => this.#isAbout(note, object)) && this.#isMissing(object),
      );
    if (isLost) statics.install();
  }

  #lost(instance: string, object: string): void {
    this.#context.deliver({ type: "object-lost", instance, object });
  }

  #isAbout(note: Notification, object: OwnedObject): boolean {
    const { interfaces } = this.#context;
    const { install } = object;
    if (note.type === "address")
      return object.key === addressKey(interfaces.nameOf(note.entry.index) ?? "", note.entry);
    if (note.type === "route" && install.type === "route")
      return isRoute(note.entry, install.spec, (index) => interfaces.nameOf(index));
    if (note.type === "rule" && install.type === "rule") return isRule(note.entry, install.spec);
    return false;
  }

  #isMissing({ key, install }: OwnedObject): boolean {
    const { netlink, interfaces } = this.#context;
    const nameOf = (index: number): string | undefined => interfaces.nameOf(index);
    if (install.type === "address")
      return !netlink
        .addresses()
        .some((entry) => addressKey(nameOf(entry.index) ?? "", entry) === key);
    if (install.type === "route") {
      const { spec } = install;
      return !netlink
        .routes(spec.family, spec.protocol)
        .some((entry) => isRoute(entry, spec, nameOf));
    }
    if (install.type === "rule") {
      const { spec } = install;
      return !netlink.rules(spec.family).some((entry) => isRule(entry, spec));
    }
    return false;
  }
}
