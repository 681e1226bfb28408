import { pageTag, parseCacheMetadata } from '@anchor/protocol/cache-metadata.ts';
/**
 * When a stored page was rendered, and how long it may be used. Milliseconds, times since the epoch; Infinity for no
 * end.
 */
export type PageMetadata = Readonly<{
  /** The page that it is a part of: HTML, RSC payload, segments and data of one render are replaced together. */
  group: string;
  at: number;
  /** Age from which it is revalidated, and may be used meanwhile. */
  staleAfter: number;
  /** Age from which it must not be used. */
  expireAfter: number;
  /** Includes the tag of its group. */
  tags: readonly string[];
  /**
   * Length in bytes of the shell of a partially prerendered page; 0 when the response has each visitor's own part in
   * its place.
   */
  shell?: number;
}>;

/** Returns the freshness by age alone. */
export function freshnessByAge({ at, staleAfter, expireAfter }: PageMetadata, now: number): Freshness {
  const age = now - at;
  if (age > expireAfter) return 'expired';
  return age > staleAfter ? 'stale' : 'fresh';
}

/**
 * Parses the metadata header of a function's response. Undefined when it is invalid: a project's own code may have set
 * it.
 */
export function parsePageMetadata(header: string, now: number): PageMetadata | undefined {
  const metadata = parseCacheMetadata(header);
  if (metadata === undefined) return undefined;
  const { group, at, revalidate, expire, tags, shell } = metadata;
  return {
    group,
    at: Math.min(at, now),
    staleAfter: revalidate === false ? Infinity : revalidate * 1000,
    expireAfter: expire === undefined ? Infinity : expire * 1000,
    tags: [pageTag(group), ...tags],
    ...(shell === undefined ? {} : { shell }),
  };
}

/** `stale` may be used while it is revalidated, `expired` not at all. */
export type Freshness = 'fresh' | 'stale' | 'expired';
