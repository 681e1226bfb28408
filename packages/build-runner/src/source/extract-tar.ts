import { chown, lstat, lchown, mkdir, open, symlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { insidePath, linkStaysInside, parentOf } from '@anchor/packaging/checkout/tree-path.ts';
import { mayBePointer } from './lfs-pointer.ts';
import { readTar, TarError, type TarEntry } from './tar-reader.ts';

export type TarLimits = Readonly<{ bytes: number; entries: number; pathLength: number }>;
export const TAR_LIMITS: TarLimits = { bytes: 2 * 1024 ** 3, entries: 200_000, pathLength: 1024 };

/**
 * Unpacks an uploaded folder (tar, or tar in gzip) into the empty directory `to`, owned by `owner`. Refused with
 * `source_refused`: absolute paths, `..`, links that leave the tree, entries below a link, devices, and whatever
 * exceeds the limits. What was written before a refusal stays and is the caller's to remove.
 */
export async function extractTar(
  archive: AsyncIterable<Uint8Array>,
  to: string,
  options: Readonly<{ owner?: Readonly<{ uid: number; gid: number }>; limits?: TarLimits }> = {},
): Promise<
  Result<
    Readonly<{ files: number; bytes: number; /** Files that may be pointers of Git LFS. */ small: readonly string[] }>
  >
> {
  const { owner, limits = TAR_LIMITS } = options;
  let bytes = 0;
  let entries = 0;
  let files = 0;
  const small: string[] = [];
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
    if (path === undefined)
      throw new TarError(`The path "${clip(entry.path)}" leaves the folder, is absolute or is too long.`);
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
    if (mayBePointer(entry.size)) small.push(path);
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
    return ok({ files, bytes, small });
  } catch (error) {
    if (error instanceof TarError || isFileError(error)) {
      return fail(
        'source_refused',
        'The uploaded archive was refused',
        'Upload a tar of plain files, directories and links that stay inside the folder.',
        error.message.replaceAll(to, ''),
      );
    }
    throw error;
  }
}

const clip = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 120);
const isFileError = (error: unknown): error is Error & { code: string } =>
  error instanceof Error &&
  'code' in error &&
  [
    'EEXIST',
    'ENOTDIR',
    'EISDIR',
    'ENAMETOOLONG',
    'ELOOP',
    'ENOSPC',
    'Z_DATA_ERROR',
    'Z_BUF_ERROR',
    'ERR_STREAM_PREMATURE_CLOSE',
  ].includes(String(error.code));

/** Returns the stream itself, or decompressed when its first bytes are gzip's. */
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
