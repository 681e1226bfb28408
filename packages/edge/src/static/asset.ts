import { type Variant } from '../http1/variant.ts';
import type { Prerender, StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import { CACHE_STATUS_HEADER, DEPLOYMENT_HEADER } from '@anchor/protocol/headers.ts';
import { isHopByHop, isInternalResponseHeader, type Headers } from '../http/headers.ts';
import type { Encoding } from '../http/accept-encoding.ts';
import { toCachedBytes, type CachedBytes } from '../util/cached-bytes.ts';

export type AssetCache = 'STATIC' | 'HIT' | 'STALE';

/** A file or prerendered page that the edge serves by itself. */
export type Asset = Readonly<{
  status: number;
  cache: AssetCache;
  identity: Variant;
  br?: Variant;
  gzip?: Variant;
  /** Kept to make the heads again when routing adds headers. */
  headers: ReadonlyMap<string, string>;
}>;
/** Framing belongs to the edge: neither a build nor a header rule may set it. */
const NEVER = new Set([
  'content-length',
  'content-encoding',
  'etag',
  'accept-ranges',
  'content-range',
  'date',
  'location',
]);
/** Rules can put parts of a path into a name. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const allowed = (name: string): boolean => !NEVER.has(name) && !isHopByHop(name) && !isInternalResponseHeader(name);

const IMMUTABLE = 'public, max-age=31536000, immutable';
export const REVALIDATE = 'public, max-age=0, must-revalidate';

export function fileAsset(file: StaticFile, status = 200): Asset {
  const headers = new Map<string, string>([
    ['content-type', file.type],
    ['cache-control', file.immutable === true && status === 200 ? IMMUTABLE : REVALIDATE],
  ]);
  return assetOf(file, status, 'STATIC', merged(headers, Object.entries(file.headers ?? {})));
}

export function prerenderAsset(page: Prerender): Asset {
  const headers = merged(new Map<string, string>([['cache-control', REVALIDATE]]), Object.entries(page.headers));
  headers.set('x-nextjs-cache', 'HIT');
  addLocation(headers, page.status, Object.entries(page.headers));
  // Caches between the edge and the client may not store it for a time: the edge itself revalidates, and cannot purge
  // them.
  if (/s-maxage/.test(headers.get('cache-control') ?? '')) headers.set('cache-control', REVALIDATE);
  return assetOf(page, page.status, 'HIT', headers);
}

/**
 * Creates an asset whose bytes are in memory. `name`: 32 or more hex digits of their hash. `headers` have lower-case
 * names.
 */
export function memoryAsset(
  name: string,
  bytes: Buffer,
  status: number,
  cache: AssetCache,
  headers: Iterable<readonly [string, string]>,
): Asset {
  const list = [...headers];
  const accepted = merged(new Map(), list);
  addLocation(accepted, status, list);
  return assetOf({ blob: name, size: bytes.length, bytes: toCachedBytes(bytes) }, status, cache, accepted);
}

/** Returns the same asset with compressed variants. */
export function codedAsset(asset: Asset, br: Buffer, gzip: Buffer): Asset {
  const part = (bytes: Buffer, suffix: string): Part => ({
    blob: `${asset.identity.blob.slice(0, 30)}${suffix}`,
    size: bytes.length,
    bytes: toCachedBytes(bytes),
  });
  return assetOf(
    { ...asset.identity, br: part(br, '-b'), gzip: part(gzip, '-g') },
    asset.status,
    asset.cache,
    asset.headers,
  );
}

/** Returns the same asset, marked as stale while a newer one is generated. */
export function staleAsset(asset: Asset): Asset {
  return assetOf(sourceOf(asset), asset.status, 'STALE', new Map(asset.headers).set('x-nextjs-cache', 'STALE'));
}

/** Adds `location` to the one kind of page that may have it: a page that was prerendered as a redirect. */
function addLocation(headers: Map<string, string>, status: number, own: readonly (readonly [string, string])[]): void {
  const location = own.find(([name]) => name.toLowerCase() === 'location')?.[1];
  if (status >= 300 && status < 400 && location !== undefined && VALUE.test(location))
    headers.set('location', location);
}

/** Returns the same asset with headers that routing adds; names of `extra` are lower case, later ones win. */
export function withHeaders(asset: Asset, extra: Headers, status = asset.status): Asset {
  return assetOf(sourceOf(asset), status, asset.cache, merged(new Map(asset.headers), extra));
}

function merged(base: Map<string, string>, extra: Iterable<readonly [string, string]>): Map<string, string> {
  for (const [name, value] of extra) {
    const key = name.toLowerCase();
    if (!allowed(key) || !NAME.test(key) || !VALUE.test(value)) continue;
    base.set(key, key === 'vary' && base.has('vary') ? `${base.get('vary')}, ${value}` : value);
  }
  return base;
}

/** The bytes of an asset: a blob, or what is in memory. */
export type Part = Readonly<{ blob: string; size: number; bytes?: CachedBytes }>;
type Source = Part & Readonly<{ br?: Part | undefined; gzip?: Part | undefined }>;

const sourceOf = ({ identity, br, gzip }: Asset): Source => ({ ...identity, br, gzip });

function assetOf(body: Source, status: number, cache: AssetCache, headers: ReadonlyMap<string, string>): Asset {
  const varies = body.br !== undefined || body.gzip !== undefined;
  const make = (encoding: Encoding, part: Part): Variant => variant(encoding, part, cache, headers, varies, status);
  return {
    status,
    cache,
    headers,
    identity: make('identity', body),
    ...(body.br === undefined ? {} : { br: make('br', body.br) }),
    ...(body.gzip === undefined ? {} : { gzip: make('gzip', body.gzip) }),
  };
}

function variant(
  encoding: Encoding,
  { blob, size, bytes }: Part,
  cache: AssetCache,
  headers: ReadonlyMap<string, string>,
  varies: boolean,
  status: number,
): Variant {
  const etag = `"${blob.slice(0, 32)}"`;
  const vary = [headers.get('vary'), varies ? 'accept-encoding' : undefined]
    .filter((part) => part !== undefined)
    .join(', ');
  // Slots first, see HEAD_SLOTS.
  const head = ['x-request-id', '', DEPLOYMENT_HEADER, '', CACHE_STATUS_HEADER, cache];
  const notModified = [...head];
  for (const [name, value] of headers) {
    if (name === 'vary') continue;
    head.push(name, value);
    if (!name.startsWith('content-')) notModified.push(name, value);
  }
  if (vary !== '') {
    head.push('vary', vary);
    notModified.push('vary', vary);
  }
  if (encoding !== 'identity') head.push('content-encoding', encoding);
  if (status === 200) {
    head.push('etag', etag, 'accept-ranges', 'bytes');
    notModified.push('etag', etag);
  }
  head.push('content-length', String(size));
  return { encoding, blob, size, ...(bytes === undefined ? {} : { bytes }), etag, head, notModified };
}
