import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { buildIdOf, cookiesOf, heading } from './text.ts';

const ERROR = /no-store/;

/** Pages that are files, made at build time, or for each request. */
export function declarePages(site: () => Site): void {
  test('a page that is nothing but a file, at the root and below', async () => {
    assert.equal(heading(await site().visit('/')), 'The home page');
    const client = await site().visit('/client?q=1');
    assert.equal(client.headers['x-anchor-cache'], 'STATIC');
    assert.equal(heading(client), 'ready=false q=none');
  });

  test('getStaticProps: made once at build time, the same for everybody', async () => {
    const [first, second] = [await site().visit('/ssg'), await site().visit('/ssg?q=1')];
    assert.match(heading(first), /^stamp=\w+$/);
    assert.equal(heading(second), heading(first));
    assert.equal((await site().visit('/ssg', { method: 'POST', body: 'x' })).status, 405);
  });

  test('getServerSideProps: query, cookies, headers and method of the request', async () => {
    const answer = await site().visit('/ssr?a=1&a=2&b=%20x', { headers: { cookie: 'name=me', 'x-asked': 'yes' } });
    assert.equal(heading(answer), 'query={"a":["1","2"],"b":" x"} cookie=me header=yes method=GET preview=false');
    assert.match(answer.body, /url=(?:<!-- -->)?\/ssr\?a=1&amp;a=2&amp;b=(?:%20|\+)x/);
    assert.match(heading(await site().visit('/ssr', { method: 'POST', body: 'a=1' })), /method=POST/);
  });

  test('getServerSideProps: headers, cookies, status and its own end of the answer', async () => {
    const answer = await site().visit('/ssr');
    assert.equal(answer.headers['x-from-props'], 'yes');
    assert.deepEqual(cookiesOf(answer), ['seen=1; Path=/', 'twice=2; Path=/; HttpOnly']);
    assert.match(String(answer.headers['cache-control']), ERROR);
    assert.equal((await site().visit('/ssr?cached=1')).headers['cache-control'], 'public, s-maxage=10, stale-while-revalidate=59');
    assert.equal((await site().visit('/ssr?status=418')).status, 418);
    assert.equal((await site().visit('/ssr?end=1')).body, 'ended by getServerSideProps');
  });

  test('getServerSideProps: redirect, permanent or with a status of its own', async () => {
    for (const [path, status, location] of [['/ssr?go=/ssg', 307, '/ssg'], ['/ssr?go=/ssg&permanent=1', 308, '/ssg'], ['/ssr?see=https://example.com/x', 303, 'https://example.com/x']] as const) {
      const answer = await site().visit(path);
      assert.deepEqual([answer.status, answer.headers.location], [status, location]);
    }
  });

  test('getServerSideProps: notFound gives the own 404 page, an error the own error page with 500', async () => {
    const missing = await site().visit('/ssr?missing=1');
    assert.deepEqual([missing.status, heading(missing)], [404, 'Own page for what is missing, by getStaticProps']);
    const failed = await site().visit('/ssr?throw=1');
    assert.deepEqual([failed.status, heading(failed)], [500, 'Own error page: 500']);
    assert.match(String(failed.headers['cache-control']), ERROR);
    assert.deepEqual(cookiesOf(failed), ['seen=1; Path=/', 'twice=2; Path=/; HttpOnly'], 'what was set before stays');
  });

  test('getStaticPaths with fallback false: its paths and no others', async () => {
    assert.equal(heading(await site().visit('/posts/first')), 'Post first');
    assert.equal(heading(await site().visit('/posts/zweite%20Stra%C3%9Fe')), 'Post zweite Straße');
    assert.equal(heading(await site().visit('/written/first')), 'Post first', 'by a rewrite of the configuration');
    const none = await site().visit('/posts/none');
    assert.deepEqual([none.status, heading(none)], [404, 'Own page for what is missing, by getStaticProps']);
  });

  test('getInitialProps runs on the server for the first page', async () => {
    assert.equal(heading(await site().visit('/initial?x=1')), 'where=server query={"x":"1"}');
  });

  test('an optional catch-all route with none, one and several parts', async () => {
    for (const [path, parts] of [['/docs', 'none'], ['/docs/a', 'a'], ['/docs/a/b%20c', 'a|b c'], ['/docs/a%2Fb', 'a/b']] as const) assert.equal(heading(await site().visit(path)), `path=${parts}`);
  });

  test('custom _document and _app surround every page, error pages too', async () => {
    for (const [path, route] of [['/ssr', '/ssr'], ['/ssg', '/ssg'], ['/', '/'], ['/posts/first', '/posts/[slug]'], ['/none', '/404'], ['/ssr?throw=1', '/_error']] as const) {
      const { body } = await site().visit(path);
      assert.ok(body.includes(`data-document="${route}"`), `${path}: ${body.slice(0, 200)}`);
      assert.ok(body.includes('data-app="custom"') && body.includes('name="from-document"'));
    }
  });

  test('the own 404 page for any path, with a status that no cache keeps', async () => {
    for (const path of ['/none', '/none/deep', '/404', '/_error', '/posts/[slug]', '/api/none']) {
      const answer = await site().visit(path);
      assert.deepEqual([path, answer.status, heading(answer)], [path, 404, 'Own page for what is missing, by getStaticProps']);
    }
    assert.match(String((await site().visit('/none')).headers['cache-control']), ERROR);
  });

  test('a slash too much is redirected away, query kept', async () => {
    const answer = await site().visit('/ssg/?a=b');
    assert.deepEqual([answer.status, answer.headers.location], [308, '/ssg?a=b']);
  });

  test('public files and hashed files', async () => {
    assert.equal((await site().visit('/file.txt')).body, 'plain file\n');
    const { body } = await site().visit('/ssr');
    const script = /src="(\/_next\/static\/[^"]+\.js[^"]*)"/.exec(body)?.[1] ?? assert.fail('no script');
    const answer = await site().visit(script.replaceAll('&amp;', '&'));
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers['cache-control']), /immutable/);
    assert.ok((await site().visit(`/_next/static/${buildIdOf(await site().visit('/ssr'))}/_buildManifest.js`)).status === 200);
  });
}
