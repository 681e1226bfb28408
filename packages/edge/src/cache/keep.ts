import { createHash } from 'node:crypto';
import { memoryAsset, REVALIDATE, staleAsset } from '../assets/asset.ts';
import { keep } from '../assets/memory.ts';
import { connectionTokens } from '../http/headers.ts';
import type { Asked } from '../routing/condition.ts';
import type { Headers } from '../routing/plan.ts';
import type { Visit } from '../serve.ts';
import type { Site } from '../sites/site.ts';
import { storedKey, variesByAccept } from './key.ts';
import type { KeptPages } from './kept-pages.ts';
import { parseMade, type Made } from './made.ts';

/** Takes an answer while it passes. `end`: it has come whole. `drop`: it broke off, or nobody passes it on any more; nothing after `end`. */
export type Keeper = Readonly<{ chunk(bytes: Buffer): void; end(): void; drop(): void }>;
export type KeeperDeps = Readonly<{
  kept: KeptPages;
  now(): number;
  /** A partially prerendered page went by, whose shell may be asked for. */
  sawPartial?(made: Made): void;
}>;

export const ENTRY_HEADER = 'x-anchor-entry';
const STATUSES = new Set([200, 301, 302, 303, 307, 308, 404]);
/** An answer that depends on more than these can not be told apart by what it is kept under. */
const KNOWN_VARY = new Set(['rsc', 'next-router-state-tree', 'next-router-prefetch', 'next-router-segment-prefetch', 'next-url', 'accept-encoding']);

type Described = Readonly<{ site: Site; deploymentId: Visit['deploymentId']; path: string | undefined; query: string; rawPath: string; asked: Asked; method: string | undefined }>;

export function describe({ exchange, site, deploymentId, target }: Visit): Described {
  const { method, headers } = exchange.req;
  return { site, deploymentId, path: target.decoded, rawPath: target.path, query: target.query, method, asked: { headers, host: exchange.host, query: target.query, exchange } };
}

/**
 * Decides by the head of a function's answer whether the edge may give it to others: only what the function says was made
 * from a stored page, of an address that no rule leads elsewhere, and that says of itself that it is nobody's own.
 */
export function keeperFor(deps: KeeperDeps, visit: Described, status: number, raw: readonly string[]): Keeper | undefined {
  const { site, deploymentId, asked, path } = visit;
  if (!site.givesOrders) return undefined;
  // The function saw another request than the one that the key is made of.
  if (connectionTokens(asked.headers.connection) !== undefined) return undefined;
  // The RSC payload of a page has such a name too, but this is a page: of a slug that ends so.
  if (path?.endsWith('.rsc') === true) return undefined;
  if (visit.method !== 'GET' || path === undefined || !STATUSES.has(status) || site.ownPages.has(path)) return undefined;
  const made = entryOf(raw);
  if (made === undefined) return undefined;
  const entry = parseMade(made, deps.now());
  if (entry === undefined) return undefined;
  const key = storedKey(site, path, visit.query, asked.headers);
  if (key === undefined || site.bypasses(key, asked)) return undefined;
  const decision = site.plans.decide(visit.rawPath, path, asked);
  if (decision.kind !== 'pass' || !decision.pages) return undefined;
  // The whole of it is each visitor's own.
  if (entry.shell === 0) return status === 200 && site.pausesForBots && deps.sawPartial !== undefined ? { chunk: () => undefined, end: () => deps.sawPartial?.(entry), drop: () => undefined } : undefined;
  const headers = headersToKeep(raw, decision.headers, variesByAccept(key));
  if (headers === undefined) return undefined;
  const copy = deps.kept.underWay.open(deploymentId, deps.kept.maxBody);
  return {
    chunk: (bytes) => copy.add(bytes),
    drop: () => copy.drop(),
    end() {
      const body = copy.take();
      if (body === undefined) return;
      const { shell = body.length } = entry;
      if (shell > body.length) return;
      const name = createHash('sha256').update(body).digest('hex');
      const fresh = memoryAsset(name, body.subarray(0, shell), status, 'HIT', headers);
      const rest = body.subarray(shell);
      const postponed = entry.shell === undefined ? {} : { postponed: { blob: name, size: rest.length, bytes: keep(rest) } };
      deps.kept.set(deploymentId, key, { made: entry, fresh, stale: staleAsset(fresh), ...postponed }, body.length);
    },
  };
}

function entryOf(raw: readonly string[]): string | undefined {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === ENTRY_HEADER) return raw[i + 1];
  return undefined;
}

/** Names in lower case. Undefined when the answer is for one visitor, or depends on what is not known. */
function headersToKeep(raw: readonly string[], routed: Headers, byAccept: boolean): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    if (name === 'set-cookie' || name === 'content-encoding' || name === 'content-range') return undefined;
    if (name === 'vary' && value.split(',').map((part) => part.trim().toLowerCase()).some((part) => !KNOWN_VARY.has(part) && !(byAccept && part === 'accept'))) return undefined;
    if (name === 'cache-control' && /private|no-store|no-cache/i.test(value)) return undefined;
    const before = headers.get(name);
    // Next says some things twice.
    if (before !== value) headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  if (headers.get('x-nextjs-cache') === undefined) return undefined;
  for (const name of connectionTokens(headers.get('connection')) ?? []) headers.delete(name);
  // What routing adds depends on who asks: it is put on each answer anew.
  for (const [name, value] of routed) if (headers.get(name) === value) headers.delete(name);
  const control = headers.get('cache-control');
  if (control === undefined || control.includes('s-maxage')) headers.set('cache-control', REVALIDATE);
  headers.set('x-nextjs-cache', 'HIT');
  return headers;
}
