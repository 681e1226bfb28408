import { lstat, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import { isRealDirectory } from './inside.ts';
import { PLACES } from './environment.ts';
import { scopePlaces, type Session } from './session.ts';
import { touch } from './work-disk.ts';

/** How Next's build cache (`.next/cache`) reaches a build. */
export type NextCache = Readonly<{ copy: boolean; mounts: readonly Mount[] }>;

const isDirectory = (path: string): Promise<boolean> => lstat(path).then((stat) => stat.isDirectory(), () => false);

/**
 * The scope's own cache is moved into the checkout (and back by `keepNextCache`); another scope's, or one that must not
 * be written, is copied inside the sandbox.
 */
export async function bringNextCache(session: Session, request: BuildRequest, project: string): Promise<NextCache> {
  const { work } = session;
  const own = scopePlaces(work, request.cache.scope).next;
  const from = (await isDirectory(own)) ? own : request.cache.fallback === undefined ? undefined : scopePlaces(work, request.cache.fallback).next;
  if (from === undefined || !(await isDirectory(from))) return { copy: false, mounts: [] };
  const dist = join(work.source, project, '.next');
  if (from !== own || !request.cache.write) return { copy: true, mounts: [{ kind: 'read', from, to: PLACES.cacheFrom }] };
  // A committed .next is somebody's mistake: it is left alone, and the build starts without a cache.
  if (!(await isRealDirectory(work.source, project)) || (await lstat(dist).then(() => true, () => false))) return { copy: false, mounts: [] };
  await work.directory(dist);
  await rename(own, join(dist, 'cache'));
  return { copy: false, mounts: [] };
}

export async function keepNextCache(session: Session, request: BuildRequest, project: string, distDir: string): Promise<void> {
  const { work } = session;
  const relative = [project, distDir, 'cache'].filter((part) => part !== '').join('/');
  if (!request.cache.write || !(await isRealDirectory(work.source, relative))) return;
  const own = scopePlaces(work, request.cache.scope).next;
  await mkdir(dirname(own), { recursive: true, mode: 0o755 });
  await work.discard(own);
  await rename(join(work.source, relative), own);
  await touch(work.scope(request.cache.scope));
}
