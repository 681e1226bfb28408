import type { IncomingHttpHeaders } from 'node:http';
import { prerenderKey } from '../routing/rsc.ts';
import type { Site } from '../routing/site.ts';
import { acceptedFormats } from './accepted-formats.ts';

/** Returns the cache key of a request; undefined when only the function can decide. `path` is decoded. */
export function cacheKey(site: Site, path: string, query: string, headers: IncomingHttpHeaders): string | undefined {
  if (path === site.web.imagePath) return memoizedImageKey(query, headers.accept);
  return prerenderKey(
    site.web.trailingSlash && path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path,
    query,
    headers,
  );
}

/** Returns whether responses under this key also depend on the Accept header. */
export const variesByAccept = (key: string): boolean => key.startsWith(IMAGE);

const IMAGE = 'image ';
const PARAMETERS = /^(url|w|q|dpl)=([^&=]*)$/;

const MAX_KNOWN = 4096;
const MAX_REMEMBERED = 1024;
const known = new Map<string, string | undefined>();

/** Browsers repeat the same queries, so each is parsed once. */
function memoizedImageKey(query: string, accept = ''): string | undefined {
  const memoKey = `${query} ${accept}`;
  let key = known.get(memoKey);
  if (key !== undefined || known.has(memoKey)) return key;
  key = imageKey(query, accept);
  if (known.size >= MAX_KNOWN) known.clear();
  if (memoKey.length <= MAX_REMEMBERED) known.set(memoKey, key);
  return key;
}

/**
 * Returns the key of an optimized image: source, width, quality and the formats that it may have. No page's path looks
 * like it.
 */
function imageKey(query: string, accept: string): string | undefined {
  const found = new Map<string, string>();
  for (const part of query.split('&')) {
    const [, name, value] = PARAMETERS.exec(part) ?? [];
    // Anything else, or a duplicate, is left to the function.
    if (name === undefined || value === undefined || found.has(name)) return undefined;
    found.set(name, value);
  }
  const types = acceptedFormats(accept);
  return types === undefined || found.size < 3
    ? undefined
    : `${IMAGE}${found.get('url') ?? ''} ${found.get('w') ?? ''} ${found.get('q') ?? ''} ${types}`;
}
