import { setInterval as ticks } from "node:timers/promises";

const POLL_MS = 20;

/** Asks `condition` until it is true or `limitMs` has passed. Returns whether it became true. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  limitMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  if (await condition()) return true;
  const giveUpAt = performance.now() + limitMs;
  for await (const _ of ticks(POLL_MS, undefined, { signal })) {
    if (await condition()) return true;
    if (performance.now() >= giveUpAt) return false;
  }
  return false;
}

/** Runs `work` on one item after the other; the results are in the order of the items. */
export const oneByOne = <T, R>(items: Iterable<T>, work: (item: T) => Promise<R>): Promise<R[]> =>
  Array.from(items).reduce<Promise<R[]>>(async (earlier, item) => {
    const results = await earlier;
    return [...results, await work(item)];
  }, Promise.resolve([]));
