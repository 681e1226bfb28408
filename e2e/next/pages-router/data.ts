import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { buildIdOf, cookieHeader, cookiesOf, heading } from './text.ts';

/** What the client asks for when it navigates, and drafts. */
export function declareData(site: () => Site, unique: string): void {
  const data = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await site().visit(`/_next/data/${buildIdOf(await site().visit('/ssr'))}${path}`, { headers: { 'x-nextjs-data': '1', ...headers } });
    return { ...answer, json: JSON.parse(answer.body) as { pageProps?: Record<string, unknown>; notFound?: boolean } };
  };

  test('data of static pages', async () => {
    const { status, headers, json } = await data('/ssg.json');
    assert.deepEqual([status, headers['content-type']?.split(';')[0]], [200, 'application/json']);
    assert.match(String(json.pageProps?.['stamp']), /^\w+$/);
    assert.deepEqual((await data('/posts/first.json?slug=first')).json.pageProps, { slug: 'first' });
  });

  test('data of getServerSideProps: with query, cookies, redirects and notFound', async () => {
    const answer = await data('/ssr.json?a=1', { cookie: 'name=me' });
    assert.deepEqual([answer.json.pageProps?.['query'], answer.json.pageProps?.['cookie'], answer.json.pageProps?.['url']], ['{"a":"1"}', 'me', '/ssr?a=1']);
    assert.deepEqual(cookiesOf(answer), ['seen=1; Path=/', 'twice=2; Path=/; HttpOnly']);
    assert.match(String(answer.headers['cache-control']), /no-store/);
    assert.equal((await data('/ssr.json?go=/ssg')).json.pageProps?.['__N_REDIRECT'], '/ssg');
    const missing = await data('/ssr.json?missing=1');
    assert.deepEqual([missing.status, missing.json], [404, { notFound: true }]);
    assert.deepEqual((await data('/docs/a/b.json?path=a&path=b')).json.pageProps, { path: ['a', 'b'] });
  });

  test('data of pages that are made on request', async () => {
    const first = await data(`/isr/data-${unique}.json?slug=data-${unique}`);
    assert.equal(first.json.pageProps?.['slug'], `data-${unique}`);
    assert.deepEqual((await data(`/isr/data-${unique}.json?slug=data-${unique}`)).json, first.json);
    assert.match(heading(await site().visit(`/isr/data-${unique}`)), new RegExp(String(first.json.pageProps?.['stamp'])), 'the page is the same version');
    assert.equal((await data(`/lazy/data-${unique}.json?slug=data-${unique}`)).json.pageProps?.['slug'], `data-${unique}`, 'never the fallback');
    assert.deepEqual((await data('/isr/missing.json?slug=missing')).json, { notFound: true });
    assert.equal((await data('/isr/moved.json?slug=moved')).json.pageProps?.['__N_REDIRECT'], '/isr/built');
  });

  test('data that is not there, or of another build: 404, so that the client loads the page itself', async () => {
    for (const path of ['/none.json', '/client.json', '/initial.json', '/posts/none.json?slug=none']) {
      const answer = await data(path);
      assert.deepEqual([path, answer.status, answer.json.notFound], [path, 404, undefined]);
    }
    for (const path of ['/_next/data/other-build/ssg.json', '/_next/data/other-build/ssr.json']) assert.equal((await site().visit(path)).status, 404);
  });

  test('preview mode: pages are made for each request with the data of the cookie, until it ends', async () => {
    assert.equal(heading(await site().visit('/preview')), 'preview=false draft=false data=none');
    const entered = await site().visit('/api/preview');
    const cookie = cookieHeader(entered);
    assert.match(cookie, /__prerender_bypass=\w+; __next_preview_data=/);
    const previewed = await site().visit('/preview', { headers: { cookie } });
    assert.equal(heading(previewed), 'preview=true draft=true data={"id":7}');
    assert.match(String(previewed.headers['cache-control']), /no-store/);
    assert.equal((await data('/preview.json', { cookie })).json.pageProps?.['data'], '{"id":7}');
    assert.match(heading(await site().visit('/ssr', { headers: { cookie } })), /preview=true/);
    assert.equal(heading(await site().visit('/preview')), 'preview=false draft=false data=none', 'nobody else sees it');
    const left = cookiesOf(await site().visit('/api/preview?end=1', { headers: { cookie } }));
    assert.ok(left.length >= 2 && left.every((one) => /Expires=Thu, 01 Jan 1970/.test(one)), left.join());
  });

  test('draft mode from an API route; a cookie that was made up is not let in', async () => {
    const cookie = cookieHeader(await site().visit('/api/draft'));
    assert.equal(heading(await site().visit('/preview', { headers: { cookie } })), 'preview=true draft=true data={}');
    assert.equal(heading(await site().visit('/preview', { headers: { cookie: '__prerender_bypass=0123456789abcdef0123456789abcdef' } })), 'preview=false draft=false data=none');
  });

  test('a draft shows paths that fallback false does not have yet, to nobody else', async () => {
    const cookie = cookieHeader(await site().visit('/api/draft'));
    assert.equal(heading(await site().visit('/posts/unpublished', { headers: { cookie } })), 'Post unpublished');
    assert.equal((await site().visit('/posts/unpublished')).status, 404);
  });
}
