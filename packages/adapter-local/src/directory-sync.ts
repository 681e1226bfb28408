import { syncDirectory } from './files.ts';

/**
 * Flushes directories, sharing the work: while one flush of a directory runs, all who come wait together for the next
 * one, which covers them all.
 */
export function directorySync(): (directory: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const next = new Map<string, Promise<void>>();
  const start = (directory: string): Promise<void> => {
    const flush = syncDirectory(directory).finally(() => running.delete(directory));
    running.set(directory, flush);
    return flush;
  };
  return (directory) => {
    const current = running.get(directory);
    if (current === undefined) return start(directory);
    const waiting = next.get(directory);
    if (waiting !== undefined) return waiting;
    const following = current.catch(() => undefined).then(() => {
      next.delete(directory);
      return start(directory);
    });
    next.set(directory, following);
    return following;
  };
}
