import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import type { LogFilter } from '@anchor/core/ports/log-store.ts';
import type { LogFiles } from './log-files.ts';
import { readLog } from './log-reader.ts';
import { readPage, type LogPosition, type PageRead } from './page-reader.ts';

/** Searches the log; with a position: reads the page behind it. */
export type ReadRequest = Readonly<{ id: number; files: LogFiles; filter: LogFilter; position?: LogPosition }>;
export type ReadResult = Readonly<{ id: number; lines?: readonly LogLine[]; read?: PageRead; error?: string }>;

/** Reads logs for log-thread.ts. Requests in flight share this thread's event loop piece by piece. */
try {
  // Requests go first where processors are short: on Linux a thread has a priority of its own.
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), 10);
} catch {
  // Then it runs as all others do.
}

parentPort?.on('message', ({ id, files, filter, position }: ReadRequest) => {
  const done =
    position === undefined
      ? readLog(files, filter).then((lines) => parentPort?.postMessage({ id, lines } satisfies ReadResult))
      : readPage(files, filter, position).then((read) =>
          parentPort?.postMessage({ id, read } satisfies ReadResult, [read.page.buffer]),
        );
  done.catch((error: unknown) => parentPort?.postMessage({ id, error: String(error) } satisfies ReadResult));
});
