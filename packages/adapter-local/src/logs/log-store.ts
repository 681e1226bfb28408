import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { matches } from '@anchor/core/logs/matches.ts';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import type { LogFilter, LogKind, LogStore } from '@anchor/core/ports/log-store.ts';
import { logFiles, type LogFiles } from './log-files.ts';
import { followReader, lastNumber, readLog } from './log-reader.ts';
import { LogSearch, needsScan } from './log-search.ts';
import { logWatch } from './log-watch.ts';
import { LogWriter } from './log-writer.ts';

const KINDS: readonly LogKind[] = ['build', 'run'];

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
  const search = new LogSearch();

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
      return needsScan(filter) ? search.search(files, filter) : readLog(files, filter);
    },

    follow: (kind, deploymentId, filter, signal) => follow(logFiles(logs, kind, deploymentId), listen, filter, signal),

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

async function* follow(
  files: LogFiles,
  listen: ReturnType<typeof logWatch>,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const changes = await listen(files, signal);
  const reader = followReader(files, filter.after ?? 0);
  try {
    if (filter.after === undefined && filter.limit !== undefined) {
      reader.skipTo(await lastNumber(files));
      for (const line of await readLog(files, filter)) {
        reader.skipTo(line.n);
        yield line;
      }
    }
    while (!signal.aborted) {
      // Checked before reading: lines appended before the end are read below.
      const closed = await exists(files.closed);
      for await (const line of reader.more()) {
        if (signal.aborted) return;
        if (matches(line, filter)) yield line;
      }
      if (closed) return;
      await changes.next();
    }
  } finally {
    changes.close();
    await reader.close();
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
