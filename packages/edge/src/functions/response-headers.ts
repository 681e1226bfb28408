import { connectionTokens, cookieValue, isHopByHop, isInternalResponseHeader } from '../http/headers.ts';
import { REVALIDATE } from '../assets/asset.ts';
import type { CacheResult, Exchange } from '../exchange.ts';

export type FunctionAnswer = Readonly<{
  headers: string[];
  cache: CacheResult;
  /** The path of a file that the edge is to serve instead of the body. */
  serve: string | undefined;
}>;

const CACHE_RESULTS: Readonly<Record<string, CacheResult>> = { HIT: 'HIT', STALE: 'STALE', MISS: 'MISS' };

/**
 * The head of a function's answer for the visitor: headers of the connection and of the platform taken out, ours put in.
 * `believed`: the platform's own runtime speaks. `chunked`: only such a body can be followed by trailers, so only there they may be announced.
 */
export function responseHeaders(exchange: Exchange, raw: readonly string[], connection: string | undefined, chunked: boolean, believed: boolean): FunctionAnswer {
  const dropped = connectionTokens(connection);
  let cache: CacheResult = 'DYNAMIC';
  let control = -1;
  let said = -1;
  let serve: string | undefined;
  const headers = ['x-request-id', exchange.requestId, 'x-anchor-deployment', exchange.deploymentId ?? '', 'x-anchor-cache', cache];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const key = name.toLowerCase();
    if (isHopByHop(key)) {
      if (chunked && key === 'trailer') headers.push(name, value);
      continue;
    }
    if (believed && key === 'x-anchor-serve') serve = value;
    if (isInternalResponseHeader(key) || dropped?.has(key) === true) continue;
    if (key === 'x-nextjs-cache') {
      cache = CACHE_RESULTS[value.toUpperCase()] ?? cache;
      said = headers.length;
    }
    if (key === 'cache-control') control = headers.length + 1;
    headers.push(name, value);
  }
  // Next calls a draft, which it makes for each request, a hit.
  if (said !== -1 && headers[control]?.includes('no-store') === true && cookieValue(exchange.req.headers.cookie, '__prerender_bypass') !== undefined) {
    headers.splice(said, 2);
    if (control > said) control -= 2;
    cache = 'DYNAMIC';
  }
  headers[5] = cache;
  // Next speaks to its own cache here, which we are: one further out could not be told when the page is made again.
  if (cache !== 'DYNAMIC' && headers[control]?.includes('s-maxage') === true) headers[control] = REVALIDATE;
  return { headers, cache, serve };
}
