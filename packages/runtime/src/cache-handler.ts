/**
 * Next's incremental cache (pages, route handlers, `fetch` and `unstable_cache`) on the disk that all processes of a
 * deployment share. Reads what the build prerendered until a newer entry is there. Never throws: a read that throws
 * would fail the render.
 */
import type { CacheStore } from './cache-store.ts';
import { readSeed, type CacheEntry, type ReadContext } from './cache-seed.ts';
import { isRecord, now } from './environment.ts';
import { ageOf, answersWith, currentPage, groupOf, groupTag, madeOf, shellOf, tagsOfPage, type Made, type PageScope } from './page-scope.ts';
import type { RevalidationLocks } from './revalidation-lock.ts';
import type { Durations, TagClock } from './tag-clock.ts';

export type CacheParts = Readonly<{ store: CacheStore; clock: TagClock; locks: RevalidationLocks; builtAt: number }>;
type Context = { serverDistDir?: string };
type WriteContext = { tags?: readonly string[]; cacheControl?: unknown; fetchCache?: boolean };

/** How long a request of the edge for a fresh page waits for the process that is making it. */
const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 20;

/** The class that Next makes one object of for every request. */
export function createCacheHandler({ store, clock, locks, builtAt }: CacheParts) {
  /** Locks of this process by the key that they are for. */
  const taken = new Map<string, () => void>();

  return class AnchorCacheHandler {
    readonly #serverDistDir: string;

    constructor(context: Context = {}) {
      this.#serverDistDir = context.serverDistDir ?? '';
    }

    async get(key: string, context: ReadContext = {}): Promise<CacheEntry | null> {
      try {
        const scope = currentPage();
        scope?.askedAt.set(key, now());
        const entry = await this.#find(key, context);
        if (scope === undefined || context.kind === 'FETCH') return entry;
        return await this.#page(scope, key, context, entry);
      } catch (cause) {
        console.warn('A cache entry could not be read:', cause);
        return null;
      }
    }

    async #find(key: string, context: ReadContext): Promise<CacheEntry | null> {
      clock.refresh();
      const stored = await store.read(`i:${key}`);
      const entry = isEntry(stored) ? stored : await readSeed(this.#serverDistDir, builtAt, key, context);
      if (entry === undefined || clock.expired(tagsOf(entry, context), entry.lastModified)) return null;
      return { ...entry };
    }

    async #page(scope: PageScope, key: string, context: ReadContext, found: CacheEntry | null): Promise<CacheEntry | null> {
      const main = context.isFallback !== true && answersWith(scope, key);
      let entry = found;
      let made = madeOfEntry(key, entry);
      let held = false;
      if (entry !== null && made !== undefined && scope.revalidates && standing(made) === 'stale') {
        const release = locks.take(key);
        // Whoever had the lock may have written since we read.
        entry = release === undefined && !scope.refreshes ? entry : await this.#newer(key, context, entry, release === undefined);
        made = madeOfEntry(key, entry);
        const stale = made !== undefined && standing(made) === 'stale';
        if (release !== undefined) {
          if (stale) hold(scope, key, release);
          else release();
        } else held = stale;
      }
      if (entry !== null) scope.usable.add(key);
      if (main) {
        scope.read = made;
        scope.fresh = made !== undefined && standing(made) === 'fresh';
        scope.shell = shellOf(made, entry?.value ?? null);
        scope.held = held;
      }
      // Next makes anew what it takes for stale; `tell` corrects what it then says of this one.
      return held && entry !== null ? { ...entry, lastModified: now() } : entry;
    }

    async #newer(key: string, context: ReadContext, known: CacheEntry, wait: boolean): Promise<CacheEntry | null> {
      const until = performance.now() + WAIT_MS;
      for (;;) {
        const entry = await this.#find(key, context);
        if (!wait || entry === null || entry.lastModified > known.lastModified || performance.now() > until) return entry;
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    }

    async set(key: string, value: Record<string, unknown> | null, context: WriteContext = {}): Promise<void> {
      const scope = currentPage();
      // What is made from data is as old as the moment before the data was asked for.
      const entry: CacheEntry = { lastModified: scope?.askedAt.get(key) ?? now(), value };
      if (context.cacheControl !== undefined) entry.cacheControl = context.cacheControl;
      if (context.tags !== undefined) entry.tags = [...context.tags];
      await store.write(`i:${key}`, entry);
      if (context.fetchCache === true || value?.['kind'] === 'FETCH') return;
      if (scope !== undefined) {
        if (scope.key === key) {
          scope.written = madeOfEntry(key, entry);
          scope.shell = shellOf(scope.written, value);
        }
        // Copies of the old version are worth nothing from now on, wherever they are.
        if (scope.usable.has(key)) clock.replace(groupTag(groupOf(key)), entry.lastModified);
      }
      taken.get(key)?.();
    }

    async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
      clock.invalidate(typeof tags === 'string' ? [tags] : tags, durations);
    }

    resetRequestCache(): void {}
  };

  function standing(made: Made): 'fresh' | 'stale' | 'expired' {
    const age = ageOf(made);
    return age === 'fresh' && clock.stale(made.tags, made.at) ? 'stale' : age;
  }

  function hold(scope: PageScope, key: string, release: () => void): void {
    const once = (): void => {
      scope.locks.delete(once);
      if (taken.get(key) === once) taken.delete(key);
      release();
    };
    taken.set(key, once);
    scope.locks.add(once);
  }
}

const madeOfEntry = (key: string, entry: CacheEntry | null): Made | undefined => (entry === null ? undefined : madeOf(key, entry.lastModified, entry.value, entry.cacheControl));

const isEntry = (value: unknown): value is CacheEntry => isRecord(value) && typeof value['lastModified'] === 'number';

/** `fetch` entries are asked for with their tags. */
function tagsOf(entry: CacheEntry, context: ReadContext): readonly string[] {
  if (entry.value?.['kind'] === 'FETCH') return [...(entry.tags ?? []), ...(context.tags ?? []), ...(context.softTags ?? [])];
  return tagsOfPage(entry.value);
}
