import type { Outcome } from './steps.ts';

/** Formats a duration: 75.3 → "1 min 15 s"; 8.21 → "8.2 s". */
export const duration = (seconds: number): string =>
  seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;

/** Returns the end of the output: a line for each part, and one for the whole. */
export function summary(outcomes: readonly Outcome[], seconds: number): string {
  const width = Math.max(...outcomes.map((outcome) => outcome.name.length));
  const lines = outcomes.flatMap((outcome) => [
    `${outcome.ok ? '✓' : '✗'} ${outcome.name.padEnd(width)}  ${detail(outcome)}`,
    ...(outcome.counts?.skipped ?? []).map((name) => `    skipped: ${name}`),
  ]);
  const failed = outcomes.filter((outcome) => !outcome.ok).map((outcome) => outcome.name);
  const passed = outcomes.reduce((sum, outcome) => sum + (outcome.counts?.passed ?? 0), 0);
  const last =
    failed.length === 0
      ? `All good: ${passed} tests passed in ${duration(seconds)}.`
      : `Failed: ${failed.join(', ')} (after ${duration(seconds)}).`;
  return ['', '─'.repeat(60), ...lines, '', last].join('\n');
}

function detail({ counts, note, seconds }: Outcome): string {
  const parts =
    counts === undefined
      ? []
      : [
          `${counts.passed} passed`,
          `${counts.failed + counts.cancelled} failed`,
          ...(counts.skipped.length > 0 ? [`${counts.skipped.length} skipped`] : []),
        ];
  return [...parts, ...(note === undefined ? [] : [note]), duration(seconds)].join(', ');
}
