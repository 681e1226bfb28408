import { createServer, type AddressInfo, type Server } from 'node:net';
import type { TestContext } from 'node:test';
import { RequestBodies } from '../http1/own/request-body.ts';
import { Http2Connections } from '../http2/connections.ts';
import { PrebuiltHttp2Responses } from '../http2/prebuilt-responses.ts';
import type { Http2Server } from '../http2/server.ts';

/** Serves HTTP/2 without TLS and without an edge behind it. Returns the port. */
export async function serveHttp2(
  t: TestContext,
  handlers: Pick<Http2Server, 'handle' | 'handleStreamed'> & Partial<Http2Server>,
): Promise<Readonly<{ port: number; connections: Http2Connections; server: Server }>> {
  const time = { now: performance.now() + TICK_MS };
  const connections = new Http2Connections({
    maxHeaderBytes: 65_536,
    maxHeaders: 200,
    headersMs: 5_000,
    bodies: new RequestBodies(65_536, 1_000_000),
    bodyMs: 5_000,
    keepAliveMs: 5_000,
    stallTimeoutMs: 5_000,
    prebuilt: new PrebuiltHttp2Responses(1_000_000),
    memo: { lookup: () => undefined, recordHit: () => undefined, nextEpoch: () => undefined },
    clientAddress: () => ({ ip: '127.0.0.1', trusted: false }),
    time,
    reject: (_req, reply, { status }) => {
      reply.writeHead(status, []);
      reply.end();
    },
    ...handlers,
  });
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = connections.accept(socket);
    socket.on('data', (chunk: Buffer) => connection.receive(chunk, chunk.length));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const timer = setInterval(() => {
    time.now = performance.now() + TICK_MS;
    connections.tick(performance.now());
  }, TICK_MS);
  t.after(() => {
    clearInterval(timer);
    server.close();
    connections.closeAll();
  });
  return { port: (server.address() as AddressInfo).port, connections, server };
}

const TICK_MS = 50;
