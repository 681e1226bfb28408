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

type Found = Readonly<{ entry: CacheEntry | null; /** There was one, that must not be used any more. */ replaced: boolean }>;

/** How long a request waits for another process to make the page that it needs. */
const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 10;
const SHORT_TRIES = 20;

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
        const found = await this.#find(key, context);
        if (scope === undefined || context.kind === 'FETCH') return found.entry;
        return await this.#page(scope, key, context, found);
      } catch (cause) {
        console.warn('A cache entry could not be read:', cause);
        return null;
      }
    }

    async #find(key: string, context: ReadContext): Promise<Found> {
      clock.refresh();
      const stored = await store.read(`i:${key}`);
      const entry = isEntry(stored) ? stored : await readSeed(this.#serverDistDir, builtAt, key, context);
      if (entry === undefined) return { entry: null, replaced: false };
      if (clock.expired(tagsOf(entry, context), entry.lastModified)) return { entry: null, replaced: true };
      return { entry: { ...entry }, replaced: false };
    }

    async #page(scope: PageScope, key: string, context: ReadContext, found: Found): Promise<CacheEntry | null> {
      const main = context.isFallback !== true && answersWith(scope, key);
      let { entry } = found;
      const before = standing(key, entry);
      const makes = before === 'stale' || ((before === 'expired' || found.replaced) && !(scope.looks && context.isRoutePPREnabled === true));
      if (scope.revalidates && makes && !isHeldBy(scope, key)) {
        entry = await this.#turn(scope, key, context, found, before === 'stale' && !scope.refreshes);
      }
      const made = madeOfEntry(key, entry);
      const present = standing(key, entry);
      // Made anew by another process, and may be used meanwhile.
      const held = present === 'stale' && scope.revalidates && !isHeldBy(scope, key);
      if (entry !== null) scope.usable.add(key);
      if (main) {
        scope.read = made;
        scope.held = held;
        scope.fresh = present === 'fresh';
        scope.shell = shellOf(made, entry?.value ?? null);
      }
      // Next makes anew what it takes for stale; `tell` corrects what it then says of this one.
      return held && entry !== null ? { ...entry, lastModified: now() } : entry;
    }

    /** What is there when it is our turn to make it anew, or when another has: for as long as that takes, or as we may wait. */
    async #turn(scope: PageScope, key: string, context: ReadContext, found: Found, mayUse: boolean): Promise<CacheEntry | null> {
      let { entry } = found;
      for (const until = performance.now() + WAIT_MS; performance.now() < until; ) {
        const release = locks.take(key);
        if (release === undefined && mayUse) return entry;
        // Whoever had the lock may have written since we read.
        ({ entry } = await this.#find(key, context));
        const fresh = standing(key, entry) === 'fresh' || (entry !== null && madeOfEntry(key, entry) === undefined);
        if (release !== undefined) {
          if (fresh) release();
          else hold(scope, key, release);
          return entry;
        }
        if (fresh) return entry;
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
      return entry;
    }

    async set(key: string, value: Record<string, unknown> | null, context: WriteContext = {}): Promise<void> {
      const scope = currentPage();
      // What is made from data is as old as the moment before the data was asked for.
      const entry: CacheEntry = { lastModified: scope?.askedAt.get(key) ?? now(), value };
      if (context.cacheControl !== undefined) entry.cacheControl = context.cacheControl;
      if (context.tags !== undefined) entry.tags = [...context.tags];
      if (scope === undefined || context.fetchCache === true || value?.['kind'] === 'FETCH') return store.write(`i:${key}`, entry);
      const release = isHeldBy(scope, key) ? taken.get(key) : await this.#short(key);
      try {
        const present = await store.read(`i:${key}`);
        const other = isEntry(present) && !clock.expired(tagsOfPage(present.value), present.lastModified) ? present : undefined;
        // Two processes made a page that nobody had: there can be one version.
        if (other !== undefined && !scope.usable.has(key) && other.lastModified >= entry.lastModified) return;
        await store.write(`i:${key}`, entry);
        if (scope.key === key) {
          scope.written = madeOfEntry(key, entry);
          scope.shell = shellOf(scope.written, value);
        }
        // Copies of the old version are worth nothing from now on, wherever they are.
        if (other !== undefined || scope.usable.has(key)) clock.replace(groupTag(groupOf(key)), entry.lastModified);
      } finally {
        release?.();
      }
    }

    /** The lock for as long as a file takes to be written; without it after a moment, rather than not at all. */
    async #short(key: string): Promise<(() => void) | undefined> {
      for (let tries = 0; tries < SHORT_TRIES; tries++) {
        const release = locks.take(key);
        if (release !== undefined) return release;
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
      return undefined;
    }

    async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
      clock.invalidate(typeof tags === 'string' ? [tags] : tags, durations);
    }

    resetRequestCache(): void {}
  };

  function standing(key: string, entry: CacheEntry | null): 'fresh' | 'stale' | 'expired' | undefined {
    const made = madeOfEntry(key, entry);
    if (made === undefined) return undefined;
    const age = ageOf(made);
    return age === 'fresh' && clock.stale(made.tags, made.at) ? 'stale' : age;
  }

  function isHeldBy(scope: PageScope, key: string): boolean {
    const release = taken.get(key);
    return release !== undefined && scope.locks.has(release);
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
