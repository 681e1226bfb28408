/** Responses that are not pages are cached as well, but for those that must not be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { shown } from './render.ts';
import { requestEveryWorker } from './workers.ts';

let next = 0;

export function declareOutcomes(site: () => Site): void {
  test('"not found" of both routers is cached with its status', async () => {
    for (const path of ['/missing', `/dynamic/missing-${++next}`, `/fallback/missing-${++next}`]) {
      await site().request(path);
      for (const response of [
        ...(await requestEveryWorker(site(), path)),
        ...(await requestEveryWorker(site(), path)),
      ]) {
        assert.deepEqual([response.status, response.headers['x-nextjs-cache']], [404, 'HIT'], path);
        assert.match(response.body, /Nothing here/);
      }
    }
  });

  test('redirects of both routers are cached and lead to their place', async () => {
    for (const [path, to] of [
      ['/moved', '/timed'],
      [`/dynamic/moved-${++next}`, '/timed'],
      [`/fallback/moved-${++next}`, '/classic'],
    ] as const) {
      await site().request(path);
      for (const response of [
        ...(await requestEveryWorker(site(), path)),
        ...(await requestEveryWorker(site(), path)),
      ]) {
        assert.deepEqual(
          [response.status, response.headers.location, response.headers['x-nextjs-cache']],
          [307, to, 'HIT'],
          path,
        );
      }
    }
  });

  test('HEAD, ranges and codings of a cached page are those of any file', async () => {
    const path = `/dynamic/forms-${++next}`;
    await site().request(path);
    const whole = await site().request(path);
    const head = await site().request(path, { method: 'HEAD' });
    assert.deepEqual(
      [head.status, head.headers['content-length'], head.body],
      [200, String(Buffer.byteLength(whole.body)), ''],
    );
    for (const response of await requestEveryWorker(site(), path, { headers: { range: 'bytes=0-14' } }))
      assert.ok([200, 206].includes(response.status) && response.body.startsWith('<!DOCTYPE html>'));
  });

  test('a page that is rendered for every request is never cached', async () => {
    const seen = new Set((await requestEveryWorker(site(), '/unstable')).map(({ body }) => shown(body)));
    assert.ok(seen.size > 1);
  });
}
