import { createHash } from 'node:crypto';
import { lchown, lstat, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk, Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/**
 * A project's disk, laid out. `src`, `home` and `temporary` are new for every build; `scopes/<scope>` is what builds of
 * one scope leave for the next: package stores, dependency trees, Next's cache.
 */
export type WorkDisk = Readonly<{
  disk: Disk;
  source: string;
  home: string;
  temporary: string;
  owner: Readonly<{ uid: number; gid: number }>;
  /** A scope's directory; its name is hashed, so that any scope name is a plain path. */
  scope(name: string): string;
  /** Makes a directory that the build's user owns. */
  directory(path: string): Promise<void>;
  /** Moves away what must be deleted; the deletion itself may wait. */
  discard(path: string): Promise<void>;
  /** Deletes the checkout and all that was discarded, so that the next build does not wait for it. */
  tidy(): Promise<void>;
}>;

export type OpenOptions = Readonly<{ sandboxes: Sandboxes; name: string; identity: string; sizeMb: number }>;

/** Share of the disk that may be in use when a build starts. */
const HIGH_WATER = 0.55;
const EMERGENCY = 0.8;

export async function openWorkDisk(options: OpenOptions): Promise<Result<WorkDisk>> {
  const open = () => options.sandboxes.openDisk({ name: options.name, identity: options.identity, sizeMb: options.sizeMb });
  let opened = await open();
  if (!opened.ok) return opened;
  if (!(await makeRoom(opened.value, options.sizeMb))) {
    // What fills it is in none of our places, or can not be deleted (names nested too deep): start afresh.
    await opened.value.close();
    await options.sandboxes.removeDisk(options.name);
    opened = await open();
    if (!opened.ok) return opened;
  }
  const disk = opened.value;
  const { uid, gid } = await stat(disk.path);
  const own = (path: string) => lchown(path, uid, gid);
  const directory = async (path: string): Promise<void> => {
    await mkdir(path, { recursive: true, mode: 0o755 });
    await own(path);
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
    disk, owner: { uid, gid }, directory, discard,
    source: join(disk.path, 'src'), home: join(disk.path, 'home'), temporary: join(disk.path, 'tmp'),
    scope: (name) => join(disk.path, 'scopes', scopeName(name)),
    async tidy() {
      for (const path of [work.source, work.home, work.temporary, join(disk.path, 'scratch'), trash]) await rm(path, { recursive: true, force: true });
    },
  };
  try {
    for (const path of [work.source, work.home, work.temporary]) await directory(path);
    await mkdir(join(disk.path, 'scopes'), { recursive: true, mode: 0o755 });
    return ok(work);
  } catch (error) {
    await disk.close();
    return fail('internal', "The project's build disk can not be prepared", 'Try again; if it happens again, look at the disk of this machine.', String(error));
  }
}

/** Removes what an earlier build left, and old caches when little is free. False when that did not help. */
async function makeRoom(disk: Disk, sizeMb: number): Promise<boolean> {
  try {
    for (const name of ['.trash', 'src', 'tmp', 'home', 'scratch']) await rm(join(disk.path, name), { recursive: true, force: true });
    let use = await disk.free();
    if (use.usedMb > use.sizeMb * HIGH_WATER) {
      await evict(disk, sizeMb * HIGH_WATER);
      use = await disk.free();
    }
    return !use.full && use.usedMb <= use.sizeMb * EMERGENCY;
  } catch {
    return false;
  }
}

const scopeName = (scope: string): string => createHash('sha256').update(scope).digest('hex').slice(0, 32);

/** Removes what was used longest ago until the disk holds less than `targetMb`: trees first, then whole scopes. */
async function evict(disk: Disk, targetMb: number): Promise<void> {
  const scopes = join(disk.path, 'scopes');
  const aged: { path: string; at: number; rank: number }[] = [];
  for (const scope of await readdir(scopes).catch(() => [])) {
    const trees = join(scopes, scope, 'trees');
    for (const tree of await readdir(trees).catch(() => [])) aged.push({ path: join(trees, tree), at: await lastUse(join(trees, tree)), rank: 0 });
    aged.push({ path: join(scopes, scope), at: await lastUse(join(scopes, scope)), rank: 1 });
  }
  aged.sort((a, b) => a.rank - b.rank || a.at - b.at);
  for (const { path } of aged) {
    if ((await disk.free()).usedMb <= targetMb) return;
    await rm(path, { recursive: true, force: true });
  }
}

const lastUse = (path: string): Promise<number> => lstat(path).then((stat) => stat.mtimeMs, () => 0);

/** Marks a cache as used now. */
export const touch = (path: string): Promise<void> => utimes(path, new Date(), new Date()).catch(() => undefined);
