/** What an observer counts of one instance, to be held against what the core counts itself. */
export interface Count {
  sent: number;
  zeroSent: number;
  received: number;
  refused: number;
}

export class Tally {
  readonly #counts = new Map<string, Count>();

  /** The count of the instance with this key; of zeros before anything happened. */
  of(key: string): Count {
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const count: Count = { sent: 0, zeroSent: 0, received: 0, refused: 0 };
    this.#counts.set(key, count);
    return count;
  }

  clear(): void {
    this.#counts.clear();
  }

  /** Forgets instances that a reload removed: if they come back, the core counts from zero. */
  keepOnly(keys: readonly string[]): void {
    for (const key of this.#counts.keys()) if (!keys.includes(key)) this.#counts.delete(key);
  }
}
