import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from '../client.ts';
import { cookiesOf, heading } from '../pages-router/text.ts';
import type { Site } from '../site.ts';
import type { External } from './external.ts';

/** Redirects, rewrites and headers of next.config. */
export function declareConfiguration(site: () => Site, external: () => External): void {
  const leads = async (path: string, headers: Record<string, string> = {}): Promise<[number, string | undefined]> => {
    const response = await site().request(path, { headers });
    return [response.status, response.headers.location];
  };

  test('redirects: permanent, temporary and with a status of their own', async () => {
    assert.deepEqual(await leads('/r/permanent?x=1'), [308, '/app-page?x=1']);
    assert.deepEqual(await leads('/r/temporary?by=me&x=1'), [307, '/app-page?by=redirect&x=1']);
    assert.deepEqual(await leads('/r/status'), [301, '/app-page']);
    assert.deepEqual(await leads('/r/found'), [302, '/app-page']);
  });

  test('redirects: parts of the path by name, the rest of it, patterns, other sites', async () => {
    assert.deepEqual(await leads('/r/named/a%20b'), [307, '/posts/a%20b?n=a%20b']);
    assert.deepEqual(await leads('/r/rest/a/b'), [307, '/base/a/b']);
    assert.deepEqual(await leads('/r/rest'), [307, '/base']);
    assert.deepEqual(await leads('/r/pattern/123'), [307, '/posts/123']);
    assert.equal((await leads('/r/pattern/1234567'))[0], 404);
    assert.deepEqual(await leads('/r/outside/a/b?x=1'), [307, 'https://example.com/there/a/b?x=1#part']);
    assert.deepEqual(await leads('/app-page/moved'), [307, '/app-page']);
  });

  test('redirects: with conditions on query, header and cookie, and what those captured', async () => {
    assert.deepEqual(await leads('/r/has?go=there'), [307, '/posts/there?go=there']);
    assert.equal((await leads('/r/has'))[0], 404);
    assert.deepEqual(await leads('/r/header', { 'x-go': 'place' }), [307, '/posts/place']);
    assert.deepEqual(await leads('/r/missing'), [307, '/app-page']);
    assert.equal((await leads('/r/missing', { cookie: 'stay=1' }))[0], 404);
  });

  test('a slash at the end is redirected away before the proxy runs', async () => {
    const response = await site().request('/app-page/?x=1');
    assert.deepEqual(
      [response.status, response.headers.location, response.headers['x-proxy-path']],
      [308, '/app-page?x=1', undefined],
    );
  });

  test('rewrites beforeFiles come before files and pages, and one after the other', async () => {
    assert.match(
      heading(await site().request('/b/page?x=1')),
      /\{\\"x\\":\\"1\\",\\"by\\":\\"before\\"\}.*"url":"\/b\/page\?x=1"/,
    );
    assert.equal((await site().request('/file.txt?instead=1')).body, 'matched by nothing\n');
    assert.match(
      heading(await site().request('/pages-static', { headers: { 'x-instead': '1' } })),
      /dynamic page of pages/,
    );
    assert.equal((await site().request('/b/chain')).status, 404, 'rules are tried once, in their order');
  });

  test('rewrites afterFiles come after files and static pages, before dynamic routes', async () => {
    assert.equal((await site().request('/file.txt')).body, 'plain file\n');
    assert.match(heading(await site().request('/a/page/7')), /\{\\"id\\":\\"7\\"\}.*"url":"\/a\/page\/7"/);
    assert.match((await site().request('/a/app/7')).body, /&quot;query&quot;:\{&quot;id&quot;:&quot;7&quot;\}/);
    assert.equal(heading(await site().request('/a/post/first')), 'post first');
    assert.equal((await site().request('/a/file')).body, 'plain file\n');
    assert.deepEqual(JSON.parse((await site().request('/a/api/x/y')).body).query, { path: 'x/y' });
    assert.match(heading(await site().request('/a/cookie', { headers: { cookie: 'who=me' } })), /\{\\"who\\":\\"me\\"/);
    assert.match(heading(await site().request('/posts/none')), /\{\\"after\\":\\"1\\"\}/);
  });

  test('rewrites fallback come last, also after a dynamic route that has no such path', async () => {
    assert.match(heading(await site().request('/posts/unknown')), /\\"unknown\\":\\"unknown\\"/);
    assert.match(heading(await site().request('/f/a/b')), /\\"fallback\\":\\"a\/b\\"/);
    assert.equal(heading(await site().request('/posts/first')), 'post first');
  });

  test('headers: in their order, by name and on every kind of response', async () => {
    const page = await site().request('/pages-page');
    assert.deepEqual([page.headers['x-from-config'], page.headers['x-from-all']], ['last', 'all']);
    for (const path of [
      '/',
      '/app-page',
      '/static-page',
      '/pages-static',
      '/file.txt',
      '/free.txt',
      '/nowhere',
      '/api/hello',
      '/mw/answer',
      '/posts/first',
    ])
      assert.equal((await site().request(path)).headers['x-from-all'], 'all', path);
    assert.equal((await site().request('/file.txt')).headers['cache-control'], 'public, max-age=77');
  });

  test('headers: with conditions on header, cookie, query and host, with what is missing, and what those captured', async () => {
    const says = async (path: string, headers: Record<string, string> = {}) =>
      (await site().request(path, { headers })).headers['x-case'];
    assert.deepEqual(
      [await says('/if/header', { 'x-want': 'this' }), await says('/if/header')],
      ['header this', undefined],
    );
    assert.deepEqual(
      [await says('/if/cookie', { cookie: 'want=yes' }), await says('/if/cookie', { cookie: 'want=no' })],
      ['cookie', undefined],
    );
    assert.deepEqual([await says('/if/query?want=it'), await says('/if/query')], ['query it', undefined]);
    assert.equal(await says('/if/host'), `host ${site().host.split('.')[0]}`);
    assert.deepEqual(
      [
        await says('/if/missing'),
        await says('/if/missing', { 'x-want': '1' }),
        await says('/if/missing', { cookie: 'want=1' }),
      ],
      ['missing', undefined, undefined],
    );
    assert.deepEqual(
      [await says('/if/both?a=1'), await says('/if/both?a=1&b=2'), await says('/if/both')],
      ['both', undefined, undefined],
    );
  });

  test('external rewrites: method, body, query, cookies and status go through, headers of the hop do not', async () => {
    const response = await site().request('/external/a/b?x=1', {
      method: 'POST',
      body: 'sent along',
      headers: { cookie: 'mine=1' },
    });
    assert.deepEqual(JSON.parse(response.body), {
      method: 'POST',
      path: '/got/a/b',
      query: { x: '1', by: 'rewrite' },
      body: 'sent along',
      cookie: 'mine=1',
      added: null,
      named: true,
    });
    assert.deepEqual(
      [response.status, response.headers['x-from-external'], cookiesOf(response)],
      [200, 'yes', ['external=1; Path=/', 'more=2; Path=/']],
    );
    assert.equal((await site().request('/external/status?code=418')).status, 418);
    assert.equal(JSON.parse((await site().request('/mw/external')).body).path, '/by-proxy');
  });

  test('external rewrites: the response is passed on as it comes', async () => {
    // It ends only when what came before was seen here.
    const streamed = await stream({ port: site().platform.edgePort, host: site().host }, '/external/slow', {
      signal: AbortSignal.timeout(60_000),
      leaveWhen(text) {
        if (text.includes('first')) external().finish();
        return false;
      },
    });
    assert.equal(streamed.text, 'first second');
  });
}
