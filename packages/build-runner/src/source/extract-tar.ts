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

type Owner = Readonly<{ uid: number; gid: number }>;
/** `small`: files that may be pointers of Git LFS. */
export type Extracted = Readonly<{ files: number; bytes: number; small: readonly string[] }>;

/**
 * Unpacks an uploaded folder (tar, or tar in gzip) into the empty directory `to`, owned by `owner`. Refused with
 * `source_refused`: absolute paths, `..`, links that leave the tree, entries below a link, devices, and whatever
 * exceeds the limits. What was written before a refusal stays and is the caller's to remove.
 */
export async function extractTar(
  archive: AsyncIterable<Uint8Array>,
  to: string,
  options: Readonly<{ owner?: Owner; limits?: TarLimits }> = {},
): Promise<Result<Extracted>> {
  const { owner, limits = TAR_LIMITS } = options;
  const tree = new ExtractedTree(to, owner, limits);
  try {
    if (owner) await chown(to, owner.uid, owner.gid);
    await readTar(await gunzipped(archive), (entry, data) => tree.add(entry, data));
    return ok(tree.extracted());
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

/** Writes the entries of an archive below a directory, and counts them against the limits. */
class ExtractedTree {
  readonly #to: string;
  readonly #owner: Owner | undefined;
  readonly #limits: TarLimits;
  readonly #directories = new Set<string>(['']);
  readonly #small: string[] = [];
  #entries = 0;
  #files = 0;
  #bytes = 0;

  constructor(to: string, owner: Owner | undefined, limits: TarLimits) {
    this.#to = to;
    this.#owner = owner;
    this.#limits = limits;
  }

  extracted(): Extracted {
    return { files: this.#files, bytes: this.#bytes, small: this.#small };
  }

  /** Writes an entry. Throws TarError when the archive is to be refused. */
  async add(entry: TarEntry, data: AsyncIterable<Uint8Array>): Promise<void> {
    const { entries, pathLength } = this.#limits;
    if (++this.#entries > entries) throw new TarError(`It has more than ${entries} entries.`);
    const path = insidePath(entry.path, pathLength);
    if (path === undefined)
      throw new TarError(`The path "${clip(entry.path)}" leaves the folder, is absolute or is too long.`);
    if (entry.type === 'directory') return this.#directory(path);
    if (path === '') throw new TarError('A file has no name.');
    await this.#directory(parentOf(path));
    if (entry.type === 'symlink') return this.#link(path, entry.link);
    if (entry.type !== 'file') throw new TarError(`"${clip(path)}" is a device, a hard link or another special file.`);
    return this.#file(path, entry, data);
  }

  /** Makes each missing parent. A parent that is a link or a file is refused, so that nothing is written through links. */
  async #directory(relative: string): Promise<void> {
    if (this.#directories.has(relative)) return;
    const parent = posix.dirname(relative);
    await this.#directory(parent === '.' ? '' : parent);
    const path = join(this.#to, relative);
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined) {
      await mkdir(path, 0o755);
      await this.#own(path);
    } else if (!stat.isDirectory()) throw new TarError(`"${clip(relative)}" is used as a directory but is none.`);
    this.#directories.add(relative);
  }

  async #link(path: string, link: string): Promise<void> {
    if (!linkStaysInside(path, link)) throw new TarError(`The link "${clip(path)}" leaves the folder.`);
    const target = join(this.#to, path);
    await symlink(link, target);
    await this.#own(target);
  }

  async #file(path: string, { size, executable }: TarEntry, data: AsyncIterable<Uint8Array>): Promise<void> {
    this.#bytes += size;
    const { bytes } = this.#limits;
    if (this.#bytes > bytes) throw new TarError(`It unpacks to more than ${Math.round(bytes / 1048576)} MiB.`);
    this.#files++;
    if (mayBePointer(size)) this.#small.push(path);
    // `wx` neither follows a link nor writes over what an earlier entry made.
    const file = await open(join(this.#to, path), 'wx', executable ? 0o755 : 0o644);
    try {
      for await (const chunk of data) await file.writeFile(chunk);
      if (this.#owner) await file.chown(this.#owner.uid, this.#owner.gid);
    } finally {
      await file.close();
    }
  }

  async #own(path: string): Promise<void> {
    if (this.#owner) await lchown(path, this.#owner.uid, this.#owner.gid);
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
