/** What is going to happen, in the order of time; what falls together happens in the order it was planned. */

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap over true time, which is counted in microseconds from 0. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #planned = 0;
  #now = 0;

  get now(): number {
    return this.#now;
  }

  /** Plans `run` for `at`, or for now when that is past. */
  plan(at: number, run: () => void): void {
    this.#planned += 1;
    const entry = { at: Math.max(at, this.#now), order: this.#planned, run };
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, this.#heap[parent]!)) break;
      this.#heap[index] = this.#heap[parent]!;
      index = parent;
    }
    this.#heap[index] = entry;
  }

  /** Does the next thing if it is due by `end`; otherwise time moves to `end` and the answer is false. */
  step(end: number): boolean {
    const [next] = this.#heap;
    if (next === undefined || next.at > end) {
      this.#now = end;
      return false;
    }
    this.#now = next.at;
    const last = this.#heap.pop()!;
    if (last !== next) this.#sink(last);
    next.run();
    return true;
  }

  #sink(entry: Entry): void {
    let index = 0;
    for (;;) {
      const left = index * 2 + 1;
      const right = left + 1;
      if (left >= this.#heap.length) break;
      const isRight = right < this.#heap.length && isBefore(this.#heap[right]!, this.#heap[left]!);
      const child = isRight ? right : left;
      if (!isBefore(this.#heap[child]!, entry)) break;
      this.#heap[index] = this.#heap[child]!;
      index = child;
    }
    this.#heap[index] = entry;
  }
}
