/** One process at a time makes a page anew: a file in the directory that all processes of the deployment share. */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Whoever holds a lock for longer has died, or is so slow that another try is due. */
const TIMEOUT_MS = 30_000;

export type RevalidationLocks = Readonly<{
  /** What gives it back, or undefined while another holds it. */
  take(key: string): (() => void) | undefined;
}>;

/** `directory` undefined: this process alone. */
export function createRevalidationLocks(directory: string | undefined, timeoutMs = TIMEOUT_MS): RevalidationLocks {
  const own = new Map<string, number>();
  let made = false;

  const create = (path: string): boolean => {
    try {
      closeSync(openSync(path, 'wx'));
      return true;
    } catch (cause) {
      // A disk that refuses must not keep pages from being made anew.
      return !(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST');
    }
  };
  const remove = (path: string): void => {
    try {
      unlinkSync(path);
    } catch {
      // another process saw it as left behind
    }
  };

  return {
    take(key) {
      const since = own.get(key);
      if (since !== undefined && performance.now() - since < timeoutMs) return undefined;
      const takenAt = performance.now();
      let path: string | undefined;
      if (directory !== undefined) {
        if (!made) {
          try {
            mkdirSync(directory, { recursive: true });
            made = true;
          } catch {
            // `create` says the rest
          }
        }
        path = join(directory, createHash('sha256').update(key).digest('hex'));
        if (!create(path)) {
          const found = statSync(path, { throwIfNoEntry: false });
          if (found !== undefined && Date.now() - found.mtimeMs < timeoutMs) return undefined;
          remove(path);
          if (!create(path)) return undefined;
        }
      }
      own.set(key, takenAt);
      return () => {
        if (own.get(key) !== takenAt) return;
        own.delete(key);
        // After the time another may hold a lock of the same name.
        if (path !== undefined && performance.now() - takenAt < timeoutMs) remove(path);
      };
    },
  };
}
