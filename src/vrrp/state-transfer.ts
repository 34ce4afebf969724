/**
 * State first, address second: the connections that the Active router replicated to us go into our kernel before the
 * addresses do. Loading begins when the Active router is late, goes on while the rest of the detection time runs, and is
 * finished after the claim; installing the addresses waits for it, but not for ever.
 */
import { after, type Duration, type Instant, NO_TIME, times } from "../base/time.ts";
import type { StateTransferConfig } from "./config.ts";
import type { RouterAction } from "./events.ts";
import type { Member } from "./member.ts";

export class StateTransfer {
  readonly #config: StateTransferConfig | undefined;
  readonly #unit: string;
  #preloading = false;
  #waitsUntil: Instant | undefined;
  #took: Duration = NO_TIME;

  /** Without a configuration there is nothing to transfer, and nothing here happens. */
  constructor(config: StateTransferConfig | undefined, unit: string) {
    this.#config = config;
    this.#unit = unit;
  }

  /** The claim is made and the addresses are not installed yet. */
  get waits(): boolean {
    return this.#waitsUntil !== undefined;
  }
  get isConfigured(): boolean {
    return this.#config !== undefined;
  }
  /** How long the last transfer held the addresses back. */
  get took(): Duration {
    return this.#took;
  }

  deadline(members: readonly Member[], isBackup: boolean): Instant | undefined {
    if (this.#waitsUntil !== undefined) return this.#waitsUntil;
    if (this.#config === undefined || !isBackup || this.#preloading) return undefined;
    return lateAt(members);
  }

  /** As Backup: begins to load when every member's Active router is late, and thinks better of it when one is heard. */
  watch(members: readonly Member[], now: Instant, out: RouterAction[]): void {
    if (this.#config === undefined) return;
    const at = lateAt(members);
    const isLate = at !== undefined && now >= at;
    if (isLate === this.#preloading) return;
    this.#preloading = isLate;
    out.push({ type: isLate ? "preload-state" : "cancel-preload", unit: this.#unit });
  }

  /** The claim is made. True: the addresses wait until `loaded` or `overdue` says otherwise. */
  begin(now: Instant, out: RouterAction[]): boolean {
    this.#took = NO_TIME;
    if (this.#config === undefined) return false;
    this.#preloading = false;
    this.#waitsUntil = after(now, this.#config.wait);
    out.push({ type: "load-state", unit: this.#unit });
    return true;
  }

  /** The state is in the kernel. False when nobody waits for it any more. */
  loaded(took: Duration): boolean {
    if (this.#waitsUntil === undefined) return false;
    this.#waitsUntil = undefined;
    this.#took = took;
    return true;
  }

  /** True, once, when the wait has reached its limit: an address without its state is better than none at all. */
  overdue(now: Instant): boolean {
    if (this.#config === undefined || this.#waitsUntil === undefined || now < this.#waitsUntil)
      return false;
    return this.loaded(this.#config.wait);
  }

  /** The unit leaves the role or the race. */
  end(wasActive: boolean, out: RouterAction[]): void {
    if (this.#config === undefined) return;
    if (wasActive) out.push({ type: "release-state", unit: this.#unit });
    else if (this.#preloading) out.push({ type: "cancel-preload", unit: this.#unit });
    this.#preloading = false;
    this.#waitsUntil = undefined;
  }
}

/** When the last of the members has missed its first advertisement; undefined unless all of them listen. */
function lateAt(members: readonly Member[]): Instant | undefined {
  let latest: number = Number.NEGATIVE_INFINITY;
  for (const { config, state } of members) {
    if (state.name !== "backup") return undefined;
    // Members that want to be Active wait for the others with a timer that was set anew: they have been late for long.
    if (state.wantsActive) continue;
    latest = Math.max(latest, state.downAt - times(state.interval, config.downAdverts - 1));
  }
  return latest as Instant;
}
