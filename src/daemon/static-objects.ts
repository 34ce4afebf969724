/** Addresses, routes and rules that are there as long as the daemon runs (static_ipaddress and its like). */
import type { StaticObjects as StaticConfig } from "../config/model.ts";
import type { InterfaceLookup } from "../wire/rtnetlink/change.ts";
import type { KernelWriter } from "./installer.ts";
import { type OwnedObject, objectsIn } from "./owned-objects.ts";
import type { Trouble } from "./thread-messages.ts";

export class StaticObjects {
  readonly #kernel: KernelWriter;
  readonly #lookup: InterfaceLookup;
  readonly #complain: (trouble: Trouble) => void;
  #held = new Map<string, OwnedObject>();

  constructor(kernel: KernelWriter, lookup: InterfaceLookup, complain: (trouble: Trouble) => void) {
    this.#kernel = kernel;
    this.#lookup = lookup;
    this.#complain = complain;
  }

  /** Removes what is no longer configured and installs everything that is. */
  configure(config: StaticConfig): void {
    const wanted = new Map(objectsIn(config, undefined).map((object) => [object.key, object]));
    const stale = [...this.#held.values()].filter(({ key }) => !wanted.has(key));
    this.#remove(stale);
    this.#held = wanted;
    this.install();
  }

  /** Puts everything in place that is not there, such as after an interface came back. */
  install(): void {
    const objects = [...this.#held.values()];
    if (objects.length === 0) return;
    const results = this.#kernel.apply(
      objects.map(({ install }) => install),
      this.#lookup,
    );
    for (const [index, result] of results.entries()) {
      if (result.ok || result.code === "EEXIST" || result.code === "ENODEV") continue;
      const subject = objects[index]?.text ?? "static object";
      this.#complain({ call: "install", subject, code: result.code, text: result.message });
    }
  }

  held(): readonly OwnedObject[] {
    return [...this.#held.values()];
  }

  removeAll(): void {
    this.#remove([...this.#held.values()]);
    this.#held.clear();
  }

  #remove(objects: readonly OwnedObject[]): void {
    if (objects.length > 0)
      this.#kernel.apply(objects.map(({ remove }) => remove).toReversed(), this.#lookup);
  }
}
