import { INTERNAL_HEADER_PREFIX } from '@anchor/protocol/headers.ts';

/** Headers that belong to one connection and are never passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
export const isHopByHop = (name: string): boolean => HOP_BY_HOP.has(name);

/** Headers that Next.js trusts as its own platform's. From outside they are never trusted. */
const INTERNAL_REQUEST = new Set([
  'x-matched-path',
  'x-now-route-matches',
  'x-nextjs-data',
  'next-resume',
  'x-next-resume-state-length',
  'x-invoke-path',
  'x-invoke-query',
  'x-invoke-output',
  'x-invoke-status',
  'x-invoke-error',
]);
/** These carry a secret of the deployment; with the right one they are meant. */
const TOKEN_REQUEST = new Set([
  'x-prerender-revalidate',
  'x-prerender-revalidate-if-generated',
  'x-next-revalidated-tags',
  'x-next-revalidate-tag-token',
]);
/** Sent by Next's own client in the browser. */
const PUBLIC_MIDDLEWARE = new Set(['x-middleware-prefetch']);
/** Headers by which Next's middleware instructs its server. An app's own headers may have the same prefix. */
const MIDDLEWARE_RESPONSE = new Set([
  'x-middleware-next',
  'x-middleware-rewrite',
  'x-middleware-redirect',
  'x-middleware-refresh',
  'x-middleware-override-headers',
  'x-middleware-set-cookie',
]);

export function isInternalRequestHeader(name: string): boolean {
  if (!name.startsWith('x-') && !name.startsWith('next-')) return false;
  return (
    name.startsWith(INTERNAL_HEADER_PREFIX) ||
    (name.startsWith('x-middleware-') && !PUBLIC_MIDDLEWARE.has(name)) ||
    INTERNAL_REQUEST.has(name)
  );
}
export const isTokenRequestHeader = (name: string): boolean => TOKEN_REQUEST.has(name);

export const isInternalResponseHeader = (name: string): boolean =>
  name.startsWith('x-') &&
  (name.startsWith(INTERNAL_HEADER_PREFIX) ||
    name === 'x-next-cache-tags' ||
    name === 'x-request-id' ||
    MIDDLEWARE_RESPONSE.has(name) ||
    name.startsWith('x-middleware-request-'));

/** Returns the names that a Connection header declares as hop-by-hop. */
export function connectionTokens(value: string | undefined): ReadonlySet<string> | undefined {
  if (value === undefined) return undefined;
  const lower = value.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close' || lower === 'upgrade') return undefined;
  const tokens = new Set<string>();
  for (const part of lower.split(',')) {
    const token = part.trim();
    if (token !== 'host' && token !== 'content-length' && token !== 'content-type') tokens.add(token);
  }
  return tokens;
}

/** Returns the first value of a header in a flat list; `name` in lower case. */
export function headerOf(raw: readonly string[], name: string): string | undefined {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === name) return raw[i + 1];
  return undefined;
}

export type Headers = readonly (readonly [name: string, value: string])[];
