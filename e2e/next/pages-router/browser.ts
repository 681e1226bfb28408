import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Browser } from 'playwright-core';
import { inTab as inAnyTab, mark, marked, type TabOptions } from '../../browser.ts';
import type { Site } from '../site.ts';

/** Browsers request a site's icon on their own; the app has none. */
const inTab = (
  browser: Browser,
  address: string,
  run: Parameters<typeof inAnyTab>[2],
  { expected = [], ...options }: TabOptions = {},
): Promise<void> => inAnyTab(browser, address, run, { ...options, expected: [...expected, 'favicon.ico'] });

/** Behaviour that needs a browser: hydration, navigation of the client, fallbacks that become pages. */
export function declareBrowser(site: () => Site, browser: () => Browser, unique: string): void {
  const heading = 'h1';

  test('browser: a static page reads its query in the browser', () =>
    inTab(browser(), site().url('/client?q=1'), async (page) => {
      await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'ready=true q=1');
    }));

  test('browser: navigation of the client keeps the state of _app, and gets data of every kind of page', () =>
    inTab(browser(), site().url('/'), async (page) => {
      await mark(page);
      await page.click('#count');
      for (const [href, text] of [
        ['/ssg', /^stamp=\w+$/],
        ['/ssr?from=link', /query=\{"from":"link"\}/],
        ['/posts/first', /^Post first$/],
        ['/isr/by-link', /^slug=by-link/],
        ['/lazy/by-link', /^slug=by-link/],
        ['/initial', /^where=browser/],
        ['/docs/a/b', /^path=a\|b$/],
        ['/', /^The home page$/],
      ] as const) {
        await page.click(`nav a[href="${href}"]`);
        await page.waitForURL(`**${href}`);
        await page.waitForFunction(
          (source) => new RegExp(source).test(document.querySelector('h1')?.textContent ?? ''),
          text.source,
        );
      }
      assert.equal(await page.textContent('#count'), '1');
      assert.equal(await marked(page), true, 'no page was reloaded');
      await page.goBack();
      await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'path=a|b');
    }));

  test('browser: fallback true shows the fallback, then the page with its data', () =>
    inTab(browser(), site().url(`/lazy/seen-${unique}`), async (page) => {
      assert.equal(
        await page.evaluate(
          async (path) => /<h1>(.*?)<\/h1>/.exec(await (await fetch(path)).text())?.[1],
          `/lazy/other-${unique}`,
        ),
        'The fallback',
      );
      await page.waitForFunction(
        (slug) => document.querySelector('h1')?.textContent?.startsWith(`slug=${slug} stamp=`),
        `seen-${unique}`,
      );
    }));

  test('browser: fallback true for what does not exist ends on the own 404 page', () =>
    inTab(
      browser(),
      site().url(`/lazy/missing-${unique}`),
      async (page) => {
        await page.waitForFunction(
          () => document.querySelector('h1')?.textContent === 'Own page for what is missing, by getStaticProps',
        );
      },
      { expected: ['404'] },
    ));

  test('browser: a link to nothing loads the own 404 page', () =>
    inTab(
      browser(),
      site().url('/'),
      async (page) => {
        await page.click('nav a[href="/posts/none"]');
        await page.waitForFunction(
          () => document.querySelector('h1')?.textContent === 'Own page for what is missing, by getStaticProps',
        );
        assert.equal(new URL(page.url()).pathname, '/posts/none');
      },
      { expected: ['404'] },
    ));

  test('browser: a tab of a removed build reloads the page instead of failing', () =>
    inTab(
      browser(),
      site().url('/'),
      async (page) => {
        await mark(page);
        await page.route('**/_next/data/**', (route) =>
          route.continue({
            url: route
              .request()
              .url()
              .replace(/\/_next\/data\/[^/]+\//, '/_next/data/gone-build/'),
          }),
        );
        await page.click('nav a[href="/ssr?from=link"]');
        await page.waitForFunction(() =>
          /query=\{"from":"link"\}/.test(document.querySelector('h1')?.textContent ?? ''),
        );
        assert.equal(await marked(page), false);
        assert.equal(await page.textContent(heading).then((text) => text?.includes('"from":"link"')), true);
      },
      { expected: ['404'] },
    ));

  test('browser: preview mode is entered and left', () =>
    inTab(browser(), site().url('/api/preview'), async (page) => {
      await page.goto(site().url('/preview'));
      assert.equal(await page.textContent(heading), 'preview=true draft=true data={"id":7}');
      await page.goto(site().url('/api/preview?end=1'));
      await page.goto(site().url('/preview'));
      assert.equal(await page.textContent(heading), 'preview=false draft=false data=none');
    }));
}
