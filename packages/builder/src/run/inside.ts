import { constants } from 'node:fs';
import { lstat, open, readlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the checkout stands inside every build sandbox, and later the tree inside a function's. */
export const APP = '/app';

/**
 * Paths inside a tree that a stranger's build wrote, read by us with more rights than it had. Links are followed by
 * hand, within the tree only; a link to /app/… means the tree itself, as the build saw it.
 */
export type Found = Readonly<{ path: string; absolute: string; kind: 'file' | 'directory'; size: number; mode: number; mtimeMs: number; inode: number }>;

/** What `path` (relative to `root`, "/" separated) is after all links; undefined when absent, outside, or a special file. */
export async function findInside(root: string, path: string): Promise<Found | undefined> {
  let parts = split(path);
  if (parts === undefined) return undefined;
  let done: string[] = [];
  for (let links = 0; ; ) {
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
      if (absolute && target !== APP && !target.startsWith(`${APP}/`)) return undefined;
      const next: string[] | undefined = split(absolute ? target.slice(APP.length) : target);
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
    return { path: done.join('/'), absolute: here, kind: stat.isFile() ? 'file' : 'directory', size: stat.size, mode: stat.mode, mtimeMs: stat.mtimeMs, inode: stat.ino };
  }
}

const split = (path: string): string[] | undefined => (path.includes('\0') ? undefined : path.split('/').filter((part) => part !== '' && part !== '.'));

/** True when every component of `path` is a real directory (no link): safe to rename something into it. */
export async function isRealDirectory(root: string, path: string): Promise<boolean> {
  let at = root;
  for (const part of ['', ...(split(path) ?? ['..'])]) {
    if (part === '..') return false;
    at = join(at, part);
    if (!(await lstat(at).then((stat) => stat.isDirectory(), () => false))) return false;
  }
  return true;
}

/** Opens a file that `findInside` found; never a link, never something that blocks. */
export async function openFound(found: Found): Promise<FileHandle | undefined> {
  const handle = await open(found.absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined);
  if (handle === undefined) return undefined;
  const stat = await handle.stat();
  if (stat.isFile()) return handle;
  await handle.close();
  return undefined;
}

/** Text of a file in the tree, at most `maxBytes`; undefined when absent, outside, special or larger. */
export async function readInside(root: string, path: string, maxBytes = 4 << 20): Promise<string | undefined> {
  const found = await findInside(root, path);
  if (found === undefined || found.kind !== 'file' || found.size > maxBytes) return undefined;
  const handle = await openFound(found);
  if (handle === undefined) return undefined;
  try {
    const buffer = Buffer.alloc(Math.min(maxBytes, found.size) + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return bytesRead > maxBytes ? undefined : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** A JSON object in the tree; undefined when absent or not an object. */
export async function readJsonInside(root: string, path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readInside(root, path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
