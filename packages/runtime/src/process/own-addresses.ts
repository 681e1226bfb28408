/**
 * Lets an application send requests to itself under its own names: `http://localhost:$PORT`, `ANCHOR_URL`, and the
 * hosts that its clients request. A connection to one of them goes to the application's own socket. It never leaves the
 * sandbox, so no other project and nothing of the machine can be reached by it, whatever name it sends.
 */
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ownAddressesOf } from '@anchor/protocol/own-addresses.ts';
import { environment, isRecord, parseUrl } from './environment.ts';

/** Hosts of clients that are remembered. The edge vouches for them: each is an alias of this deployment. */
const MAX_HOSTS = 64;

export type OwnAddresses = Readonly<{
  /**
   * Records that a client requested this host, as the edge passes it on. The value of a proxy before the edge is
   * ignored, because it may be forged.
   */
  learn(host: string | undefined, scheme: string | undefined): void;
}>;

/**
 * Serves requests of the app to itself. Call it once, before the app's own code runs. `port`: the port that the app was
 * given.
 */
export function serveOwnAddresses(socket: string, port: number | undefined): OwnAddresses {
  const own = new Set(knownNames(port));
  const learned: string[] = [];
  // The name of a host is the app's, each of its ports is not: a database may be on another.
  const ports = new Set(['80', '443', ...ownAddressesOf(environment).map((address) => String(address.port))]);
  redirectConnections(own, socket);
  redirectFetch(own, /^https:/);
  return {
    learn(host, scheme) {
      const name = host === undefined ? undefined : nameOf(`${scheme === 'https' ? 'https' : 'http'}://${host}`);
      if (name === undefined || own.has(name) || !ports.has(portOf(name))) return;
      own.add(name);
      if (learned.push(name) > MAX_HOSTS) own.delete(learned.shift() ?? '');
    },
  };
}

/** Sends the request to the socket, with `fetch` as it was. */
export type SendToSocket = (request: Request, original: typeof fetch) => Promise<Response>;

/** Serves `fetch` of the app to itself where that opens no connection of Node. */
export const serveOwnFetches = (port: number, send: SendToSocket): void =>
  redirectFetch(new Set(knownNames(port)), /^https?:/, send);

const knownNames = (port: number | undefined): readonly string[] => [
  ...ownAddressesOf(environment).map((address) => `${address.host}:${address.port}`),
  ...(port === undefined ? [] : ['localhost', '127.0.0.1', '[::1]', '::1'].map((host) => `${host}:${port}`)),
];

/** Returns host and port; undefined for an invalid address. */
function nameOf(address: string): string | undefined {
  const url = parseUrl(address);
  if (url === undefined || url.hostname === '') return undefined;
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port}`;
}

const portOf = (name: string): string => name.slice(name.lastIndexOf(':') + 1);

type Connect = (...args: unknown[]) => Socket;

function redirectConnections(own: ReadonlySet<string>, path: string): void {
  const original = Socket.prototype.connect as unknown as Connect;
  const replaced: Connect = function (this: Socket, ...args) {
    const target = this instanceof TLSSocket ? undefined : targetOf(args);
    if (target === undefined || !own.has(target)) return Reflect.apply(original, this, args);
    return Reflect.apply(original, this, [{ path }, ...callbackOf(args)]);
  };
  Socket.prototype.connect = replaced as unknown as typeof Socket.prototype.connect;
}

/** Returns the arguments as a list: Node passes its own calls on as a list of options and callback. */
const listOf = (args: readonly unknown[]): readonly unknown[] => (Array.isArray(args[0]) ? args[0] : args);
const callbackOf = (args: readonly unknown[]): readonly unknown[] =>
  listOf(args).filter((arg) => typeof arg === 'function');

function targetOf(args: readonly unknown[]): string | undefined {
  const [first, second] = listOf(args);
  const { port, host, path } = isRecord(first) ? first : { port: first, host: second, path: undefined };
  if (path !== undefined && path !== null) return undefined;
  return `${typeof host === 'string' && host !== '' ? host.toLowerCase() : 'localhost'}:${String(port)}`;
}

/**
 * Redirects `fetch` to the socket. Encryption ends at the edge, so the request names its original scheme, and goes to
 * the socket as the edge would send it.
 */
function redirectFetch(
  own: ReadonlySet<string>,
  schemes: RegExp,
  send: SendToSocket = (request, original) => original(request),
): void {
  const original = globalThis.fetch;
  const replaced: typeof fetch = (input, init) => {
    const address = typeof input === 'string' || input instanceof URL ? String(input) : input.url;
    const url = schemes.test(address) ? parseUrl(address) : undefined;
    if (url === undefined || !own.has(nameOf(address) ?? '')) return original(input, init);
    const request = new Request(input, init);
    return send(url.protocol === 'https:' ? asTheEdgeSends(request, url) : request, original);
  };
  globalThis.fetch = Object.assign(replaced, original);
}

function asTheEdgeSends(request: Request, url: URL): Request {
  const inside = new URL(url);
  inside.protocol = 'http:';
  inside.port = url.port === '' ? '443' : url.port;
  const headers = new Headers(request.headers);
  headers.set('x-forwarded-proto', 'https');
  headers.set('x-forwarded-host', url.host);
  return new Request(inside, new Request(request, { headers }));
}
