/**
 * Puts addresses, routes and rules into the kernel and takes them out again, one netlink batch at a time, and remembers
 * what is there on whose behalf. A failed installation is rolled back before anybody hears of it.
 */

import type { ChangeResult } from "../kernel/route-netlink.ts";
import type { FencingConfig, InstanceConfig } from "../vrrp/config.ts";
import { instanceKey } from "../vrrp/config.ts";
import type { Change, InterfaceLookup } from "../wire/rtnetlink/change.ts";
import { type OwnedObject, objectsOf } from "./owned-objects.ts";
import type { Trouble } from "./thread-messages.ts";

/** The part of RouteNetlink that is needed here. */
export interface KernelWriter {
  apply(changes: readonly Change[], lookup?: InterfaceLookup): ChangeResult[];
}

export interface HeldObject {
  readonly instance: string;
  readonly object: OwnedObject;
}

export type InstallOutcome =
  | { readonly ok: true; readonly added: number }
  | { readonly ok: false; readonly reason: string };

const EXISTS = "EEXIST";
/** What was to go is gone already: the object, its table or its interface. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ESRCH", "EADDRNOTAVAIL", "ENODEV"]);

/** An interface that is gone takes its addresses along; a route takes a new lifetime and says that it was there. */
const UNRENEWED: ReadonlySet<string> = new Set(["ENODEV", EXISTS]);

export class Installer {
  readonly #kernel: KernelWriter;
  readonly #lookup: InterfaceLookup;
  readonly #complain: (trouble: Trouble) => void;
  #instances = new Map<string, InstanceConfig>();
  #fencing: FencingConfig | undefined;
  /** By instance key (not name: a rename keeps it), then by object key. */
  readonly #held = new Map<string, Map<string, OwnedObject>>();

  constructor(kernel: KernelWriter, lookup: InterfaceLookup, complain: (trouble: Trouble) => void) {
    this.#kernel = kernel;
    this.#lookup = lookup;
    this.#complain = complain;
  }

  configure(instances: readonly InstanceConfig[], fencing: FencingConfig | undefined): void {
    this.#instances = new Map(instances.map((instance) => [instance.name, instance]));
    this.#fencing = fencing;
  }

  /** Makes the kernel hold exactly what `names` are configured with. All or nothing. */
  install(names: readonly string[]): InstallOutcome {
    const wanted = names.map((name) => this.#wanted(name));
    const stale = wanted.flatMap(({ key, objects }) =>
      [...this.#heldBy(key).values()].filter(
        (held) => !objects.some((one) => one.key === held.key),
      ),
    );
    const fresh = wanted.flatMap(({ key, objects }) =>
      objects.filter((one) => !this.#heldBy(key).has(one.key)),
    );
    const objects = wanted.flatMap((one) => one.objects);
    const results = this.#apply(objects.map(({ install }) => install));
    const failure = firstFailure(results, (code) => code === EXISTS);
    if (failure !== undefined) {
      const done = objects.filter(
        (one, index) => results[index]?.ok === true && fresh.includes(one),
      );
      this.#remove(done);
      return { ok: false, reason: failure };
    }
    this.#remove(stale);
    for (const { key, objects: own } of wanted)
      this.#held.set(key, new Map(own.map((one) => [one.key, one])));
    return { ok: true, added: fresh.length };
  }

  /** Takes back everything held for `names`; returns how many objects that were. */
  withdraw(names: readonly string[]): number {
    const objects = names.flatMap((name) => {
      const { key } = this.#wanted(name);
      const held = [...this.#heldBy(key).values()];
      this.#held.delete(key);
      return held;
    });
    this.#remove(objects);
    return objects.length;
  }

  /** Gives what `names` hold and what has a lifetime another one. */
  renew(names: readonly string[]): void {
    const changes: Change[] = [];
    for (const name of names)
      for (const { renew } of this.#heldBy(this.#wanted(name).key).values())
        if (renew !== undefined) changes.push(renew);
    this.#report("renew", changes, this.#apply(changes), (code) => UNRENEWED.has(code));
  }

  /** Somebody removed an object that nobody looks after: it stays away until it is installed again. */
  forget(instance: string, objectKey: string): void {
    this.#held.get(this.#wanted(instance).key)?.delete(objectKey);
  }

  /** Puts back what of `name` is missing, and all routes: the kernel drops those without a word when their source goes. */
  heal(name: string): void {
    const { key } = this.#wanted(name);
    const changes: Change[] = [];
    for (const [holder, objects] of this.#held)
      for (const { install } of objects.values())
        if (holder === key || install.type === "route") changes.push(install);
    this.#report("heal", changes, this.#apply(changes), (code) => code === EXISTS);
  }

  /** Every object held, with the instance it is held for. */
  held(): readonly HeldObject[] {
    const list: HeldObject[] = [];
    for (const [instance, config] of this.#instances)
      for (const object of this.#heldBy(instanceKey(config)).values())
        list.push({ instance, object });
    return list;
  }

  #wanted(name: string): { readonly key: string; readonly objects: readonly OwnedObject[] } {
    const config = this.#instances.get(name);
    if (config === undefined) return { key: name, objects: [] };
    return { key: instanceKey(config), objects: objectsOf(config, this.#fencing) };
  }

  #heldBy(key: string): ReadonlyMap<string, OwnedObject> {
    return this.#held.get(key) ?? NOTHING;
  }

  /** Rules, routes, addresses: the reverse of the order in which they were installed. */
  #remove(objects: readonly OwnedObject[]): void {
    const changes = objects.map(({ remove }) => remove).toReversed();
    this.#report("withdraw", changes, this.#apply(changes), (code) => GONE.has(code));
  }

  #apply(changes: readonly Change[]): ChangeResult[] {
    return changes.length === 0 ? [] : this.#kernel.apply(changes, this.#lookup);
  }

  #report(
    call: string,
    changes: readonly Change[],
    results: readonly ChangeResult[],
    isHarmless: (code: string) => boolean,
  ): void {
    for (const [index, result] of results.entries()) {
      if (result.ok || isHarmless(result.code)) continue;
      const subject = changes[index]?.type ?? "object";
      this.#complain({ call, subject, code: result.code, text: result.message });
    }
  }
}

const NOTHING: ReadonlyMap<string, OwnedObject> = new Map();

function firstFailure(
  results: readonly ChangeResult[],
  isHarmless: (code: string) => boolean,
): string | undefined {
  for (const result of results) if (!result.ok && !isHarmless(result.code)) return result.message;
  return undefined;
}
