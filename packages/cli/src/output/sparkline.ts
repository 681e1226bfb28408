const BARS = '▁▂▃▄▅▆▇█';

/** Draws numbers as a line of bars, the largest as a full one; nothing where a number is 0. */
export function sparkline(values: readonly number[]): string {
  const largest = Math.max(...values, 0);
  return values
    .map((value) => (value <= 0 ? ' ' : (BARS[Math.ceil((value / largest) * BARS.length) - 1] ?? '')))
    .join('')
    .trimEnd();
}
