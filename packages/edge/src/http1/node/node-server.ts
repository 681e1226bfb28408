import { createServer, type Server } from 'node:http';
import { stallTimeoutMs, type EdgeSettings } from '../../util/settings.ts';

/**
 * Creates the node:http server for the requests that the edge does not read by itself. It has no handlers yet and never
 * listens: connections are passed to it.
 */
export function createNodeServer(settings: EdgeSettings): Server {
  const server = createServer({
    maxHeaderSize: settings.maxHeaderBytes,
    headersTimeout: settings.headersMs,
    // Uploads may take long; the proxy's own timer ends stalled ones.
    requestTimeout: 0,
    keepAliveTimeout: settings.keepAliveMs,
    connectionsCheckingInterval: Math.max(50, Math.min(2_000, Math.ceil(settings.headersMs / 4))),
    insecureHTTPParser: false,
    requireHostHeader: false,
    noDelay: true,
    optimizeEmptyRequests: true,
    shouldUpgradeCallback: (req) => req.method === 'GET' && req.headers.upgrade?.toLowerCase() === 'websocket',
  });
  server.maxHeadersCount = settings.maxHeaders;
  // A client that neither reads nor writes any more.
  server.timeout = stallTimeoutMs(settings);
  return server;
}
