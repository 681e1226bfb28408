import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import { freshnessByAge, type PageMetadata, type Freshness } from '../util/page-metadata.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import type { Basis, ResolveDeps } from './resolution.ts';

/** Whether a resolution still holds: `invalid` never will on this basis, `unknown` may later. */
export type MemoValidity = 'valid' | 'unknown' | 'invalid';

/**
 * Validates a memo entry. `valid`: `resolveRequest` would resolve the same request in the same way, without side
 * effects.
 *
 * `invalid`: another page would be used, or none. A replaced or evicted version never comes back; the build's own page
 * may, but the request that finds it so takes the slow path and is memoized again. `unknown`: decided by time or tags,
 * or not known without waiting. A tag log that is read to its end may leave the page fresh; an expired page is
 * replaced, which makes the entry `invalid`.
 */
export function validateMemo(
  { sites, pageCache, tags, now }: Pick<ResolveDeps, 'sites' | 'pageCache' | 'tags' | 'now'>,
  { deploymentId, artifact }: Pick<HostRoute, 'deploymentId' | 'artifact'>,
  basis: Basis,
): MemoValidity {
  if (typeof basis === 'string') return basis === 'site' ? 'valid' : 'invalid';
  const { key, version } = basis;
  const partition = pageCache.partition(deploymentId);
  const page = partition?.get(key);
  if (page?.version !== version) return 'invalid';
  const metadata = page === undefined ? sites.get(artifact)?.pages.get(key)?.metadata : page.metadata;
  // The site is not in memory.
  if (metadata === undefined) return 'unknown';
  if (page === undefined && (partition?.newestVersionAt(metadata.group) ?? 0) > metadata.at) return 'invalid';
  const time = now();
  return freshnessByAge(metadata, time) === 'fresh' &&
    tags.freshness(deploymentId, metadata.tags, metadata.at, time) === 'fresh'
    ? 'valid'
    : 'unknown';
}

/** Returns the freshness of a page by age and tags. Starts a revalidation of a stale one. */
export function freshnessOf(
  deps: ResolveDeps,
  routed: RoutedRequest,
  metadata: PageMetadata,
  shell: boolean,
): Freshness {
  const now = deps.now();
  const byAge = freshnessByAge(metadata, now);
  if (byAge === 'expired') return byAge;
  const byTags = deps.tags.freshness(routed.deploymentId, metadata.tags, metadata.at, now);
  const freshness = byTags === 'fresh' ? byAge : byTags;
  if (freshness === 'stale') deps.revalidate(routed, metadata, shell);
  return freshness;
}
