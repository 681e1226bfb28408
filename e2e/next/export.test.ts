/** `output: 'export'`: a site of files alone, with Next's navigation, before and after switches. */
import { before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { inTab, mark, marked, openTab, type Tab } from '../browser.ts';
import type { Site } from './site.ts';
import { useStage } from './stage.ts';

let site: Site;
let browser: Browser;

useStage(['browser'], { app: 'export', hold: '/' }, (stage) => {
  ({ site, browser } = stage);
});

const get = (path: string, headers: Record<string, string> = {}) => site.request(path, { headers });

function exported(slash: '/' | '', chunk = 'loaded later'): void {
  test('pages, files and what a route rendered are there, under the addresses of the configuration', async () => {
    for (const [path, text] of [
      ['/', 'exported'],
      [`/about${slash}`, 'about'],
      [`/boats/ann${slash}`, 'ann'],
      [`/boats/gr%C3%BC%C3%9Fe${slash}`, 'grüße'],
      [`/lazy${slash}`, 'lazy'],
    ] as const) {
      const response = await get(path);
      assert.equal(response.status, 200, path);
      assert.match(String(response.headers['content-type']), /^text\/html/);
      assert.match(response.body, new RegExp(`<h1>[^<]*(<!-- -->)?${text}`));
      assert.equal(response.headers['x-anchor-cache'], 'STATIC');
    }
    assert.deepEqual(JSON.parse((await get('/feed')).body), { feed: [1, 2] });
    assert.equal((await get('/boat.jpg')).headers['content-type'], 'image/jpeg');
    assert.deepEqual(await site.instances(), []);
  });

  test('the other spelling of a page is sent to the right one, with its query', async () => {
    const other = slash === '/' ? '/about?a=b' : '/about/?a=b';
    const response = await get(other);
    assert.deepEqual([response.status, response.headers.location], [308, `/about${slash}?a=b`]);
  });

  test('what is not there is 404, with the page of the app', async () => {
    for (const path of ['/nothing', '/nothing/', '/boats/unknown', '/boats/unknown/', '/about/more/']) {
      const response = await get(path);
      assert.equal(response.status, 404, path);
      assert.match(response.body, /nothing here/);
    }
    assert.equal((await site.request('/', { method: 'POST' })).status, 405);
  });

  test('in a browser, links navigate without a reload, chunks are loaded, and images are shown', async () => {
    await inTab(browser, site.url('/'), async (page) => {
      await page.getByAltText('boat').evaluate((element) => (element as HTMLImageElement).decode());
      await mark(page);
      for (const [link, heading] of [
        ['/about', 'about'],
        ['/boats/ann', 'boat ann'],
        ['/boats/grüße', 'boat grüße'],
        ['/lazy', 'lazy'],
      ] as const) {
        await page.getByRole('link', { name: link, exact: true }).click();
        await page.locator('h1', { hasText: heading }).waitFor();
      }
      assert.ok(await marked(page));
      await page.getByRole('button', { name: 'load' }).click();
      await page.getByText(chunk).waitFor();
      await page.reload();
      await page.locator('h1', { hasText: 'lazy' }).waitFor();
    });
  });
}

describe('with trailing slashes', () => exported('/'));

describe('without, in a second deployment', () => {
  let tab: Tab;
  let first: string;
  before(async () => {
    first = site.live();
    tab = await openTab(browser, site.url('/'));
    await site.push({
      'next.config.ts':
        "import type { NextConfig } from 'next';\n\nconst config: NextConfig = { output: 'export', images: { unoptimized: true } };\nexport default config;\n",
      'app/lazy/later.ts': "export default 'loaded much later';\n",
    });
  });
  exported('', 'loaded much later');

  test('a tab of the first deployment keeps working', async () => {
    const { page } = tab;
    await mark(page);
    await page.getByRole('link', { name: '/boats/ann', exact: true }).click();
    await page.locator('h1', { hasText: 'boat ann' }).waitFor();
    await page.getByRole('link', { name: '/lazy', exact: true }).click();
    await page.getByRole('button', { name: 'load' }).click();
    await page.getByText('loaded later').waitFor();
    assert.ok(await marked(page));
    assert.deepEqual(tab.wrong, []);
    await tab.context.close();
  });

  describe('after a rollback', () => {
    before(() => site.rollback(first));
    exported('/');
  });
});
