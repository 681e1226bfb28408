import { CACHE_STATUS_HEADER, DEPLOYMENT_HEADER, SERVE_FILE_HEADER } from '@anchor/protocol/headers.ts';
import { cookieValue } from '@anchor/protocol/cookies.ts';
import { connectionTokens, isHopByHop, isInternalResponseHeader } from '../http/headers.ts';
import { REVALIDATE } from '../static/asset.ts';
import type { Exchange } from '../http1/transport.ts';
import type { CacheResult } from '../observability/access-log.ts';

export type FunctionHeaders = Readonly<{
  headers: string[];
  cache: CacheResult;
  /** The path of a file that the edge serves instead of the body. */
  serve: string | undefined;
}>;

const CACHE_RESULTS: Readonly<Record<string, CacheResult>> = { HIT: 'HIT', STALE: 'STALE', MISS: 'MISS' };

/**
 * Returns the head of a function's response for the client: without headers of the connection and of the platform, with
 * the edge's own. `believed`: the response comes from the platform's own runtime. `chunked`: only such a body can be
 * followed by trailers, so only there they may be announced.
 */
export function responseHeaders(
  exchange: Exchange,
  raw: readonly string[],
  connection: string | undefined,
  chunked: boolean,
  believed: boolean,
): FunctionHeaders {
  const dropped = connectionTokens(connection);
  let cache: CacheResult = 'DYNAMIC';
  let control = -1;
  let cacheIndex = -1;
  let serve: string | undefined;
  const headers = [
    'x-request-id',
    exchange.requestId,
    DEPLOYMENT_HEADER,
    exchange.deploymentId ?? '',
    CACHE_STATUS_HEADER,
    cache,
  ];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const key = name.toLowerCase();
    if (isHopByHop(key)) {
      if (chunked && key === 'trailer') headers.push(name, value);
      continue;
    }
    if (believed && key === SERVE_FILE_HEADER) serve = value;
    if (isInternalResponseHeader(key) || dropped?.has(key) === true) continue;
    if (key === 'x-nextjs-cache') {
      cache = CACHE_RESULTS[value.toUpperCase()] ?? cache;
      cacheIndex = headers.length;
    }
    if (key === 'cache-control') control = headers.length + 1;
    headers.push(name, value);
  }
  // Next.js calls a draft, which it renders for each request, a hit.
  if (
    cacheIndex !== -1 &&
    headers[control]?.includes('no-store') === true &&
    cookieValue(exchange.req.headers.cookie, '__prerender_bypass') !== undefined
  ) {
    headers.splice(cacheIndex, 2);
    if (control > cacheIndex) control -= 2;
    cache = 'DYNAMIC';
  }
  headers[5] = cache;
  // Next.js addresses its own cache here, which is the edge: a cache further out would not learn of a revalidation.
  if (cache !== 'DYNAMIC' && headers[control]?.includes('s-maxage') === true) headers[control] = REVALIDATE;
  return { headers, cache, serve };
}
