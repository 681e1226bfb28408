/** Which page a path leads to, when it is made, and with which params. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { get, heading, page, shown, stampOf } from './page.ts';

export function declarePages(site: () => Site): void {
  test('a static page is the same for all clients, and the edge has it', async () => {
    const first = await get(site(), '/static');
    assert.equal(heading(first.text), 'A static page');
    assert.equal(first.headers['x-anchor-cache'], 'HIT');
    assert.equal(first.headers['x-nextjs-cache'], 'HIT');
    assert.equal(first.headers['cache-control'], 'public, max-age=0, must-revalidate');
    assert.equal(stampOf(await page(site(), '/static?any=query')), stampOf(first.text));
  });

  test('a dynamic page is rendered for each request and never cached', async () => {
    const [first, second] = [await get(site(), '/dynamic'), await get(site(), '/dynamic')];
    assert.notEqual(stampOf(first.text), stampOf(second.text));
    assert.match(String(first.headers['cache-control']), /no-store/);
    assert.equal(first.headers['x-anchor-cache'], 'DYNAMIC');
  });

  test('generateStaticParams: listed params are rendered by the build', async () => {
    for (const slug of ['one', 'two']) {
      const response = await get(site(), `/posts/${slug}`);
      assert.equal(heading(response.text), `Post ${slug}`);
      assert.equal(response.headers['x-nextjs-cache'], 'HIT');
    }
  });

  test('generateStaticParams: another param is rendered once on request and is then cached, for every process', async () => {
    const path = `/posts/later-${Date.now()}`;
    const first = await get(site(), path);
    assert.equal(first.status, 200);
    assert.equal(first.headers['x-nextjs-cache'], 'MISS');
    for (let i = 0; i < 4; i++) {
      const second = await get(site(), path);
      assert.equal(second.headers['x-nextjs-cache'], 'HIT');
      assert.equal(stampOf(second.text), stampOf(first.text));
    }
  });

  test('dynamicParams = false: what is not listed is 404', async () => {
    assert.equal(heading(await page(site(), '/closed/listed')), 'Closed listed');
    const other = await get(site(), '/closed/other');
    assert.equal(other.status, 404);
    assert.equal(heading(other.text), 'Nothing here');
  });

  test('route groups give layouts and no path', async () => {
    assert.match(await page(site(), '/about'), /<section data-group="marketing">/);
    assert.match(await page(site(), '/cart'), /<section data-group="shop">/);
    assert.equal((await get(site(), '/(shop)/cart')).status, 404);
  });

  test('parallel routes fill their slots, with their default where a slot has no page', async () => {
    const gallery = await page(site(), '/gallery');
    assert.match(gallery, /data-slot="side"><aside>The side of the gallery/);
    assert.match(gallery, /data-slot="modal"><!--\$?-->|data-slot="modal"><\/div>/);
    assert.match(await page(site(), '/gallery/list'), /The side of the list/);
    assert.match(await page(site(), '/gallery/photo/1'), /The side otherwise/);
  });

  test('an intercepted route requested directly is the page, not the modal', async () => {
    const html = await page(site(), '/gallery/photo/3');
    assert.match(heading(html), /The page of photo 3/);
    assert.doesNotMatch(html, /<dialog/);
  });

  test('params with spaces, other letters, slashes, plus and percent signs arrive as they were sent', async () => {
    const params = async (path: string): Promise<unknown> => JSON.parse(shown(await page(site(), path), 'params'));
    assert.deepEqual(await params('/params/a%20b/%C3%BC/c%2Fd/e+f/%25'), ['a%20b', '%C3%BC', 'c%2Fd', 'e%2Bf', '%25']);
    assert.deepEqual(await params('/params/%F0%9F%90%9F/%22%3Cb%3E?params=no&nxtPpath=no'), [
      '%F0%9F%90%9F',
      '%22%3Cb%3E',
    ]);
    assert.deepEqual(await params('/optional'), 'none');
    assert.deepEqual(await params('/optional/x/a%2Fb'), ['x', 'a%2Fb']);
    const hello = JSON.parse(await page(site(), '/api/hello/a%20b%2Fc+d%25?x=1+2&y=%2B')) as {
      name: string;
      search: unknown;
    };
    assert.equal(hello.name, 'a b/c+d%');
    assert.deepEqual(hello.search, { x: '1 2', y: '+' });
  });

  test('params with unusual characters are rendered by the build and found again', async () => {
    for (const [path, name] of [
      ['plain', 'plain'],
      ['two%20words', 'two words'],
      ['%C3%86r%C3%B8sk%C3%B8bing', 'Ærøskøbing'],
      ['a%2Fb', 'a/b'],
      ['a%2Bb', 'a+b'],
      ['a+b', 'a+b'],
      ['100%25', '100%'],
      ['quote%22%3Cb%3E', 'quote"<b>'],
      ['%E6%97%A5%E6%9C%AC', '日本'],
    ] as const) {
      const response = await get(site(), `/names/${path}`);
      assert.equal(response.status, 200, path);
      assert.equal(heading(response.text), name);
      assert.equal(response.headers['x-nextjs-cache'], 'HIT', path);
    }
    const made = await get(site(), `/names/${encodeURIComponent(`at run time ü/${Date.now()}`)}`);
    assert.match(heading(made.text), /^at run time ü\/\d+$/);
  });

  test('search params arrive decoded, and several of one name as a list', async () => {
    const html = await page(site(), '/search?q=a&q=b&space=a+b%20c&%C3%BC=%26&empty=');
    assert.deepEqual(JSON.parse(shown(html, 'server')), { q: ['a', 'b'], space: 'a b c', ü: '&', empty: '' });
  });

  test('a page on the edge runtime renders, with its search params', async () => {
    const response = await get(site(), '/edge?name=Ada');
    assert.equal(response.status, 200);
    assert.equal(heading(response.text), 'On the edge runtime for Ada');
    const rsc = await get(site(), '/edge?name=Ada&_rsc=1', { headers: { rsc: '1' } });
    assert.equal(rsc.headers['content-type'], 'text/x-component');
  });

  test('files of public/ with unusual names are served', async () => {
    assert.equal(await page(site(), '/file%20with%20space.txt'), 'a file of public\n');
  });

  test('a path with a slash too many leads to the one without, with its query', async () => {
    for (const [path, location] of [
      ['/static/', '/static'],
      ['/posts/one/?a=b&c=%20', '/posts/one?a=b&c=%20'],
    ] as const) {
      const response = await get(site(), path);
      assert.equal(response.status, 308);
      assert.equal(response.headers['location'], location);
    }
  });
}
