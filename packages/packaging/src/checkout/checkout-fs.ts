import { constants } from 'node:fs';
import { lstat, open, readlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';

/**
 * An entry of a tree that an untrusted build wrote. The platform reads it with more rights than the build had, so links
 * are resolved here, within the tree only. A link to /app/… means the tree itself, as the build saw it.
 */
export type ResolvedEntry = Readonly<{
  path: string;
  absolute: string;
  kind: 'file' | 'directory';
  size: number;
  mode: number;
  mtimeMs: number;
  inode: number;
}>;

/**
 * Resolves `path` (relative to `root`, "/" separated) through all links. Undefined when absent, outside, or a special
 * file.
 */
export async function resolveInTree(root: string, path: string): Promise<ResolvedEntry | undefined> {
  let parts = split(path);
  if (parts === undefined) return undefined;
  let done: string[] = [];
  for (let links = 0; ;) {
    const part = parts.shift();
    const here = join(root, ...done, ...(part === undefined ? [] : [part]));
    if (part === '..') {
      if (done.pop() === undefined) return undefined;
      continue;
    }
    const stat = await lstat(here).catch(() => undefined);
    if (stat === undefined) return undefined;
    if (stat.isSymbolicLink()) {
      if (++links > 40) return undefined;
      const target = await readlink(here);
      const absolute = target.startsWith('/');
      if (absolute && target !== SANDBOX_PATHS.app && !target.startsWith(`${SANDBOX_PATHS.app}/`)) return undefined;
      const next: string[] | undefined = split(absolute ? target.slice(SANDBOX_PATHS.app.length) : target);
      if (next === undefined) return undefined;
      if (absolute) done = [];
      parts = [...next, ...parts];
      continue;
    }
    if (part !== undefined) done.push(part);
    if (parts.length > 0) {
      if (!stat.isDirectory()) return undefined;
      continue;
    }
    if (!stat.isFile() && !stat.isDirectory()) return undefined;
    return {
      path: done.join('/'),
      absolute: here,
      kind: stat.isFile() ? 'file' : 'directory',
      size: stat.size,
      mode: stat.mode,
      mtimeMs: stat.mtimeMs,
      inode: stat.ino,
    };
  }
}

const split = (path: string): string[] | undefined =>
  path.includes('\0') ? undefined : path.split('/').filter((part) => part !== '' && part !== '.');

/** Returns whether every component of `path` is a real directory (no link): safe to rename something into it. */
export async function isRealDirectory(root: string, path: string): Promise<boolean> {
  let at = root;
  for (const part of ['', ...(split(path) ?? ['..'])]) {
    if (part === '..') return false;
    at = join(at, part);
    if (
      !(await lstat(at).then(
        (stat) => stat.isDirectory(),
        () => false,
      ))
    )
      return false;
  }
  return true;
}

/** Opens a file that `resolveInTree` found; never a link, never something that blocks. */
export async function openResolved(found: ResolvedEntry): Promise<FileHandle | undefined> {
  const handle = await open(found.absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (handle === undefined) return undefined;
  const stat = await handle.stat();
  if (stat.isFile()) return handle;
  await handle.close();
  return undefined;
}

/** Reads a text file in the tree, at most `maxBytes`. Undefined when absent, outside, special or larger. */
export async function readInTree(root: string, path: string, maxBytes = 4 << 20): Promise<string | undefined> {
  const found = await resolveInTree(root, path);
  if (found === undefined || found.kind !== 'file' || found.size > maxBytes) return undefined;
  const handle = await openResolved(found);
  if (handle === undefined) return undefined;
  try {
    const buffer = Buffer.alloc(Math.min(maxBytes, found.size) + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return bytesRead > maxBytes ? undefined : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Returns the syntax error of a JSON file in the tree; undefined when it is absent or valid. */
export async function invalidJson(root: string, path: string): Promise<string | undefined> {
  const text = await readInTree(root, path);
  if (text === undefined) return undefined;
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 400) : String(error);
  }
}

/**
 * Of a package.json of which there may be many: one of 4 MB takes 100 MB when it is parsed. The largest that is known
 * has 70 KB.
 */
export const PACKAGE_JSON_BYTES = 256 << 10;

/** Reads a JSON object in the tree. Undefined when absent, larger than `maxBytes`, or not an object. */
export async function readJsonInTree(
  root: string,
  path: string,
  maxBytes?: number,
): Promise<Record<string, unknown> | undefined> {
  const text = await readInTree(root, path, maxBytes);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
