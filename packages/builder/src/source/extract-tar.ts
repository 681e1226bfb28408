import { chown, lstat, lchown, mkdir, open, symlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { readTar, TarError, type TarEntry } from './tar-reader.ts';

export type TarLimits = Readonly<{ bytes: number; entries: number; pathLength: number }>;
export const TAR_LIMITS: TarLimits = { bytes: 2 * 1024 ** 3, entries: 200_000, pathLength: 1024 };

/**
 * Unpacks an uploaded folder (tar, or tar in gzip) into the empty directory `to`, owned by `owner`. Refused with
 * `source_refused`: absolute paths, `..`, links that leave the tree, entries below a link, devices, and whatever
 * exceeds the limits. What was written before a refusal stays and is the caller's to remove.
 */
export async function extractTar(archive: AsyncIterable<Uint8Array>, to: string, options: Readonly<{ owner?: Readonly<{ uid: number; gid: number }>; limits?: TarLimits }> = {}): Promise<Result<Readonly<{ files: number; bytes: number }>>> {
  const { owner, limits = TAR_LIMITS } = options;
  let bytes = 0;
  let entries = 0;
  let files = 0;
  const seenDirs = new Set<string>(['']);
  const own = async (path: string) => {
    if (owner) await lchown(path, owner.uid, owner.gid);
  };
  /** Makes each missing parent; a parent that is a link or a file ends it, so that nothing is written through links. */
  const directory = async (relative: string): Promise<void> => {
    if (seenDirs.has(relative)) return;
    const parent = posix.dirname(relative);
    await directory(parent === '.' ? '' : parent);
    const path = join(to, relative);
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined) {
      await mkdir(path, 0o755);
      await own(path);
    } else if (!stat.isDirectory()) throw new TarError(`"${clip(relative)}" is used as a directory but is none.`);
    seenDirs.add(relative);
  };
  const consume = async (entry: TarEntry, data: AsyncIterable<Uint8Array>) => {
    if (++entries > limits.entries) throw new TarError(`It has more than ${limits.entries} entries.`);
    const path = insidePath(entry.path, limits.pathLength);
    if (path === undefined) throw new TarError(`The path "${clip(entry.path)}" leaves the folder, is absolute or is too long.`);
    if (entry.type === 'directory') return directory(path);
    if (path === '') throw new TarError('A file has no name.');
    await directory(parentOf(path));
    const target = join(to, path);
    if (entry.type === 'symlink') {
      if (!linkStaysInside(path, entry.link)) throw new TarError(`The link "${clip(path)}" leaves the folder.`);
      await symlink(entry.link, target);
      return own(target);
    }
    if (entry.type !== 'file') throw new TarError(`"${clip(path)}" is a device, a hard link or another special file.`);
    bytes += entry.size;
    if (bytes > limits.bytes) throw new TarError(`It unpacks to more than ${Math.round(limits.bytes / 1048576)} MiB.`);
    files++;
    // `wx` neither follows a link nor writes over what an earlier entry made.
    const file = await open(target, 'wx', entry.executable ? 0o755 : 0o644);
    try {
      for await (const chunk of data) await file.writeFile(chunk);
      if (owner) await file.chown(owner.uid, owner.gid);
    } finally {
      await file.close();
    }
  };
  try {
    if (owner) await chown(to, owner.uid, owner.gid);
    await readTar(await gunzipped(archive), consume);
    return ok({ files, bytes });
  } catch (error) {
    if (error instanceof TarError || isFileError(error)) {
      return fail('source_refused', 'The uploaded archive was refused', 'Upload a tar of plain files, directories and links that stay inside the folder.', error.message.replaceAll(to, ''));
    }
    throw error;
  }
}

/** The path made relative and plain, '' for the folder itself; undefined when it would leave the folder. */
export function insidePath(path: string, maxLength: number): string | undefined {
  if (path.length > maxLength || path.startsWith('/') || path.includes('\0') || path.includes('\\')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.some((part) => part === '..' || Buffer.byteLength(part) > 255)) return undefined;
  return parts.join('/');
}

/**
 * Whether a symbolic link at `path` (relative to the tree, its parents real directories) points into the tree, judged
 * by its text alone. `..` counts only at the front: after a name, the name could be a link itself (`x -> .`, `y -> x/..`).
 */
export function linkStaysInside(path: string, link: string): boolean {
  if (link === '' || link.length > 4096 || link.startsWith('/') || link.includes('\0')) return false;
  const parts = link.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.some((part, i) => part === '..' && i > 0 && parts[i - 1] !== '..')) return false;
  const resolved = posix.normalize(posix.join(parentOf(path), link));
  return resolved !== '..' && !resolved.startsWith('../');
}

const parentOf = (path: string): string => {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
};
const clip = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 120);
const isFileError = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && 'code' in error && ['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP', 'ENOSPC', 'Z_DATA_ERROR', 'Z_BUF_ERROR', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(error.code));

/** The stream itself, or unpacked when its first bytes say gzip. */
async function gunzipped(archive: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = archive[Symbol.asyncIterator]();
  const first = await iterator.next();
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    if (first.done === true) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  if (first.done === true || first.value[0] !== 0x1f || first.value[1] !== 0x8b) return whole();
  const out = new PassThrough();
  pipeline(Readable.from(whole()), createGunzip(), out).catch((error: Error) => out.destroy(error));
  return out;
}

