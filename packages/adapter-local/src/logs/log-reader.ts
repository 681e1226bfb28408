import type { FileHandle } from 'node:fs/promises';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { matches } from '@anchor/core/logs/matches.ts';
import type { LogFilter } from '@anchor/core/ports/log-store.ts';
import { backward, forward, offsetAfter, openIfThere } from './log-file.ts';
import type { LogFiles } from './log-files.ts';
import { FULL_SCAN, scanFor, type LogScan } from './log-scan.ts';

/** Reads a log by its filter: from a number on, or the last ones; never more of the files than that needs. */
export async function readLog(files: LogFiles, filter: LogFilter): Promise<readonly LogLine[]> {
  const fromEnd = filter.after === undefined && filter.limit !== undefined;
  const limit = filter.limit ?? Infinity;
  const found: LogLine[] = [];
  const maxText = filter.maxText ?? Infinity;
  if (limit < 1) return found;
  const scan = scanFor(filter);
  const lines = fromEnd ? backwards(files, scan) : linesAfter(files, filter.after ?? 0, scan);
  let text = 0;
  for await (const line of lines) {
    if (!matches(line, filter)) continue;
    found.push(line);
    text += line.text.length;
    if (found.length >= limit || text >= maxText) break;
  }
  return fromEnd ? found.toReversed() : found;
}

async function* linesAfter(files: LogFiles, after: number, scan: LogScan = FULL_SCAN): AsyncGenerator<LogLine> {
  let last = after;
  // Opened first: a rotation makes it the previous file, which then is read twice, not skipped.
  const current = await openIfThere(files.current);
  try {
    const lines = async function* (handle: FileHandle): AsyncGenerator<LogLine> {
      const start = await offsetAfter(handle, last, (await handle.stat()).size);
      for await (const { line } of forward(handle, start, scan)) {
        if (line === undefined || line.n <= last) continue;
        last = line.n;
        yield line;
      }
    };
    yield* withFile(files.previous, async (handle) => lines(handle));
    if (current !== undefined) yield* lines(current);
  } finally {
    await current?.close();
  }
}

async function* backwards(files: LogFiles, scan: LogScan = FULL_SCAN): AsyncGenerator<LogLine> {
  let first = Infinity;
  for (const file of [files.current, files.previous]) {
    for await (const line of withFile(file, async (handle) => backward(handle, scan))) {
      if (line.n >= first) continue;
      first = line.n;
      yield line;
    }
  }
}

/** Returns the number of the newest line; 0 when there is none. */
export async function lastNumber(files: LogFiles): Promise<number> {
  for await (const line of backwards(files)) return line.n;
  return 0;
}

async function* withFile<T>(file: string, use: (handle: FileHandle) => Promise<AsyncGenerator<T>>): AsyncGenerator<T> {
  const handle = await openIfThere(file);
  if (handle === undefined) return;
  try {
    yield* await use(handle);
  } finally {
    await handle.close();
  }
}
