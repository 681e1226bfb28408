import { connectionTokens, isHopByHop, isInternalRequestHeader, isTokenRequestHeader } from '../http/headers.ts';
import type { Exchange } from '../exchange.ts';

/** The forwarding headers that the edge writes itself. */
export const REPLACED: ReadonlySet<string> = new Set(['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-real-ip', 'forwarded', 'x-request-id', 'content-length', 'expect']);

/**
 * The head of the request to the function, flat: what came in without the headers of the connection and without what
 * only the platform may say, and with who asks. `tokens` are the deployment's own secrets.
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
    if (REPLACED.has(key) || isInternalRequestHeader(key) || dropped?.has(key) === true) continue;
    if (isTokenRequestHeader(key) && !hasToken(req.headers, tokens)) continue;
    out.push(name, value);
  }
  for (const name of FORWARDED) out.push(name, forwarded(exchange, name) ?? '');
  out.push(...extra);
  return out;
}

const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id'] as const;

/** What the function gets to see of one of REPLACED that says how the request came here; undefined when nothing. */
export function forwarded(exchange: Asker, name: string): string | undefined {
  const { req, trusted } = exchange;
  const said = trusted ? req.headers[name] : undefined;
  switch (name) {
    case 'x-forwarded-for': {
      const address = plainAddress(req.socket.remoteAddress ?? '');
      return typeof said === 'string' ? `${said}, ${address}` : address;
    }
    case 'x-forwarded-proto':
      return schemeOf(said);
    case 'x-forwarded-host':
      return typeof said === 'string' ? said : (exchange.target?.authority ?? req.headers.host ?? exchange.host);
    case 'x-request-id':
      return exchange.requestId;
    default:
      return undefined;
  }
}

/** The first of a chain of proxies met the visitor. */
const schemeOf = (said: unknown): string => (typeof said === 'string' && /^\s*https\s*(?:,|$)/i.test(said) ? 'https' : 'http');

/** What an exchange knows of who asks. */
export type Asker = Pick<Exchange, 'req' | 'trusted' | 'target' | 'host' | 'requestId'>;

function hasToken(headers: Exchange['req']['headers'], tokens: ReadonlySet<string>): boolean {
  for (const name of ['x-prerender-revalidate', 'x-next-revalidate-tag-token']) {
    const value = headers[name];
    if (typeof value === 'string' && tokens.has(value)) return true;
  }
  return false;
}

const plainAddress = (address: string): string => (address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address);
