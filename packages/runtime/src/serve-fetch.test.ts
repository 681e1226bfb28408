import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { test } from 'node:test';
import { respondWith, handlerOf } from './serve-fetch.ts';

type FetchedResponse = Readonly<{ status: number; headers: Record<string, unknown>; body: string }>;

async function requestWith(
  handler: (request: Request) => unknown,
  options: Readonly<{ path?: string; method?: string; headers?: Record<string, string>; body?: string }> = {},
): Promise<FetchedResponse> {
  const server = createServer(
    (incoming, outgoing) => void respondWith(handler, incoming, outgoing).catch(() => outgoing.destroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  try {
    return await new Promise((resolve, reject) => {
      const sent = request(
        {
          port,
          host: '127.0.0.1',
          path: options.path ?? '/',
          method: options.method ?? 'GET',
          headers: options.headers ?? {},
          agent: false,
        },
        (response) => {
          let body = '';
          response
            .setEncoding('utf8')
            .on('data', (part: string) => (body += part))
            .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
        },
      );
      sent.on('error', reject).end(options.body);
    });
  } finally {
    server.close();
  }
}

test('the handler is found under each name that builds give it', async () => {
  const fetch = () => new Response('x');
  class Site {
    readonly text = 'own';
    fetch(): Response {
      return new Response(this.text);
    }
  }
  for (const module of [
    { default: { fetch } },
    { default: fetch },
    { fetch },
    { handler: fetch },
    { default: new Site() },
  ]) {
    const response = await handlerOf(module)?.(new Request('http://x/'));
    assert.ok(response instanceof Response);
  }
  for (const module of [{}, { default: 3 }, undefined, null, { default: { listen: fetch } }])
    assert.equal(handlerOf(module), undefined);
});

test('a request arrives with the visitor’s address, method, headers and body', async () => {
  const response = await requestWith(
    async (request) =>
      Response.json({
        url: request.url,
        method: request.method,
        x: request.headers.get('x-a'),
        body: await request.text(),
      }),
    {
      path: '//a/b?c=d',
      method: 'POST',
      headers: { host: 'shop.example', 'x-forwarded-proto': 'https', 'x-a': '1' },
      body: 'hello',
    },
  );
  assert.deepEqual(JSON.parse(response.body), {
    url: 'https://shop.example//a/b?c=d',
    method: 'POST',
    x: '1',
    body: 'hello',
  });
});

test('status, several cookies and a streamed body come back', async () => {
  const response = await requestWith(() => {
    const headers = new Headers({ 'content-type': 'text/plain' });
    headers.append('set-cookie', 'a=1');
    headers.append('set-cookie', 'b=2');
    return new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('one '));
          setTimeout(() => {
            controller.enqueue(new TextEncoder().encode('two'));
            controller.close();
          }, 20);
        },
      }),
      { status: 201, headers },
    );
  });
  assert.deepEqual([response.status, response.headers['set-cookie'], response.body], [201, ['a=1', 'b=2'], 'one two']);
});

test('a HEAD request and an empty response have no body', async () => {
  assert.deepEqual(
    await requestWith(() => new Response('x'), { method: 'HEAD' }).then(({ status, body }) => [status, body]),
    [200, ''],
  );
  assert.deepEqual(
    await requestWith(() => new Response(null, { status: 204 })).then(({ status, body }) => [status, body]),
    [204, ''],
  );
});

test('the signal aborts when the client leaves', { timeout: 10_000 }, async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer(
    (incoming, outgoing) =>
      void respondWith(
        async (request) => {
          request.signal.addEventListener('abort', () => resolve(true));
          sent.destroy();
          await promise;
          return new Response('');
        },
        incoming,
        outgoing,
      ).catch(() => undefined),
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const sent = request({
    port: address !== null && typeof address === 'object' ? address.port : 0,
    host: '127.0.0.1',
    agent: false,
  }).on('error', () => undefined);
  sent.end();
  assert.equal(await promise, true);
  server.close();
});

test('a body that waits for its reader often leaves nothing behind of its waiting', async () => {
  let sent = 0;
  let listeners = 0;
  const server = createServer((incoming, outgoing) => {
    const body = new ReadableStream({
      pull(controller) {
        listeners = Math.max(listeners, outgoing.listenerCount('close'));
        if (++sent > 40) controller.close();
        else controller.enqueue(new Uint8Array(256 * 1024));
      },
    });
    void respondWith(() => new Response(body), incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const got = await fetch(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`);
  assert.equal((await got.bytes()).length, 40 * 256 * 1024);
  server.close();
  server.closeAllConnections();
  assert.ok(listeners < 8, `${listeners} listeners`);
});
