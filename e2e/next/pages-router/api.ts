import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { requestInParts, type Gates } from '../gates.ts';
import type { Site } from '../site.ts';
import { cookiesOf } from './text.ts';

const json = { 'content-type': 'application/json' };

/** API routes. */
export function declareApi(site: () => Site, gates: () => Gates): void {
  const read = async (path: string, options = {}): Promise<unknown> =>
    JSON.parse((await site().request(path, options)).body);

  test('API routes: methods, query and cookies', async () => {
    assert.deepEqual(await read('/api/hello?a=1&a=2', { headers: { cookie: 'x=y' } }), {
      method: 'GET',
      query: { a: ['1', '2'] },
      cookies: { x: 'y' },
      url: '/api/hello?a=1&a=2',
      preview: false,
    });
    assert.equal((await site().request('/api/hello', { method: 'DELETE' })).status, 204);
    const put = await site().request('/api/hello', { method: 'PUT' });
    assert.deepEqual([put.status, put.headers.allow], [405, 'GET, DELETE']);
    assert.deepEqual([(await site().request('/api/hello', { method: 'HEAD' })).body], ['']);
  });

  test('API routes: dynamic and catch-all', async () => {
    assert.deepEqual(((await read('/api/items/a%20b?q=1')) as { query: unknown }).query, { id: 'a b', q: '1' });
    assert.deepEqual(((await read('/api/files/a/b%2Fc')) as { query: unknown }).query, { path: ['a', 'b/c'] });
  });

  test('API routes: JSON, forms and text are parsed, what is broken is refused', async () => {
    assert.deepEqual(await read('/api/echo', { method: 'POST', body: '{"a":[1,2]}', headers: json }), {
      type: 'object',
      body: { a: [1, 2] },
    });
    assert.deepEqual(
      await read('/api/echo', {
        method: 'POST',
        body: 'a=1&b=2',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      { type: 'object', body: { a: '1', b: '2' } },
    );
    assert.deepEqual(
      await read('/api/echo', { method: 'POST', body: 'plain', headers: { 'content-type': 'text/plain' } }),
      { type: 'string', body: 'plain' },
    );
    const broken = await site().request('/api/echo', { method: 'POST', body: '{bad', headers: json });
    assert.deepEqual([broken.status, broken.body], [400, 'Invalid JSON']);
  });

  test('API routes: a body over the limit gets 413, under its own limit it is accepted', async () => {
    const large = await site().request('/api/echo', {
      method: 'POST',
      body: 'x'.repeat(1_100_000),
      headers: { 'content-type': 'text/plain' },
    });
    assert.deepEqual([large.status, large.body], [413, 'Body exceeded 1mb limit']);
    assert.deepEqual(
      await read('/api/limited', {
        method: 'POST',
        body: 'x'.repeat(3_000_000),
        headers: { 'content-type': 'text/plain' },
      }),
      { length: 3_000_000 },
    );
    assert.equal(
      (
        await site().request('/api/limited', {
          method: 'POST',
          body: 'x'.repeat(5_000_000),
          headers: { 'content-type': 'text/plain' },
        })
      ).status,
      413,
    );
  });

  test('API routes: without the parser a large body is read as it comes', async () => {
    const body = randomBytes(12 << 20);
    assert.deepEqual(await read('/api/raw', { method: 'POST', body }), {
      parsed: false,
      size: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
    });
  });

  test('API routes: large responses whole, streamed ones as they are written', async () => {
    assert.equal((await site().request('/api/big')).body.length, 6 << 20);
    await requestInParts(
      gates(),
      site(),
      '/api/stream',
      [0, 1, 2, 3].map((n) => `data: ${n}`),
    );
  });

  test('API routes: redirects and cookies', async () => {
    const redirect = await site().request('/api/redirect');
    assert.deepEqual([redirect.status, redirect.headers.location], [307, '/ssg?from=api']);
    assert.equal((await site().request('/api/redirect?permanent=1')).status, 308);
    assert.deepEqual(cookiesOf(await site().request('/api/cookies')), [
      'a=1; Path=/; HttpOnly',
      'b=2; Path=/; SameSite=Lax',
    ]);
  });

  test('API routes: an error responds with 500 and without its message', async () => {
    const failed = await site().request('/api/throw');
    assert.deepEqual([failed.status, failed.body], [500, 'Internal Server Error']);
  });

  test('API routes on the edge runtime', async () => {
    const response = await site().request('/api/edge?q=1', { method: 'POST', body: 'hey' });
    assert.equal(response.headers['x-edge'], 'yes');
    assert.deepEqual(JSON.parse(response.body), {
      pathname: '/api/edge',
      q: '1',
      method: 'POST',
      body: 'hey',
      runtime: 'edge',
    });
  });
}
