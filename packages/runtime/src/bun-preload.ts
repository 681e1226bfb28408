/**
 * Loaded into every Bun process of a function (`bun --preload`). `Bun.serve` and `listen` of `node:http` on $PORT use
 * the function's unix socket instead, and SIGTERM lets the server finish its requests. The site's own addresses lead
 * to that socket, in this process and in its children.
 */
import { Server } from 'node:http';
import { environment } from './process/environment.ts';
import { requestedPort } from './process/listen-arguments.ts';
import { ownPorts, LoopbackListeners, passTo } from './process/loopback-listeners.ts';
import { serveOwnFetches } from './process/own-addresses.ts';
import { recordOwnExit } from './process/own-exit.ts';

type Serve = (options: Record<string, unknown>) => unknown;

const socket = environment['ANCHOR_SOCKET'];
const port = Number(environment['PORT']);
const bun: unknown = Reflect.get(globalThis, 'Bun');

if (socket !== undefined && Number.isInteger(port) && typeof bun === 'object' && bun !== null) {
  recordOwnExit(socket);
  // Bun has its own `fetch`, which takes the socket as an option.
  const unix = Object.assign<RequestInit, object>({}, { unix: socket });
  serveOwnFetches(port, (request, original) => original(request, unix));
  let taken = false;
  const takes = (wanted: unknown): boolean => {
    // The first server that listens on the port, on none, or on a fixed one is the site.
    if (taken || (wanted !== undefined && Number(wanted) === 0)) return false;
    taken = true;
    if (wanted !== undefined && Number(wanted) !== port)
      console.warn(`It listens on ${String(wanted)}, not on $PORT (${port}): requests are passed on to it.`);
    return true;
  };
  const original: unknown = Reflect.get(bun, 'serve');
  if (typeof original === 'function') {
    const serve: Serve = (options) => {
      if (options['unix'] !== undefined || !takes(options['port'])) return Reflect.apply(original, bun, [options]);
      const { port: _port, hostname: _hostname, tls: _tls, reusePort: _reuse, ...rest } = options;
      const server: unknown = Reflect.apply(original, bun, [{ ...rest, unix: socket }]);
      open(socket);
      listenOnLoopback(socket);
      drain(server);
      return server;
    };
    Reflect.set(bun, 'serve', serve);
  }
  const listen: unknown = Reflect.get(Server.prototype, 'listen');
  if (typeof listen === 'function') {
    Reflect.set(Server.prototype, 'listen', function (this: unknown, ...args: readonly unknown[]) {
      const wanted = requestedPort(args);
      if (wanted === undefined || wanted === 0 || !takes(wanted)) return Reflect.apply(listen, this, args);
      const server: unknown = Reflect.apply(listen, this, [
        { path: socket },
        ...args.filter((arg) => typeof arg === 'function'),
      ]);
      setTimeout(() => {
        open(socket);
        listenOnLoopback(socket);
      }, 50);
      return server;
    });
  }
}

/** Lets this process and its children reach the site on the loopback, by any client. */
function listenOnLoopback(path: string): void {
  new LoopbackListeners().open([port, ...ownPorts()], passTo({ path }));
}

/** Opens the socket to all users: the permissions of its directory decide which processes may connect. */
function open(path: string): void {
  void import('node:fs').then(({ chmodSync }) => chmodSync(path, 0o666)).catch(() => undefined);
}

function drain(server: unknown): void {
  const stop: unknown = typeof server === 'object' && server !== null ? Reflect.get(server, 'stop') : undefined;
  if (typeof stop !== 'function') return;
  process.on('SIGTERM', () => {
    if (process.listenerCount('SIGTERM') > 1) return;
    void Promise.resolve(Reflect.apply(stop, server, [])).then(() => process.exit(0));
  });
}
