import { open } from 'node:fs/promises';

/** Makes names that were created, renamed or removed in a directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Flushes directories with coalescing: while one flush of a directory runs, all later calls wait together for the next
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
    const pending = next.get(directory);
    if (pending !== undefined) return pending;
    const following = current
      .catch(() => undefined)
      .then(() => {
        next.delete(directory);
        return start(directory);
      });
    next.set(directory, following);
    return following;
  };
}
