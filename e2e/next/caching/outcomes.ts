/** Answers that are no page: they are cached as well. And those that must not be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Site } from '../site.ts';
import { shown } from './render.ts';
import { askEveryWorker } from './workers.ts';

let next = 0;

export function declareOutcomes(site: () => Site): void {
  test('"not found" of both routers is cached with its status', async () => {
    for (const path of ['/missing', `/dynamic/missing-${++next}`, `/fallback/missing-${++next}`]) {
      await site().visit(path);
      for (const answer of [...(await askEveryWorker(site(), path)), ...(await askEveryWorker(site(), path))]) {
        assert.deepEqual([answer.status, answer.headers['x-nextjs-cache']], [404, 'HIT'], path);
        assert.match(answer.body, /Nothing here/);
      }
    }
  });

  test('redirects of both routers are cached and lead to their place', async () => {
    for (const [path, to] of [['/moved', '/timed'], [`/dynamic/moved-${++next}`, '/timed'], [`/fallback/moved-${++next}`, '/classic']] as const) {
      await site().visit(path);
      for (const answer of [...(await askEveryWorker(site(), path)), ...(await askEveryWorker(site(), path))]) {
        assert.deepEqual([answer.status, answer.headers.location, answer.headers['x-nextjs-cache']], [307, to, 'HIT'], path);
      }
    }
  });

  test('HEAD, ranges and codings of a cached page are those of any file', async () => {
    const path = `/dynamic/forms-${++next}`;
    await site().visit(path);
    const whole = await site().visit(path);
    const head = await site().visit(path, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, String(Buffer.byteLength(whole.body)), '']);
    for (const answer of await askEveryWorker(site(), path, { headers: { range: 'bytes=0-14' } })) assert.ok([200, 206].includes(answer.status) && answer.body.startsWith('<!DOCTYPE html>'));
  });

  test('a page that is made for every request is never kept', async () => {
    const seen = new Set((await askEveryWorker(site(), '/unstable')).map(({ body }) => shown(body)));
    assert.ok(seen.size > 1);
  });
}
