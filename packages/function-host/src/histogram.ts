export type HistogramSnapshot = { buckets: { le: number; count: number }[]; sum: number; count: number };

/** Counts values by upper bound, cumulative, as Prometheus reads them. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[] = [25, 50, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 30_000]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.#sum += value;
    this.#count++;
    for (const [i, bound] of this.#bounds.entries()) if (value <= bound) this.#counts[i] = (this.#counts[i] ?? 0) + 1;
  }

  snapshot(): HistogramSnapshot {
    const buckets = this.#bounds.map((le, i) => ({ le, count: this.#counts[i] ?? 0 }));
    return { buckets, sum: this.#sum, count: this.#count };
  }
}
