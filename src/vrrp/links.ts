/** Interfaces as the instances see them: the kernel's facts, with changes of carrier held back as configured. */
import { after, type Duration, earliest, type Instant, NO_TIME } from "../base/time.ts";
import type { LinkDelay } from "./config.ts";
import type { InterfaceFacts } from "./events.ts";

interface Link {
  readonly facts: InterfaceFacts;
  /** `facts.running` after the delays. */
  readonly running: boolean;
  readonly changesAt: Instant | undefined;
}

/** Facts of all interfaces, debounced. See interface_up_down_delays in keepalived.conf(5). */
export class Links {
  readonly #links = new Map<string, Link>();
  #delays = new Map<string, LinkDelay>();

  setDelays(delays: readonly LinkDelay[]): void {
    this.#delays = new Map(delays.map((delay) => [delay.interface, delay]));
  }

  /** Takes what the kernel says. A change of carrier counts at once, or after its delay if it lasts that long. */
  update(facts: InterfaceFacts, now: Instant): void {
    const known = this.#links.get(facts.interface);
    const running = known?.running ?? facts.running;
    const delay = facts.present ? this.#delayOf(facts) : NO_TIME;
    const settled = facts.running === running || delay === NO_TIME;
    this.#links.set(facts.interface, {
      facts,
      running: settled ? facts.running : running,
      changesAt: settled ? undefined : (known?.changesAt ?? after(now, delay)),
    });
  }

  /** Applies the delayed changes that are due; true when there were any. */
  wake(now: Instant): boolean {
    let changed = false;
    for (const [name, link] of this.#links) {
      if (link.changesAt === undefined || now < link.changesAt) continue;
      this.#links.set(name, {
        facts: link.facts,
        running: link.facts.running,
        changesAt: undefined,
      });
      changed = true;
    }
    return changed;
  }

  deadline(): Instant | undefined {
    let deadline: Instant | undefined;
    for (const { changesAt } of this.#links.values()) deadline = earliest(deadline, changesAt);
    return deadline;
  }

  facts(name: string): InterfaceFacts | undefined {
    return this.#links.get(name)?.facts;
  }

  running(name: string): boolean {
    return this.#links.get(name)?.running ?? false;
  }

  #delayOf(facts: InterfaceFacts): Duration {
    const delay = this.#delays.get(facts.interface);
    if (delay === undefined) return NO_TIME;
    return facts.running ? delay.up : delay.down;
  }
}
