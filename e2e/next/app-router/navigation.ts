/** The requests of Next's client in the browser: the payload of a page, prefetches of it and of its segments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { get } from './page.ts';

const RSC = { rsc: '1' };
const PREFETCH = { ...RSC, 'next-router-prefetch': '1' };
const segment = (path: string): Record<string, string> => ({ ...PREFETCH, 'next-router-segment-prefetch': path });

export function declareNavigation(site: () => Site): void {
  test('a navigation gets the payload of static, dynamic and runtime pages, marked as such for every cache', async () => {
    for (const [path, content] of [
      ['/static', 'A static page'],
      ['/dynamic', 'A dynamic page'],
      ['/posts/one', 'Post'],
      ['/posts/of-navigation', 'of-navigation'],
      ['/names/a%2Fb', 'a/b'],
      ['/', 'The home page'],
    ] as const) {
      const response = await get(site(), `${path}?_rsc=1`, { headers: RSC });
      assert.equal(response.status, 200, path);
      assert.equal(response.headers['content-type'], 'text/x-component', path);
      for (const name of ['rsc', 'next-router-state-tree', 'next-router-prefetch', 'next-router-segment-prefetch'])
        assert.match(String(response.headers['vary']), new RegExp(name), path);
      assert.match(response.text, new RegExp(content), path);
      assert.doesNotMatch(response.text, /<html/);
      assert.match(String((await get(site(), path)).headers['content-type']), /^text\/html/, path);
    }
  });

  test('a prefetch of a static page brings the page, of a dynamic one only what is known before', async () => {
    assert.match((await get(site(), '/static?_rsc=1', { headers: PREFETCH })).text, /A static page/);
    const dynamic = await get(site(), '/dynamic?_rsc=1', { headers: PREFETCH });
    assert.equal(dynamic.headers['content-type'], 'text/x-component');
    assert.doesNotMatch(dynamic.text, /A dynamic page/);
    assert.match(String(dynamic.headers['cache-control']), /no-store/);
  });

  test('a segment prefetch brings the tree, and one segment of it, from the edge', async () => {
    const tree = await get(site(), '/posts/one?_rsc=1', { headers: segment('/_tree') });
    assert.equal(tree.headers['content-type'], 'text/x-component');
    assert.equal(tree.headers['x-nextjs-postponed'], '2');
    assert.equal(tree.headers['x-anchor-cache'], 'HIT');
    assert.match(tree.text, /"s":"__PAGE__"/);
    assert.doesNotMatch(tree.text, /"h1"/);
    const part = await get(site(), '/static?_rsc=1', { headers: segment('/static/__PAGE__') });
    assert.equal(part.status, 200);
    assert.equal(part.headers['content-type'], 'text/x-component');
    assert.match(part.text, /A static page/);
    assert.equal((await get(site(), '/static?_rsc=1', { headers: segment('/none/__PAGE__') })).status, 404);
  });

  test('a segment prefetch of a page rendered on request works too', async () => {
    const path = `/posts/segment-${Date.now()}`;
    const tree = await get(site(), `${path}?_rsc=1`, { headers: segment('/_tree') });
    assert.equal(tree.status, 200);
    assert.match(tree.text, /"s":"__PAGE__"/);
    assert.equal((await get(site(), `${path}?_rsc=1`, { headers: segment('/_tree') })).text, tree.text);
  });

  test('a navigation from where a route is intercepted gets the modal, from elsewhere the page', async () => {
    const intercepted = await get(site(), '/gallery/photo/1?_rsc=1', { headers: { ...RSC, 'next-url': '/gallery' } });
    assert.match(intercepted.text, /The modal of photo/);
    assert.match(String(intercepted.headers['vary']), /next-url/);
    const page = await get(site(), '/gallery/photo/1?_rsc=1', { headers: { ...RSC, 'next-url': '/static' } });
    assert.match(page.text, /The page of photo/);
  });

  test('a navigation to a redirect, a missing or a refused page gets its payload', async () => {
    for (const [path, digest] of [
      ['/gates/built', 'NEXT_REDIRECT;replace;/static?from=build;307'],
      ['/gates/redirect', 'NEXT_REDIRECT;replace;/static?from=gate;307'],
      ['/gates/permanent', 'NEXT_REDIRECT;replace;/static;308'],
      ['/missing/else', 'NEXT_HTTP_ERROR_FALLBACK;404'],
      ['/gates/forbidden', 'NEXT_HTTP_ERROR_FALLBACK;403'],
    ] as const) {
      const response = await get(site(), `${path}?_rsc=1`, { headers: RSC });
      assert.equal(response.headers['content-type'], 'text/x-component', path);
      assert.ok(response.text.includes(digest), path);
    }
    assert.equal((await get(site(), '/nothing?_rsc=1', { headers: RSC })).status, 404);
  });
}
