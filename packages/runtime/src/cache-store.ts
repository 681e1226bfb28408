/**
 * Values on disk under their key, shared by all processes of a deployment, with a small memory in front. The disk is the
 * truth: what memory holds is used only while the file is the one it was read from. A file is complete or absent. Reads
 * and writes never throw: a cache that fails is a cache that misses.
 */
import { createHash, randomBytes } from 'node:crypto';
import { statSync, type Stats } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';

export type CacheStore = Readonly<{
  read(key: string): Promise<unknown>;
  write(key: string, value: unknown): Promise<void>;
}>;

export type CacheLimits = Readonly<{ memoryBytes: number; diskBytes: number }>;
const DEFAULTS: CacheLimits = { memoryBytes: 32 << 20, diskBytes: 512 << 20 };

type Held = { value: unknown; bytes: number; version: string };
/** Most file systems' clocks tick every 4 to 10 ms, some once a second: younger files may be replaced by one of the same number, time and size. */
const TELLTALE_MS = 50;
const TELLTALE_OF_SECONDS_MS = 2_000;

/** `directory` undefined: memory only. */
export function createCacheStore(directory: string | undefined, limits: CacheLimits = DEFAULTS): CacheStore {
  const held = new Map<string, Held>(); // least recently used first
  let heldBytes = 0;
  let writtenSinceSweep = limits.diskBytes / 8; // the first write looks at what earlier processes left

  const forget = (key: string): void => {
    heldBytes -= held.get(key)?.bytes ?? 0;
    held.delete(key);
  };
  const hold = (key: string, entry: Held): void => {
    forget(key);
    if (entry.bytes > limits.memoryBytes / 4) return;
    held.set(key, entry);
    heldBytes += entry.bytes;
    for (const oldest of held.keys()) {
      if (heldBytes <= limits.memoryBytes) break;
      forget(oldest);
    }
  };
  const pathOf = (root: string, key: string): string => {
    const name = createHash('sha256').update(key).digest('hex');
    return join(root, name.slice(0, 2), name);
  };

  return {
    async read(key) {
      const inMemory = held.get(key);
      if (directory === undefined) return inMemory?.value;
      try {
        const path = pathOf(directory, key);
        const found = statSync(path, { throwIfNoEntry: false });
        if (found === undefined) return void forget(key);
        const version = versionOf(found);
        if (version !== undefined && inMemory?.version === version) {
          hold(key, inMemory);
          return inMemory.value;
        }
        const bytes = await readFile(path);
        const value: unknown = deserialize(bytes);
        if (version === undefined) forget(key);
        else hold(key, { value, bytes: bytes.length, version });
        return value;
      } catch {
        return undefined; // removed meanwhile, or of another version of Node
      }
    },

    async write(key, value) {
      let bytes: Buffer;
      try {
        bytes = serialize(value);
      } catch (cause) {
        return console.warn('An entry can not be cached:', cause);
      }
      if (directory === undefined) return hold(key, { value, bytes: bytes.length, version: '' });
      const path = pathOf(directory, key);
      // Not told apart by numbers of processes: each sandbox counts its own.
      const temporary = `${path}.${randomBytes(12).toString('hex')}`;
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(temporary, bytes, { flag: 'wx' });
        await rename(temporary, path);
        forget(key);
        writtenSinceSweep += bytes.length;
        if (writtenSinceSweep < limits.diskBytes / 8) return;
        writtenSinceSweep = 0;
        await sweep(directory, limits.diskBytes);
      } catch (cause) {
        await rm(temporary, { force: true }).catch(() => {});
        console.warn('The cache on disk could not be written:', cause instanceof Error ? cause.message : cause);
      }
    },
  };
}

/** What tells a file from all others that were or will be under its name; undefined when it is too young for that. */
function versionOf({ ino, mtimeMs, size }: Stats): string | undefined {
  const telltale = mtimeMs % 1_000 === 0 ? TELLTALE_OF_SECONDS_MS : TELLTALE_MS;
  return Date.now() - mtimeMs < telltale ? undefined : `${ino}:${mtimeMs}:${size}`;
}

/** Removes the oldest files until what is left fits well. */
async function sweep(directory: string, maxBytes: number): Promise<void> {
  const files: { path: string; size: number; at: number }[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined) files.push({ path, size: found.size, at: found.mtimeMs });
  }
  let total = files.reduce((sum, { size }) => sum + size, 0);
  if (total <= maxBytes) return;
  for (const { path, size } of files.sort((a, b) => a.at - b.at)) {
    if (total <= maxBytes * 0.8) return;
    await rm(path, { force: true });
    total -= size;
  }
}
