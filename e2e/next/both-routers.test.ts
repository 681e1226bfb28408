import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Browser } from 'playwright-core';
import { inTab, mark, marked } from '../browser.ts';
import { buildIdOf, heading } from './pages-router/text.ts';
import { inEveryPhase, type Site } from './site.ts';
import { useStage } from './stage.ts';

/**
 * `app/` and `pages/` in one app, in every phase; what a proxy does to both is in proxy.test.ts, in every phase. This
 * deployment leaves slashes alone (skipTrailingSlashRedirect), and a second one the addresses of data
 * (skipProxyUrlNormalize).
 */
let site: Site;
let browser: Browser;

const settings = (skipProxyUrlNormalize: boolean): Record<string, string> => ({
  'settings.json': JSON.stringify({ skipTrailingSlashRedirect: true, skipProxyUrlNormalize, external: '' }),
});

useStage(['browser'], { app: 'both-routers', hold: '/api/hold', files: settings(false) }, (stage) => {
  ({ site, browser } = stage);
});

inEveryPhase(
  () => site,
  () => {
    test('pages, API routes and files of both routers are served beside each other', async () => {
      for (const [path, text] of [
        ['/', 'home of app/'],
        ['/app-page', 'dynamic page of app/'],
        ['/static-page', 'static page of app/'],
        ['/pages-page', 'page of pages/'],
        ['/posts/first', 'post first'],
      ] as const)
        assert.equal(heading(await site.request(path)), text);
      assert.match(heading(await site.request('/pages-static')), /^static page of pages\/ stamp=\w+$/);
      assert.match(heading(await site.request('/pages-ssr')), /^dynamic page of pages\//);
      assert.equal(JSON.parse((await site.request('/api/echo', { method: 'POST', body: 'hello' })).body).length, 5);
      assert.deepEqual(JSON.parse((await site.request('/api/hello?x=1')).body).query, { x: '1' });
      assert.equal((await site.request('/file.txt')).body, 'plain file\n');
    });

    test('what is missing is the not-found page of app/, what fails in pages/ its own page', async () => {
      const missing = await site.request('/nowhere');
      assert.deepEqual([missing.status, heading(missing)], [404, 'app/ knows no such page']);
      const failed = await site.request('/mw/throw');
      assert.equal(failed.status, 500);
    });

    test('skipTrailingSlashRedirect: a slash at the end is left to the app, and is no other page', async () => {
      for (const path of ['/app-page/', '/pages-page/', '/pages-static/', '/static-page/', '/api/hello/']) {
        const response = await site.request(path);
        assert.deepEqual([path, response.status, response.headers.location], [path, 200, undefined]);
      }
    });

    test('browser: navigation between the routers loads the other one, within pages/ it keeps the state', () =>
      inTab(
        browser,
        site.url('/'),
        async (page) => {
          const shows = (text: string) =>
            page.waitForFunction((part) => document.querySelector('h1')?.textContent?.includes(part), text);
          await mark(page);
          await page.click('#to-app');
          await shows('dynamic page of app/');
          assert.equal(await marked(page), true, 'within app/ no document is loaded');
          await page.click('#to-pages');
          await shows('page of pages/');
          assert.equal(await marked(page), false);
          await mark(page);
          await page.click('#count');
          await page.click('a[href="/posts/first"]');
          await shows('post first');
          await page.click('a[href="/pages-static"]');
          await shows('static page of pages/');
          assert.equal(await page.textContent('#count'), '1');
          assert.equal(await marked(page), true);
          await page.click('a[href="/app-page?from=pages"]');
          await shows('dynamic page of app/');
          assert.match(String(await page.textContent('#seen')), /"from":"pages"/);
          await page.goBack();
          await shows('static page of pages/');
        },
        { expected: ['favicon.ico'] },
      ));

    test('browser: links that the proxy rewrites or redirects', () =>
      inTab(
        browser,
        site.url('/pages-page'),
        async (page) => {
          const shows = (text: string) =>
            page.waitForFunction((part) => document.querySelector('h1')?.textContent?.includes(part), text);
          const path = () => new URL(page.url()).pathname + new URL(page.url()).search;
          await page.click('a[href="/mw/rewrite-pages"]');
          await shows('"by');
          assert.equal(path(), '/mw/rewrite-pages');
          await page.click('a[href="/mw/redirect"]');
          await page.waitForURL('**/pages-ssr?by=proxy');
          await shows('dynamic page of pages/');
          await page.click('a[href="/mw/to-app"]');
          await shows('static page of app/');
          assert.equal(path(), '/mw/to-app');
        },
        { expected: ['favicon.ico'] },
      ));
  },
);

test('skipProxyUrlNormalize: the proxy sees the address of data as it is', async () => {
  // After a rollback production stays where it is until the next promotion.
  await site.promote((await site.push(settings(true))).id);
  const id = buildIdOf(await site.request('/pages-page'));
  const response = await site.request(`/_next/data/${id}/pages-ssr.json?a=1`, { headers: { 'x-nextjs-data': '1' } });
  assert.deepEqual([response.status, response.headers['x-proxy-path']], [200, `/_next/data/${id}/pages-ssr.json`]);
  assert.equal(JSON.parse(response.body).pageProps.query, '{"a":"1"}');
});
