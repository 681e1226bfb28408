/**
 * The address of a request, for a Next that runs as a plain server (13.5 to 16.1). Such a server builds the addresses
 * that an app sees (`request.url`, `nextUrl`, redirects, rewrites) from the name and port that it was started with.
 * Here it reads both again for each request, and gets those of the client's request.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { isRecord, parseUrl } from '../process/environment.ts';

type Address = Readonly<{ hostname: string; port: number }>;

const addresses = new AsyncLocalStorage<Address | undefined>();

/** Binds everything from here on in this asynchronous context to a request for this address. */
export function enterAddress({ headers }: IncomingMessage): void {
  addresses.enterWith(addressOf(headers));
}

export function addressOf(headers: IncomingMessage['headers']): Address | undefined {
  const first = (header: string | string[] | undefined): string | undefined =>
    (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim();
  const scheme = first(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http';
  const url = parseUrl(`${scheme}://${first(headers['x-forwarded-host']) ?? headers.host ?? ''}`);
  if (url === undefined || url.hostname === '') return undefined;
  return {
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port),
  };
}

/**
 * Changes Next's own modules where they keep the address; any other module, or one of another shape, stays as it is.
 * `version`: of Next.
 */
export function withAddresses(request: string, loaded: unknown, version: () => string | undefined): unknown {
  if (request.endsWith('/next-server') && isRecord(loaded) && typeof loaded['default'] === 'function')
    return Object.create(loaded, { default: { value: serverOf(loaded['default'] as Server), enumerable: true } });
  if (request.endsWith('/resolve-routes') && isRecord(loaded) && typeof loaded['getResolveRoutes'] === 'function') {
    const { getResolveRoutes } = loaded as { getResolveRoutes: (...args: unknown[]) => unknown };
    const value = (...args: unknown[]): unknown => {
      const resolve = getResolveRoutes(
        ...args.map((arg) => (isRecord(arg) && 'port' in arg && 'dir' in arg ? followed(arg) : arg)),
      );
      return typeof resolve === 'function' && version()?.startsWith('13.') === true
        ? withoutPlainScheme(resolve)
        : resolve;
    };
    return Object.create(loaded, { getResolveRoutes: { value, enumerable: true } });
  }
  return loaded;
}

/** Next 13 takes any x-forwarded-proto for HTTPS. It sets the header itself where there is none. */
const withoutPlainScheme =
  (resolve: Function) =>
  (...args: unknown[]): unknown => {
    const [input] = args;
    const headers = isRecord(input) && isRecord(input['req']) ? input['req']['headers'] : undefined;
    if (isRecord(headers) && headers['x-forwarded-proto'] === 'http') delete headers['x-forwarded-proto'];
    return Reflect.apply(resolve, undefined, args);
  };

type Server = new (...args: never[]) => object;

const made = new WeakMap<Server, Server>();

function serverOf(Original: Server): Server {
  const known = made.get(Original);
  if (known !== undefined) return known;
  class AddressedServer extends Original {
    constructor(...args: never[]) {
      super(...args);
      follow(this, 'fetchHostname', ({ hostname }) => (hostname.includes(':') ? `[${hostname}]` : hostname));
      follow(this, 'port', ({ port }) => port);
    }
  }
  made.set(Original, AddressedServer);
  return AddressedServer;
}

/** Returns a copy of the server's options that follows the request. */
function followed(options: Record<string, unknown>): Record<string, unknown> {
  const copy = { ...options };
  follow(copy, 'hostname', ({ hostname }) => hostname);
  follow(copy, 'port', ({ port }) => port);
  return copy;
}

function follow(target: object, name: string, of: (address: Address) => unknown): void {
  let own: unknown = Reflect.get(target, name);
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: true,
    get() {
      const address = addresses.getStore();
      return address === undefined ? own : of(address);
    },
    set(value: unknown) {
      own = value;
    },
  });
}
