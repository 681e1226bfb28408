/**
 * Collects which cache entries a response was rendered from. The cache handler fills it, in the asynchronous context of
 * the request. A response header then passes it to the edge, so that it can cache the response and knows when that
 * expires.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatCacheMetadata, type CacheMetadata } from '@anchor/protocol/cache-metadata.ts';
import { CACHE_METADATA_HEADER } from '@anchor/protocol/headers.ts';
import { AppResponse, beforeHead, setInternalHeader } from '../process/app-response.ts';
import { isRecord, now } from '../process/environment.ts';

/** The shell of a partially prerendered page, and the state from which its render resumes. */
export type Shell = Readonly<{
  made: CacheMetadata;
  html: string;
  postponed: string;
  headers: Readonly<Record<string, unknown>>;
  status: number;
}>;

export type RenderContext = {
  readonly response: ServerResponse;
  /** Whether Next revalidates a stale page for this request: not for prefetches. */
  readonly revalidates: boolean;
  /**
   * A request for a page's data, or a server action. Of a partially prerendered page that data is rendered per visitor,
   * so Next only reads the stored page.
   */
  readonly isDataRequest: boolean;
  /** The edge waits for a fresh version. */
  readonly awaitsFresh: boolean;
  /** The first page that was read: the subject of the request. The "not found" page may be read after it. */
  key: string | undefined;
  read: CacheMetadata | undefined;
  written: CacheMetadata | undefined;
  /** The newest shell read or written. */
  shell: Shell | undefined;
  /** The entry that was read was fresh. */
  fresh: boolean;
  /** The entry is stale, and another process revalidates it. */
  revalidatingElsewhere: boolean;
  /** No rewrite and no middleware was involved: the same URL gives the same response. */
  unrewritten: boolean | undefined;
  /** When each key was last read: an entry rendered after that is no older. */
  readonly readAt: Map<string, number>;
  /** Keys whose entry was fresh or stale when it was read. */
  readonly servableKeys: Set<string>;
  readonly locks: Set<() => void>;
  readonly work: Promise<unknown>[];
};

const scopes = new AsyncLocalStorage<RenderContext>();
export const currentRender = (): RenderContext | undefined => scopes.getStore();

export function runInRenderContext<T>(
  request: IncomingMessage,
  response: ServerResponse,
  refreshes: boolean,
  work: (scope: RenderContext) => T,
): T {
  const { headers } = request;
  const scope: RenderContext = {
    response,
    awaitsFresh: refreshes,
    isDataRequest: headers['rsc'] !== undefined || (request.method !== 'GET' && request.method !== 'HEAD'),
    revalidates: headers['purpose'] !== 'prefetch' && headers['next-router-prefetch'] === undefined,
    key: undefined,
    read: undefined,
    written: undefined,
    shell: undefined,
    fresh: false,
    revalidatingElsewhere: false,
    unrewritten: undefined,
    readAt: new Map(),
    servableKeys: new Set(),
    locks: new Set(),
    work: [],
  };
  return scopes.run(scope, () => work(scope));
}

/**
 * Releases the request's locks once all work registered with `waitUntil`, and what that registered in turn, is done.
 * After that a page that failed to render may be retried.
 */
export async function releaseLocks({ work, locks }: RenderContext): Promise<void> {
  for (let seen = -1; seen !== work.length;) {
    seen = work.length;
    await Promise.allSettled(work);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const release of locks) release();
}

/** Makes the key the subject of the request, unless it has one. Returns whether the key is the subject. */
export function bindKey(scope: RenderContext, key: string): boolean {
  if (scope.key !== undefined) return scope.key === key;
  scope.key = key;
  const { response } = scope;
  if (!response.headersSent && response instanceof AppResponse) beforeHead(response, () => writeCacheMetadata(scope));
  return true;
}

function writeCacheMetadata(scope: RenderContext): void {
  const { response, read, written, revalidatingElsewhere, unrewritten } = scope;
  const state = response.getHeader('x-nextjs-cache');
  if (revalidatingElsewhere && state === 'HIT') response.setHeader('x-nextjs-cache', 'STALE');
  // The "not found" page was read after the missing one and has set the state of its own entry.
  else if (state === 'HIT' && written !== undefined && scope.key !== undefined && !scope.servableKeys.has(scope.key))
    response.setHeader('x-nextjs-cache', 'MISS');
  if (unrewritten !== true) return;
  // Only the shell is stored, and the edge may request it alone.
  const begins = response.getHeader('x-nextjs-postponed') === '1';
  if (state === undefined && !begins) return;
  setCacheMetadataHeader(
    response,
    state === 'STALE' || begins ? (read ?? written) : (written ?? read),
    begins ? 0 : undefined,
  );
}

/**
 * Sets the header with a response's cache metadata. `shell`: the length in bytes of the shell, after which the resume
 * state follows; 0 for a response that is the dynamic part.
 */
export function setCacheMetadataHeader(
  response: ServerResponse,
  made: CacheMetadata | undefined,
  shell: number | undefined,
): void {
  const text = made === undefined ? undefined : formatCacheMetadata({ ...made, shell });
  if (text !== undefined) setInternalHeader(response, CACHE_METADATA_HEADER, text);
}

/** Returns what all versions and parts of a page have in common: its path with the locale, without basePath. */
export function groupOf(key: string): string {
  const path = key.startsWith('/route-cache/') ? key.slice(key.indexOf('/$/') + 2) : key;
  if (path === '/index') return '/';
  return path.startsWith('/index/') ? path.slice('/index'.length) : path;
}

type Value = Record<string, unknown> | null;
export function metadataOf(key: string, at: number, value: Value, cacheControl: unknown): CacheMetadata | undefined {
  if (!isRecord(cacheControl)) return undefined;
  const { revalidate, expire } = cacheControl;
  if (revalidate !== false && (typeof revalidate !== 'number' || revalidate <= 0)) return undefined;
  return {
    group: groupOf(key),
    at,
    revalidate,
    expire: typeof expire === 'number' ? expire : undefined,
    tags: tagsOfPage(value),
  };
}

/** Returns the shell of an entry, or undefined when the page is stored whole. */
export function shellOf(made: CacheMetadata | undefined, value: Value): Shell | undefined {
  const { html, postponed, headers, status } = value ?? {};
  if (made === undefined || typeof html !== 'string' || typeof postponed !== 'string') return undefined;
  return {
    made,
    html,
    postponed,
    headers: isRecord(headers) ? headers : {},
    status: typeof status === 'number' ? status : 200,
  };
}

/** Returns the tags of a page, which Next stores in a header of the entry. */
export function tagsOfPage(value: Value): readonly string[] {
  const headers = value?.['headers'];
  const tags = isRecord(headers) ? headers['x-next-cache-tags'] : undefined;
  return typeof tags === 'string' && tags !== '' ? tags.split(',') : [];
}

/** Returns the freshness of an entry by age alone. `stale` may be served while it is revalidated, `expired` may not. */
export function ageOf({ at, revalidate, expire }: CacheMetadata): 'fresh' | 'stale' | 'expired' {
  const age = (now() - at) / 1000;
  if (expire !== undefined && age > expire) return 'expired';
  return revalidate !== false && age > revalidate ? 'stale' : 'fresh';
}
