import type { Exchange } from './transport.ts';

/** The forwarding headers that the edge writes itself. */
export const REPLACED_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-real-ip',
  'forwarded',
  'x-request-id',
  'content-length',
  'expect',
]);

/**
 * Returns the value that the function gets for one of REPLACED, the headers that describe how the request arrived;
 * undefined when it gets none.
 */
export function forwardedValue(exchange: ForwardingContext, name: string): string | undefined {
  const { req, trusted } = exchange;
  const forwarded = trusted ? req.headers[name] : undefined;
  switch (name) {
    case 'x-forwarded-for': {
      const address = plainAddress(req.socket.remoteAddress ?? '');
      return typeof forwarded === 'string' ? `${forwarded}, ${address}` : address;
    }
    case 'x-forwarded-proto':
      return isSecure(exchange) ? 'https' : 'http';
    case 'x-forwarded-host':
      return typeof forwarded === 'string'
        ? forwarded
        : (exchange.target?.authority ?? req.headers.host ?? exchange.host);
    case 'x-request-id':
      return exchange.requestId;
    default:
      return undefined;
  }
}

/**
 * Returns whether the client sent its request over TLS, to the edge itself or to the first of a chain of trusted
 * proxies.
 */
export const isSecure = ({ req, trusted }: Pick<Exchange, 'req' | 'trusted'>): boolean =>
  trusted && typeof req.headers['x-forwarded-proto'] === 'string'
    ? namesHttps(req.headers)
    : req.socket.encrypted === true;

/** Returns whether a request says that its client sent it over TLS to a proxy. Any client may write that. */
export function namesHttps({ 'x-forwarded-proto': forwarded }: Exchange['req']['headers']): boolean {
  return typeof forwarded === 'string' && /^\s*https\s*(?:,|$)/i.test(forwarded);
}

/** What forwarding headers need to know of the client. */
export type ForwardingContext = Pick<Exchange, 'req' | 'trusted' | 'target' | 'host' | 'requestId'>;

const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
