import type { CachedBytes } from '../util/cached-bytes.ts';
import { LruCache } from '../util/lru-cache.ts';

/** Caches small files; the least recently used are evicted. */
export class FileCache {
  readonly #limit: number;
  readonly #files: LruCache<CachedBytes>;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    this.#files = new LruCache(limitBytes);
  }

  get(key: string): CachedBytes | undefined {
    return this.#files.get(key);
  }

  set(key: string, bytes: CachedBytes): void {
    if (bytes.length <= this.#limit) this.#files.set(key, bytes, bytes.length);
  }

  get bytes(): number {
    return this.#files.bytes;
  }
  get count(): number {
    return this.#files.count;
  }
}
