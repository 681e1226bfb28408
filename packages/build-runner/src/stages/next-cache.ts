import { lstat, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BuildRequest } from '@anchor/core/ports/build-runner.ts';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import { isRealDirectory } from '@anchor/packaging/checkout/checkout-fs.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { scopeFolders, type Session } from '../session/session.ts';
import { touch } from '../disk/work-disk.ts';

/** How Next's build cache (`.next/cache`) reaches a build. */
export type NextCache = Readonly<{ copy: boolean; mounts: readonly Mount[] }>;

const isDirectory = (path: string): Promise<boolean> =>
  lstat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  );

/**
 * Restores a cache: the scope's own is moved into the checkout (and back by `keepNextCache`); another scope's is copied
 * inside the sandbox.
 */
export async function restoreNextCache(session: Session, request: BuildRequest, project: string): Promise<NextCache> {
  const { work } = session;
  const { cache } = request;
  // It contains what Next.js fetched for production: nothing for a build of untrusted code.
  if (cache === undefined) return { copy: false, mounts: [] };
  const own = scopeFolders(work, cache.scope).next;
  const from = (await isDirectory(own))
    ? own
    : cache.fallback === undefined
      ? undefined
      : scopeFolders(work, cache.fallback).next;
  if (from === undefined || !(await isDirectory(from))) return { copy: false, mounts: [] };
  const dist = join(work.source, project, '.next');
  if (from !== own) return { copy: true, mounts: [{ kind: 'read', from, to: SANDBOX_PATHS.otherBranchCache }] };
  // A committed .next is a mistake of the project: it is left alone, and the build starts without a cache.
  if (
    !(await isRealDirectory(work.source, project)) ||
    (await lstat(dist).then(
      () => true,
      () => false,
    ))
  )
    return { copy: false, mounts: [] };
  await work.directory(dist);
  await rename(own, join(dist, 'cache'));
  return { copy: false, mounts: [] };
}

/**
 * Takes over what another scope's builds compiled, not what they fetched: that may be production's data. `run`: in the
 * project's folder.
 */
export async function copyNextCache(run: (...argv: readonly string[]) => Promise<unknown>): Promise<void> {
  await run('mkdir', '-p', '--', '.next');
  await run('cp', '-a', '--reflink=auto', '--', SANDBOX_PATHS.otherBranchCache, '.next/cache');
  await run('rm', '-rf', '--', '.next/cache/fetch-cache');
}

export async function saveNextCache(
  session: Session,
  request: BuildRequest,
  project: string,
  distDir: string,
): Promise<void> {
  const { work } = session;
  const relative = [project, distDir, 'cache'].filter((part) => part !== '').join('/');
  if (request.cache === undefined || !(await isRealDirectory(work.source, relative))) return;
  const own = scopeFolders(work, request.cache.scope).next;
  await mkdir(dirname(own), { recursive: true, mode: 0o755 });
  await work.discard(own);
  await rename(join(work.source, relative), own);
  await touch(work.scope(request.cache.scope));
}
