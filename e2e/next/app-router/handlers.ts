/** Route handlers: methods, bodies in and out, streams that last as long as a client listens. */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import { requestInParts, type Gates } from '../gates.ts';
import type { Site } from '../site.ts';
import { get } from './page.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export function declareHandlers(site: () => Site, gates: () => Gates): void {
  /** Waits until a process has recorded it: requests take turns, so that each process is reached. */
  const noted = (id: string, what: string): Promise<void> =>
    eventually(
      async () => (JSON.parse((await get(site(), `/api/notes?id=${id}`)).text) as string[]).includes(what),
      30_000,
      () => `no process noted "${what}"`,
    );

  test('every method reaches its handler', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']) {
      const response = await get(site(), '/api/methods', { method });
      assert.equal(response.status, 200, method);
      assert.equal(response.headers['x-method'], method);
      assert.equal(response.text, method === 'HEAD' ? '' : `${method} received`);
    }
  });

  test('a handler of GET alone responds to HEAD and OPTIONS by itself, and refuses the others', async () => {
    const head = await get(site(), '/api/implicit', { method: 'HEAD' });
    assert.equal(head.headers['x-only'], 'GET');
    assert.equal(head.text, '');
    const options = await get(site(), '/api/implicit', { method: 'OPTIONS' });
    assert.equal(options.status, 204);
    assert.deepEqual(String(options.headers['allow']).split(', ').sort(), ['GET', 'HEAD', 'OPTIONS']);
    for (const method of ['POST', 'DELETE']) assert.equal((await get(site(), '/api/implicit', { method })).status, 405);
  });

  test('a static handler is rendered by the build and served by the edge', async () => {
    const first = await get(site(), '/api/built');
    assert.equal(first.headers['content-type'], 'application/json');
    assert.equal(first.headers['x-nextjs-cache'], 'HIT');
    assert.equal((await get(site(), '/api/built')).text, first.text);
  });

  test('JSON comes in and goes out, with its status; what is none is refused by the handler', async () => {
    const headers = { 'content-type': 'application/json' };
    const good = await get(site(), '/api/json', { method: 'POST', headers, body: '{"ship":"Ø"}' });
    assert.equal(good.status, 201);
    assert.deepEqual(JSON.parse(good.text), { received: { ship: 'Ø' } });
    assert.equal((await get(site(), '/api/json', { method: 'POST', headers, body: '{' })).status, 400);
  });

  test('20 MB sent to a handler arrive whole', async () => {
    const body = randomBytes(20 << 20);
    const response = await get(site(), '/api/upload', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/octet-stream' },
    });
    assert.deepEqual(JSON.parse(response.text), { size: body.length, sha256: sha256(body) });
  });

  test('a large response arrives whole', async () => {
    const response = await get(site(), `/api/big?size=${12 << 20}`);
    assert.equal(response.bytes.length, 12 << 20);
    assert.equal(sha256(response.bytes), response.headers['x-sha256']);
  });

  test('form data: fields in order and repeated, and files byte for byte', async () => {
    const file = randomBytes(300_000);
    const form = new FormData();
    form.append('name', 'Ada & Zoë');
    form.append('tag', 'a');
    form.append('tag', 'b\r\nc');
    form.append('file', new Blob([file], { type: 'application/x-test' }), 'ünï "quoted".bin');
    const encoded = new Response(form);
    const multipart = await get(site(), '/api/form', {
      method: 'POST',
      body: await encoded.bytes(),
      headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
    });
    assert.deepEqual(JSON.parse(multipart.text), [
      ['name', 'Ada & Zoë'],
      ['tag', 'a'],
      ['tag', 'b\r\nc'],
      ['file', { name: 'ünï "quoted".bin', type: 'application/x-test', size: file.length, sha256: sha256(file) }],
    ]);
    const plain = await get(site(), '/api/form', {
      method: 'POST',
      body: 'a=1+2&a=%C3%BC',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.deepEqual(JSON.parse(plain.text), [
      ['a', '1 2'],
      ['a', 'ü'],
    ]);
  });

  test('a stream is passed on part by part', async () => {
    const { text } = await requestInParts(
      gates(),
      site(),
      '/api/stream',
      [1, 2, 3, 4, 5].map((n) => `part ${n}`),
    );
    assert.equal(text, 'part 1\npart 2\npart 3\npart 4\npart 5\n');
  });

  test('server-sent events come live, and the handler sees the client leave', async () => {
    const id = randomUUID();
    const events = await requestInParts(
      gates(),
      site(),
      `/api/events?id=${id}`,
      [0, 1, 2, 3, 4].map((n) => `id: ${n}`),
      {
        headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip, br' },
        leaveWhen: (text) => text.includes('id: 4'),
      },
    );
    assert.equal(events.headers['content-type'], 'text/event-stream');
    assert.equal(events.headers['content-encoding'], undefined);
    await noted(id, 'closed');
  });

  test('a handler that has not responded yet sees the client leave', async () => {
    const id = randomUUID();
    const client = new AbortController();
    const left = assert.rejects(get(site(), `/api/hold?id=${id}`, { signal: client.signal }));
    await noted(id, 'opened');
    client.abort();
    await left;
    await noted(id, 'closed');
  });

  test('cookies and headers: several set-cookie each, in a handler that also sets its own', async () => {
    const response = await get(site(), '/api/cookies', {
      headers: { cookie: 'a=1; b=zwei%20; gone=x', 'x-custom': 'seen' },
    });
    const seen = JSON.parse(response.text) as { before: { name: string; value: string }[]; custom: string };
    assert.deepEqual(
      seen.before.map(({ name, value }) => [name, value]),
      [
        ['a', '1'],
        ['b', 'zwei '],
        ['gone', 'x'],
      ],
    );
    assert.equal(seen.custom, 'seen');
    const cookies = response.headers['set-cookie'] ?? [];
    assert.equal(cookies.length, 4, cookies.join('\n'));
    assert.ok(
      cookies.some((cookie) => /^first=1; Path=\/; HttpOnly; SameSite=lax$/i.test(cookie)),
      cookies.join('\n'),
    );
    assert.ok(
      cookies.some((cookie) => /^second=zwei%3B%202; Path=\/; .*Max-Age=60/i.test(cookie)),
      cookies.join('\n'),
    );
    assert.ok(
      cookies.some((cookie) => /^gone=;.*Expires=Thu, 01 Jan 1970/i.test(cookie)),
      cookies.join('\n'),
    );
    assert.ok(cookies.includes('third=3; Path=/'));
    assert.equal(response.headers['x-many'], 'a, b');
  });

  test('a handler can redirect, by an exception and by a response', async () => {
    const thrown = await get(site(), '/api/redirect', { method: 'POST' });
    assert.equal(thrown.status, 307);
    assert.equal(thrown.headers['location'], '/static?from=handler');
    const redirect = await get(site(), '/api/redirect');
    assert.equal(redirect.status, 303);
    assert.equal(redirect.headers['location'], site().url('/static'));
  });

  test('a handler on the edge runtime responds, streams a body back, and sets several cookies', async () => {
    const response = await get(site(), '/api/edge?x=1');
    assert.equal(response.status, 200);
    assert.deepEqual(
      { ...(JSON.parse(response.text) as object), agent: undefined },
      { runtime: 'edge', url: site().url('/api/edge?x=1'), agent: undefined },
    );
    assert.deepEqual(response.headers['set-cookie'], ['a=1', 'b=2']);
    const body = randomBytes(1 << 20);
    const echoed = await get(site(), '/api/edge', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-test' },
    });
    assert.equal(echoed.status, 201);
    assert.equal(echoed.headers['content-type'], 'application/x-test');
    assert.ok(echoed.bytes.equals(body));
  });
}
