/** Whether the kernel holds what a unit asked for, and when it is asked again after it refused. */
import { after, type Duration, type Instant, microseconds, seconds } from "../base/time.ts";
import type { Cause } from "./events.ts";

const RETRY_FIRST: Duration = seconds(5);
const RETRY_MAX: Duration = seconds(60);

export class Installation {
  #held = false;
  #fault: Cause | undefined;
  #retryAt: Instant | undefined;
  #retryPause: Duration = RETRY_FIRST;

  /** The kernel holds our addresses, routes and rules. */
  get held(): boolean {
    return this.#held;
  }
  /** Why the kernel refused last time, until it is asked again. */
  get fault(): Cause | undefined {
    return this.#fault;
  }
  get retryAt(): Instant | undefined {
    return this.#retryAt;
  }

  succeeded(): void {
    this.#held = true;
    this.#retryPause = RETRY_FIRST;
  }

  /** From now on the unit waits, each time twice as long as the last, before it may try again. */
  failed(reason: string, now: Instant): Cause {
    this.#held = false;
    this.#fault = { code: "install-failed", text: reason };
    this.#retryAt = after(now, this.#retryPause);
    this.#retryPause = microseconds(Math.min(RETRY_MAX, this.#retryPause * 2));
    return this.#fault;
  }

  /** The unit gives back what it holds, or gives up what it asked for. */
  released(): void {
    this.#held = false;
  }

  /** True once the pause after a failure is over; the failure is then forgotten. */
  pauseOver(now: Instant): boolean {
    if (this.#retryAt === undefined || now < this.#retryAt) return false;
    this.#retryAt = undefined;
    this.#fault = undefined;
    return true;
  }
}
