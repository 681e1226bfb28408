/** Responses that are not the page: redirects, refusals, missing pages and errors, with their statuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logOf } from '../../helpers.ts';
import { eventually } from '../../platform.ts';
import { requestInParts, type Gates } from '../gates.ts';
import type { Site } from '../site.ts';
import { get, heading, page } from './page.ts';

export function declareStatuses(site: () => Site, gates: () => Gates): void {
  test('redirect() and permanentRedirect() respond with 307 and 308', async () => {
    for (const [kind, status, location] of [
      ['redirect', 307, '/static?from=gate'],
      ['permanent', 308, '/static'],
      ['external', 307, 'https://elsewhere.example/path?a=b'],
    ] as const) {
      const response = await get(site(), `/gates/${kind}`);
      assert.equal(response.status, status);
      assert.equal(response.headers['location'], location);
    }
  });

  test('a redirect that the build already knows is sent by the edge', async () => {
    const response = await get(site(), '/gates/built');
    assert.equal(response.status, 307);
    assert.equal(response.headers['location'], '/static?from=build');
    assert.equal(response.headers['x-anchor-cache'], 'HIT');
  });

  test('a redirect after the shell was sent is a refresh in the page', async () => {
    const response = await requestInParts(gates(), site(), '/late/redirect', [
      'Before the redirect',
      'http-equiv="refresh"',
    ]);
    assert.equal(response.status, 200);
    assert.match(response.text, /<meta[^>]*http-equiv="refresh"[^>]*url=\/static\?from=late/);
  });

  test('notFound(), forbidden() and unauthorized() respond with 404, 403 and 401 and the pages for them', async () => {
    for (const [kind, status, page] of [
      ['none', 404, 'Nothing here'],
      ['forbidden', 403, 'You may not'],
      ['unauthorized', 401, 'Please log in'],
    ] as const) {
      const response = await get(site(), `/gates/${kind}`);
      assert.equal(response.status, status);
      assert.match(response.text, new RegExp(page.replace('?', '\\?')));
      assert.match(String(response.headers['cache-control']), /no-store/);
    }
  });

  test('not-found.tsx: the nearest one, with status 404', async () => {
    assert.equal(heading(await page(site(), '/missing/there')), 'It is there');
    const nested = await get(site(), '/missing/else');
    assert.equal(nested.status, 404);
    assert.match(nested.text, /Missing in this part/);
    for (const path of ['/nothing', '/nothing/deeper', '/static/below', '/STATIC', '/favicon.ico']) {
      const response = await get(site(), path);
      assert.equal(response.status, 404, path);
      assert.equal(heading(response.text), 'Nothing here');
      assert.match(String(response.headers['cache-control']), /no-store/, path);
    }
  });

  test('an error in a page responds with 500 and a digest, reveals nothing of the server, and is in the log under it', async () => {
    for (const [path, message] of [
      ['/broken/server', 'a secret of the server'],
      ['/fatal', 'fatal on purpose'],
    ] as const) {
      const response = await get(site(), path);
      assert.equal(response.status, 500);
      assert.match(response.text, /digest/);
      assert.doesNotMatch(response.text, new RegExp(message));
      const digest =
        /\\?"digest\\?":\\?"(\d+)/.exec(response.text)?.[1] ?? /data-dgst="(\d+)"/.exec(response.text)?.[1];
      assert.ok(digest !== undefined, response.text);
      await eventually(
        async () => (await logOf(site().platform, site().live(), 'run')).includes(digest),
        30_000,
        () => `no ${digest} in the log`,
      );
    }
    assert.equal(heading(await page(site(), '/broken/server', { headers: { cookie: 'fixed=1' } })), 'It works again');
  });

  test('a route handler that throws responds with 500 without the reason', async () => {
    const response = await get(site(), '/api/fail');
    assert.equal(response.status, 500);
    assert.doesNotMatch(response.text, /on purpose/);
  });

  test('methods that a page, a file or a handler does not have are refused', async () => {
    for (const [method, path, status, allow] of [
      ['PUT', '/static', 405, 'GET, HEAD'],
      ['DELETE', '/names/plain', 200, undefined],
      ['OPTIONS', '/static', 405, 'GET, HEAD'],
      ['POST', '/file%20with%20space.txt', 405, 'GET, HEAD'],
      ['PATCH', '/api/built', 405, 'GET, HEAD'],
      ['OPTIONS', '/dynamic', 400, undefined],
      ['POST', '/api/implicit', 405, undefined],
      ['POST', '/nothing', 404, undefined],
    ] as const) {
      const response = await get(site(), path, {
        method,
        ...(method === 'OPTIONS' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } }),
      });
      assert.equal(response.status, status, `${method} ${path}`);
      if (allow !== undefined) assert.equal(response.headers['allow'], allow, `${method} ${path}`);
    }
  });

  test('loading.tsx is there before the page', async () => {
    await requestInParts(gates(), site(), '/slow', ['Loading, please wait', 'The slow page']);
  });
}
