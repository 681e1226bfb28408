/** Files, fonts, scripts, WebAssembly, the edge runtime and variables of the browser, on a deployed site. */
import { before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { inTab, mark, marked } from '../browser.ts';
import { logOf } from '../helpers.ts';
import { eventually, plain, type Platform } from '../platform.ts';
import { APPS } from '../repository.ts';
import { ASSETS_SITE } from './assets-site.ts';
import { inEveryPhase, type Site } from './site.ts';
import { useStage } from './stage.ts';

let platform: Platform;
let site: Site;
let browser: Browser;
const YEAR = /^public, ?max-age=31536000, ?immutable$/;
const REVALIDATE_ALWAYS = 'public, max-age=0, must-revalidate';

useStage(['browser'], ASSETS_SITE, (stage) => {
  ({ platform, site, browser } = stage);
});

/** Addresses of files that the page names, by what they end in. */
async function named(path: string, ending: RegExp): Promise<string[]> {
  const { body } = await site.request(path);
  return [
    ...new Set(
      [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => (address ?? '').replaceAll('&amp;', '&')),
    ),
  ].filter((address) => ending.test(address));
}

inEveryPhase(
  () => site,
  (phase) => {
    test('files of public/ are there under every name, with their types', async () => {
      const wanted = [
        ['/.well-known/assetlinks.json', 'application/json', '{"package":"org.example"}\n'],
        ['/data.json', 'application/json', '{"rows":[1,2]}\n'],
        ['/table.csv', 'text/csv', 'name,knots\nAda,7\n'],
        ['/mit%20leerzeichen/%C3%BCml%C3%A4ute%20%26%20co.txt', 'text/plain', 'with a space and letters\n'],
        ['/mit%20leerzeichen/%c3%bcml%c3%a4ute%20&%20co.txt', 'text/plain', 'with a space and letters\n'],
      ] as const;
      for (const [path, type, body] of wanted) {
        const response = await site.request(path);
        assert.equal(response.status, 200, path);
        assert.match(String(response.headers['content-type']), new RegExp(`^${type}`), path);
        assert.equal(response.body, body);
        assert.equal(response.headers['cache-control'], REVALIDATE_ALWAYS);
        assert.equal(
          (await site.request(path, { headers: { 'if-none-match': String(response.headers.etag) } })).status,
          304,
        );
      }
      for (const path of [
        '/.well-known/nothing',
        '/mit%20leerzeichen',
        '/public/data.json',
        '/../package.json',
        '/%2e%2e/package.json',
        '/mit%20leerzeichen%2f..%2fdata.json',
      ])
        assert.ok([400, 404, 308].includes((await site.request(path)).status), path);
    });

    test('a video is sent in parts, as a player requests them', async () => {
      const whole = await site.request('/clip.mp4');
      assert.equal(whole.headers['content-type'], 'video/mp4');
      assert.equal(whole.headers['accept-ranges'], 'bytes');
      assert.equal(whole.bytes.length, 40024);
      for (const [range, from, to] of [
        ['bytes=0-99', 0, 100],
        ['bytes=40000-', 40000, 40024],
        ['bytes=-24', 40000, 40024],
        ['bytes=1000-1000', 1000, 1001],
      ] as const) {
        const part = await site.request('/clip.mp4', { headers: { range } });
        assert.equal(part.status, 206);
        assert.equal(part.headers['content-range'], `bytes ${from}-${to - 1}/40024`);
        assert.deepEqual(part.bytes, whole.bytes.subarray(from, to));
      }
      assert.equal((await site.request('/clip.mp4', { headers: { range: 'bytes=50000-' } })).status, 416);
      const head = await site.request('/clip.mp4', { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers['content-length'], head.bytes.length], [200, '40024', 0]);
    });

    test('hashed files are cached for a year, and a missing one is never mistaken for one', async () => {
      const files = await named('/', /\/_next\/static\//);
      assert.ok(
        files.some((file) => file.includes('.js')) &&
          files.some((file) => file.includes('.css')) &&
          files.some((file) => file.includes('.ttf')),
        files.join(' '),
      );
      for (const file of files) {
        const response = await site.request(file);
        assert.equal(response.status, 200, file);
        assert.match(String(response.headers['cache-control']), YEAR, file);
      }
      const missing = await site.request('/_next/static/chunks/0000000000000.js');
      assert.equal(missing.status, 404);
      assert.match(String(missing.headers['cache-control']), /no-store|no-cache/);
    });

    test('source maps of the browser lead back to the source', async () => {
      const maps: string[] = [];
      for (const file of await named('/lazy', /\/_next\/static\/.*\.js/)) {
        const mapped = /sourceMappingURL=(\S+)\s*$/.exec((await site.request(file)).body)?.[1];
        if (mapped !== undefined) maps.push(new URL(mapped, site.url(file)).pathname);
      }
      assert.ok(maps.length > 0, 'no source maps are named');
      const sources: string[] = [];
      for (const map of maps) {
        const response = await site.request(map);
        assert.equal(response.status, 200, map);
        assert.match(String(response.headers['content-type']), /^application\/json/);
        sources.push(response.body);
      }
      assert.ok(
        sources.some((text) => text.includes('app/lazy/page.tsx') && text.includes('loading: () => <p>loading</p>')),
        'the page is in no source map',
      );
    });

    test('an error of the server is logged with the place in the source', async () => {
      assert.equal((await site.request('/api/throw')).status, 500);
      await eventually(
        async () => /failed on purpose[\s\S]*lib\/fail\.ts:6/.test(await logOf(platform, site.live(), 'run')),
        30_000,
        () => `not logged, or not mapped`,
      ).catch(async (error: unknown) => {
        throw new Error(`${String(error)}: ${(await logOf(platform, site.live(), 'run')).slice(-2000)}`);
      });
    });

    test('the edge runtime and WebAssembly run, in both runtimes', async () => {
      const edge = await site.request('/api/edge?x=1');
      assert.equal(edge.status, 200, edge.body);
      assert.deepEqual(JSON.parse(edge.body), { runtime: 'edge', sum: 5, path: '/api/edge', node: 'undefined' });
      assert.deepEqual(JSON.parse((await site.request('/api/wasm')).body), { runtime: 'nodejs', sum: 23 });
      assert.match((await site.request('/edge-page')).body, /runtime (?:<!-- -->)?edge/);
    });

    test('variables of the browser are those of the environment, in pages, scripts and handlers', async () => {
      assert.match((await site.request('/')).body, /data-testid="stage">the real one</);
      assert.deepEqual(JSON.parse((await site.request('/api/environment')).body), {
        inlined: 'the real one',
        read: 'run production',
      });
    });

    test('fonts, style sheets, scripts and navigation work in the browser', async () => {
      await inTab(browser, site.url('/'), async (page) => {
        await page.evaluate(() => document.fonts.ready);
        const family = await page.locator('h1').evaluate((element) => getComputedStyle(element).fontFamily);
        const font = family.split(',')[0] ?? '';
        assert.match(font, /blocks/i);
        assert.ok(
          await page.evaluate(
            (name) =>
              document.fonts.check(`16px ${name}`) &&
              [...document.fonts].some(
                (face) => face.status === 'loaded' && name.includes(face.family.replaceAll('"', '')),
              ),
            font,
          ),
          `${family} is not loaded`,
        );
        assert.equal(
          await page.locator('body').evaluate((element) => getComputedStyle(element).backgroundColor),
          'rgb(250, 251, 252)',
        );

        await mark(page);
        await page.getByRole('button', { name: 'clicked 0' }).click();
        await page.getByRole('link', { name: '/lazy' }).click();
        await page.getByRole('button', { name: 'show' }).click();
        const later = page.getByTestId('later');
        await later.waitFor();
        assert.equal(await later.evaluate((element) => getComputedStyle(element).color), 'rgb(1, 2, 3)');
        await page.getByRole('link', { name: '/scripts' }).click();
        await page.getByText('loaded', { exact: true }).waitFor();
        assert.ok(await marked(page));
        await page.getByRole('button', { name: 'clicked 1' }).waitFor();
      });
      await inTab(browser, site.url('/scripts'), async (page) => {
        await page.waitForFunction(() => (globalThis as unknown as { ran?: string[] }).ran?.length === 4);
        const ran = await page.evaluate(() => (globalThis as unknown as { ran: string[] }).ran);
        assert.equal(ran[0], 'before');
        assert.equal(ran.at(-1), 'lazy');
        assert.deepEqual([...ran].sort(), ['after', 'before', 'inline', 'lazy']);
        await page.getByText('loaded', { exact: true }).waitFor();
        assert.equal(await page.locator('body').getAttribute('data-ready'), 'yes');
      });
    });

    if (phase === 'from zero') {
      test('the preview of a branch has its own variables', async () => {
        const pushed = await site.repository.push(platform, 'assets', 'topic');
        assert.match(pushed.output, /Live at/, pushed.output);
        const preview = (path: string) => plain(platform.edgePort, 'assets-git-topic.localhost', path);
        assert.match((await preview('/')).body, /data-testid="stage">a preview</);
        assert.deepEqual(JSON.parse((await preview('/api/environment')).body), {
          inlined: 'a preview',
          read: 'run preview',
        });
        assert.match((await site.request('/')).body, /data-testid="stage">the real one</);
      });
    }
  },
);

describe('with an asset prefix and a deployment id of its own', () => {
  before(async () => {
    const config = await readFile(join(APPS, 'assets/next.config.ts'), 'utf8');
    const { id } = await site.push({
      'next.config.ts': config
        .replace('localPatterns: [', "localPatterns: [{ pathname: '/cdn/_next/static/**' }, ")
        .replace('images:', "assetPrefix: '/cdn', deploymentId: 'my-own-7', images:"),
    });
    await site.promote(id);
  });

  test('files are requested, and found, below the prefix', async () => {
    const files = await named('/', /_next\/static\//);
    assert.ok(files.length > 3);
    for (const file of files) {
      assert.match(file, /^\/cdn\/_next\/static\//);
      const response = await site.request(file);
      assert.equal(response.status, 200, file);
      assert.match(String(response.headers['cache-control']), YEAR, file);
      // The edge's own, not the function's.
      assert.equal(response.headers['x-anchor-cache'], 'STATIC');
    }
    assert.equal((await site.request('/data.json')).status, 200);
    const [imported = ''] = /\/_next\/image\?url=%2Fcdn[^" ]+/.exec((await site.request('/')).body) ?? [];
    assert.equal((await site.request(imported.replaceAll('&amp;', '&'))).status, 200, imported);
    assert.equal((await site.request('/cdn/_next/static/chunks/0000000000000.js')).status, 404);
  });

  test('the id that the app chose is the one that its pages name', async () => {
    assert.match((await site.request('/')).body, /data-dpl-id="my-own-7"/);
    await inTab(browser, site.url('/'), async (page) => {
      await mark(page);
      await page.getByRole('link', { name: '/dynamic' }).click();
      await page.getByTestId('page').waitFor();
      await page.getByRole('link', { name: '/lazy' }).click();
      await page.getByRole('button', { name: 'show' }).click();
      await page.getByTestId('later').waitFor();
      assert.ok(await marked(page));
    });
  });
});
