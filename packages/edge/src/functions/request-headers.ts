import { connectionTokens, isHopByHop, isInternalRequestHeader, isTokenRequestHeader } from '../http/headers.ts';
import type { Exchange } from '../exchange.ts';

/** The forwarding headers that the edge writes itself. */
const REPLACED = new Set(['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-real-ip', 'forwarded', 'x-request-id', 'content-length', 'expect']);

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
  const peer = exchange.trusted ? req.headers['x-forwarded-for'] : undefined;
  const proto = exchange.trusted ? req.headers['x-forwarded-proto'] : undefined;
  const publicHost = exchange.trusted ? req.headers['x-forwarded-host'] : undefined;
  const address = plainAddress(req.socket.remoteAddress ?? '');
  out.push(
    'x-forwarded-for', typeof peer === 'string' ? `${peer}, ${address}` : address,
    'x-forwarded-proto', typeof proto === 'string' && /^https?$/.test(proto) ? proto : 'http',
    'x-forwarded-host', typeof publicHost === 'string' ? publicHost : (exchange.target?.authority ?? host),
    'x-request-id', exchange.requestId,
  );
  out.push(...extra);
  return out;
}

function hasToken(headers: Exchange['req']['headers'], tokens: ReadonlySet<string>): boolean {
  for (const name of ['x-prerender-revalidate', 'x-next-revalidate-tag-token']) {
    const value = headers[name];
    if (typeof value === 'string' && tokens.has(value)) return true;
  }
  return false;
}

const plainAddress = (address: string): string => (address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address);
