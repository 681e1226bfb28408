import { REPLACED_HEADERS, forwardedValue } from '../http1/forwarding.ts';
import { connectionTokens, isHopByHop, isInternalRequestHeader, isTokenRequestHeader } from '../http/headers.ts';
import type { Exchange } from '../http1/transport.ts';

/**
 * Returns the head of the request to the function, flat: the client's headers without those of the connection and those
 * reserved for the platform, plus the forwarding headers. `tokens` are the deployment's own secrets.
 */
export function requestHeaders(exchange: Exchange, tokens: ReadonlySet<string>, extra: readonly string[]): string[] {
  const { req } = exchange;
  const raw = req.rawHeaders;
  const dropped = connectionTokens(req.headers.connection);
  const host = req.headers.host ?? exchange.host;
  const out: string[] = ['host', exchange.target?.authority ?? host];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const key = name.toLowerCase();
    if (isHopByHop(key)) {
      if (key === 'te' && value.toLowerCase() === 'trailers') out.push(name, value);
      continue;
    }
    if (REPLACED_HEADERS.has(key) || isInternalRequestHeader(key) || dropped?.has(key) === true) continue;
    if (isTokenRequestHeader(key) && !hasToken(req.headers, tokens)) continue;
    out.push(name, value);
  }
  for (const name of FORWARDED) out.push(name, forwardedValue(exchange, name) ?? '');
  out.push(...extra);
  return out;
}

const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id'] as const;

function hasToken(headers: Exchange['req']['headers'], tokens: ReadonlySet<string>): boolean {
  for (const name of ['x-prerender-revalidate', 'x-next-revalidate-tag-token']) {
    const value = headers[name];
    if (typeof value === 'string' && tokens.has(value)) return true;
  }
  return false;
}
