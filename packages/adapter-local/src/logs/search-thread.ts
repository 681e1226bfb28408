import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import type { LogFilter } from '@anchor/core/ports/log-store.ts';
import type { LogFiles } from './log-files.ts';
import { readLog } from './log-reader.ts';

export type SearchRequest = Readonly<{ id: number; files: LogFiles; filter: LogFilter }>;
export type SearchResult = Readonly<{ id: number } & ({ lines: readonly LogLine[] } | { error: string })>;

/** Searches logs for log-search.ts. Searches that run at once share this thread's event loop piece by piece. */
try {
  // Requests go first where processors are short: on Linux a thread has a priority of its own.
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), 10);
} catch {
  // Then it runs as all others do.
}

const send = (result: SearchResult): void => parentPort?.postMessage(result);
parentPort?.on('message', ({ id, files, filter }: SearchRequest) => {
  readLog(files, filter).then(
    (lines) => send({ id, lines }),
    (error: unknown) => send({ id, error: String(error) }),
  );
});
