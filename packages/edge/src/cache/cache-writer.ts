import { createHash } from 'node:crypto';
import { CACHE_METADATA_HEADER } from '@anchor/protocol/headers.ts';
import { memoryAsset, REVALIDATE, staleAsset } from '../static/asset.ts';
import { toCachedBytes } from '../util/cached-bytes.ts';
import { connectionTokens, headerOf, type Headers } from '../http/headers.ts';
import type { RequestView } from '../routing/conditions.ts';
import type { EvaluationBudgets } from '../routing/evaluation-budgets.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import type { Site } from '../routing/site.ts';
import { cacheKey, variesByAccept } from './cache-key.ts';
import type { PageCache } from './page-cache.ts';
import { parsePageMetadata, type PageMetadata } from '../util/page-metadata.ts';

/**
 * Stores a response while it passes. `commit`: it arrived whole. `abort`: it broke or is no longer forwarded; does
 * nothing after `commit`.
 */
export type CacheWriter = Readonly<{ write(bytes: Buffer): void; commit(): void; abort(): void }>;
export type CacheWriterDeps = Readonly<{
  pageCache: PageCache;
  now(): number;
  /** Receives each partially prerendered page that passes, so that its shell can be requested. */
  onPartialPage?(metadata: PageMetadata): void;
}>;

const STATUSES = new Set([200, 301, 302, 303, 307, 308, 404]);
/** A response that varies by other headers cannot be identified by its cache key. */
const KNOWN_VARY = new Set([
  'rsc',
  'next-router-state-tree',
  'next-router-prefetch',
  'next-router-segment-prefetch',
  'next-url',
  'accept-encoding',
]);

type CacheContext = Readonly<{
  site: Site;
  deploymentId: RoutedRequest['deploymentId'];
  path: string | undefined;
  query: string;
  rawPath: string;
  facts: RequestView;
  method: string | undefined;
}>;

export function cacheContextOf(
  { exchange, route, site, deploymentId, target }: RoutedRequest,
  efforts: EvaluationBudgets,
): CacheContext {
  const { method, headers } = exchange.req;
  return {
    site,
    deploymentId,
    path: target.decoded,
    rawPath: target.path,
    query: target.query,
    method,
    facts: {
      headers,
      host: exchange.host,
      query: target.query,
      budget: efforts.of(route.projectId),
      forwarding: exchange,
    },
  };
}

/**
 * Returns a writer if the head of a function's response allows the edge to cache it. The function must name the stored
 * page that it was rendered from, no rule may lead the address elsewhere, and nothing may mark the response as private.
 */
export function createCacheWriter(
  deps: CacheWriterDeps,
  context: CacheContext,
  status: number,
  raw: readonly string[],
): CacheWriter | undefined {
  const { site, deploymentId, facts, path } = context;
  if (!site.trustsRuntimeHeaders) return undefined;
  // The function saw another request than the one that the key is made of.
  if (connectionTokens(facts.headers.connection) !== undefined) return undefined;
  // The RSC payload of a page has such a name too, but this is a page whose slug ends so.
  if (path?.endsWith('.rsc') === true) return undefined;
  if (context.method !== 'GET' || path === undefined || !STATUSES.has(status) || site.errorPages.has(path))
    return undefined;
  const header = headerOf(raw, CACHE_METADATA_HEADER);
  if (header === undefined) return undefined;
  const entry = parsePageMetadata(header, deps.now());
  if (entry === undefined) return undefined;
  const key = cacheKey(site, path, context.query, facts.headers);
  if (key === undefined || site.bypasses(key, facts)) return undefined;
  const decision = site.routeMatcher.decide(context.rawPath, path, facts);
  if (decision.kind !== 'pass' || !decision.pages) return undefined;
  // All of it is private to one client.
  if (entry.shell === 0)
    return status === 200 && site.hasPprBotRules && deps.onPartialPage !== undefined
      ? { write: () => undefined, commit: () => deps.onPartialPage?.(entry), abort: () => undefined }
      : undefined;
  const headers = headersToStore(raw, decision.headers, variesByAccept(key));
  if (headers === undefined) return undefined;
  const buffer = deps.pageCache.captureBuffers.open(deploymentId, deps.pageCache.maxBody);
  return {
    write: (bytes) => buffer.add(bytes),
    abort: () => buffer.drop(),
    commit() {
      const body = buffer.take();
      if (body === undefined) return;
      const { shell = body.length } = entry;
      if (shell > body.length) return;
      const name = createHash('sha256').update(body).digest('hex');
      const fresh = memoryAsset(name, body.subarray(0, shell), status, 'HIT', headers);
      const rest = body.subarray(shell);
      const postponed =
        entry.shell === undefined ? {} : { postponed: { blob: name, size: rest.length, bytes: toCachedBytes(rest) } };
      deps.pageCache.set(
        deploymentId,
        key,
        { metadata: entry, fresh, stale: staleAsset(fresh), ...postponed },
        body.length,
      );
    },
  };
}

/**
 * Returns the headers to store, names in lower case. Undefined when the response is private, or varies by what is
 * unknown.
 */
function headersToStore(raw: readonly string[], routed: Headers, byAccept: boolean): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    if (name === 'set-cookie' || name === 'content-encoding' || name === 'content-range') return undefined;
    if (
      name === 'vary' &&
      value
        .split(',')
        .map((part) => part.trim().toLowerCase())
        .some((part) => !KNOWN_VARY.has(part) && !(byAccept && part === 'accept'))
    )
      return undefined;
    if (name === 'cache-control' && /private|no-store|no-cache/i.test(value)) return undefined;
    const before = headers.get(name);
    // Next.js sends some headers twice.
    if (before !== value) headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  if (headers.get('x-nextjs-cache') === undefined) return undefined;
  for (const name of connectionTokens(headers.get('connection')) ?? []) headers.delete(name);
  // Headers of routing rules depend on the request, so they are added to each response.
  for (const [name, value] of routed) if (headers.get(name) === value) headers.delete(name);
  const control = headers.get('cache-control');
  if (control === undefined || control.includes('s-maxage')) headers.set('cache-control', REVALIDATE);
  headers.set('x-nextjs-cache', 'HIT');
  return headers;
}
