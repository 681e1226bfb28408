import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { buildIdOf, cookiesOf, heading } from './text.ts';

const ERROR = /no-store/;

/** Pages that are files, made at build time, or for each request. */
export function declarePages(site: () => Site): void {
  test('a page that is nothing but a file, at the root and below', async () => {
    assert.equal(heading(await site().request('/')), 'The home page');
    const client = await site().request('/client?q=1');
    assert.equal(client.headers['x-anchor-cache'], 'STATIC');
    assert.equal(heading(client), 'ready=false q=none');
  });

  test('getStaticProps: run once at build time, the same for all clients', async () => {
    const [first, second] = [await site().request('/ssg'), await site().request('/ssg?q=1')];
    assert.match(heading(first), /^stamp=\w+$/);
    assert.equal(heading(second), heading(first));
    assert.equal((await site().request('/ssg', { method: 'POST', body: 'x' })).status, 405);
  });

  test('getServerSideProps: query, cookies, headers and method of the request', async () => {
    const response = await site().request('/ssr?a=1&a=2&b=%20x', { headers: { cookie: 'name=me', 'x-asked': 'yes' } });
    assert.equal(heading(response), 'query={"a":["1","2"],"b":" x"} cookie=me header=yes method=GET preview=false');
    assert.match(response.body, /url=(?:<!-- -->)?\/ssr\?a=1&amp;a=2&amp;b=(?:%20|\+)x/);
    assert.match(heading(await site().request('/ssr', { method: 'POST', body: 'a=1' })), /method=POST/);
  });

  test('getServerSideProps: headers, cookies, status and its own end of the response', async () => {
    const response = await site().request('/ssr');
    assert.equal(response.headers['x-from-props'], 'yes');
    assert.deepEqual(cookiesOf(response), ['seen=1; Path=/', 'twice=2; Path=/; HttpOnly']);
    assert.match(String(response.headers['cache-control']), ERROR);
    assert.equal(
      (await site().request('/ssr?cached=1')).headers['cache-control'],
      'public, s-maxage=10, stale-while-revalidate=59',
    );
    assert.equal((await site().request('/ssr?status=418')).status, 418);
    assert.equal((await site().request('/ssr?end=1')).body, 'ended by getServerSideProps');
  });

  test('getServerSideProps: redirect, permanent or with a status of its own', async () => {
    for (const [path, status, location] of [
      ['/ssr?go=/ssg', 307, '/ssg'],
      ['/ssr?go=/ssg&permanent=1', 308, '/ssg'],
      ['/ssr?see=https://example.com/x', 303, 'https://example.com/x'],
    ] as const) {
      const response = await site().request(path);
      assert.deepEqual([response.status, response.headers.location], [status, location]);
    }
  });

  test('getServerSideProps: notFound gives the own 404 page, an error the own error page with 500', async () => {
    const missing = await site().request('/ssr?missing=1');
    assert.deepEqual([missing.status, heading(missing)], [404, 'Own page for what is missing, by getStaticProps']);
    const failed = await site().request('/ssr?throw=1');
    assert.deepEqual([failed.status, heading(failed)], [500, 'Own error page: 500']);
    assert.match(String(failed.headers['cache-control']), ERROR);
    assert.deepEqual(cookiesOf(failed), ['seen=1; Path=/', 'twice=2; Path=/; HttpOnly'], 'what was set before stays');
  });

  test('getStaticPaths with fallback false: its paths and no others', async () => {
    assert.equal(heading(await site().request('/posts/first')), 'Post first');
    assert.equal(heading(await site().request('/posts/zweite%20Stra%C3%9Fe')), 'Post zweite Straße');
    assert.equal(heading(await site().request('/written/first')), 'Post first', 'by a rewrite of the configuration');
    const none = await site().request('/posts/none');
    assert.deepEqual([none.status, heading(none)], [404, 'Own page for what is missing, by getStaticProps']);
  });

  test('getInitialProps runs on the server for the first page', async () => {
    assert.equal(heading(await site().request('/initial?x=1')), 'where=server query={"x":"1"}');
  });

  test('an optional catch-all route with none, one and several parts', async () => {
    for (const [path, parts] of [
      ['/docs', 'none'],
      ['/docs/a', 'a'],
      ['/docs/a/b%20c', 'a|b c'],
      ['/docs/a%2Fb', 'a/b'],
    ] as const)
      assert.equal(heading(await site().request(path)), `path=${parts}`);
  });

  test('custom _document and _app surround every page, error pages too', async () => {
    for (const [path, route] of [
      ['/ssr', '/ssr'],
      ['/ssg', '/ssg'],
      ['/', '/'],
      ['/posts/first', '/posts/[slug]'],
      ['/none', '/404'],
      ['/ssr?throw=1', '/_error'],
    ] as const) {
      const { body } = await site().request(path);
      assert.ok(body.includes(`data-document="${route}"`), `${path}: ${body.slice(0, 200)}`);
      assert.ok(body.includes('data-app="custom"') && body.includes('name="from-document"'));
    }
  });

  test('the own 404 page for any path, with a status that no cache keeps', async () => {
    for (const path of ['/none', '/none/deep', '/404', '/_error', '/posts/[slug]', '/api/none']) {
      const response = await site().request(path);
      assert.deepEqual(
        [path, response.status, heading(response)],
        [path, 404, 'Own page for what is missing, by getStaticProps'],
      );
    }
    assert.match(String((await site().request('/none')).headers['cache-control']), ERROR);
  });

  test('a trailing slash is redirected away, the query preserved', async () => {
    const response = await site().request('/ssg/?a=b');
    assert.deepEqual([response.status, response.headers.location], [308, '/ssg?a=b']);
  });

  test('public files and hashed files', async () => {
    assert.equal((await site().request('/file.txt')).body, 'plain file\n');
    const { body } = await site().request('/ssr');
    const script = /src="(\/_next\/static\/[^"]+\.js[^"]*)"/.exec(body)?.[1] ?? assert.fail('no script');
    const response = await site().request(script.replaceAll('&amp;', '&'));
    assert.equal(response.status, 200);
    assert.match(String(response.headers['cache-control']), /immutable/);
    assert.ok(
      (await site().request(`/_next/static/${buildIdOf(await site().request('/ssr'))}/_buildManifest.js`)).status ===
        200,
    );
  });
}
