/** The replication of connections as one machine's VRRP core meets it: it answers after a while, or never. */
import type { Prng } from "../../src/base/random.ts";
import { type Duration, type Instant, microseconds } from "../../src/base/time.ts";
import type { RouterEvent } from "../../src/vrrp/events.ts";
import type { Agenda } from "./agenda.ts";

/** How long loading takes at the most, in microseconds, when it ends at all. */
const TOOK_MAX = 700_000;
const HANGS_PERCENT = 15;

export class Loading {
  readonly #agenda: Agenda;
  readonly #prng: Prng;
  readonly #tell: (event: RouterEvent) => void;
  /** Units whose addresses wait for their connections, and since when by the machine's own clock. */
  readonly #units = new Map<string, { readonly since: Instant; isLoaded: boolean }>();

  constructor(agenda: Agenda, prng: Prng, tell: (event: RouterEvent) => void) {
    this.#agenda = agenda;
    this.#prng = prng;
    this.#tell = tell;
  }

  /** A unit that has its addresses already (`isInstalled`) was only given another name by a reload. */
  begin(unit: string, since: Instant, isInstalled: boolean): void {
    const loading = { since, isLoaded: this.#units.get(unit)?.isLoaded ?? false };
    if (!isInstalled) this.#units.set(unit, loading);
    if (this.#prng.chance(HANGS_PERCENT)) return;
    const took = microseconds(this.#prng.below(TOOK_MAX));
    this.#agenda.plan(this.#agenda.now + took, () => {
      if (this.#units.get(unit) !== loading) return;
      loading.isLoaded = true;
      this.#tell({ type: "state-loaded", unit, took, detail: "some flows" });
    });
  }

  release(unit: string): void {
    this.#units.delete(unit);
  }

  clear(): void {
    this.#units.clear();
  }

  /** State first, address second, unless the wait has lasted as long as it may. */
  mayInstall(unit: string, now: Instant, wait: Duration | undefined): boolean {
    const loading = this.#units.get(unit);
    this.#units.delete(unit);
    if (loading === undefined || loading.isLoaded || wait === undefined) return true;
    return now - loading.since >= wait;
  }
}
