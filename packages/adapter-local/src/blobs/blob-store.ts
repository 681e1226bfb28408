import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { directorySync } from '../disk/directory-sync.ts';

/** The blob store of one machine, with operations that only a file system can offer. */
export type LocalBlobStore = BlobStore &
  Readonly<{
    /**
     * Returns the host path of a blob, whether it exists or not: for the edge and the host, which read and link the
     * files themselves. Throws for an invalid hash.
     */
    pathOf(hash: string): string;
    /** Removes half-written files of processes that are gone: for the start. */
    sweep(): Promise<void>;
  }>;

const HASH = /^[0-9a-f]{64}$/;

/** Opens a store of files `<directory>/ab/<hash>`, mode 0444: written under another name, flushed, then renamed. */
class BlobFiles {
  readonly incoming: string;
  readonly #directory: string;
  readonly #sync = directorySync();

  constructor(directory: string) {
    this.#directory = directory;
    this.incoming = join(directory, 'incoming');
  }

  pathOf(hash: string): string {
    if (!HASH.test(hash)) throw new RangeError('a blob is named by 64 hex digits');
    return join(this.#directory, hash.slice(0, 2), hash);
  }

  async has(hash: string): Promise<boolean> {
    if (!HASH.test(hash)) return false;
    return (await stat(this.pathOf(hash)).catch(unlessMissing)) !== undefined;
  }

  /** Returns whether the blob is there already. Its time is renewed, so that a clean-up in flight takes it for new. */
  async renew(hash: string): Promise<boolean> {
    const now = new Date();
    return await utimes(this.pathOf(hash), now, now).then(
      () => true,
      (error: unknown) => unlessMissing(error) ?? false,
    );
  }

  async receive(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    maxBytes: number,
  ): Promise<{ hash: string; size: number }> {
    await mkdir(this.incoming, { recursive: true });
    const temporary = join(this.incoming, `${process.pid}-${randomBytes(8).toString('hex')}`);
    try {
      const written = await writeFlushed(temporary, chunks, maxBytes);
      if (!(await this.renew(written.hash))) await this.#publish(temporary, written.hash);
      return written;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async #publish(temporary: string, hash: string): Promise<void> {
    const folder = join(this.#directory, hash.slice(0, 2));
    const made = await mkdir(folder, { recursive: true });
    await rename(temporary, this.pathOf(hash));
    await this.#sync(folder);
    if (made !== undefined) await this.#sync(this.#directory);
  }
}

async function writeFlushed(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<{ hash: string; size: number }> {
  const digest = createHash('sha256');
  let size = 0;
  const handle = await open(path, 'wx', 0o444);
  try {
    for await (const chunk of chunks) {
      size += chunk.byteLength;
      if (size > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
      digest.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { hash: digest.digest('hex'), size };
}

/** Opens the store of a directory. */
export function openBlobStore(directory: string): LocalBlobStore {
  const files = new BlobFiles(directory);
  return {
    pathOf: (hash) => files.pathOf(hash),
    has: async (hash) => HASH.test(hash) && (await files.renew(hash)),
    put: async (bytes) => {
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (!(await files.renew(hash))) await files.receive([bytes], Infinity);
      return hash;
    },
    putStream: (chunks, maxBytes = Infinity) => files.receive(chunks, maxBytes),
    get: async (hash) => {
      if (!HASH.test(hash)) return undefined;
      const bytes = await readFile(files.pathOf(hash)).catch(unlessMissing);
      if (bytes === undefined) return undefined;
      if (createHash('sha256').update(bytes).digest('hex') !== hash)
        throw new Error(`the blob ${hash} is damaged on disk`);
      return bytes;
    },
    stream: async (hash, range) => ((await files.has(hash)) ? readLater(files.pathOf(hash), range) : undefined),
    remove: async (hash) => {
      if (HASH.test(hash)) await rm(files.pathOf(hash), { force: true });
    },
    async *list() {
      for (const folder of await readdir(directory).catch(() => [])) {
        if (!/^[0-9a-f]{2}$/.test(folder)) continue;
        for (const hash of await readdir(join(directory, folder))) {
          const found = HASH.test(hash) ? await stat(files.pathOf(hash)).catch(unlessMissing) : undefined;
          if (found !== undefined) yield { hash, size: found.size, writtenAt: found.mtimeMs };
        }
      }
    },
    sweep: async () => {
      for (const name of await readdir(files.incoming).catch(() => [])) {
        const pid = Number.parseInt(name, 10);
        if (pid !== process.pid && !isAlive(pid)) await rm(join(files.incoming, name), { force: true });
      }
    },
  };
}

/** Opens the file when the first bytes are read, so that an unread stream holds no file open. */
async function* readLater(
  file: string,
  range: Readonly<{ start: number; end: number }> | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, range ?? {})) yield chunk;
}

function unlessMissing(error: unknown): undefined {
  if (!hasErrorCode(error, 'ENOENT')) throw error;
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrorCode(error, 'EPERM');
  }
}
