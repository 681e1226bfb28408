import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import {
  inTab as runInTab,
  launchBrowser,
  mark,
  marked,
  openTab as openTabAt,
  type Tab,
  type TabOptions,
} from './browser.ts';
import { createProject, newest } from './helpers.ts';
import { eventually, startPlatform, type Platform } from './platform.ts';
import { createRepository, type Repository } from './repository.ts';

/** The example, pushed with real git, in a real browser: each kind of page, and tabs that live through a switch. */
let platform: Platform;
let repository: Repository;
let browser: Browser;
let pictures: string;
const HOST = 'harbour.localhost';
const EXAMPLE = fileURLToPath(new URL('../examples/next-app', import.meta.url));

const url = (path: string, host = HOST): string => `http://${host}:${platform.edgePort}${path}`;

before(async () => {
  platform = await startPlatform();
  pictures = await mkdtemp(join(tmpdir(), 'anchor-test-pictures-'));
  browser = await launchBrowser();
  await createProject(platform, 'harbour');
  repository = await createRepository(EXAMPLE);
  await repository.commit({});
  const pushed = await repository.push(platform, 'harbour');
  assert.equal(pushed.code, 0, pushed.output);
  assert.match(pushed.output, /Live at http:\/\/harbour\.localhost/);
});
after(async () => {
  await browser?.close();
  await repository?.remove();
  await platform?.stop();
  if (pictures !== undefined) await rm(pictures, { recursive: true, force: true });
});

const openTab = (path: string): Promise<Tab> => openTabAt(browser, url(path));
const inTab = (path: string, run: (page: Page, tab: Tab) => Promise<void>, options: TabOptions = {}): Promise<void> =>
  runInTab(browser, url(path), run, options);
const rendered = (page: Page): Promise<string> => page.getByTestId('rendered').innerText();
const sign = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('A few words').fill(text);
  await page.getByRole('button', { name: 'Sign' }).click();
  await page.getByRole('list', { name: 'Entries' }).getByText(text).waitFor();
};

test('the static page shows, hydrates, and its image is decoded', async () => {
  await inTab('/', async (page) => {
    assert.equal(await page.locator('h1').innerText(), 'Your site is live.');
    const button = page.getByRole('button', { name: 'Drop the anchor' });
    await button.click();
    await page.getByRole('button', { name: 'Dropped 1 time' }).click();
    await page.getByRole('button', { name: 'Dropped 2 times' }).waitFor();
    const image = page.getByAltText('A sailing boat in a harbour at dawn');
    await image.evaluate((element) => (element as HTMLImageElement).decode());
    const { width, height } = await image.evaluate((element) => ({
      width: (element as HTMLImageElement).naturalWidth,
      height: (element as HTMLImageElement).naturalHeight,
    }));
    assert.ok(width > 300 && height > 100, `${width} × ${height}`);
    const picture = join(pictures, 'static.png');
    await page.screenshot({ path: picture });
    assert.ok((await readFile(picture)).byteLength > 20_000);
  });
});

test('the page knows its commit and deployment', async () => {
  const commit = (await repository.git('rev-parse', 'HEAD')).output.trim();
  await inTab('/', async (page) => {
    const facts = await page.locator('dl.facts').innerText();
    assert.match(facts, /production/);
    assert.match(facts, new RegExp(`${commit.slice(0, 9)} on main`));
    assert.match(facts, new RegExp((await newest(platform, 'harbour')).id));
  });
});

test('links navigate in the browser: state of the document stays, titles and pages change, back works', async () => {
  await inTab('/', async (page) => {
    await mark(page);
    for (const [label, path, heading] of [
      ['Dynamic', '/dynamic', 'Made for this request'],
      ['ISR', '/isr', 'Incremental static regeneration'],
      ['Routes', '/ports/bergen', 'Bergen'],
      ['Guest book', '/guestbook', 'Guest book'],
    ] as const) {
      await page.getByLabel('Pages').getByRole('link', { name: label }).click();
      await page.locator('h1', { hasText: heading }).waitFor();
      assert.equal(new URL(page.url()).pathname, path);
    }
    await page.goBack();
    await page.locator('h1', { hasText: 'Bergen' }).waitFor();
    await page.getByRole('link', { name: 'Valparaíso' }).click();
    await page.locator('h1', { hasText: 'Valparaíso' }).waitFor();
    assert.match(await page.title(), /Valparaíso/);
    assert.ok(await marked(page), 'no document was reloaded');
  });
});

test('the dynamic page is rendered for each request, streams, and sees the client', async () => {
  await inTab('/dynamic', async (page) => {
    const first = await rendered(page);
    await page.getByTestId('tide').waitFor();
    assert.match(await page.locator('dl.facts').innerText(), new RegExp(`${HOST}:${platform.edgePort}`));
    await page.reload();
    assert.notEqual(await rendered(page), first);
  });
});

test('the ISR page stays for its lifetime, is regenerated on demand, and its header is correct', async () => {
  // A response without the header would make every claim below vacuous.
  const state = async (): Promise<{ cache: string; at: string }> => {
    const response = await platform.request(HOST, '/isr');
    assert.equal(response.status, 200);
    return {
      cache: String(response.headers['x-nextjs-cache']),
      at: /data-testid="rendered">([^<]+)</.exec(response.body)?.[1] ?? '',
    };
  };
  let fresh = await state();
  await eventually(
    async () => (fresh = await state()).cache === 'HIT',
    20_000,
    () => `never a hit: ${JSON.stringify(fresh)}`,
  );
  const second = await state();
  if (Date.now() - Date.parse(fresh.at) < 9_000) assert.deepEqual(second, fresh);

  await inTab('/isr', async (page) => {
    const before = await rendered(page);
    await page.getByRole('button', { name: 'Make it again now' }).click();
    await eventually(
      async () => (await rendered(page)) > before,
      5_000,
      () => 'revalidatePath did not show',
    );
  });

  const seen: { cache: string; at: string }[] = [];
  await eventually(
    async () => {
      seen.push(await state());
      return new Set(seen.map(({ at }) => at)).size > 1 && seen.some(({ cache }) => cache === 'STALE');
    },
    25_000,
    () => `it was not made again: ${JSON.stringify(seen.slice(-3))}`,
  );
  // The first one after the invalidation may have to render the page itself; after that no request waits.
  for (const [index, { cache, at }] of seen.entries())
    assert.ok(['HIT', 'STALE', ...(index === 0 ? ['MISS'] : [])].includes(cache), `${cache} ${at}`);
  const stale = seen.find(({ cache }) => cache === 'STALE');
  assert.ok(
    stale !== undefined && Date.now() - Date.parse(stale.at) > 9_500,
    `stale before its time: ${JSON.stringify(stale)}`,
  );
});

test('a server action works with JavaScript, without a reload of the page', async () => {
  await inTab('/guestbook', async (page) => {
    await mark(page);
    await sign(page, 'fair winds');
    await sign(page, 'following seas <b>"quoted"</b> ⚓');
    assert.ok(await marked(page));
    await page.reload();
    await page.getByText('fair winds').waitFor();
  });
});

test('the same form works with JavaScript switched off', async () => {
  await inTab('/guestbook', (page) => sign(page, 'by hand'), { javaScriptEnabled: false });
});

test('the route handler responds to GET and POST of a fetch in the page', async () => {
  await inTab('/', async (page) => {
    const got = await page.evaluate(
      async () => (await fetch('/api/hello?name=sailor')).json() as Promise<{ hello: string }>,
    );
    assert.equal(got.hello, 'sailor');
    const posted = await page.evaluate(async () => {
      const response = await fetch('/api/hello', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ship: 'Ø' }),
      });
      return { status: response.status, body: (await response.json()) as unknown };
    });
    assert.deepEqual(posted, { status: 201, body: { received: { ship: 'Ø' } } });
  });
  assert.equal((await platform.request(HOST, '/api/hello', { method: 'POST', body: '{' })).status, 400);
});

test('what is not there shows the page of the application, with status 404', async () => {
  for (const path of ['/ports/atlantis', '/nothing/here']) {
    const tab = await openTab(path);
    assert.equal(await tab.page.locator('h1').innerText(), 'Nothing is moored here.');
    assert.equal((await platform.request(HOST, path)).status, 404);
    await tab.page.getByRole('link', { name: 'Back to the harbour' }).click();
    await tab.page.locator('h1', { hasText: 'Your site is live.' }).waitFor();
    assert.deepEqual(
      tab.wrong.filter((line) => !line.includes(path)),
      [],
    );
    await tab.context.close();
  }
});

test('a page that was opened before a deployment keeps working after the switch, and after a rollback', async () => {
  const first = await newest(platform, 'harbour');
  const book = await openTab('/guestbook');
  const home = await openTab('/');
  await mark(home.page);

  // The action gets another id, and the pages other text.
  const read = (file: string): Promise<string> => readFile(join(repository.path, file), 'utf8');
  await repository.git('mv', 'app/guestbook/actions.ts', 'app/guestbook/book.ts');
  await repository.commit({
    'app/guestbook/form.tsx': (await read('app/guestbook/form.tsx')).replace('./actions', './book'),
    'app/page.tsx': (await read('app/page.tsx')).replace('Your site is live.', 'Your second site is live.'),
    'app/dynamic/page.tsx': (await read('app/dynamic/page.tsx')).replace(
      'Made for this request',
      'Made for this very request',
    ),
  });
  const pushed = await repository.push(platform, 'harbour');
  assert.equal(pushed.code, 0, pushed.output);
  const second = await newest(platform, 'harbour');
  assert.equal(second.status, 'success', JSON.stringify(second.error));
  await inTab('/', async (page) => assert.equal(await page.locator('h1').innerText(), 'Your second site is live.'));

  const opened = await openTab('/guestbook');
  await sign(book.page, 'from before');
  await home.page.getByLabel('Pages').getByRole('link', { name: 'Dynamic' }).click();
  await home.page.locator('h1', { hasText: 'Made for this' }).waitFor();
  await home.page.getByLabel('Pages').getByRole('link', { name: 'Routes' }).click();
  await home.page.getByRole('link', { name: 'Hamburg' }).click();
  await home.page.locator('h1', { hasText: 'Hamburg' }).waitFor();

  const rolled = await platform.api('POST', '/api/projects/harbour/environments/production/rollback', {
    deployment: first.id,
  });
  assert.equal(rolled.status, 200, JSON.stringify(rolled.body));
  await inTab('/', async (page) => assert.equal(await page.locator('h1').innerText(), 'Your site is live.'));
  await sign(opened.page, 'after the rollback');
  await sign(book.page, 'still here');
  await opened.page.getByLabel('Pages').getByRole('link', { name: 'Static' }).click();
  await opened.page.locator('h1', { hasText: 'is live.' }).waitFor();
  await home.page.getByLabel('Pages').getByRole('link', { name: 'Static' }).click();
  await home.page.locator('h1', { hasText: 'is live.' }).waitFor();
  for (const { wrong, context } of [book, home, opened]) {
    assert.deepEqual(wrong, []);
    await context.close();
  }
});
