/** Counts by upper bound, cumulative, as Prometheus reads them. */
export type Histogram = Readonly<{ add(value: number): void; snapshot(): HistogramSnapshot }>;
export type HistogramSnapshot = { buckets: { le: number; count: number }[]; sum: number; count: number };

export function createHistogram(bounds: readonly number[] = [25, 50, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 30_000]): Histogram {
  const counts = bounds.map(() => 0);
  let sum = 0;
  let count = 0;
  return {
    add(value) {
      sum += value;
      count++;
      for (const [i, bound] of bounds.entries()) if (value <= bound) counts[i] = (counts[i] ?? 0) + 1;
    },
    snapshot: () => ({ buckets: bounds.map((le, i) => ({ le, count: counts[i] ?? 0 })), sum, count }),
  };
}
