import { readFileSync } from 'node:fs';

/** How many tests ended how, and which were left out. */
export type Counts = Readonly<{ passed: number; failed: number; cancelled: number; skipped: readonly string[] }>;

/** Reads what count-reporter wrote; undefined when the runner ended before it could. */
export function readCounts(file: string): Counts | undefined {
  const skipped: string[] = [];
  let counts: Counts | undefined;
  for (const line of readText(file).split('\n')) {
    if (line === '') continue;
    const entry = JSON.parse(line) as
      | { type: 'counts'; passed: number; failed: number; cancelled: number }
      | { type: 'skip'; name: string; reason: string };
    if (entry.type === 'skip')
      skipped.push(entry.reason === 'true' || entry.reason === '' ? entry.name : `${entry.name} (${entry.reason})`);
    else counts = { passed: entry.passed, failed: entry.failed, cancelled: entry.cancelled, skipped };
  }
  return counts;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
