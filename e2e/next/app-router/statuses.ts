/** Answers that are not the page: redirects, refusals, what is missing and what failed, with their statuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logOf } from '../../helpers.ts';
import { eventually } from '../../platform.ts';
import { askInParts, type Gates } from '../gates.ts';
import type { Site } from '../site.ts';
import { get, heading, page } from './page.ts';

export function declareStatuses(site: () => Site, gates: () => Gates): void {
  test('redirect() and permanentRedirect() answer 307 and 308', async () => {
    for (const [kind, status, location] of [['redirect', 307, '/static?from=gate'], ['permanent', 308, '/static'], ['external', 307, 'https://elsewhere.example/path?a=b']] as const) {
      const answer = await get(site(), `/gates/${kind}`);
      assert.equal(answer.status, status);
      assert.equal(answer.headers['location'], location);
    }
  });

  test('a redirect that the build already knows is answered by the edge', async () => {
    const answer = await get(site(), '/gates/built');
    assert.equal(answer.status, 307);
    assert.equal(answer.headers['location'], '/static?from=build');
    assert.equal(answer.headers['x-anchor-cache'], 'HIT');
  });

  test('a redirect after the shell was sent is a refresh in the page', async () => {
    const answer = await askInParts(gates(), site(), '/late/redirect', ['Before the redirect', 'http-equiv="refresh"']);
    assert.equal(answer.status, 200);
    assert.match(answer.text, /<meta[^>]*http-equiv="refresh"[^>]*url=\/static\?from=late/);
  });

  test('notFound(), forbidden() and unauthorized() answer 404, 403 and 401 with the pages for them', async () => {
    for (const [kind, status, page] of [['none', 404, 'Nothing here'], ['forbidden', 403, 'You may not'], ['unauthorized', 401, 'Who are you?']] as const) {
      const answer = await get(site(), `/gates/${kind}`);
      assert.equal(answer.status, status);
      assert.match(answer.text, new RegExp(page.replace('?', '\\?')));
      assert.match(String(answer.headers['cache-control']), /no-store/);
    }
  });

  test('not-found.tsx: the nearest one, with status 404', async () => {
    assert.equal(heading(await page(site(), '/missing/there')), 'It is there');
    const nested = await get(site(), '/missing/else');
    assert.equal(nested.status, 404);
    assert.match(nested.text, /Missing in this part/);
    for (const path of ['/nothing', '/nothing/deeper', '/static/below', '/STATIC', '/favicon.ico']) {
      const answer = await get(site(), path);
      assert.equal(answer.status, 404, path);
      assert.equal(heading(answer.text), 'Nothing here');
      assert.match(String(answer.headers['cache-control']), /no-store/, path);
    }
  });

  test('an error in a page answers 500 with a digest, tells nothing of the server, and is in the log under it', async () => {
    for (const [path, message] of [['/broken/server', 'a secret of the server'], ['/fatal', 'fatal on purpose']] as const) {
      const answer = await get(site(), path);
      assert.equal(answer.status, 500);
      assert.match(answer.text, /digest/);
      assert.doesNotMatch(answer.text, new RegExp(message));
      const digest = /\\?"digest\\?":\\?"(\d+)/.exec(answer.text)?.[1] ?? /data-dgst="(\d+)"/.exec(answer.text)?.[1];
      assert.ok(digest !== undefined, answer.text);
      await eventually(async () => (await logOf(site().platform, site().live(), 'run')).includes(digest), 30_000, () => `no ${digest} in the log`);
    }
    assert.equal(heading(await page(site(), '/broken/server', { headers: { cookie: 'mended=1' } })), 'It works again');
  });

  test('a route handler that throws answers 500 without a word of why', async () => {
    const answer = await get(site(), '/api/fail');
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text, /on purpose/);
  });

  test('methods that a page, a file or a handler does not have are refused', async () => {
    for (const [method, path, status, allow] of [
      ['PUT', '/static', 405, 'GET, HEAD'], ['DELETE', '/names/plain', 200, undefined], ['OPTIONS', '/static', 405, 'GET, HEAD'], ['POST', '/file%20with%20space.txt', 405, 'GET, HEAD'], ['PATCH', '/api/built', 405, 'GET, HEAD'],
      ['OPTIONS', '/dynamic', 400, undefined], ['POST', '/api/implicit', 405, undefined], ['POST', '/nothing', 404, undefined],
    ] as const) {
      const answer = await get(site(), path, { method, ...(method === 'OPTIONS' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } }) });
      assert.equal(answer.status, status, `${method} ${path}`);
      if (allow !== undefined) assert.equal(answer.headers['allow'], allow, `${method} ${path}`);
    }
  });

  test('loading.tsx is there before the page', async () => {
    await askInParts(gates(), site(), '/slow', ['Loading, please wait', 'The slow page']);
  });
}
