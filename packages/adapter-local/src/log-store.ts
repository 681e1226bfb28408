import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { matches } from '@anchor/core/logs/matches.ts';
import type { LogKind, LogStore } from '@anchor/core/ports/log-store.ts';
import { logFiles } from './log-files.ts';
import { followReader, lastNumber, readLog } from './log-reader.ts';
import { logWatch } from './log-watch.ts';
import { logWriter } from './log-writer.ts';

const KINDS: readonly LogKind[] = ['build', 'run'];

/** `rotateBytes`: run logs keep their last one to two times as much. One process at a time appends to a log; any may read and follow. */
export function openLogStore(logs: string, { rotateBytes = 16 * 1024 * 1024 }: Readonly<{ rotateBytes?: number }> = {}): LogStore {
  const writers = new Map<string, ReturnType<typeof logWriter>>();
  const listen = logWatch();

  return {
    append: async (kind, deploymentId, lines) => {
      const files = logFiles(logs, kind, deploymentId);
      let writer = writers.get(files.current);
      if (writer === undefined) {
        writer = logWriter(files, kind === 'run' ? rotateBytes : Infinity);
        writers.set(files.current, writer);
      }
      if (lines.length > 0) await writer(lines);
    },

    read: (kind, deploymentId, filter) => readLog(logFiles(logs, kind, deploymentId), filter),

    async *follow(kind, deploymentId, filter, signal) {
      const files = logFiles(logs, kind, deploymentId);
      const bell = await listen(files, signal);
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
          // Looked at before reading: what was appended before the end is read below.
          const closed = await exists(files.closed);
          for await (const line of reader.more()) {
            if (signal.aborted) return;
            if (matches(line, filter)) yield line;
          }
          if (closed) return;
          await bell.rung();
        }
      } finally {
        bell.close();
        await reader.close();
      }
    },

    close: async (kind, deploymentId) => {
      const files = logFiles(logs, kind, deploymentId);
      // What was appended before is in the file first.
      await writers.get(files.current)?.([]);
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

const exists = (file: string): Promise<boolean> => stat(file).then(() => true, () => false);
