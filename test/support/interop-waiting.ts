/** Waiting for something that another process does. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Wait {
  /** What is waited for, as the error says it when it does not come. */
  readonly what: () => string;
  /** Milliseconds after which it counts as not coming. */
  readonly ms: number;
  /** Milliseconds between two looks. */
  readonly every?: number;
}

/** Resolves when `holds` first says so; throws when that takes too long. */
export async function until(holds: () => boolean, { what, ms, every = 25 }: Wait): Promise<void> {
  const end = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what()}`);
    // oxlint-disable-next-line no-await-in-loop -- looks one after the other are what waiting is
    await sleep(every);
  }
}
