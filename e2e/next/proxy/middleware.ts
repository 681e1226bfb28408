import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logOf } from '../../helpers.ts';
import { eventually } from '../../platform.ts';
import { requestInParts, type Gates } from '../gates.ts';
import { buildIdOf, cookiesOf, heading } from '../pages-router/text.ts';
import type { Site } from '../site.ts';

/** `proxy.ts`, for both routers. */
export function declareMiddleware(site: () => Site, gates: () => Gates): void {
  test('proxy: rewrites to pages of either router, static or dynamic, to files and through rewrites of the configuration', async () => {
    for (const [path, text] of [
      ['/mw/rewrite-pages', /dynamic page of pages\/ .*\{\\"by\\":\\"proxy\\"\}/],
      ['/mw/rewrite-app', /dynamic page of app/],
      ['/mw/to-app', /static page of app/],
      ['/mw/rewrite-static', /static page of pages/],
      ['/mw/rewrite-post', /^post first$/],
      ['/mw/rewrite-config', /\{\\"id\\":\\"7\\"\}/],
    ] as const) {
      const response = await site().request(path);
      assert.deepEqual([path, response.status], [path, 200]);
      assert.match(heading(response), text, path);
    }
    assert.equal((await site().request('/mw/rewrite-file')).body, 'plain file\n');
    assert.equal((await site().request('/mw/rewrite-none')).status, 404);
    const refused = await site().request('/mw/rewrite-status');
    assert.equal(refused.headers['x-proxy-more'], 'yes');
  });

  test('proxy: redirects, temporary, permanent and to other sites', async () => {
    for (const [path, status, location] of [
      ['/mw/redirect', 307, '/pages-ssr?by=proxy'],
      ['/mw/permanent', 308, '/app-page'],
      ['/mw/outside', 307, 'https://example.com/there?x=1'],
    ] as const) {
      const response = await site().request(path);
      assert.deepEqual([response.status, response.headers.location], [status, location]);
    }
  });

  test('proxy: headers that it adds to and takes from a request reach pages and API routes of both routers', async () => {
    const page = heading(await site().request('/pages-ssr', { headers: { 'x-remove-me': 'please' } }));
    assert.match(page, /"added":"by proxy","removed":"none"/);
    assert.match(
      (await site().request('/app-page', { headers: { 'x-remove-me': 'please' } })).body,
      /&quot;added&quot;:&quot;by proxy&quot;,&quot;removed&quot;:null/,
    );
    assert.equal(JSON.parse((await site().request('/api/hello')).body).added, 'by proxy');
    assert.equal(JSON.parse((await site().request('/api/echo')).body).added, 'by proxy');
  });

  test('proxy: headers and cookies on the response, also of static pages; the page sees the cookies', async () => {
    const response = await site().request('/app-page');
    assert.equal(response.headers['x-proxy-path'], '/app-page');
    assert.equal(response.headers['x-proxy-many'], 'one, two');
    assert.deepEqual(cookiesOf(response), ['by-proxy=cookie; Path=/; HttpOnly', 'second=2; Path=/']);
    assert.match(response.body, /&quot;cookie&quot;:&quot;cookie&quot;/);
    assert.equal((await site().request('/pages-static')).headers['x-proxy-path'], '/pages-static');
  });

  test('proxy: responds by itself, with status, headers, cookies, a stream or nothing; on Node', async () => {
    const response = await site().request('/mw/answer');
    assert.deepEqual(
      [response.status, response.headers['x-proxy-answer'], response.headers['x-from-all'], cookiesOf(response)],
      [203, 'yes', 'all', ['answered=1; Path=/']],
    );
    const { runtime, pid, url } = JSON.parse(response.body);
    assert.deepEqual(
      [runtime, pid, new URL(url).pathname, new URL(url).hostname],
      ['nodejs', 'number', '/mw/answer', site().host],
    );
    assert.equal((await site().request('/mw/empty')).status, 204);
    await requestInParts(gates(), site(), '/mw/stream', ['one', 'two', 'three']);
    const created = await site().request('/mw/location');
    assert.deepEqual(
      [created.status, new URL(String(created.headers.location), site().url('/')).pathname, created.body],
      [201, '/posts/1', 'created'],
    );
  });

  test('proxy: an error responds with the own page and is logged', async () => {
    const response = await site().request('/mw/throw');
    assert.equal(response.status, 500);
    await eventually(
      async () => (await logOf(site().platform, site().live(), 'run')).includes('the proxy fails on purpose'),
      30_000,
      () => 'it is not in the log',
    );
  });

  test('proxy: reads a body that the route reads again', async () => {
    const body = 'x'.repeat(600_000);
    assert.equal(JSON.parse((await site().request('/mw/body', { method: 'POST', body })).body).length, 600_000);
    assert.deepEqual(JSON.parse((await site().request('/api/echo', { method: 'POST', body })).body), {
      length: 600_000,
      start: 'x'.repeat(20),
      read: '600000',
    });
  });

  test('proxy: runs for what its matchers name, by text, pattern, optional part, header, cookie and query', async () => {
    const runs = async (path: string, headers: Record<string, string> = {}): Promise<boolean> =>
      (await site().request(path, { headers })).headers['x-proxy-path'] !== undefined;
    const seen = {
      list: await runs('/app-page'),
      below: await runs('/mw/other'),
      pattern: await runs('/pages-static'),
      excluded: await runs('/free-static'),
      none: await runs('/pages-page'),
      has: await runs('/m/has', { 'x-in': 'yes' }),
      hasNot: await runs('/m/has', { 'x-in': 'no' }),
      missing: await runs('/m/missing'),
      missingNot: await runs('/m/missing', { cookie: 'out=1' }),
      query: await runs('/m/query?in=1'),
      queryNot: await runs('/m/query'),
      number: await runs('/m/one/7'),
      numberNot: await runs('/m/one/x'),
      other: await runs('/m/three/7'),
      optional: await runs('/m/optional'),
      optionalPart: await runs('/m/optional/a'),
      optionalDeep: await runs('/m/optional/a/b'),
    };
    assert.deepEqual(seen, {
      list: true,
      below: true,
      pattern: true,
      excluded: false,
      none: false,
      has: true,
      hasNot: false,
      missing: true,
      missingNot: false,
      query: true,
      queryNot: false,
      number: true,
      numberNot: false,
      other: false,
      optional: true,
      optionalPart: true,
      optionalDeep: false,
    });
  });

  test('proxy: data of pages passes it under the address of the page, and the client gets its target', async () => {
    const id = buildIdOf(await site().request('/pages-page'));
    const data = (path: string) => site().request(`/_next/data/${id}/${path}`, { headers: { 'x-nextjs-data': '1' } });
    const passed = await data('pages-ssr.json?a=1');
    assert.deepEqual([passed.headers['x-proxy-path'], passed.headers['x-proxy-data']], ['/pages-ssr', '1']);
    assert.equal((await data('mw/redirect.json')).headers['x-nextjs-redirect'], '/pages-ssr?by=proxy');
    const rewritten = await data('mw/rewrite-pages.json');
    assert.deepEqual(
      [rewritten.headers['x-nextjs-rewrite'], JSON.parse(rewritten.body).pageProps.query],
      ['/pages-ssr?by=proxy', '{"by":"proxy"}'],
    );
  });

  test('proxy: cannot be bypassed by headers, by letters written otherwise or by the address of data', async () => {
    for (const headers of [
      { 'x-middleware-subrequest': 'proxy:proxy:proxy:proxy:proxy' },
      { 'x-middleware-next': '1' },
      { 'x-middleware-skip': '1' },
      { 'x-prerender-revalidate': 'guessed' },
      { 'x-anchor-refresh': '1' },
    ]) {
      assert.equal(
        (await site().request('/app-page', { headers })).headers['x-proxy-path'],
        '/app-page',
        JSON.stringify(headers),
      );
    }
    assert.ok((await site().request('/app%2Dpage')).headers['x-proxy-path'] !== undefined);
    assert.ok((await site().request('/pages-st%61tic')).headers['x-proxy-path'] !== undefined);
    assert.ok(
      (await site().request(`/_next/data/${buildIdOf(await site().request('/pages-page'))}/pages-static.json`)).headers[
        'x-proxy-path'
      ] !== undefined,
    );
  });
}
