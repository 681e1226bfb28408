import { watch, type FSWatcher } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type { LogFiles } from './log-files.ts';

/** Where the kernel tells nothing (some file systems, too many watches), followers look this often. */
const POLL_MS = 500;

export type Bell = Readonly<{
  /** Resolves when the log's files may have changed since the last time it resolved, at the latest after POLL_MS. */
  rung(): Promise<void>;
  close(): void;
}>;
type Watched = { watcher: FSWatcher | undefined; bells: Set<(name: string) => void> };

/** Tells followers that a log has changed, whichever process writes it: one watch a directory, shared by all of them. */
export function logWatch(): (files: LogFiles, signal: AbortSignal) => Promise<Bell> {
  const directories = new Map<string, Watched>();

  const watched = (directory: string): Watched => {
    const present = directories.get(directory);
    if (present !== undefined) return present;
    const entry: Watched = { watcher: undefined, bells: new Set() };
    try {
      entry.watcher = watch(directory, { persistent: false }, (_event, name) => {
        for (const bell of entry.bells) bell(name ?? '');
      });
      entry.watcher.on('error', () => entry.watcher?.close());
    } catch {
      // Without a watch there is still the poll.
    }
    directories.set(directory, entry);
    return entry;
  };

  return async (files, signal) => {
    await mkdir(files.directory, { recursive: true });
    const entry = watched(files.directory);
    const stem = basename(files.closed, '.closed');
    let changed = false;
    let wake: (() => void) | undefined;
    const ring = (): void => {
      changed = true;
      wake?.();
    };
    const bell = (name: string): void => {
      if (name === '' || name.startsWith(stem)) ring();
    };
    entry.bells.add(bell);
    signal.addEventListener('abort', ring);
    return {
      rung: async () => {
        if (!changed) {
          await new Promise<void>((resolve) => {
            const poll = setTimeout(resolve, POLL_MS);
            wake = () => {
              clearTimeout(poll);
              resolve();
            };
          });
        }
        wake = undefined;
        changed = false;
      },
      close: () => {
        signal.removeEventListener('abort', ring);
        entry.bells.delete(bell);
        if (entry.bells.size > 0) return;
        entry.watcher?.close();
        directories.delete(files.directory);
      },
    };
  };
}
