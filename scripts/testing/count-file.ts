import { readFileSync } from 'node:fs';

/** How many tests ended how, which were left out, and the paths of the files with failures. */
export type Counts = Readonly<{
  passed: number;
  failed: number;
  cancelled: number;
  skipped: readonly string[];
  failedFiles: readonly string[];
}>;

/** Reads what count-reporter wrote; undefined when the runner ended before it could. */
export function readCounts(file: string): Counts | undefined {
  const skipped: string[] = [];
  const failedFiles = new Set<string>();
  let counts: Readonly<{ passed: number; failed: number; cancelled: number }> | undefined;
  for (const line of readText(file).split('\n')) {
    if (line === '') continue;
    const entry = JSON.parse(line) as
      | { type: 'counts'; passed: number; failed: number; cancelled: number }
      | { type: 'skip'; name: string; reason: string }
      | { type: 'fail'; file: string };
    if (entry.type === 'fail') failedFiles.add(entry.file);
    else if (entry.type === 'skip')
      skipped.push(entry.reason === 'true' || entry.reason === '' ? entry.name : `${entry.name} (${entry.reason})`);
    else counts = entry;
  }
  if (counts === undefined) return undefined;
  const { passed, failed, cancelled } = counts;
  return { passed, failed, cancelled, skipped, failedFiles: [...failedFiles] };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
