/**
 * What the answer to one request was made from, told to the edge in a header of the answer, so that the edge can keep it
 * and knows when it may not be used any more. Filled by the cache handler, in the asynchronous context of the request.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppResponse, beforeHead, order } from './app-response.ts';
import { isRecord, now } from './environment.ts';

/** Of an answer: JSON, {@link Made} in short names; letters outside of ASCII are escaped. */
export const ENTRY_HEADER = 'x-anchor-entry';
/** Of a request: the edge wants a fresh version and waits for it. `shell`: of a partially prerendered page, without the part that is each visitor's own. */
export const REFRESH_HEADER = 'x-anchor-refresh';

/** One stored page, route handler's answer or Pages page. Times in milliseconds since the epoch, lifetimes in seconds. */
export type Made = Readonly<{ group: string; at: number; revalidate: number | false; expire: number | undefined; tags: readonly string[] }>;

/** The shell of a partially prerendered page, and where its render goes on from. */
export type Shell = Readonly<{ made: Made; html: string; postponed: string; headers: Readonly<Record<string, unknown>>; status: number }>;

export type PageScope = {
  readonly response: ServerResponse;
  /** Whether Next makes a stale page anew for this request: not for prefetches. */
  readonly revalidates: boolean;
  /** Asks for a page's data: of a partially prerendered page that is each visitor's own, and an action's answer as well. Next then only looks at the stored page. */
  readonly looks: boolean;
  /** The edge waits for a fresh version. */
  readonly refreshes: boolean;
  /** The first page that was looked for is what the request is about; the page for "not found" may come after it. */
  key: string | undefined;
  read: Made | undefined;
  written: Made | undefined;
  /** The newest shell that was read or written. */
  shell: Shell | undefined;
  /** What was read was no older than it may be. */
  fresh: boolean;
  /** The entry is stale, and is being made anew elsewhere. */
  held: boolean;
  /** Routing led where the address says, and no middleware was asked: the same address gives the same answer. */
  plain: boolean | undefined;
  /** When each key was last looked for: what is made after that is no older. */
  readonly askedAt: Map<string, number>;
  /** Pages that were there, and fresh or stale, when they were asked for. */
  readonly usable: Set<string>;
  readonly locks: Set<() => void>;
  readonly work: Promise<unknown>[];
};

const scopes = new AsyncLocalStorage<PageScope>();
export const currentPage = (): PageScope | undefined => scopes.getStore();

export function inPageScope<T>(request: IncomingMessage, response: ServerResponse, refreshes: boolean, work: (scope: PageScope) => T): T {
  const { headers } = request;
  const scope: PageScope = {
    response, refreshes, looks: headers['rsc'] !== undefined || (request.method !== 'GET' && request.method !== 'HEAD'), revalidates: headers['purpose'] !== 'prefetch' && headers['next-router-prefetch'] === undefined,
    key: undefined, read: undefined, written: undefined, shell: undefined, fresh: false, held: false, plain: undefined, askedAt: new Map(), usable: new Set(), locks: new Set(), work: [],
  };
  return scopes.run(scope, () => work(scope));
}

/** Resolves when all that was promised for after the answer is done, also what that has promised; a page that failed to be made may be tried again then. */
export async function released({ work, locks }: PageScope): Promise<void> {
  for (let seen = -1; seen !== work.length; ) {
    seen = work.length;
    await Promise.allSettled(work);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const release of locks) release();
}

/** The request is about this key: its answer will say what it was made from. */
export function answersWith(scope: PageScope, key: string): boolean {
  if (scope.key !== undefined) return scope.key === key;
  scope.key = key;
  const { response } = scope;
  if (!response.headersSent && response instanceof AppResponse) beforeHead(response, () => tell(scope));
  return true;
}

const MAX_HEADER = 12 * 1024;
const MAX_TAGS = 200;

function tell(scope: PageScope): void {
  const { response, read, written, held, plain } = scope;
  const state = response.getHeader('x-nextjs-cache');
  if (held && state === 'HIT') response.setHeader('x-nextjs-cache', 'STALE');
  // The page for "not found" has said how it came about itself, after the one that is missing.
  else if (state === 'HIT' && written !== undefined && scope.key !== undefined && !scope.usable.has(scope.key)) response.setHeader('x-nextjs-cache', 'MISS');
  if (plain !== true) return;
  // Only the beginning of the answer is stored: the edge may ask for that alone.
  const begins = response.getHeader('x-nextjs-postponed') === '1';
  if (state === undefined && !begins) return;
  tellMade(response, state === 'STALE' || begins ? (read ?? written) : (written ?? read), begins ? 0 : undefined);
}

/** `shell`: so many bytes of the answer are the shell, the rest is where it goes on from; 0 for an answer that has the rest instead. */
export function tellMade(response: ServerResponse, made: Made | undefined, shell: number | undefined): void {
  if (made === undefined || made.tags.length > MAX_TAGS) return;
  const text = JSON.stringify({ g: made.group, m: made.at, r: made.revalidate, e: made.expire, t: made.tags, p: shell }).replace(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (text.length <= MAX_HEADER) order(response, ENTRY_HEADER, text);
}

/** An entry's page, as all versions and parts of it have in common: its path with the locale, without basePath. */
export function groupOf(key: string): string {
  const path = key.startsWith('/route-cache/') ? key.slice(key.indexOf('/$/') + 2) : key;
  if (path === '/index') return '/';
  return path.startsWith('/index/') ? path.slice('/index'.length) : path;
}
/** In the log of tags: everything of the page that is older has been replaced. */
export const groupTag = (group: string): string => `_A_G_${group}`;

type Value = Record<string, unknown> | null;
export function madeOf(key: string, at: number, value: Value, cacheControl: unknown): Made | undefined {
  if (!isRecord(cacheControl)) return undefined;
  const { revalidate, expire } = cacheControl;
  if (revalidate !== false && (typeof revalidate !== 'number' || revalidate <= 0)) return undefined;
  return { group: groupOf(key), at, revalidate, expire: typeof expire === 'number' ? expire : undefined, tags: tagsOfPage(value) };
}

/** Undefined for a page that is stored whole. */
export function shellOf(made: Made | undefined, value: Value): Shell | undefined {
  const { html, postponed, headers, status } = value ?? {};
  if (made === undefined || typeof html !== 'string' || typeof postponed !== 'string') return undefined;
  return { made, html, postponed, headers: isRecord(headers) ? headers : {}, status: typeof status === 'number' ? status : 200 };
}

/** Pages carry their tags in a header of their own. */
export function tagsOfPage(value: Value): readonly string[] {
  const headers = value?.['headers'];
  const tags = isRecord(headers) ? headers['x-next-cache-tags'] : undefined;
  return typeof tags === 'string' && tags !== '' ? tags.split(',') : [];
}

/** Whether its time has passed: `stale` may be used while it is made anew, `expired` may not. */
export function ageOf({ at, revalidate, expire }: Made): 'fresh' | 'stale' | 'expired' {
  const age = (now() - at) / 1000;
  if (expire !== undefined && age > expire) return 'expired';
  return revalidate !== false && age > revalidate ? 'stale' : 'fresh';
}
