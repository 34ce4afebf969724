/** Samples, and what is said of them. */

export interface Summary {
  readonly samples: readonly number[];
  readonly median: number;
  readonly max: number;
}

export function summarize(samples: readonly number[]): Summary {
  return { samples, median: percentile(samples, 50), max: Math.max(...samples) };
}

/** The smallest sample that `percent` of all do not exceed; NaN of none. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((sorted.length * percent) / 100));
  return sorted[rank - 1] ?? Number.NaN;
}
