/** A transition while it is being carried out: its steps are added as they are done, and then it is reported once. */
import type { Duration } from "../base/time.ts";
import type { RouterAction, Transition, TransitionStep } from "./events.ts";

export class OpenTransition {
  readonly #head: Omit<Transition, "type" | "steps">;
  readonly #steps: TransitionStep[] = [];

  constructor(head: Omit<Transition, "type" | "steps">) {
    this.#head = head;
  }

  step(name: TransitionStep["name"], took: Duration, detail: string): void {
    this.#steps.push({ name, took, detail });
  }

  report(): RouterAction {
    return { type: "report", report: { type: "transition", ...this.#head, steps: this.#steps } };
  }
}
