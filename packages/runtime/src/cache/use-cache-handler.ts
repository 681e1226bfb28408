/**
 * The cache behind `'use cache'` and `'use cache: remote'`, on the same disk and with the same tag invalidations as the
 * rest.
 */
import type { CacheStore } from './cache-store.ts';
import type { DataClaims } from './data-claims.ts';
import { isRecord } from '../process/environment.ts';
import type { Durations, TagInvalidations } from './tag-invalidations.ts';

type Metadata = { tags: string[]; stale: number; timestamp: number; expire: number; revalidate: number };
type Entry = Metadata & { value: ReadableStream<Uint8Array> };
type Stored = Metadata & { bytes: Uint8Array };

export function createUseCacheHandler({
  store,
  clock,
  claims,
}: Readonly<{ store: CacheStore; clock: TagInvalidations; claims: DataClaims }>) {
  const pending = new Map<string, Promise<void>>();
  const find = async (key: string): Promise<Stored | undefined> => {
    clock.refresh();
    const stored = await store.read(`u:${key}`);
    return isStored(stored) && !clock.expired(stored.tags, stored.timestamp) ? stored : undefined;
  };

  return {
    async get(key: string): Promise<Entry | undefined> {
      await pending.get(key);
      const stored = (await find(key)) ?? (await claims.waitFor(key, () => find(key)));
      if (stored === undefined) return undefined;
      const { bytes, ...metadata } = stored;
      // Next serves an entry whose `revalidate` has passed once more and revalidates it in the background.
      return {
        ...metadata,
        revalidate: clock.stale(stored.tags, stored.timestamp) ? -1 : stored.revalidate,
        value: streamOf(bytes),
      };
    },

    set(key: string, entry: Promise<Entry>): Promise<void> {
      const writing = (async () => {
        try {
          const { value, ...metadata } = await entry;
          if (metadata.expire === 0) return void (await value.cancel());
          const bytes = Buffer.from(await new Response(value).arrayBuffer());
          await store.write(`u:${key}`, { ...metadata, bytes } satisfies Stored);
        } catch {
          // the render failed, or was given up: there is nothing to keep
        }
      })();
      const held = writing.finally(() => {
        claims.stored(key);
        if (pending.get(key) === held) pending.delete(key);
      });
      pending.set(key, held);
      return held;
    },

    async refreshTags(): Promise<void> {
      clock.refresh();
    },
    async getExpiration(tags: string[]): Promise<number> {
      return clock.latest(tags);
    },
    async updateTags(tags: string[], durations?: Durations): Promise<void> {
      clock.invalidate(tags, durations);
    },
  };
}

const isStored = (value: unknown): value is Stored =>
  isRecord(value) && value['bytes'] instanceof Uint8Array && Array.isArray(value['tags']);

const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
