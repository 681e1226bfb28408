/**
 * Locks across processes, so that one process at a time revalidates a page: files in the deployment's shared directory.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, statSync, unlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';

/** A lock held for longer belongs to a process that died, or is so slow that a second attempt is due. */
const TIMEOUT_MS = 30_000;

/**
 * The lock's file, and what identifies it; the version is '' after a disk error, which must not prevent revalidation.
 */
type LockFile = Readonly<{ path: string; version: string }>;

export class RevalidationLocks {
  readonly #directory: string | undefined;
  readonly #timeoutMs: number;
  readonly #own = new Map<string, number>();
  #made = false;

  /** Creates locks. With `directory` undefined they hold within this process only. */
  constructor(directory: string | undefined, timeoutMs = TIMEOUT_MS) {
    this.#directory = directory;
    this.#timeoutMs = timeoutMs;
  }

  /** Returns the function that releases the lock, or undefined while another request or process holds it. */
  take(key: string): (() => void) | undefined {
    const since = this.#own.get(key);
    if (since !== undefined && performance.now() - since < this.#timeoutMs) return undefined;
    const takenAt = performance.now();
    const file = this.#directory === undefined ? undefined : this.#takeFile(this.#directory, key);
    if (file === 'taken') return undefined;
    this.#own.set(key, takenAt);
    return () => {
      if (this.#own.get(key) !== takenAt) return;
      this.#own.delete(key);
      if (file === undefined) return;
      // After the timeout another process may hold a lock of the same name.
      if (performance.now() - takenAt < this.#timeoutMs || versionAt(file.path) === file.version) remove(file.path);
    };
  }

  #takeFile(directory: string, key: string): LockFile | 'taken' {
    this.#makeDirectory(directory);
    const path = join(directory, createHash('sha256').update(key).digest('hex'));
    const version = create(path);
    if (version !== undefined) return { path, version };
    const found = statSync(path, { throwIfNoEntry: false });
    // A time further in the future comes from a clock that was set back since.
    if (found !== undefined && Math.abs(Date.now() - found.mtimeMs) < this.#timeoutMs) return 'taken';
    remove(path);
    const second = create(path);
    return second === undefined ? 'taken' : { path, version: second };
  }

  #makeDirectory(directory: string): void {
    if (this.#made) return;
    try {
      mkdirSync(directory, { recursive: true });
      this.#made = true;
    } catch {
      // `create` reports the rest
    }
  }
}

/** Returns the version of a new file, undefined where one exists already, and '' on a disk error. */
function create(path: string): string | undefined {
  try {
    const file = openSync(path, 'wx');
    try {
      return versionOf(fstatSync(file));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EEXIST' ? undefined : '';
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // another process took it for abandoned
  }
}

const versionOf = ({ ino, mtimeMs }: Stats): string => `${ino}:${mtimeMs}`;

function versionAt(path: string): string | undefined {
  try {
    return versionOf(statSync(path));
  } catch {
    return undefined;
  }
}
