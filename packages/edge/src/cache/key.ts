import type { IncomingHttpHeaders } from 'node:http';
import { prerenderKey } from '../routing/rsc.ts';
import type { Site } from '../sites/site.ts';
import { acceptedFormats } from './accepted-formats.ts';

/**
 * What a stored answer of this path is kept under; undefined when only the function can tell. `path` is decoded.
 */
export function storedKey(site: Site, path: string, query: string, headers: IncomingHttpHeaders): string | undefined {
  if (path === site.web.imagePath) return knownImageKey(query, headers.accept);
  return prerenderKey(site.web.trailingSlash && path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path, query, headers);
}

/** Whether what is kept under this key also depends on the types that a client accepts. */
export const variesByAccept = (key: string): boolean => key.startsWith(IMAGE);

const IMAGE = 'image ';
const PARAMETERS = /^(url|w|q|dpl)=([^&=]*)$/;

const MAX_KNOWN = 4096;
const MAX_REMEMBERED = 1024;
const known = new Map<string, string | undefined>();

/** Browsers say the same again and again: taken apart once. */
function knownImageKey(query: string, accept = ''): string | undefined {
  const said = `${query} ${accept}`;
  let key = known.get(said);
  if (key !== undefined || known.has(said)) return key;
  key = imageKey(query, accept);
  if (known.size >= MAX_KNOWN) known.clear();
  if (said.length <= MAX_REMEMBERED) known.set(said, key);
  return key;
}

/** An optimized image: its source, width and quality, and the formats that it may come in. No page's path looks like it. */
function imageKey(query: string, accept: string): string | undefined {
  const found = new Map<string, string>();
  for (const part of query.split('&')) {
    const [, name, value] = PARAMETERS.exec(part) ?? [];
    // Anything else, or the same twice, is the function's to judge.
    if (name === undefined || value === undefined || found.has(name)) return undefined;
    found.set(name, value);
  }
  const types = acceptedFormats(accept);
  return types === undefined || found.size < 3 ? undefined : `${IMAGE}${found.get('url') ?? ''} ${found.get('w') ?? ''} ${found.get('q') ?? ''} ${types}`;
}
