import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/** Makes committed transactions survive a power cut. */
export type Sync = Readonly<{
  /** Flushes off the main thread; covers everything that was committed before the call. */
  start(done: (error: Error | null) => void): void;
  now(): void;
  close(): void;
}>;

/**
 * Flushes a database's write-ahead log beside SQLite, which is configured not to (synchronous = NORMAL: it flushes only
 * around checkpoints). The log of an open database is never replaced, and its locks are on other files, so a descriptor
 * of our own is safe.
 */
export function walSync(databaseFile: string): Sync {
  let descriptor: number | undefined;
  let running = 0;
  let closed = false;
  const opened = (): number => (descriptor ??= openSync(`${databaseFile}-wal`, 'r'));
  const closeWhenIdle = (): void => {
    if (!closed || running > 0 || descriptor === undefined) return;
    closeSync(descriptor);
    descriptor = undefined;
  };
  return {
    start(done) {
      running += 1;
      fdatasync(opened(), (error) => {
        running -= 1;
        closeWhenIdle();
        done(error);
      });
    },
    now: () => fdatasyncSync(opened()),
    close() {
      closed = true;
      closeWhenIdle();
    },
  };
}
