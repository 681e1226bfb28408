import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import { isCode } from './files.ts';
import { directorySync } from './directory-sync.ts';

/** The blob store of the one-machine home, with what only a file system can offer. */
export type LocalBlobStore = BlobStore & Readonly<{
  /** Host path of a blob, whether it is there or not: for the edge and the host, which read and link the files themselves. Throws for what is not a hash. */
  pathOf(hash: string): string;
  /** Removes half-written files of processes that are gone: for the start. */
  sweep(): Promise<void>;
}>;

const HASH = /^[0-9a-f]{64}$/;

/** Files `<directory>/ab/<hash>`, mode 0444: written under another name, flushed, then renamed. */
export function openBlobStore(directory: string): LocalBlobStore {
  const incoming = join(directory, 'incoming');
  const sync = directorySync();
  const pathOf = (hash: string): string => {
    if (!HASH.test(hash)) throw new RangeError('a blob is named by 64 hex digits');
    return join(directory, hash.slice(0, 2), hash);
  };
  const sizeOf = async (hash: string): Promise<number | undefined> => {
    if (!HASH.test(hash)) return undefined;
    return await stat(pathOf(hash)).then((found) => found.size, unlessMissing);
  };
  /** True when the blob is there already. Its time is renewed, so that a clean-up under way takes it for new. */
  const renew = async (hash: string): Promise<boolean> => {
    const now = new Date();
    return await utimes(pathOf(hash), now, now).then(() => true, (error: unknown) => unlessMissing(error) ?? false);
  };
  const receive = async (chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes: number): Promise<{ hash: string; size: number }> => {
    await mkdir(incoming, { recursive: true });
    const temporary = join(incoming, `${process.pid}-${randomBytes(8).toString('hex')}`);
    const digest = createHash('sha256');
    let size = 0;
    try {
      const handle = await open(temporary, 'wx', 0o444);
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
      const hash = digest.digest('hex');
      if (!(await renew(hash))) {
        const folder = join(directory, hash.slice(0, 2));
        const made = await mkdir(folder, { recursive: true });
        await rename(temporary, pathOf(hash));
        await sync(folder);
        if (made !== undefined) await sync(directory);
      }
      return { hash, size };
    } finally {
      await rm(temporary, { force: true });
    }
  };

  return {
    pathOf,
    has: async (hash) => HASH.test(hash) && (await renew(hash)),
    put: async (bytes) => {
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (!(await renew(hash))) await receive([bytes], Infinity);
      return hash;
    },
    putStream: (chunks, maxBytes = Infinity) => receive(chunks, maxBytes),
    get: async (hash) => {
      if (!HASH.test(hash)) return undefined;
      const bytes = await readFile(pathOf(hash)).catch(unlessMissing);
      if (bytes === undefined) return undefined;
      if (createHash('sha256').update(bytes).digest('hex') !== hash) throw new Error(`the blob ${hash} is damaged on disk`);
      return bytes;
    },
    stream: async (hash, range) => ((await sizeOf(hash)) === undefined ? undefined : readLater(pathOf(hash), range)),
    remove: async (hash) => {
      if (HASH.test(hash)) await rm(pathOf(hash), { force: true });
    },
    async *list() {
      for (const folder of await readdir(directory).catch(() => [])) {
        if (!/^[0-9a-f]{2}$/.test(folder)) continue;
        for (const hash of await readdir(join(directory, folder))) {
          const found = HASH.test(hash) ? await stat(pathOf(hash)).catch(unlessMissing) : undefined;
          if (found !== undefined) yield { hash, size: found.size, writtenAt: found.mtimeMs };
        }
      }
    },
    sweep: async () => {
      for (const name of await readdir(incoming).catch(() => [])) {
        const pid = Number.parseInt(name, 10);
        if (pid !== process.pid && !isAlive(pid)) await rm(join(incoming, name), { force: true });
      }
    },
  };
}

/** Opens the file when the first bytes are asked for, so that a stream nobody reads holds nothing open. */
async function* readLater(file: string, range: Readonly<{ start: number; end: number }> | undefined): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, range ?? {})) yield chunk;
}

function unlessMissing(error: unknown): undefined {
  if (!isCode(error, 'ENOENT')) throw error;
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}
