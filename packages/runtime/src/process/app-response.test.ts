import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { AppRequest } from './app-request.ts';
import { AppResponse, setInternalHeader } from './app-response.ts';
import { inRequest, prefixOutput } from './request-log.ts';

prefixOutput();

async function headersOf(t: TestContext, listener: (response: ServerResponse) => void): Promise<Headers> {
  const server = createServer({ ServerResponse: AppResponse }, (_, response) => listener(response));
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    headers: { connection: 'close' },
  });
  await reply.text();
  return reply.headers;
}

test('however an app sets headers, orders to the edge are not among them, and all else is as it was', async (t) => {
  const foreign = { 'X-Anchor-Serve': '/guarded', 'x-anchor-entry': '{}', 'x-own': '1', 'x-anchored': '2' };
  for (const set of [
    (response: ServerResponse) => {
      for (const [name, value] of Object.entries(foreign)) response.setHeader(name, value);
      response.end();
    },
    (response: ServerResponse) => {
      for (const [name, value] of Object.entries(foreign)) response.appendHeader(name, value);
      response.end();
    },
    (response: ServerResponse) => void response.setHeaders(new Map(Object.entries(foreign))).end(),
    (response: ServerResponse) => void response.writeHead(200, foreign).end(),
    (response: ServerResponse) => void response.writeHead(200, 'Fine', foreign).end(),
    (response: ServerResponse) => void response.setHeader('x-first', '1').writeHead(200, foreign).end(),
    (response: ServerResponse) => void response.writeHead(200, Object.entries(foreign).flat()).end(),
    (response: ServerResponse) =>
      void response.setHeader('x-first', '1').writeHead(200, Object.entries(foreign).flat()).end(),
    (response: ServerResponse) => void response.writeHead(200, Object.entries(foreign)).end(),
  ]) {
    const headers = await headersOf(t, set);
    assert.deepEqual(
      [
        headers.get('x-own'),
        headers.get('x-anchored'),
        [...headers.keys()].filter((name) => name.startsWith('x-anchor-')),
      ],
      ['1', '2', []],
      String(set),
    );
  }
});

test("the runtime's own orders are given", async (t) => {
  const headers = await headersOf(t, (response) => {
    setInternalHeader(response, 'x-anchor-serve', '/file');
    response.setHeader('x-anchor-serve', '/other');
    response.writeHead(200, { 'x-anchor-serve': '/third' }).end();
  });
  assert.equal(headers.get('x-anchor-serve'), '/file');
});

test('properties that an app sets on its requests and responses belong to the app alone', async (t) => {
  const own = { resolve: () => 'own' };
  const names = ['scope', 'tell', 'held', 'release', 'beforeHead'];
  const seen: string[] = [];
  const server = createServer<typeof AppRequest, typeof AppResponse<AppRequest>>(
    { IncomingMessage: AppRequest, ServerResponse: AppResponse },
    (request, response) => {
      inRequest(request, response, () => {
        for (const message of [request, response]) {
          for (const name of names) {
            assert.equal(name in message, false, name);
            Reflect.set(message, name, own);
          }
          message.once(
            'close',
            () =>
              void seen.push(
                `${names.every((name) => Reflect.get(message, name) === own)} ${process.stdout.write('')}`,
              ),
          );
        }
        response.write('<html></html>');
        response.end();
      });
    },
  );
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    headers: { connection: 'close', 'x-request-id': 'one' },
  });
  assert.equal(await reply.text(), '<html></html>');
  assert.deepEqual(seen, ['true true', 'true true']);
});
