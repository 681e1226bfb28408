import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { buildIdOf, cookieHeader, cookiesOf, heading } from './text.ts';

/** Requests of the client when it navigates, and drafts. */
export function declareData(site: () => Site, unique: string): void {
  const data = async (path: string, headers: Record<string, string> = {}) => {
    const response = await site().request(`/_next/data/${buildIdOf(await site().request('/ssr'))}${path}`, {
      headers: { 'x-nextjs-data': '1', ...headers },
    });
    return {
      ...response,
      json: JSON.parse(response.body) as { pageProps?: Record<string, unknown>; notFound?: boolean },
    };
  };

  test('data of static pages', async () => {
    const { status, headers, json } = await data('/ssg.json');
    assert.deepEqual([status, headers['content-type']?.split(';')[0]], [200, 'application/json']);
    assert.match(String(json.pageProps?.['stamp']), /^\w+$/);
    assert.deepEqual((await data('/posts/first.json?slug=first')).json.pageProps, { slug: 'first' });
  });

  test('data of getServerSideProps: with query, cookies, redirects and notFound', async () => {
    const response = await data('/ssr.json?a=1', { cookie: 'name=me' });
    assert.deepEqual(
      [response.json.pageProps?.['query'], response.json.pageProps?.['cookie'], response.json.pageProps?.['url']],
      ['{"a":"1"}', 'me', '/ssr?a=1'],
    );
    assert.deepEqual(cookiesOf(response), ['seen=1; Path=/', 'twice=2; Path=/; HttpOnly']);
    assert.match(String(response.headers['cache-control']), /no-store/);
    assert.equal((await data('/ssr.json?go=/ssg')).json.pageProps?.['__N_REDIRECT'], '/ssg');
    const missing = await data('/ssr.json?missing=1');
    assert.deepEqual([missing.status, missing.json], [404, { notFound: true }]);
    assert.deepEqual((await data('/docs/a/b.json?path=a&path=b')).json.pageProps, { path: ['a', 'b'] });
  });

  test('data of pages that are rendered on request', async () => {
    const first = await data(`/isr/data-${unique}.json?slug=data-${unique}`);
    assert.equal(first.json.pageProps?.['slug'], `data-${unique}`);
    assert.deepEqual((await data(`/isr/data-${unique}.json?slug=data-${unique}`)).json, first.json);
    assert.match(
      heading(await site().request(`/isr/data-${unique}`)),
      new RegExp(String(first.json.pageProps?.['stamp'])),
      'the page is the same version',
    );
    assert.equal(
      (await data(`/lazy/data-${unique}.json?slug=data-${unique}`)).json.pageProps?.['slug'],
      `data-${unique}`,
      'never the fallback',
    );
    assert.deepEqual((await data('/isr/missing.json?slug=missing')).json, { notFound: true });
    assert.equal((await data('/isr/moved.json?slug=moved')).json.pageProps?.['__N_REDIRECT'], '/isr/built');
  });

  test('data that is not there, or of another build: 404, so that the client loads the page itself', async () => {
    for (const path of ['/none.json', '/client.json', '/initial.json', '/posts/none.json?slug=none']) {
      const response = await data(path);
      assert.deepEqual([path, response.status, response.json.notFound], [path, 404, undefined]);
    }
    for (const path of ['/_next/data/other-build/ssg.json', '/_next/data/other-build/ssr.json'])
      assert.equal((await site().request(path)).status, 404);
  });

  test('preview mode: pages are rendered for each request with the data of the cookie, until it ends', async () => {
    assert.equal(heading(await site().request('/preview')), 'preview=false draft=false data=none');
    const entered = await site().request('/api/preview');
    const cookie = cookieHeader(entered);
    assert.match(cookie, /__prerender_bypass=\w+; __next_preview_data=/);
    const previewed = await site().request('/preview', { headers: { cookie } });
    assert.equal(heading(previewed), 'preview=true draft=true data={"id":7}');
    assert.match(String(previewed.headers['cache-control']), /no-store/);
    assert.equal((await data('/preview.json', { cookie })).json.pageProps?.['data'], '{"id":7}');
    assert.match(heading(await site().request('/ssr', { headers: { cookie } })), /preview=true/);
    assert.equal(
      heading(await site().request('/preview')),
      'preview=false draft=false data=none',
      'no other client sees it',
    );
    const left = cookiesOf(await site().request('/api/preview?end=1', { headers: { cookie } }));
    assert.ok(left.length >= 2 && left.every((one) => /Expires=Thu, 01 Jan 1970/.test(one)), left.join());
  });

  test('draft mode from an API route; a forged cookie is not accepted', async () => {
    const cookie = cookieHeader(await site().request('/api/draft'));
    assert.equal(heading(await site().request('/preview', { headers: { cookie } })), 'preview=true draft=true data={}');
    assert.equal(
      heading(
        await site().request('/preview', {
          headers: { cookie: '__prerender_bypass=0123456789abcdef0123456789abcdef' },
        }),
      ),
      'preview=false draft=false data=none',
    );
  });

  test('a draft shows paths that fallback false does not have yet, to no other client', async () => {
    const cookie = cookieHeader(await site().request('/api/draft'));
    assert.equal(heading(await site().request('/posts/unpublished', { headers: { cookie } })), 'Post unpublished');
    assert.equal((await site().request('/posts/unpublished')).status, 404);
  });
}
