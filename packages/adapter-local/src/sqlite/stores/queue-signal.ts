import type { Database } from '../database.ts';

/** How soon a waiting worker sees what another process has enqueued, or a delay or a lease that has ended. */
const POLL_MS = 200;

/**
 * Wakes workers that wait for jobs: at once when this process frees or adds one, otherwise by polling. A change between
 * a worker's poll and its wait is not lost: every change is counted, and the count at the last empty poll is stored.
 */
export function queueSignal(db: Database, anyDue: () => boolean) {
  const waiters = new Set<() => void>();
  let changes = 0;
  let seen = -1;
  return {
    changed(): void {
      changes += 1;
      for (const wake of waiters) wake();
    },
    /** Records that a worker polled and found no job. */
    markEmptyPoll(): void {
      seen = changes;
    },
    wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
      if (signal.aborted || changes !== seen) {
        seen = changes;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const version = db.dataVersion();
        const wake = (): void => {
          waiters.delete(wake);
          clearInterval(poll);
          clearTimeout(limit);
          signal.removeEventListener('abort', wake);
          seen = changes;
          resolve();
        };
        const poll = setInterval(() => {
          if (db.dataVersion() !== version || anyDue()) wake();
        }, POLL_MS);
        const limit = setTimeout(wake, timeoutMs);
        waiters.add(wake);
        signal.addEventListener('abort', wake);
      });
    },
  };
}
