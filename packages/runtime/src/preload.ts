/**
 * Loaded into every Node process of a function of kind `server` (NODE_OPTIONS=--require=…/preload.cjs) with ANCHOR_SOCKET
 * and PORT. The server listens on the socket instead of the port, and lines of its output carry the id of their
 * request. SIGTERM lets it finish its requests, unless the app handles that itself.
 */
import { subscribe } from 'node:diagnostics_channel';
import { IncomingMessage } from 'node:http';
import * as nodeModule from 'node:module';
import type { Server } from 'node:net';
import { basename, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { environment, isRecord } from './process/environment.ts';
import { describeFrozenWork } from './process/frozen-work.ts';
import { ownPorts } from './process/loopback-listeners.ts';
import { redirectListen } from './process/listen-redirect.ts';
import { enterRequest, prefixOutput } from './process/request-log.ts';
import { serveOwnAddresses } from './process/own-addresses.ts';
import { recordOwnExit } from './process/own-exit.ts';
import { prepareNextServer } from './next-legacy/next-start-shim.ts';
import { enterAddress } from './next-legacy/request-address.ts';

const socket = environment['ANCHOR_SOCKET'];
const port = Number(environment['PORT']);
const cacheDir = environment['ANCHOR_CACHE'];

/** It listens for another program, and its own listeners are not the site. */
const forwards = basename(process.argv[1] ?? '') === 'foreign-server.js';

if (socket !== undefined && Number.isInteger(port) && port > 0 && !forwards) {
  if (cacheDir !== undefined && 'enableCompileCache' in nodeModule)
    nodeModule.enableCompileCache(join(cacheDir, 'compile'));
  // A shell reports the kill of its child with the same code, and the package managers' stand-in passes that on.
  if (isMainThread) recordOwnExit(socket, () => basename(process.argv[1] ?? '') !== 'run-script.js');
  const servers = new Set<Server>();
  const onListen = (server: Server): void => {
    servers.add(server);
    if (servers.size === 1 && isMainThread) drainOnTerm(servers);
  };
  redirectListen({
    port,
    socket,
    ownPorts: ownPorts(),
    onListen,
    memory: cacheDir === undefined ? undefined : join(cacheDir, 'listen-port'),
  });
  prefixOutput();
  if (cacheDir !== undefined) prepareNextServer(cacheDir);
  const ownAddresses = serveOwnAddresses(socket, port);
  subscribe('http.server.request.start', (message) => {
    if (!isRecord(message) || !(message['request'] instanceof IncomingMessage)) return;
    const { request } = message;
    if (request.headers['x-request-id'] !== undefined)
      ownAddresses.learn(request.headers.host, String(request.headers['x-forwarded-proto'] ?? 'http'));
    // Next's client sends a header for it, which the edge removes: the address decides.
    if (request.url !== undefined && isDataRequest(request.url)) request.headers['x-nextjs-data'] = '1';
    // A server action that Next has another route's page handle is forwarded over the loopback: the client's request
    // named its own host.
    const requestedHost = request.headers['x-forwarded-host'];
    if (request.headers['x-action-forwarded'] !== undefined && typeof requestedHost === 'string')
      request.headers.host = requestedHost;
    enterRequest(request);
    enterAddress(request);
  });
}

/** Decides by the path alone: the query belongs to the app. The app may be below a basePath. */
function isDataRequest(url: string): boolean {
  return (url.split('?', 1)[0] ?? '').includes('/_next/data/');
}

/** Drains on SIGTERM where the process serves. Any other process ends on SIGTERM as before. */
function drainOnTerm(servers: ReadonlySet<Server>): void {
  const onTerm = (): void => {
    const held = socket === undefined ? undefined : describeFrozenWork(socket);
    if (held !== undefined) process.stderr.write(`${held}\n`);
    if (process.listenerCount('SIGTERM') > 1) return; // the app's own handler decides
    let open = servers.size;
    for (const server of servers) {
      server.close(() => {
        if (--open === 0) process.exit(0);
      });
      // A connection that becomes idle only now would hold the process until its keep-alive ends.
      if (hasIdle(server)) setInterval(() => server.closeIdleConnections(), 50);
    }
  };
  process.on('SIGTERM', onTerm);
}

const hasIdle = (server: Server): server is Server & { closeIdleConnections(): void } =>
  'closeIdleConnections' in server && typeof server.closeIdleConnections === 'function';
