/** Server actions in a browser, with JavaScript and without it. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { inTab, mark, marked, type Tab, type TabOptions } from '../../browser.ts';
import { eventually } from '../../platform.ts';
import type { Site } from '../site.ts';
import { FAILED } from './in-browser.ts';
import { page as pageOf, stampOf } from './page.ts';

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

export function declareActions(browser: () => Browser, site: () => Site): void {
  const tab = (path: string, run: (page: Page, tab: Tab) => Promise<void>, options: TabOptions = {}): Promise<void> =>
    inTab(browser(), site().url(path), run, options);
  const shows = (page: Page, id: string, text: string): Promise<void> => {
    let last = '';
    return eventually(
      async () => (last = await page.getByTestId(id).innerText()).includes(text),
      30_000,
      () => `${id} shows ${last}, not ${text}`,
    );
  };

  for (const [how, javaScriptEnabled] of [
    ['with JavaScript', true],
    ['without JavaScript', false],
  ] as const) {
    /** With JavaScript no document may be reloaded. */
    const acting = (
      path: string,
      run: (page: Page, tab: Tab) => Promise<void>,
      options: TabOptions = {},
    ): Promise<void> =>
      tab(
        path,
        async (page, opened) => {
          if (javaScriptEnabled) await mark(page);
          await run(page, opened);
          if (javaScriptEnabled) assert.ok(await marked(page), 'a document was loaded');
        },
        { javaScriptEnabled, ...options },
      );

    test(`useActionState ${how}: the result shows, and the next one knows it`, () =>
      acting('/actions', async (page) => {
        for (const [name, text] of [
          ['Ada', 'Hello, Ada! 1'],
          ['Zoë & Ø <b>', 'Hello, Zoë & Ø <b>! 2'],
        ] as const) {
          await page.getByLabel('Name to greet').fill(name);
          await press(page, 'Greet');
          await shows(page, 'greeting', text);
        }
      }));

    test(`an action that redirects ${how}: to a page with what was sent, and to a static one`, () =>
      acting('/actions', async (page) => {
        await page.getByLabel('Go as').fill('Ada & co');
        await press(page, 'Go');
        await page.locator('h1', { hasText: 'Done for Ada & co' }).waitFor();
        assert.equal(new URL(page.url()).searchParams.get('name'), 'Ada & co');
        await page.goBack();
        await press(page, 'Leave');
        await page.locator('h1', { hasText: 'A static page' }).waitFor();
        assert.equal(new URL(page.url()).search, '?from=action');
      }));

    test(`cookies that an action sets ${how} are seen by the page at once, and by the browser`, () =>
      acting('/actions', async (page, { context }) => {
        await page.getByLabel('Remember what').fill('the tide');
        await press(page, 'Remember');
        await shows(page, 'cookies', '"remembered":"the tide"');
        const cookies = Object.fromEntries(
          (await context.cookies()).map(({ name, value }) => [name, decodeURIComponent(value)]),
        );
        assert.deepEqual([cookies['remembered'], cookies['also']], ['the tide', 'set']);
      }));

    test(`bound and enclosed values ${how} come back to the action`, () =>
      acting('/actions', async (page) => {
        await page.getByLabel('Mark with').fill('chalk');
        await press(page, 'Mark');
        await shows(page, 'cookies', '"marked":"item 7:chalk"');
        await page.getByLabel('Word').fill('hush');
        await press(page, 'Enclose');
        await shows(page, 'cookies', '"closure":"24:hush"');
      }));

    test(`revalidatePath in an action ${how}: the page is new at once, for every client and from every edge worker`, () =>
      acting('/actions/kept', async (page) => {
        const before = await page.getByTestId('stamp').innerText();
        assert.equal(stampOf(await pageOf(site(), '/actions/kept')), before);
        await press(page, 'Renew');
        await eventually(
          async () => (await page.getByTestId('stamp').innerText()) !== before,
          30_000,
          () => 'the page is the old one',
        );
        const after = stampOf(await pageOf(site(), '/actions/kept'));
        assert.notEqual(after, before);
        for (let i = 0; i < 6; i++)
          assert.equal(stampOf(await pageOf(site(), '/actions/kept')), after, 'and is then kept');
      }));

    test(`a file is sent to an action ${how}, byte for byte`, () =>
      acting('/actions', async (page) => {
        const file = randomBytes(3 << 20);
        await page.getByLabel('File').setInputFiles({ name: 'ünï.bin', mimeType: 'application/x-test', buffer: file });
        await press(page, 'Measure');
        await shows(page, 'measured', createHash('sha256').update(file).digest('hex'));
        assert.deepEqual(JSON.parse(await page.getByTestId('measured').innerText()), {
          name: 'ünï.bin',
          size: file.length,
          sha256: createHash('sha256').update(file).digest('hex'),
        });
      }));
  }

  test('an action that is called and not submitted returns a value: dates and sets too', () =>
    tab('/actions', async (page) => {
      await press(page, 'Add');
      await shows(page, 'sum', '42 1970-01-01T00:00:00.000Z ab');
    }));

  test('an action that fails shows the error boundary, which reveals nothing of the server', () =>
    tab(
      '/actions',
      async (page) => {
        await press(page, 'Fail');
        await page.locator('h1', { hasText: 'The action failed' }).waitFor();
        assert.doesNotMatch(await page.getByTestId('message').innerText(), /secret/);
        await press(page, 'Back');
        await page.locator('h1', { hasText: 'Actions' }).waitFor();
      },
      { expected: FAILED },
    ));

  test('an action that fails without JavaScript responds with 500 without the reason', () =>
    tab(
      '/actions',
      async (page) => {
        const [received] = await Promise.all([
          page.waitForResponse((response) => response.request().method() === 'POST'),
          press(page, 'Fail'),
        ]);
        assert.equal(received.status(), 500);
        assert.doesNotMatch(await page.content(), /fails with a secret/);
      },
      { javaScriptEnabled: false, expected: FAILED },
    ));
}
