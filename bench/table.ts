import type { Result } from './case.ts';

const number = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value)
    ? '—'
    : value >= 1_000
      ? Math.round(value).toLocaleString('en-US')
      : value >= 100
        ? value.toFixed(0)
        : value >= 10
          ? value.toFixed(1)
          : value.toFixed(2);

/** Formats the results as a Markdown table, so that a terminal and RESULTS.md show the same. */
export function table(results: readonly Result[]): string {
  const head = ['row', 'what', 'ours', 'theirs', 'unit', 'ratio', 'goal', 'met'];
  const lines = results.map((result) => [
    result.id,
    result.what,
    number(result.ours),
    number(result.theirs),
    result.unit,
    number(result.ratio),
    result.goal,
    result.met ? 'yes' : 'NO',
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n');
}
