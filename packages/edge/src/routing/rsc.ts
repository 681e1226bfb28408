import type { IncomingMessage } from 'node:http';

/**
 * Returns the key of the prerender that an App Router request at a page's path selects: the page itself, its RSC
 * payload or one segment of it. Undefined when only the function can decide. `path` is decoded, without a trailing
 * slash (but "/" for the root).
 */
export function prerenderKey(path: string, query: string, headers: IncomingMessage['headers']): string | undefined {
  const rsc = headers['rsc'];
  if (rsc === undefined) return path;
  if (rsc !== '1') return undefined;
  // Next's own client always sends `_rsc`. A request without it comes from another client and goes to the function.
  if (!/(?:^|&)_rsc(?:=|&|$)/.test(query)) return undefined;
  // The page of an intercepted route depends on the client's previous page: a rewrite rule decides, see RoutingPlans.
  const base = path === '/' ? '/index' : path;
  const prefetch = headers['next-router-prefetch'];
  const segment = headers['next-router-segment-prefetch'];
  if (prefetch !== undefined && prefetch !== '1') return undefined;
  if (segment === undefined) return `${base}.rsc`;
  if (prefetch === undefined || typeof segment !== 'string' || !segment.startsWith('/')) return undefined;
  return `${base}.segments${segment}.segment.rsc`;
}
