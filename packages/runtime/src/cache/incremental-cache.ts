/**
 * Next's incremental cache (pages, route handlers, `fetch` and `unstable_cache`) on the disk that all processes of a
 * deployment share. Reads what the build prerendered until a newer entry exists. Never throws: a read that throws would
 * fail the render.
 */
import { pageTag, type CacheMetadata } from '@anchor/protocol/cache-metadata.ts';
import { isRecord, now } from '../process/environment.ts';
import type { CacheStore } from './cache-store.ts';
import type { DataClaims } from './data-claims.ts';
import { PageLocks } from './page-locks.ts';
import { readSeed, type CacheEntry, type ReadContext } from './prerender-seed.ts';
import {
  ageOf,
  bindKey,
  currentRender,
  groupOf,
  metadataOf,
  shellOf,
  tagsOfPage,
  type RenderContext,
} from './render-context.ts';
import type { RevalidationLocks } from './revalidation-lock.ts';
import type { Durations, TagInvalidations } from './tag-invalidations.ts';

export type IncrementalCacheDeps = Readonly<{
  store: CacheStore;
  tags: TagInvalidations;
  locks: RevalidationLocks;
  claims: DataClaims;
  /** Milliseconds since the epoch. */
  builtAt: number;
}>;
type Context = { serverDistDir?: string };
type WriteContext = { tags?: readonly string[]; cacheControl?: unknown; fetchCache?: boolean };
type Freshness = 'fresh' | 'stale' | 'expired';
/** `replaced`: an entry exists that must not be used any more. */
type Found = Readonly<{ entry: CacheEntry | null; replaced: boolean }>;

/** How long a request waits for another process to render the page that it needs. */
const WAIT_MS = 20_000;
const POLL_MS = 10;

/** Returns the class that Next instantiates for every request. */
export function createIncrementalCache(deps: IncrementalCacheDeps) {
  const locks = new PageLocks(deps.locks);
  return class AnchorIncrementalCache extends IncrementalCache {
    constructor(context: Context = {}) {
      super(deps, locks, context);
    }
  };
}

class IncrementalCache {
  readonly #deps: IncrementalCacheDeps;
  readonly #locks: PageLocks;
  readonly #serverDistDir: string;

  constructor(deps: IncrementalCacheDeps, locks: PageLocks, context: Context) {
    this.#deps = deps;
    this.#locks = locks;
    this.#serverDistDir = context.serverDistDir ?? '';
  }

  async get(key: string, context: ReadContext = {}): Promise<CacheEntry | null> {
    try {
      const render = currentRender();
      render?.readAt.set(key, now());
      const found = await this.#find(key, context);
      if (context.kind === 'FETCH') return found.entry ?? (await this.#fromOtherProcess(key, context));
      if (render === undefined) return found.entry;
      return await this.#readPage(render, key, context, found);
    } catch (cause) {
      console.warn('A cache entry could not be read:', cause);
      return null;
    }
  }

  async #find(key: string, context: ReadContext): Promise<Found> {
    const { store, tags, builtAt } = this.#deps;
    tags.refresh();
    const stored = await store.read(`i:${key}`);
    const entry = isEntry(stored) ? stored : await readSeed(this.#serverDistDir, builtAt, key, context);
    if (entry === undefined) return { entry: null, replaced: false };
    if (tags.expired(tagsOf(entry, context), entry.lastModified)) return { entry: null, replaced: true };
    return { entry: { ...entry }, replaced: false };
  }

  async #fromOtherProcess(key: string, context: ReadContext): Promise<CacheEntry | null> {
    const find = async (): Promise<CacheEntry | undefined> => (await this.#find(key, context)).entry ?? undefined;
    return (await this.#deps.claims.waitFor(key, find)) ?? null;
  }

  async #readPage(render: RenderContext, key: string, context: ReadContext, found: Found): Promise<CacheEntry | null> {
    const isMain = context.isFallback !== true && bindKey(render, key);
    let { entry } = found;
    const before = this.#freshness(key, entry);
    const isShellRead = render.isDataRequest && context.isRoutePPREnabled === true;
    const mustRender = before === 'stale' || ((before === 'expired' || found.replaced) && !isShellRead);
    if (render.revalidates && mustRender && !this.#locks.isHeldBy(render, key)) {
      entry = await this.#takeTurn(render, key, context, found, before === 'stale' && !render.awaitsFresh);
    }
    const metadata = metadataOfEntry(key, entry);
    const freshness = this.#freshness(key, entry);
    // Another process revalidates it, and it may be used meanwhile.
    const elsewhere = freshness === 'stale' && render.revalidates && !this.#locks.isHeldBy(render, key);
    if (entry !== null) render.servableKeys.add(key);
    if (isMain) {
      render.read = metadata;
      render.revalidatingElsewhere = elsewhere;
      render.fresh = freshness === 'fresh';
      render.shell = shellOf(metadata, entry?.value ?? null);
    }
    // Next revalidates what it takes for stale. `writeCacheMetadata` corrects the response header that follows from
    // this.
    return elsewhere && entry !== null ? { ...entry, lastModified: now() } : entry;
  }

  /** Returns the entry once this request may render the page, or another process has: after 20 seconds in any case. */
  async #takeTurn(
    render: RenderContext,
    key: string,
    context: ReadContext,
    found: Found,
    mayUseStale: boolean,
  ): Promise<CacheEntry | null> {
    let { entry } = found;
    for (const until = performance.now() + WAIT_MS; performance.now() < until;) {
      const release = this.#locks.take(key);
      if (release === undefined && mayUseStale) return entry;
      // The previous holder of the lock may have written since the read.
      ({ entry } = await this.#find(key, context));
      const isFresh = this.#freshness(key, entry) === 'fresh';
      const isDone = isFresh || (entry !== null && metadataOfEntry(key, entry) === undefined);
      if (release !== undefined) {
        if (isDone) release();
        else this.#locks.hold(render, key, release);
        return entry;
      }
      if (isDone) return entry;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return entry;
  }

  async set(key: string, value: Record<string, unknown> | null, context: WriteContext = {}): Promise<void> {
    const { store, claims } = this.#deps;
    const render = currentRender();
    // A page is as old as the moment before its data was requested.
    const entry: CacheEntry = { lastModified: render?.readAt.get(key) ?? now(), value };
    if (context.cacheControl !== undefined) entry.cacheControl = context.cacheControl;
    if (context.tags !== undefined) entry.tags = [...context.tags];
    if (render === undefined || context.fetchCache === true || value?.['kind'] === 'FETCH') {
      await store.write(`i:${key}`, entry);
      return claims.stored(key);
    }
    const release = await this.#locks.forWrite(render, key);
    try {
      await this.#writePage(render, key, entry);
    } finally {
      release?.();
    }
  }

  async #writePage(render: RenderContext, key: string, entry: CacheEntry): Promise<void> {
    const { store, tags } = this.#deps;
    const present = await store.read(`i:${key}`);
    const isUsable = isEntry(present) && !tags.expired(tagsOfPage(present.value), present.lastModified);
    const other = isUsable ? present : undefined;
    const hadEntry = render.servableKeys.has(key);
    // Two processes rendered a page that had no entry: only one version may stay.
    if (other !== undefined && !hadEntry && other.lastModified >= entry.lastModified) return;
    await store.write(`i:${key}`, entry);
    if (render.key === key) {
      render.written = metadataOfEntry(key, entry);
      render.shell = shellOf(render.written, entry.value);
    }
    // Invalidates copies of the previous version in every process and in the edge.
    if (other !== undefined || hadEntry) tags.replace(pageTag(groupOf(key)), entry.lastModified);
  }

  async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
    this.#deps.tags.invalidate(typeof tags === 'string' ? [tags] : tags, durations);
  }

  resetRequestCache(): void {}

  #freshness(key: string, entry: CacheEntry | null): Freshness | undefined {
    const metadata = metadataOfEntry(key, entry);
    if (metadata === undefined) return undefined;
    const age = ageOf(metadata);
    return age === 'fresh' && this.#deps.tags.stale(metadata.tags, metadata.at) ? 'stale' : age;
  }
}

const metadataOfEntry = (key: string, entry: CacheEntry | null): CacheMetadata | undefined =>
  entry === null ? undefined : metadataOf(key, entry.lastModified, entry.value, entry.cacheControl);

const isEntry = (value: unknown): value is CacheEntry => isRecord(value) && typeof value['lastModified'] === 'number';

/** Returns the tags of an entry. Next passes those of `fetch` entries with each read; pages store their own. */
function tagsOf(entry: CacheEntry, context: ReadContext): readonly string[] {
  if (entry.value?.['kind'] !== 'FETCH') return tagsOfPage(entry.value);
  return [...(entry.tags ?? []), ...(context.tags ?? []), ...(context.softTags ?? [])];
}
