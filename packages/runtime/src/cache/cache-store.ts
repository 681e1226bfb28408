/**
 * Values on disk under their key, shared by all processes of a deployment, with a small memory in front. The disk is
 * the truth: what memory holds is used only while the file is the one it was read from. A file is complete or absent.
 * Reads and writes never throw: a cache that fails is a cache that misses.
 */
import { createHash, randomBytes } from 'node:crypto';
import { statSync, type Stats } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';

export type CacheLimits = Readonly<{ memoryBytes: number; diskBytes: number }>;
const DEFAULTS: CacheLimits = { memoryBytes: 32 << 20, diskBytes: 512 << 20 };

type Held = { value: unknown; bytes: number; version: string };
/**
 * Most file systems' clocks tick every 4 to 10 ms, some once a second: a younger file may be replaced by one of the
 * same inode number, time and size.
 */
const TELLTALE_MS = 50;
const TELLTALE_OF_SECONDS_MS = 2_000;

export class CacheStore {
  readonly #directory: string | undefined;
  readonly #limits: CacheLimits;
  readonly #held = new Map<string, Held>(); // least recently used first
  /** Writes in flight. This process reads them before the disk has them, as its responses have shown them already. */
  readonly #writing = new Map<string, { value: unknown }>();
  #heldBytes = 0;
  #writtenSinceSweep: number;

  /** Creates a cache. With `directory` undefined it is in memory only. */
  constructor(directory: string | undefined, limits: CacheLimits = DEFAULTS) {
    this.#directory = directory;
    this.#limits = limits;
    this.#writtenSinceSweep = limits.diskBytes / 8; // the first write counts the files of earlier processes
  }

  async read(key: string): Promise<unknown> {
    const inMemory = this.#held.get(key);
    if (this.#directory === undefined) return inMemory?.value;
    const written = this.#writing.get(key);
    if (written !== undefined) return written.value;
    try {
      const path = pathOf(this.#directory, key);
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) return void this.#forget(key);
      const version = versionOf(found);
      if (version !== undefined && inMemory?.version === version) {
        this.#hold(key, inMemory);
        return inMemory.value;
      }
      const bytes = await readFile(path);
      const value: unknown = deserialize(bytes);
      if (version === undefined) this.#forget(key);
      else this.#hold(key, { value, bytes: bytes.length, version });
      return value;
    } catch {
      return undefined; // removed meanwhile, or of another version of Node
    }
  }

  async write(key: string, value: unknown): Promise<void> {
    let bytes: Buffer;
    try {
      bytes = serialize(value);
    } catch (cause) {
      return console.warn('Cannot cache an entry:', cause);
    }
    if (this.#directory === undefined) return this.#hold(key, { value, bytes: bytes.length, version: '' });
    const own = { value };
    this.#writing.set(key, own);
    try {
      await replaceFile(pathOf(this.#directory, key), bytes);
      this.#forget(key);
    } catch (cause) {
      return console.warn('The cache on disk could not be written:', cause instanceof Error ? cause.message : cause);
    } finally {
      if (this.#writing.get(key) === own) this.#writing.delete(key);
    }
    this.#writtenSinceSweep += bytes.length;
    if (this.#writtenSinceSweep < this.#limits.diskBytes / 8) return;
    this.#writtenSinceSweep = 0;
    await sweep(this.#directory, this.#limits.diskBytes).catch((cause: unknown) =>
      console.warn('Old entries of the cache could not be removed:', cause),
    );
  }

  #forget(key: string): void {
    this.#heldBytes -= this.#held.get(key)?.bytes ?? 0;
    this.#held.delete(key);
  }

  #hold(key: string, entry: Held): void {
    this.#forget(key);
    if (entry.bytes > this.#limits.memoryBytes / 4) return;
    this.#held.set(key, entry);
    this.#heldBytes += entry.bytes;
    for (const oldest of this.#held.keys()) {
      if (this.#heldBytes <= this.#limits.memoryBytes) break;
      this.#forget(oldest);
    }
  }
}

function pathOf(root: string, key: string): string {
  const name = createHash('sha256').update(key).digest('hex');
  return join(root, name.slice(0, 2), name);
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  // Process ids do not distinguish processes: each sandbox has its own numbers.
  const temporary = `${path}.${randomBytes(12).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, bytes, { flag: 'wx' });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cause;
  }
}

/**
 * Returns what distinguishes a file from all others that had or will have its name; undefined when it is too new for
 * that.
 */
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
