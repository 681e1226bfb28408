import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

const run = promisify(execFile);

/** Returns where a repository stores a Git LFS file, as git-lfs itself does. The builder reads it there. */
const objectPath = (repository: string, oid: string): string =>
  join(repository, 'lfs', 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);

/** Stores Git LFS files of repositories, named by their SHA-256, within the size limit of each repository. */
export class LfsStore {
  /** Bytes announced by uploads in flight, by repository. */
  readonly #reserved = new Map<string, number>();

  /** Marks a file as sent now: clean-ups leave it, because the push that names it is still to come. */
  async touch(repository: string, oid: string): Promise<void> {
    const now = new Date();
    await utimes(objectPath(repository, oid), now, now).catch(() => undefined);
  }

  async sizeOf(repository: string, oid: string): Promise<number | undefined> {
    return stat(objectPath(repository, oid)).then(
      ({ size }) => size,
      () => undefined,
    );
  }

  read(repository: string, oid: string): ReadStream {
    return createReadStream(objectPath(repository, oid));
  }

  /** Refuses what would make the repository larger than its limit. */
  async checkSpace(repository: string, bytes: number, limitMb: number): Promise<Result<void>> {
    const used = await usedBy(repository);
    if (used === undefined)
      return fail(
        'internal',
        'The size of the repository could not be told',
        'Send it again: git lfs push --all anchor',
      );
    const total = used + (this.#reserved.get(repository) ?? 0) + bytes;
    if (total <= limitMb * 1024 * 1024) return ok(undefined);
    return fail(
      'too_large',
      `The repository would be ${Math.ceil(total / 1048576)} MB, and its limit is ${limitMb} MB`,
      'Keep fewer or smaller files in Git LFS, or have the operator raise --repository-mb.',
    );
  }

  /** Stores a file whose bytes have the hash and the length that were announced, whole or not at all. */
  async write(repository: string, oid: string, size: number, body: Readable, limitMb: number): Promise<Result<void>> {
    // Reserved before the check: concurrent uploads must not all see the same free space.
    this.#reserve(repository, size);
    // Named as git names its own: upkeep removes what a crash leaves of it.
    const temporary = join(repository, 'lfs', 'tmp', `tmp_obj_${randomUUID()}`);
    try {
      const space = await this.checkSpace(repository, 0, limitMb);
      if (!space.ok) return space;
      await mkdir(dirname(temporary), { recursive: true, mode: 0o755 });
      const hash = createHash('sha256');
      let bytes = 0;
      const check = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          bytes += chunk.length;
          hash.update(chunk);
          done(bytes > size ? new RangeError('more bytes than announced') : null, chunk);
        },
      });
      await pipeline(body, check, createWriteStream(temporary, { mode: 0o644, flags: 'wx' }));
      if (bytes !== size || hash.digest('hex') !== oid)
        return fail(
          'invalid_input',
          'The file has other content than its name says',
          'Send it again: git lfs push --all anchor',
        );
      const path = objectPath(repository, oid);
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      const handle = await open(temporary, 'r');
      await handle.datasync().finally(() => handle.close());
      await rename(temporary, path);
      return ok(undefined);
    } finally {
      this.#reserve(repository, -size);
      await rm(temporary, { force: true });
    }
  }

  #reserve(repository: string, bytes: number): void {
    const sum = (this.#reserved.get(repository) ?? 0) + bytes;
    if (sum > 0) this.#reserved.set(repository, sum);
    else this.#reserved.delete(repository);
  }
}

/**
 * Returns bytes on disk, without files that are still being received, which are reserved. du also fails when a file is
 * removed meanwhile, and prints the sum all the same.
 */
async function usedBy(repository: string): Promise<number | undefined> {
  const text = await run('du', ['-sk', '--exclude=*/lfs/tmp', '--', repository]).then(
    ({ stdout }) => stdout,
    (error: unknown) => (typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : ''),
  );
  const kilobytes = Number.parseInt(text, 10);
  return Number.isNaN(kilobytes) ? undefined : kilobytes * 1024;
}
