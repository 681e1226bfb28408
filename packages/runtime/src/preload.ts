/**
 * Loaded into every Node process of a function of kind `server` (NODE_OPTIONS=--import=…/preload.js) with ANCHOR_SOCKET and
 * PORT: the server listens on the socket instead of the port, lines of its output carry the id of their request, and
 * SIGTERM lets it finish what it has, unless the app sees to that itself.
 */
import { subscribe } from 'node:diagnostics_channel';
import { IncomingMessage } from 'node:http';
import * as nodeModule from 'node:module';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { environment, isRecord } from './environment.ts';
import { redirectListen } from './listen-redirect.ts';
import { enterRequest, prefixOutput } from './request-log.ts';
import { prepareNextServer } from './server-next.ts';

const socket = environment['ANCHOR_SOCKET'];
const port = Number(environment['PORT']);
const cacheDir = environment['ANCHOR_CACHE'];

if (socket !== undefined && Number.isInteger(port) && port > 0) {
  if (cacheDir !== undefined && 'enableCompileCache' in nodeModule) nodeModule.enableCompileCache(join(cacheDir, 'compile'));
  const servers = new Set<Server>();
  redirectListen(port, socket, (server) => {
    servers.add(server);
    if (servers.size === 1 && isMainThread) drainOnTerm(servers);
  });
  prefixOutput();
  if (cacheDir !== undefined) prepareNextServer(cacheDir);
  subscribe('http.server.request.start', (message) => {
    if (!isRecord(message) || !(message['request'] instanceof IncomingMessage)) return;
    const { request } = message;
    // Next's client says so itself, but the edge does not let that in: the address tells.
    if (request.url?.includes('/_next/data/') === true) request.headers['x-nextjs-data'] = '1';
    enterRequest(request);
  });
}

/** Only processes that serve wait; everything else ends on SIGTERM as it always did. */
function drainOnTerm(servers: ReadonlySet<Server>): void {
  const onTerm = (): void => {
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

const hasIdle = (server: Server): server is Server & { closeIdleConnections(): void } => 'closeIdleConnections' in server && typeof server.closeIdleConnections === 'function';
