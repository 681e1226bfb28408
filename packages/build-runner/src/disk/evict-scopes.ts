import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from '@anchor/core/ports/sandbox.ts';
import { removeTree } from './remove-tree.ts';

/** A part of a project's caches that can be removed alone. `at`: when it was used last. */
type CacheEntry = Readonly<{ path: string; at: number }>;

/**
 * Removes caches of a project until its disk holds at most `targetMb`: first dependency trees that a newer one of the
 * same branch replaces, then whole branches, the one built longest ago first. Of the last branch the package store is
 * removed before Next's cache, and that before the dependency tree: the store only helps an install, which a cached
 * tree saves.
 */
export async function evictScopes(disk: Disk, targetMb: number): Promise<void> {
  const fits = async (): Promise<boolean> => (await disk.free()).usedMb <= targetMb;
  if (await fits()) return;
  for (const { path } of await entriesOldestFirst(join(disk.path, 'scopes'))) {
    await removeTree(path);
    if (await fits()) return;
  }
}

async function entriesOldestFirst(scopes: string): Promise<readonly CacheEntry[]> {
  const branches: CacheEntry[] = [];
  const oldTrees: CacheEntry[] = [];
  const within = new Map<string, readonly CacheEntry[]>();
  for (const name of await readdir(scopes).catch(() => [])) {
    const path = join(scopes, name);
    const part = async (...below: readonly string[]): Promise<CacheEntry> => {
      const at = join(path, ...below);
      return { path: at, at: await lastUsedAt(at) };
    };
    const trees = await Promise.all(
      (await readdir(join(path, 'trees')).catch(() => [])).map((tree) => part('trees', tree)),
    );
    trees.sort((a, b) => b.at - a.at);
    oldTrees.push(...trees.slice(1));
    branches.push(await part());
    within.set(path, [await part('store'), await part('next'), ...trees.slice(0, 1)]);
  }
  oldTrees.sort((a, b) => a.at - b.at);
  branches.sort((a, b) => a.at - b.at);
  const newest = branches.pop();
  return [...oldTrees, ...branches, ...(newest === undefined ? [] : (within.get(newest.path) ?? []))];
}

const lastUsedAt = (path: string): Promise<number> =>
  lstat(path).then(
    (stat) => stat.mtimeMs,
    () => 0,
  );
