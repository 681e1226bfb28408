import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { proxyTo } from './external-proxy.ts';

async function listen(t: TestContext, listener: RequestListener): Promise<URL> {
  const server: Server = createServer(listener);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

test('another origin sends its response, but no instructions to the edge', async (t) => {
  const outside = await listen(t, (_, response) =>
    response.writeHead(200, { 'x-anchor-serve': '/secret', 'x-anchor-entry': '{}', 'x-own': '1' }).end('outside'),
  );
  const inside = await listen(t, (request, response) => void proxyTo(outside, request, response));
  const reply = await fetch(inside);
  assert.deepEqual(
    [
      await reply.text(),
      reply.headers.get('x-own'),
      reply.headers.get('x-anchor-serve'),
      reply.headers.get('x-anchor-entry'),
    ],
    ['outside', '1', null, null],
  );
});
