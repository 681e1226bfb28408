/** The App Router in a browser: navigation without reloading documents, and the state that survives it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Browser, Page, Request } from 'playwright-core';
import { inTab, mark, marked, type Tab, type TabOptions } from '../../browser.ts';
import { eventually } from '../../platform.ts';
import type { Gates } from '../gates.ts';
import type { Site } from '../site.ts';

const headingIs = (page: Page, text: string): Promise<void> => page.locator('h1', { hasText: text }).waitFor();

/** Console messages of a render that failed on the server, and of a page without an icon of its own. */
export const FAILED = ['500', 'React error #441', 'favicon.ico'];

export function declareBrowsing(browser: () => Browser, site: () => Site, gates: () => Gates): void {
  const tab = (path: string, run: (page: Page, tab: Tab) => Promise<void>, options: TabOptions = {}): Promise<void> =>
    inTab(browser(), site().url(path), run, options);

  test('links lead from page to page without loading a document, and every response to them is a payload', async () => {
    await tab('/', async (page) => {
      const requested: Request[] = [];
      page.on('request', (request) => requested.push(request));
      await mark(page);
      for (const [label, path, heading] of [
        ['Static', '/static', 'A static page'],
        ['Dynamic', '/dynamic', 'A dynamic page'],
        ['Tabs', '/tabs/one', 'Tab one'],
        ['Home', '/', 'The home page'],
      ] as const) {
        await page.getByRole('link', { name: label, exact: true }).click();
        await headingIs(page, heading);
        assert.equal(new URL(page.url()).pathname, path);
      }
      await page.goBack();
      await headingIs(page, 'Tab one');
      assert.ok(await marked(page));
      const payloads = requested.filter((request) => request.headers()['rsc'] === '1');
      assert.ok(payloads.length > 0);
      for (const request of payloads)
        assert.equal((await request.response())?.headers()['content-type'], 'text/x-component', request.url());
      assert.deepEqual(
        requested.filter((request) => request.isNavigationRequest()).map((request) => request.url()),
        [],
      );
    });
  });

  test('links in view are prefetched by segment, and a prefetched static page then shows without another request', async () => {
    const context = await browser().newContext();
    const page = await context.newPage();
    const prefetched: Request[] = [];
    page.on('request', (request) => {
      if (request.headers()['next-router-segment-prefetch'] !== undefined) prefetched.push(request);
    });
    await page.goto(site().url('/'));
    const ofStatic = (): Request[] => prefetched.filter((request) => new URL(request.url()).pathname === '/static');
    await eventually(
      () => ofStatic().some((request) => request.headers()['next-router-segment-prefetch'] !== '/_tree'),
      30_000,
      () => `prefetched: ${prefetched.map((request) => request.url())}`,
    );
    await page.waitForLoadState('networkidle');
    for (const request of prefetched) {
      const response = await request.response();
      assert.equal(response?.status(), 200, request.url());
      assert.equal(response.headers()['content-type'], 'text/x-component');
    }
    assert.ok(prefetched.some((request) => request.headers()['next-router-segment-prefetch'] === '/_tree'));
    await context.setOffline(true);
    await page.getByRole('link', { name: 'Static' }).click();
    await headingIs(page, 'A static page');
    await context.close();
  });

  test('an intercepted route: the modal over the page it was opened from, the page itself after a reload', async () => {
    await tab('/gallery', async (page) => {
      await mark(page);
      for (const photo of [1, 2]) {
        await page.getByRole('link', { name: `Photo ${photo}` }).click();
        await page.getByText(`The modal of photo ${photo}`).waitFor();
        assert.equal(new URL(page.url()).pathname, `/gallery/photo/${photo}`);
        await headingIs(page, 'Gallery');
        await page.goBack();
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      assert.ok(await marked(page));
      await page.getByRole('link', { name: 'Photo 1' }).click();
      await page.getByRole('dialog').waitFor();
      await page.reload();
      await headingIs(page, 'The page of photo 1');
      assert.equal(await page.getByRole('dialog').count(), 0);
    });
  });

  test('parallel routes: a slot follows the navigation', async () => {
    await tab('/gallery', async (page) => {
      await page.getByText('The side of the gallery').waitFor();
      await page.getByRole('link', { name: 'List' }).click();
      await page.getByText('The side of the list').waitFor();
      await headingIs(page, 'List');
    });
  });

  test('state of client components in a layout survives navigation', async () => {
    await tab('/tabs/one', async (page) => {
      await mark(page);
      for (let i = 0; i < 3; i++) await page.getByRole('button', { name: 'Count' }).click();
      await page.getByLabel('Draft').fill('half a sentence');
      for (const name of ['Two', 'Three', 'One']) {
        await page.getByRole('link', { name, exact: true }).click();
        await headingIs(page, `Tab ${name.toLowerCase()}`);
        assert.equal(await page.locator('output').innerText(), '3');
        assert.equal(await page.getByLabel('Draft').inputValue(), 'half a sentence');
      }
      assert.ok(await marked(page));
      assert.equal(
        await page.evaluate(() => Reflect.get(globalThis, 'clientInstrumented')),
        true,
        'instrumentation-client.ts has run',
      );
    });
  });

  test('loading.tsx shows at once on a navigation to a slow page', async () => {
    await tab('/', async (page, { context }) => {
      const id = randomUUID();
      await context.addCookies([{ name: 'gate', value: `${gates().origin}/${id}`, url: site().url('/') }]);
      await mark(page);
      await page.getByRole('link', { name: 'Slow' }).click();
      await page.getByText('Loading, please wait').waitFor();
      gates().open(`${id}/1`);
      await headingIs(page, 'The slow page');
      assert.ok(await marked(page));
    });
  });

  test('a streamed page fills in and is whole', async () => {
    await tab('/stream', async (page) => {
      await page.getByText('the first part').waitFor();
      await page.getByText('the second part').waitFor();
      await eventually(
        async () => (await page.getByText('pending').count()) === 0,
        30_000,
        () => 'something is still pending',
      );
    });
  });

  test('error.tsx catches errors of the server, reveals nothing of them, and its reset restores the page', async () => {
    await tab(
      '/broken/server',
      async (page, { context }) => {
        await headingIs(page, 'This part failed');
        assert.match(await page.getByTestId('digest').innerText(), /^\d+$/);
        assert.doesNotMatch(await page.getByTestId('message').innerText(), /secret/);
        await context.addCookies([{ name: 'fixed', value: '1', url: site().url('/') }]);
        await page.getByRole('button', { name: 'Again' }).click();
        await headingIs(page, 'It works again');
      },
      { expected: FAILED },
    );
  });

  test('error.tsx catches what fails in the browser, and its reset brings the page back', async () => {
    await tab(
      '/broken/client',
      async (page) => {
        await page.getByRole('button', { name: 'Fail' }).click();
        await headingIs(page, 'This part failed');
        assert.equal(await page.getByTestId('message').innerText(), 'the client fails');
        await page.getByRole('button', { name: 'Again' }).click();
        await headingIs(page, 'A page that can fail');
      },
      { expected: ['the client fails'] },
    );
  });

  test('global-error.tsx takes over when nothing else catches', async () => {
    await tab(
      '/fatal',
      async (page) => {
        await headingIs(page, 'Everything failed');
        assert.match(await page.getByTestId('digest').innerText(), /^\d+$/);
      },
      { expected: FAILED },
    );
  });

  test('the pages for 404, 403 and 401 show', async () => {
    for (const [path, status, heading] of [
      ['/nothing', 404, 'Nothing here'],
      ['/missing/else', 404, 'Missing in this part'],
      ['/gates/forbidden', 403, 'You may not'],
      ['/gates/unauthorized', 401, 'Please log in'],
    ] as const) {
      await tab(path, (page) => headingIs(page, heading), { expected: [String(status)] });
    }
  });

  test('a redirect after the shell leads on in the browser', async () => {
    await tab('/late/redirect', async (page) => {
      await headingIs(page, 'A static page');
      assert.equal(new URL(page.url()).search, '?from=late');
    });
  });

  test('links to params with unusual characters lead to their pages without loading a document', async () => {
    await tab('/names/plain', async (page) => {
      await mark(page);
      for (const name of [
        'two words',
        'Ærøskøbing',
        'a/b',
        'a+b',
        '100%',
        'quote"<b>',
        '日本',
        'at run time ü',
        'plain',
      ]) {
        await page.getByRole('link', { name: `Go to ${name}`, exact: true }).click();
        await eventually(
          async () => (await page.locator('h1').innerText()) === name,
          30_000,
          () => `${name} does not show`,
        );
        assert.equal(decodeURIComponent(new URL(page.url()).pathname), `/names/${name}`);
      }
      assert.ok(await marked(page));
    });
  });

  test('search params reach server and client, on load and on navigation', async () => {
    const all = async (page: Page): Promise<unknown> => JSON.parse(await page.getByTestId('client').innerText());
    await tab('/search?q=a&space=a+b%20c', async (page) => {
      assert.deepEqual(await all(page), {
        path: '/search',
        all: [
          ['q', 'a'],
          ['space', 'a b c'],
        ],
      });
      await mark(page);
      await page.getByRole('button', { name: 'Push' }).click();
      await eventually(
        async () => (await page.getByTestId('server').innerText()).includes('twice'),
        30_000,
        () => 'the server did not see it',
      );
      assert.deepEqual(JSON.parse(await page.getByTestId('server').innerText()), {
        q: ['pushed', 'twice'],
        space: 'a b c',
      });
      assert.deepEqual(await all(page), {
        path: '/search',
        all: [
          ['q', 'pushed'],
          ['q', 'twice'],
          ['space', 'a b c'],
        ],
      });
      assert.ok(await marked(page));
    });
  });

  test('server-sent events are followed live', async () => {
    await tab('/events', (page) =>
      eventually(
        async () => Number.parseInt(await page.locator('output').innerText(), 10) >= 4,
        30_000,
        () => 'no events',
      ),
    );
  });

  test('draft mode: one visitor sees the draft, another at the same time what is published', async () => {
    await tab('/api/draft?on=1', async (page) => {
      await headingIs(page, 'A draft');
      await page.reload();
      await headingIs(page, 'A draft');
      await tab('/draft', (other) => headingIs(other, 'What is published'));
      await page.goto(site().url('/api/draft'));
      await headingIs(page, 'What is published');
    });
  });
}
