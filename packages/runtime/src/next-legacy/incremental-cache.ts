/**
 * The incremental cache of a Next that runs as a plain server (13.5 to 16.1, and apps with a server of their own), on
 * the disk that all processes of a deployment share. Next's own file cache reads the build's entries, because it knows
 * how its version wrote them. All newer entries are ours. Never throws from a read: that would fail the render.
 */
import { pageTag } from '@anchor/protocol/cache-metadata.ts';
import type { CacheStore } from '../cache/cache-store.ts';
import type { DataClaims } from '../cache/data-claims.ts';
import { readDataSeed } from '../cache/data-seed.ts';
import { isRecord, now } from '../process/environment.ts';
import { groupOf, tagsOfPage } from '../cache/render-context.ts';
import type { Durations, TagInvalidations } from '../cache/tag-invalidations.ts';

type Value = Record<string, unknown> | null;
type Entry = {
  lastModified: number;
  value: Value;
  tags?: readonly string[];
  cacheControl?: unknown;
  revalidate?: unknown;
};
type ReadContext = {
  tags?: readonly string[];
  softTags?: readonly string[];
  kind?: unknown;
  kindHint?: unknown;
  fetchCache?: unknown;
};
type WriteContext = { tags?: readonly string[]; cacheControl?: unknown; revalidate?: unknown };

/** Next's own file cache, as far as we use it. */
export type FileCache = new (context: Record<string, unknown>) => {
  get(key: string, context: unknown): Promise<unknown>;
};

export type ServerCacheParts = Readonly<{
  store: CacheStore;
  clock: TagInvalidations;
  claims: DataClaims;
  FileCache: FileCache;
  /**
   * When the build ran, in milliseconds: the times of the files are those of their copying. Undefined when it is not
   * known.
   */
  builtAt: number | undefined;
  /** Records for Next how long an entry of another process lives: it knows that of its own entries only. */
  remember(key: string, entry: Readonly<{ cacheControl?: unknown; revalidate?: unknown }>): void;
}>;

/** Returns the class that Next constructs, with the context of each request. */
export function createServerCache(parts: ServerCacheParts): new (context: Record<string, unknown>) => ServerCache {
  return class AnchorServerCache extends ServerCache {
    constructor(context: Record<string, unknown>) {
      super(parts, context);
    }
  };
}

class ServerCache {
  readonly #built: InstanceType<FileCache>;
  readonly #serverDistDir: string;
  readonly #parts: ServerCacheParts;

  constructor(parts: ServerCacheParts, context: Record<string, unknown>) {
    this.#parts = parts;
    this.#serverDistDir = typeof context['serverDistDir'] === 'string' ? context['serverDistDir'] : '';
    this.#built = new parts.FileCache({ ...context, flushToDisk: false }); // its files are read-only
  }

  async get(key: string, context: ReadContext = {}): Promise<Entry | null> {
    try {
      const found =
        (await this.#find(key, context)) ??
        (isOfData(context) ? await this.#parts.claims.waitFor(key, () => this.#find(key, context)) : undefined);
      return found === undefined ? null : { ...found };
    } catch (cause) {
      console.warn('A cache entry could not be read:', cause);
      return null;
    }
  }

  async #find(key: string, context: ReadContext): Promise<Entry | undefined> {
    this.#parts.clock.refresh();
    const stored = await this.#parts.store.read(`i:${key}`);
    const entry = isEntry(stored) ? stored : await this.#seed(key, context);
    if (entry === undefined || this.#parts.clock.expired(tagsOf(entry, context), entry.lastModified)) return undefined;
    if (entry === stored) this.#parts.remember(key, entry);
    return entry;
  }

  async set(key: string, value: Value, context: WriteContext = {}): Promise<void> {
    const { tags, cacheControl, revalidate } = context;
    await this.#parts.store.write(`i:${key}`, {
      lastModified: now(),
      value,
      ...(tags === undefined ? {} : { tags: [...tags] }),
      ...(cacheControl === undefined ? {} : { cacheControl }),
      ...(revalidate === undefined ? {} : { revalidate }),
    } satisfies Entry);
    this.#parts.claims.stored(key);
    if (!isPagesRouter(value)) return;
    // The edge must stop serving the build's version. Once is enough: from then on it requests the page from this
    // function.
    this.#parts.clock.refresh();
    const tag = pageTag(groupOf(key));
    if (this.#parts.clock.latest([tag]) === 0) this.#parts.clock.invalidate([tag], undefined);
  }

  async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
    this.#parts.clock.invalidate(typeof tags === 'string' ? [tags] : tags, durations);
  }

  resetRequestCache(): void {}

  async #seed(key: string, context: ReadContext): Promise<Entry | undefined> {
    const data = await readDataSeed(this.#serverDistDir, key);
    if (data !== undefined) return data;
    const found = await this.#built.get(key, context);
    if (!isEntry(found)) return undefined;
    return { ...found, lastModified: Math.min(found.lastModified, this.#parts.builtAt ?? found.lastModified) };
  }
}

const isEntry = (value: unknown): value is Entry => isRecord(value) && typeof value['lastModified'] === 'number';

/**
 * Returns whether a value is of the Pages Router. `null` is a page's "not found". Before 15 both routers write `PAGE`,
 * one with text and the other with data.
 */
const isPagesRouter = (value: Value): boolean =>
  value === null ||
  value['kind'] === 'PAGES' ||
  value['kind'] === 'REDIRECT' ||
  (value['kind'] === 'PAGE' && typeof value['pageData'] !== 'string');

/** Entries of `fetch` are looked up with their tags. */
const tagsOf = ({ value, tags = [] }: Entry, context: ReadContext): readonly string[] =>
  value?.['kind'] === 'FETCH' ? [...tags, ...(context.tags ?? []), ...(context.softTags ?? [])] : tagsOfPage(value);

/** As Next 15 and newer, 14 and 13.5 look up entries of `fetch` and `unstable_cache`. */
const isOfData = ({ kind, kindHint, fetchCache }: ReadContext): boolean =>
  kind === 'FETCH' || kindHint === 'fetch' || fetchCache === true;
