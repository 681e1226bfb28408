/**
 * The incremental cache of a Next that runs as a plain server (13.5 to 16.1, and apps with a server of their own), on
 * the disk that all processes of a deployment share. What the build prerendered is read by Next's own file cache, which
 * knows how its version wrote it; everything newer is ours. Never throws from a read: that would fail the render.
 */
import type { CacheStore } from './cache-store.ts';
import { isRecord, now } from './environment.ts';
import { groupOf, groupTag, tagsOfPage } from './page-scope.ts';
import type { Durations, TagClock } from './tag-clock.ts';

type Value = Record<string, unknown> | null;
type Entry = { lastModified: number; value: Value; tags?: readonly string[]; cacheControl?: unknown; revalidate?: unknown };
type ReadContext = { tags?: readonly string[]; softTags?: readonly string[] };
type WriteContext = { tags?: readonly string[]; cacheControl?: unknown; revalidate?: unknown };

/** Next's own file cache, as far as we use it. */
export type FileCache = new (context: Record<string, unknown>) => { get(key: string, context: unknown): Promise<unknown> };

export type ServerCacheParts = Readonly<{
  store: CacheStore;
  clock: TagClock;
  FileCache: FileCache;
  /** When the build ran, in milliseconds: the times of the files are those of their copying. Undefined when it is not known. */
  builtAt: number | undefined;
  /** Tells Next how long an entry lives that another process made: it remembers that of its own entries only. */
  remember(key: string, entry: Readonly<{ cacheControl?: unknown; revalidate?: unknown }>): void;
}>;

export function createServerCache({ store, clock, FileCache, builtAt, remember }: ServerCacheParts) {
  return class AnchorServerCache {
    readonly #built: InstanceType<FileCache>;

    constructor(context: Record<string, unknown>) {
      this.#built = new FileCache({ ...context, flushToDisk: false }); // its files are read-only
    }

    async get(key: string, context: ReadContext = {}): Promise<Entry | null> {
      try {
        clock.refresh();
        const stored = await store.read(`i:${key}`);
        const entry = isEntry(stored) ? stored : await this.#seed(key, context);
        if (entry === undefined || clock.expired(tagsOf(entry, context), entry.lastModified)) return null;
        if (entry === stored) remember(key, entry);
        return { ...entry };
      } catch (cause) {
        console.warn('A cache entry could not be read:', cause);
        return null;
      }
    }

    async set(key: string, value: Value, context: WriteContext = {}): Promise<void> {
      const { tags, cacheControl, revalidate } = context;
      await store.write(`i:${key}`, {
        lastModified: now(), value, ...(tags === undefined ? {} : { tags: [...tags] }),
        ...(cacheControl === undefined ? {} : { cacheControl }), ...(revalidate === undefined ? {} : { revalidate }),
      } satisfies Entry);
      if (!isPagesRouter(value)) return;
      // The edge must not go on with what the build made. Once is enough: it asks us from then on.
      clock.refresh();
      const tag = groupTag(groupOf(key));
      if (clock.latest([tag]) === 0) clock.invalidate([tag], undefined);
    }

    async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
      clock.invalidate(typeof tags === 'string' ? [tags] : tags, durations);
    }

    resetRequestCache(): void {}

    async #seed(key: string, context: ReadContext): Promise<Entry | undefined> {
      const found = await this.#built.get(key, context);
      if (!isEntry(found)) return undefined;
      return { ...found, lastModified: Math.min(found.lastModified, builtAt ?? found.lastModified) };
    }
  };
}

const isEntry = (value: unknown): value is Entry => isRecord(value) && typeof value['lastModified'] === 'number';

/** `null` is a page's "not found". Before 15 both routers write `PAGE`, one with text and the other with data. */
const isPagesRouter = (value: Value): boolean => value === null || value['kind'] === 'PAGES' || value['kind'] === 'REDIRECT' || (value['kind'] === 'PAGE' && typeof value['pageData'] !== 'string');

/** Entries of `fetch` are asked for with their tags. */
const tagsOf = ({ value, tags = [] }: Entry, context: ReadContext): readonly string[] =>
  value?.['kind'] === 'FETCH' ? [...tags, ...(context.tags ?? []), ...(context.softTags ?? [])] : tagsOfPage(value);
