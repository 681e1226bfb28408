import { lchown, lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { uidOf } from '@anchor/sandbox-linux/identity.ts';

/** What the platform itself writes into a repository. Git cannot change or replace it. */
export const PLATFORM_DIRECTORY = 'lfs';

/** The user that git runs as for a repository: another one than that of the project's builds and functions. */
export const gitUser = (repository: string): number => uidOf(`git ${basename(repository).split('.git', 1)[0] ?? ''}`);

const inFlight = new Map<string, Promise<void>>();

/**
 * Gives a repository to the user that its git runs as, but for the platform's own directory in it. Repositories of
 * earlier versions and restored ones belong to root.
 */
export function claimRepository(repository: string): Promise<void> {
  const running = inFlight.get(repository);
  if (running !== undefined) return running;
  const claiming = claim(repository, gitUser(repository)).finally(() => inFlight.delete(repository));
  inFlight.set(repository, claiming);
  return claiming;
}

/**
 * Has the next `claimRepository` start again: git runs as root now, and what it writes its own user could not change.
 */
export async function unclaimRepository(repository: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const found = await lstat(repository).catch(() => undefined);
  if (found !== undefined && found.uid !== 0) await lchown(repository, 0, 0);
}

async function claim(repository: string, uid: number): Promise<void> {
  const own = join(repository, PLATFORM_DIRECTORY);
  await mkdir(own, { mode: 0o755 }).catch((error: unknown) => {
    if (!hasErrorCode(error, 'EEXIST')) throw error;
  });
  const found = await lstat(own);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${own} is not the platform's own`);
  if ((await lstat(repository)).uid === uid) return;
  for (const name of await readdir(repository))
    if (name !== PLATFORM_DIRECTORY) await give(join(repository, name), uid);
  // Last: until then the next call starts again.
  await lchown(repository, uid, uid);
}

async function give(path: string, uid: number): Promise<void> {
  if ((await lstat(path)).isDirectory()) for (const name of await readdir(path)) await give(join(path, name), uid);
  await lchown(path, uid, uid);
}
