/**
 * Leaving in good order without a gap: priority 0 makes the peer wait for no more than its skew time, and until it speaks
 * the addresses still do their work here. They go when it is heard, or soon in any case.
 */
import { after, type Duration, type Instant, seconds } from "../base/time.ts";
import type { RouterAction, RouterEvent } from "../vrrp/events.ts";

/** Longer than any skew of version 2, and less than a lifetime that was renewed half a second ago. */
const PATIENCE: Duration = seconds(1);

export class Farewell {
  readonly until: Instant;
  /** What is to be done when the peer has taken over. */
  readonly orders: readonly RouterAction[];
  readonly #waiting: Set<string>;

  private constructor(waiting: Set<string>, orders: readonly RouterAction[], until: Instant) {
    this.#waiting = waiting;
    this.orders = orders;
    this.until = until;
  }

  /** Divides the orders of a shutdown into those to carry out at once, and the rest if somebody may take over. */
  static divide(
    orders: readonly RouterAction[],
    now: Instant,
  ): { readonly atOnce: readonly RouterAction[]; readonly farewell: Farewell | undefined } {
    const waiting = new Set<string>();
    const atOnce: RouterAction[] = [];
    const later: RouterAction[] = [];
    for (const order of orders) {
      if (order.type === "advertise") waiting.add(order.instance);
      (order.type === "withdraw" || order.type === "release-state" ? later : atOnce).push(order);
    }
    if (waiting.size === 0) return { atOnce: orders, farewell: undefined };
    return { atOnce, farewell: new Farewell(waiting, later, after(now, PATIENCE)) };
  }

  /** True once a successor has spoken for every instance that resigned. */
  hear(event: RouterEvent): boolean {
    if (event.type === "advertisement" && event.heard.priority > 0)
      this.#waiting.delete(event.instance);
    return this.#waiting.size === 0;
  }
}
