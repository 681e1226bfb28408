/**
 * Next's incremental cache (pages, route handlers, `fetch` and `unstable_cache`) on the disk that all processes of a
 * deployment share. Reads what the build prerendered until a newer entry is there. Never throws: a read that throws
 * would fail the render.
 */
import type { CacheStore } from './cache-store.ts';
import { readSeed, type CacheEntry, type ReadContext } from './cache-seed.ts';
import { isRecord, now } from './environment.ts';
import type { Durations, TagClock } from './tag-clock.ts';

export type CacheParts = Readonly<{ store: CacheStore; clock: TagClock; builtAt: number }>;
type Context = { serverDistDir?: string };
type WriteContext = { tags?: readonly string[]; cacheControl?: unknown };

/** The class that Next makes one object of for every request. */
export function createCacheHandler({ store, clock, builtAt }: CacheParts) {
  return class AnchorCacheHandler {
    readonly #serverDistDir: string;

    constructor(context: Context = {}) {
      this.#serverDistDir = context.serverDistDir ?? '';
    }

    async get(key: string, context: ReadContext = {}): Promise<CacheEntry | null> {
      try {
        clock.refresh();
        const stored = await store.read(`i:${key}`);
        const entry = isEntry(stored) ? stored : await readSeed(this.#serverDistDir, builtAt, key, context);
        if (entry === undefined || clock.expired(tagsOf(entry, context), entry.lastModified)) return null;
        return { ...entry };
      } catch (cause) {
        console.warn('A cache entry could not be read:', cause);
        return null;
      }
    }

    async set(key: string, value: Record<string, unknown> | null, context: WriteContext = {}): Promise<void> {
      const entry: CacheEntry = { lastModified: now(), value };
      if (context.cacheControl !== undefined) entry.cacheControl = context.cacheControl;
      if (context.tags !== undefined) entry.tags = [...context.tags];
      await store.write(`i:${key}`, entry);
    }

    async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
      clock.invalidate(typeof tags === 'string' ? [tags] : tags, durations);
    }

    resetRequestCache(): void {}
  };
}

const isEntry = (value: unknown): value is CacheEntry => isRecord(value) && typeof value['lastModified'] === 'number';

/** Pages carry their tags in a header of their own; `fetch` entries are asked for with theirs. */
function tagsOf(entry: CacheEntry, context: ReadContext): readonly string[] {
  if (entry.value?.['kind'] === 'FETCH') return [...(entry.tags ?? []), ...(context.tags ?? []), ...(context.softTags ?? [])];
  const headers = entry.value?.['headers'];
  const tags = isRecord(headers) ? headers['x-next-cache-tags'] : undefined;
  return typeof tags === 'string' ? tags.split(',') : [];
}
