import { createHash } from 'node:crypto';
import { lchown, mkdir, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk, Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { evictScopes } from './evict-scopes.ts';
import { removeTree } from './remove-tree.ts';

/**
 * A project's disk and its folders. `src`, `home` and `temporary` are new for every build. `scopes/<scope>` holds the
 * caches of one scope for its next build: package stores, dependency trees, Next's cache.
 */
export type WorkDisk = Readonly<{
  disk: Disk;
  source: string;
  home: string;
  temporary: string;
  owner: Readonly<{ uid: number; gid: number }>;
  /** Returns a scope's directory; its name is hashed, so that any scope name is a plain path. */
  scope(name: string): string;
  /** Makes a directory that the build's user owns. */
  directory(path: string): Promise<void>;
  /** Moves away what must be deleted; the deletion itself may wait. */
  discard(path: string): Promise<void>;
  /** Deletes the checkout, all that was discarded, and caches beyond what a project may keep. */
  cleanUp(): Promise<void>;
}>;

/** `keepMb`: what may stay on the disk between builds. */
export type OpenOptions = Readonly<{
  sandboxes: Sandboxes;
  name: string;
  identity: string;
  sizeMb: number;
  keepMb: number;
}>;

/** Share of the disk that may be in use when a build starts. */
const MAX_USE_AT_START = 0.55;
const MAX_USE_AFTER_EVICTION = 0.8;

export async function openWorkDisk(options: OpenOptions): Promise<Result<WorkDisk>> {
  const open = () =>
    options.sandboxes.openDisk({ name: options.name, identity: options.identity, sizeMb: options.sizeMb });
  let opened = await open();
  if (!opened.ok) return opened;
  if (!(await freeSpace(opened.value, options.sizeMb))) {
    // Something outside our directories fills it, or cannot be deleted (names nested too deep): start with a new disk.
    await opened.value.close();
    await options.sandboxes.removeDisk(options.name);
    opened = await open();
    if (!opened.ok) return opened;
  }
  const disk = opened.value;
  const { uid, gid } = await stat(disk.path);
  const chownToBuild = (path: string) => lchown(path, uid, gid);
  const directory = async (path: string): Promise<void> => {
    await mkdir(path, { recursive: true, mode: 0o755 });
    await chownToBuild(path);
  };
  const trash = join(disk.path, '.trash');
  let count = 0;
  const discard = async (path: string): Promise<void> => {
    await mkdir(trash, { recursive: true, mode: 0o700 });
    await rename(path, join(trash, `${Date.now()}-${process.pid}-${count++}`)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  };
  const work: WorkDisk = {
    disk,
    owner: { uid, gid },
    directory,
    discard,
    source: join(disk.path, 'src'),
    home: join(disk.path, 'home'),
    temporary: join(disk.path, 'tmp'),
    scope: (name) => join(disk.path, 'scopes', scopeName(name)),
    async cleanUp() {
      for (const path of [work.source, work.home, work.temporary, join(disk.path, 'scratch'), trash])
        await removeTree(path);
      await evictScopes(disk, options.keepMb);
    },
  };
  try {
    for (const path of [work.source, work.home, work.temporary]) await directory(path);
    await mkdir(join(disk.path, 'scopes'), { recursive: true, mode: 0o755 });
    return ok(work);
  } catch (error) {
    await disk.close();
    return fail(
      'internal',
      "The project's build disk cannot be prepared",
      'Run `anchor redeploy`; if it fails again, check the disk of this machine.',
      String(error),
    );
  }
}

/** Removes what an earlier build left, and old caches when little is free. False when that did not help. */
async function freeSpace(disk: Disk, sizeMb: number): Promise<boolean> {
  try {
    for (const name of ['.trash', 'src', 'tmp', 'home', 'scratch']) await removeTree(join(disk.path, name));
    let use = await disk.free();
    if (use.usedMb > use.sizeMb * MAX_USE_AT_START) {
      await evictScopes(disk, sizeMb * MAX_USE_AT_START);
      use = await disk.free();
    }
    return !use.full && use.usedMb <= use.sizeMb * MAX_USE_AFTER_EVICTION;
  } catch {
    return false;
  }
}

const scopeName = (scope: string): string => createHash('sha256').update(scope).digest('hex').slice(0, 32);

/** Marks a cache as used now. */
export const touch = (path: string): Promise<void> => utimes(path, new Date(), new Date()).catch(() => undefined);
