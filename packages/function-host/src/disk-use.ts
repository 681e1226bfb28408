import { lstat, opendir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_FILES = 100_000;
const LOOK_MS = 3_000;
const WALK_MS = 60_000;

/**
 * Watches directories that a function can write to on this machine's disk (its cache, its socket directory) and calls
 * `exceeded` once when they hold more than `limitMb` or 100,000 files. Free space is checked every few seconds; the
 * files are counted when it has shrunk, and once a minute. Returns a function that stops watching.
 */
export function watchDiskUse(
  directories: readonly [string, ...string[]],
  limitMb: number,
  exceeded: () => void,
  lookMs: number = LOOK_MS,
): () => void {
  let freeMb = Infinity;
  let walkedAt = performance.now();
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, lookMs).unref();

  async function look(): Promise<void> {
    const now = await freeSpaceMb(directories[0]);
    const shrunk = freeMb - now > limitMb / 8;
    if (freeMb === Infinity) freeMb = now;
    if (!shrunk && performance.now() - walkedAt < WALK_MS) return;
    freeMb = now;
    walkedAt = performance.now();
    if (!(await holdsMore(directories, limitMb))) return;
    clearInterval(timer);
    exceeded();
  }
  return () => clearInterval(timer);
}

const freeSpaceMb = (path: string): Promise<number> =>
  statfs(path).then(
    ({ bavail, bsize }) => (bavail * bsize) / 1_048_576,
    () => 0,
  );

/** Counts without following links. What vanishes or cannot be read while it is counted is not counted. */
async function holdsMore(directories: readonly string[], limitMb: number): Promise<boolean> {
  const queue = [...directories];
  let bytes = 0;
  let files = 0;
  for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
    try {
      for await (const entry of await opendir(directory)) {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) queue.push(path);
        else bytes += (await lstat(path)).blocks * 512;
        if (++files > MAX_FILES || bytes > limitMb * 1_048_576) return true;
      }
    } catch {
      // It is gone.
    }
  }
  return false;
}
