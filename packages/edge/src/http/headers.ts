/** Headers that belong to one connection and are never passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings']);
export const isHopByHop = (name: string): boolean => HOP_BY_HOP.has(name);

/** What Next.js treats as said by its own platform. From outside it is never believed. */
const INTERNAL_REQUEST = new Set([
  'x-matched-path', 'x-now-route-matches', 'x-nextjs-data', 'next-resume', 'x-next-resume-state-length', 'x-invoke-path',
  'x-invoke-query', 'x-invoke-output', 'x-invoke-status', 'x-invoke-error',
]);
/** These carry a secret of the deployment; with the right one they are meant. */
const TOKEN_REQUEST = new Set(['x-prerender-revalidate', 'x-prerender-revalidate-if-generated', 'x-next-revalidated-tags', 'x-next-revalidate-tag-token']);
/** Sent by Next's own client in the browser. */
const PUBLIC_MIDDLEWARE = new Set(['x-middleware-prefetch']);
/** Read by Next's own client in the browser. */
const PUBLIC_MIDDLEWARE_RESPONSE = new Set(['x-middleware-skip', 'x-middleware-cache']);

export function isInternalRequestHeader(name: string): boolean {
  if (!name.startsWith('x-') && !name.startsWith('next-')) return false;
  return name.startsWith('x-anchor-') || (name.startsWith('x-middleware-') && !PUBLIC_MIDDLEWARE.has(name)) || INTERNAL_REQUEST.has(name);
}
export const isTokenRequestHeader = (name: string): boolean => TOKEN_REQUEST.has(name);

export const isInternalResponseHeader = (name: string): boolean =>
  name.startsWith('x-') &&
  (name.startsWith('x-anchor-') || name === 'x-next-cache-tags' || name === 'x-request-id' || (name.startsWith('x-middleware-') && !PUBLIC_MIDDLEWARE_RESPONSE.has(name)));

/** The names that a Connection header declares to be of this connection only. */
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

/** One cookie's value of a Cookie header, as sent; undefined when it is not there. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined || !header.includes(name)) return undefined;
  for (const part of header.split(';')) {
    const mark = part.indexOf('=');
    if (mark !== -1 && part.slice(0, mark).trim() === name) return part.slice(mark + 1).trim();
  }
  return undefined;
}
