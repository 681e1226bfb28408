/**
 * Pages that were opened before a promotion or a rollback keep working: they navigate, load chunks, and call functions
 * of their own deployment.
 */
import { before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { mark, marked, openTab, type Tab } from '../browser.ts';
import { createProject, newest } from '../helpers.ts';
import { eventually, type Platform } from '../platform.ts';
import { createRepository, staticSite } from '../repository.ts';
import { ASSETS_SITE } from './assets-site.ts';
import type { Site } from './site.ts';
import { useStage } from './stage.ts';

let platform: Platform;
let site: Site;
let browser: Browser;
let first: string;
let second: string;

const open = (path: string, options = {}): Promise<Tab> => openTab(browser, site.url(path), options);
const close = async (tab: Tab): Promise<void> => {
  assert.deepEqual(tab.wrong, []);
  await tab.context.close();
};
const go = (page: Page, name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click();
const shows = (page: Page, text: string): Promise<void> => page.locator('h1', { hasText: text }).waitFor();
/** Returns the deployment that serves a client whose page belongs to `named`. */
const deploymentFor = async (named: string, path = '/dynamic'): Promise<string | undefined> =>
  String((await site.request(path, { headers: { 'x-deployment-id': named } })).headers['x-anchor-deployment']);
const setSkew = async (skewSeconds: number): Promise<void> => {
  const response = await platform.api('PATCH', `/api/projects/${site.name}`, { functions: { skewSeconds } });
  assert.equal(response.status, 200, JSON.stringify(response.body));
};

useStage(['browser'], ASSETS_SITE, (stage) => {
  ({ platform, site, browser } = stage);
  first = site.live();
});

/** Everything that a tab does, on the pages of its own version; the document stays. */
async function livesOn(
  tabs: Readonly<Record<'home' | 'lazy' | 'actions' | 'classic', Tab>>,
  version: string,
): Promise<void> {
  const { home, lazy, actions, classic } = tabs;
  for (const { page } of Object.values(tabs)) await mark(page);
  await go(home.page, '/dynamic');
  await shows(home.page, `dynamic ${version}`);
  await go(home.page, '/lazy');
  await shows(home.page, 'lazy');
  await lazy.page.getByRole('button', { name: 'show' }).click();
  await lazy.page.getByText(`later ${version}`).waitFor();
  assert.equal(
    await lazy.page.getByTestId('later').evaluate((element) => getComputedStyle(element).color),
    'rgb(1, 2, 3)',
  );
  await actions.page.getByRole('button', { name: 'Call' }).click();
  await actions.page.getByText(`ahoy heard by ${version}`).waitFor();
  await actions.page.getByLabel('Word').fill('ship');
  await actions.page.getByRole('button', { name: 'Say' }).click();
  await actions.page.getByText(`SHIP by ${version}`).waitFor();
  await go(classic.page, 'server');
  await shows(classic.page, `server ${version}`);
  await go(classic.page, 'static');
  await shows(classic.page, `static ${version}`);
  for (const { page } of Object.values(tabs)) assert.ok(await marked(page), `${page.url()} was reloaded`);
}

const openAll = async () => ({
  home: await open('/'),
  lazy: await open('/lazy'),
  actions: await open('/actions'),
  classic: await open('/classic'),
});

describe('a promotion', () => {
  let tabs: Awaited<ReturnType<typeof openAll>>;
  let plain: Tab;
  before(async () => {
    tabs = await openAll();
    plain = await open('/actions', { javaScriptEnabled: false });
    const read = (file: string): Promise<string> => readFile(join(site.repository.path, file), 'utf8');
    // The actions get other ids, every page and chunk other text.
    await site.repository.git('mv', 'app/actions/shout.ts', 'app/actions/say.ts');
    const deployment = await site.push({
      'lib/version.ts': "export const VERSION = 'two';\n",
      'app/actions/page.tsx': (await read('app/actions/page.tsx')).replace('./shout', './say'),
      'app/actions/form.tsx': (await read('app/actions/form.tsx')).replace('./shout', './say'),
    });
    second = deployment.id;
    assert.match((await site.request('/dynamic')).body, /dynamic (<!-- -->)?two/);
    // Nothing of the old deployment runs any more: its tabs start it again.
    await site.toZero(first);
  });

  test('the tabs that were open keep their own version, from a start at zero', async () => {
    await livesOn(tabs, 'one');
    for (const tab of Object.values(tabs)) await close(tab);
  });

  test('a new tab has the new version', async () => {
    const fresh = await openAll();
    await livesOn(fresh, 'two');
    for (const tab of Object.values(fresh)) await close(tab);
  });

  test('a form of the old page that is sent without JavaScript gets the new page, and works there', async () => {
    await plain.page.getByLabel('Word').fill('first');
    await plain.page.getByRole('button', { name: 'Say' }).click();
    await shows(plain.page, 'actions two');
    await plain.page.getByLabel('Word').fill('again');
    await plain.page.getByRole('button', { name: 'Say' }).click();
    await plain.page.getByText('AGAIN by two').waitFor();
    await close(plain);
  });

  test('an app that names the deployment in a cookie keeps also forms without JavaScript and plain requests', async () => {
    const tab = await open('/actions', { javaScriptEnabled: false });
    await site.rollback(first);
    await tab.context.addCookies([{ name: '__anchor_dpl', value: second, url: site.url('/') }]);
    await tab.page.getByLabel('Word').fill('kept');
    await tab.page.getByRole('button', { name: 'Say' }).click();
    await tab.page.getByText('KEPT by two').waitFor();
    await close(tab);
    await site.promote(second);
  });

  test('query, header and cookie name the deployment alike', async () => {
    for (const [path, headers] of [
      [`/dynamic?dpl=${first}`, {}],
      ['/dynamic', { 'x-deployment-id': first }],
      ['/dynamic', { cookie: `a=b; __anchor_dpl=${first}` }],
    ] as const) {
      const response = await site.request(path, { headers });
      assert.match(response.body, /dynamic (<!-- -->)?one/);
      assert.equal(response.headers['x-anchor-deployment'], first);
    }
  });
});

describe('a rollback, and switches in quick succession', () => {
  test('tabs of the newer deployment keep working after a rollback, and so do those of the older after two more switches', async () => {
    const newer = await openAll();
    await site.rollback(first);
    const older = await openAll();
    await livesOn(newer, 'two');
    await site.promote(second);
    await site.promote(first);
    await site.promote(second);
    await livesOn(older, 'one');
    for (const tab of [...Object.values(newer), ...Object.values(older)]) await close(tab);
  });

  test('while production is switched back and forth no tab meets an error', async () => {
    const [app, classic] = [await open('/'), await open('/classic')];
    const state = { switching: true };
    const switches = (async () => {
      for (const to of [first, second, first, second, first, second]) await site.promote(to);
      state.switching = false;
    })();
    let rounds = 0;
    for (; state.switching || rounds < 3; rounds++) {
      await go(app.page, '/dynamic');
      await shows(app.page, 'dynamic two');
      await go(app.page, '/');
      await shows(app.page, 'Assets');
      await go(classic.page, 'server');
      await shows(classic.page, 'server two');
      await go(classic.page, 'static');
      await shows(classic.page, 'static two');
      await go(classic.page, 'back');
      await shows(classic.page, 'classic two');
    }
    await switches;
    await close(app);
    await close(classic);
  });
});

describe('the methods and paths that a host accepts', () => {
  test('no deployment of another project, of a preview or of an unknown id can be named', async () => {
    await createProject(platform, 'stranger');
    const repository = await createRepository();
    await repository.commit(staticSite('stranger'));
    assert.match((await repository.push(platform, 'stranger')).output, /Live at/);
    const stranger = (await newest(platform, 'stranger')).id;
    await repository.remove();
    assert.match((await site.repository.push(platform, site.name, 'topic')).output, /Live at/);
    const preview = (await newest(platform, site.name)).id;
    assert.notEqual(preview, second);
    for (const named of [
      stranger,
      preview,
      'dpl_00000000000000000000',
      'my-own',
      '../../x',
      '__proto__',
      first.toUpperCase(),
      `${first}x`,
      '',
    ]) {
      assert.equal(await deploymentFor(named), second, named);
      assert.equal(
        (await site.request(`/dynamic?dpl=${encodeURIComponent(named)}`)).headers['x-anchor-deployment'],
        second,
        named,
      );
      assert.equal(
        (await site.request('/dynamic', { headers: { cookie: `__anchor_dpl=${named}` } })).headers[
          'x-anchor-deployment'
        ],
        second,
        named,
      );
    }
    // Nor production's from the preview's own host.
    assert.equal(
      (
        await platform.request(`${site.name}-git-topic.localhost`, '/dynamic', {
          headers: { 'x-deployment-id': first },
        })
      ).headers['x-anchor-deployment'],
      preview,
    );
  });
});

describe('a page that is older than the retained deployments', () => {
  let tabs: Awaited<ReturnType<typeof openAll>>;
  let call: Tab;
  let plain: Tab;
  before(async () => {
    await site.promote(first);
    tabs = await openAll();
    call = await open('/actions');
    plain = await open('/actions', { javaScriptEnabled: false });
    await setSkew(1);
    await site.promote(second);
    await eventually(
      async () => (await deploymentFor(first)) === second,
      30_000,
      () => 'its time never ended',
    );
  });

  test('loads the new version when it navigates, in both routers', async () => {
    const { home, classic } = tabs;
    await mark(home.page);
    await go(home.page, '/dynamic');
    await shows(home.page, 'dynamic two');
    assert.equal(await marked(home.page), false);
    assert.equal(await home.page.getByTestId('layout').innerText(), 'two');
    await mark(classic.page);
    await go(classic.page, 'server');
    await shows(classic.page, 'server two');
    assert.equal(await classic.page.getByTestId('code').innerText(), 'two');
    assert.equal(await marked(classic.page), false);
    await close(home);
    await close(classic);
  });

  test('still gets its chunks', async () => {
    await tabs.lazy.page.getByRole('button', { name: 'show' }).click();
    await tabs.lazy.page.getByText('later one').waitFor();
    await close(tabs.lazy);
  });

  test('reloads its page when it calls an action that is gone, and can then call it', async () => {
    const { actions } = tabs;
    await actions.page.getByLabel('Word').fill('late');
    await actions.page.getByRole('button', { name: 'Say' }).click();
    await shows(actions.page, 'actions two');
    await actions.page.getByLabel('Word').fill('late');
    await actions.page.getByRole('button', { name: 'Say' }).click();
    await actions.page.getByText('LATE by two').waitFor();
    await close(actions);

    await call.page.getByRole('button', { name: 'Call' }).click();
    await shows(call.page, 'actions two');
    await call.page.getByRole('button', { name: 'Call' }).click();
    await call.page.getByText('ahoy heard by two').waitFor();
    await close(call);
  });

  test('gets the new page for a form without JavaScript', async () => {
    await plain.page.getByRole('button', { name: 'Say' }).click();
    await shows(plain.page, 'actions two');
    await close(plain);
  });
});
