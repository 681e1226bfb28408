import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { LogPage } from '@anchor/core/logs/log-page.ts';
import type { LogFilter, LogKind, LogStore } from '@anchor/core/ports/log-store.ts';
import { logFiles, type LogFiles } from './log-files.ts';
import { lastNumber, readLog } from './log-reader.ts';
import { needsScan } from './log-scan.ts';
import { LogThread } from './log-thread.ts';
import { logWatch } from './log-watch.ts';
import { LogWriter } from './log-writer.ts';
import { readPage, type LogPosition } from './page-reader.ts';

const KINDS: readonly LogKind[] = ['build', 'run'];
/** Characters of the last lines with which following by a filter starts. */
const START_TEXT = 1024 * 1024;

/**
 * Opens the store. `rotateBytes`: run logs keep one to two times as much of their end. One process at a time appends to
 * a log; any may read and follow.
 */
export function openLogStore(
  logs: string,
  { rotateBytes = 16 * 1024 * 1024 }: Readonly<{ rotateBytes?: number }> = {},
): LogStore {
  const writers = new Map<string, LogWriter>();
  const listen = logWatch();
  const thread = new LogThread();

  return {
    append: async (kind, deploymentId, lines) => {
      const files = logFiles(logs, kind, deploymentId);
      let writer = writers.get(files.current);
      if (writer === undefined) {
        writer = new LogWriter(files, kind === 'run' ? rotateBytes : Infinity);
        writers.set(files.current, writer);
      }
      if (lines.length > 0) await writer.append(lines);
    },

    read: async (kind, deploymentId, filter) => {
      const files = logFiles(logs, kind, deploymentId);
      return needsScan(filter) ? thread.search(files, filter) : readLog(files, filter);
    },

    follow: (kind, deploymentId, filter, signal) =>
      follow(logFiles(logs, kind, deploymentId), listen, thread, filter, signal),

    close: async (kind, deploymentId) => {
      const files = logFiles(logs, kind, deploymentId);
      // Earlier lines are written to the file first.
      await writers.get(files.current)?.append([]);
      await mkdir(files.directory, { recursive: true });
      await writeFile(files.closed, '');
      writers.delete(files.current);
    },

    remove: async (deploymentId: DeploymentId) => {
      for (const kind of KINDS) {
        const files = logFiles(logs, kind, deploymentId);
        writers.delete(files.current);
        for (const file of [files.current, files.previous, files.closed]) await rm(file, { force: true });
      }
    },
  };
}

/**
 * What is new is mostly little: the first page of each look is read here. A follower that is further behind catches up
 * in the thread.
 */
async function* follow(
  files: LogFiles,
  listen: ReturnType<typeof logWatch>,
  thread: LogThread,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncGenerator<LogPage> {
  const changes = await listen(files, signal);
  try {
    let position: LogPosition = { n: await startOf(files, thread, filter) };
    while (!signal.aborted) {
      // Checked before reading: lines appended before the end are read below.
      const closed = await exists(files.closed);
      let read = await readPage(files, filter, position);
      for (;;) {
        if (signal.aborted) return;
        ({ position } = read);
        if (read.page.length > 0) yield read.page;
        if (!read.more) break;
        read = await thread.page(files, filter, position, signal);
      }
      if (closed) return;
      await changes.next();
    }
  } finally {
    changes.close();
  }
}

/** Returns the number of the line behind which following starts. */
async function startOf(files: LogFiles, thread: LogThread, filter: LogFilter): Promise<number> {
  const { after, limit } = filter;
  if (after !== undefined || limit === undefined) return after ?? 0;
  const last = await lastNumber(files);
  if (!needsScan(filter)) return Math.max(0, last - limit);
  const [first] = await thread.search(files, { ...filter, maxText: START_TEXT });
  return first === undefined ? last : first.n - 1;
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
