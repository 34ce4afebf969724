/** One machine's kernel as far as virtual addresses go: it gives them lifetimes and takes them away when those end. */
import { type InstanceConfig, instanceKey } from "../../src/vrrp/config.ts";
import { describeAddress } from "../../src/vrrp/views.ts";

export interface HeldAddress {
  /** "192.0.2.100/24 dev lan". */
  readonly name: string;
  /** Key of the instance that it was installed for. */
  readonly owner: string;
  /** True time. */
  readonly expiresAt: number;
}

const wantedBy = ({ addresses, excluded }: InstanceConfig): string[] =>
  [...addresses, ...excluded].map(({ spec }) => describeAddress(spec));

export class SimKernel {
  readonly #held = new Map<string, HeldAddress>();

  get held(): readonly HeldAddress[] {
    return [...this.#held.values()];
  }

  /** What of `instance` is not there. */
  missing(instance: InstanceConfig): string[] {
    return wantedBy(instance).filter((name) => !this.#held.has(name));
  }

  /** Makes everything of `instances` be there until `expiresAt`, and nothing else of theirs. Returns how much is new. */
  install(instances: readonly InstanceConfig[], expiresAt: number): number {
    let added = 0;
    for (const instance of instances) {
      const owner = instanceKey(instance);
      const wanted = new Set(wantedBy(instance));
      for (const held of this.held)
        if (held.owner === owner && !wanted.has(held.name)) this.#held.delete(held.name);
      for (const name of wanted) {
        if (!this.#held.has(name)) added += 1;
        this.#held.set(name, { name, owner, expiresAt });
      }
    }
    return added;
  }

  withdraw(instances: readonly InstanceConfig[]): number {
    const owners = new Set(instances.map(instanceKey));
    const gone = this.held.filter(({ owner }) => owners.has(owner));
    for (const { name } of gone) this.#held.delete(name);
    return gone.length;
  }

  /** Removes one address, as a person or another program would. Returns whether it was there. */
  remove(name: string): boolean {
    return this.#held.delete(name);
  }

  /** Removes everything, as a daemon that starts does with its leftovers. */
  sweep(): void {
    this.#held.clear();
  }

  /** Removes and returns what has outlived its time. */
  expire(now: number): readonly HeldAddress[] {
    const over = this.held.filter(({ expiresAt }) => expiresAt <= now);
    for (const { name } of over) this.#held.delete(name);
    return over;
  }
}
