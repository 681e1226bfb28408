/** What search engines, feeds and home screens read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { get, page } from './page.ts';

export function declareMetadata(site: () => Site): void {
  test('generateMetadata: title, description, canonical address and pictures of the page', async () => {
    for (const slug of ['one', 'of-run-time']) {
      const html = await page(site(), `/posts/${slug}`);
      assert.match(html, new RegExp(`<title>Post ${slug} \\| App Router</title>`));
      assert.match(html, new RegExp(`<meta name="description" content="About ${slug}"/>`));
      assert.match(html, new RegExp(`<link rel="canonical" href="http://site.example/posts/${slug}"/>`));
      assert.match(html, new RegExp(`<meta property="og:title" content="Open ${slug}"/>`));
      assert.match(
        html,
        new RegExp(`<meta property="og:image" content="http://site.example/posts/${slug}/opengraph-image[^"]*"/>`),
      );
    }
  });

  test('sitemap.xml, several sitemaps, robots.txt and the manifest have their content and type', async () => {
    const expected = [
      ['/sitemap.xml', 'application/xml', /<loc>http:\/\/site\.example\/static<\/loc>/],
      ['/products/sitemap/0.xml', 'application/xml', /<loc>http:\/\/site\.example\/products\/0<\/loc>/],
      ['/products/sitemap/1.xml', 'application/xml', /<loc>http:\/\/site\.example\/products\/1<\/loc>/],
      ['/robots.txt', 'text/plain', /Disallow: \/private\//],
      ['/manifest.webmanifest', 'application/manifest+json', /"short_name":\s*"App"/],
    ] as const;
    for (const [path, type, content] of expected) {
      const response = await get(site(), path);
      assert.equal(response.status, 200, path);
      assert.equal(String(response.headers['content-type']).split(';')[0], type);
      assert.match(response.text, content);
    }
    assert.equal((await get(site(), '/products/sitemap/9.xml')).status, 404);
  });

  test('opengraph-image and icons: real images of the requested size, rendered by the build and on request', async () => {
    for (const [path, width, height] of [
      ['/apple-icon', 60, 60],
      ['/posts/one/opengraph-image', 300, 150],
      ['/posts/later/opengraph-image', 300, 150],
    ] as const) {
      const { status, headers, bytes } = await get(site(), path);
      assert.equal(status, 200, path);
      assert.equal(headers['content-type'], 'image/png');
      assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
      assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [width, height], path);
      assert.equal(bytes.subarray(-8, -4).toString('latin1'), 'IEND');
    }
    const [, icon] = /<link rel="icon" href="([^"]+)"/.exec(await page(site(), '/')) ?? [];
    assert.ok(icon !== undefined);
    const response = await get(site(), icon.replaceAll('&amp;', '&'));
    assert.match(String(response.headers['content-type']), /^image\/svg\+xml/);
    assert.match(response.text, /<circle/);
  });

  test('the picture that the metadata names is there', async () => {
    const [, address] =
      /<meta property="og:image" content="http:\/\/site\.example([^"]+)"/.exec(await page(site(), '/posts/two')) ?? [];
    assert.ok(address !== undefined);
    assert.equal((await get(site(), address.replaceAll('&amp;', '&'))).headers['content-type'], 'image/png');
  });
}
