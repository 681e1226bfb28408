/** Pages with a lifetime. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import type { Site } from '../site.ts';
import { shown, version } from './render.ts';
import { askEveryWorker } from './workers.ts';

type Line = { text: string };
/** How often the running deployment printed that it made the page. */
export async function rendersOf(site: Site, path: string): Promise<readonly string[]> {
  const answer = await site.platform.api<{ items: readonly Line[] }>('GET', `/api/deployments/${site.live()}/logs?kind=run&limit=5000`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.items.map(({ text }) => text).filter((text) => text.includes(`rendered ${path} `)).map((text) => text.slice(text.lastIndexOf(' ') + 1));
}

const RSC = { rsc: '1' };

export function declareTime(site: () => Site, phase: string): void {
  test('a page is served stale at once, made anew once for everybody, and then new for everybody', async () => {
    const path = '/timed';
    let old = shown((await site().visit(path)).body);
    // Whatever an earlier test left is made anew until the page is fresh.
    await eventually(async () => {
      const answer = await site().visit(path);
      old = shown(answer.body);
      return answer.headers['x-nextjs-cache'] === 'HIT';
    }, 20_000, () => 'the page never became fresh');
    for (const answer of await askEveryWorker(site(), path)) assert.equal(shown(answer.body), old);
    const rendersBefore = (await rendersOf(site(), path)).length;

    const answers: { state: unknown; id: string; ms: number }[] = [];
    await eventually(async () => {
      const from = performance.now();
      const answer = await site().visit(path);
      answers.push({ state: answer.headers['x-nextjs-cache'], id: shown(answer.body), ms: performance.now() - from });
      return answer.headers['x-nextjs-cache'] === 'STALE';
    }, 20_000, () => 'the page never became stale');
    assert.ok(answers.every(({ id, state }) => id === old && (state === 'HIT' || state === 'STALE')), JSON.stringify(answers));
    // Meanwhile everybody asks.
    const crowd = await Promise.all(Array.from({ length: 16 }, () => site().visit(path)));
    const ids = new Set(crowd.map(({ body }) => shown(body)));
    assert.ok(ids.size <= 2 && crowd.every(({ headers, body }) => headers['x-nextjs-cache'] === 'STALE' || shown(body) !== old), JSON.stringify([...ids]));

    let fresh = old;
    await eventually(async () => {
      fresh = shown((await site().visit(path)).body);
      return fresh !== old;
    }, 20_000, () => 'the page was never made anew');
    for (const answer of await askEveryWorker(site(), path)) {
      assert.notEqual(shown(answer.body), old, 'nobody sees the old page once it has been replaced');
    }
    await eventually(async () => (await rendersOf(site(), path)).includes(fresh), 20_000, () => 'the render was not logged');
    const renders = (await rendersOf(site(), path)).slice(rendersBefore);
    assert.equal(renders.indexOf(fresh), 0, `one render made the new page: ${JSON.stringify(renders)}`);
  });

  test('HTML, RSC payload and segments of a page are replaced together', async () => {
    const part = async (headers?: Record<string, string>): Promise<{ id: string; state: unknown }> => {
      const answer = await site().visit(headers === undefined ? '/timed' : '/timed?_rsc=abc', headers === undefined ? {} : { headers });
      assert.equal(answer.status, 200);
      return { id: version(answer.body), state: answer.headers['x-nextjs-cache'] };
    };
    const segment = { ...RSC, 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/timed/__PAGE__' };
    // Each part may come from another worker: within one lifetime all that is fresh is of one render.
    await eventually(async () => {
      const parts = await Promise.all([part(), part(RSC), part(segment), part(), part(RSC), part(segment)]);
      const fresh = parts.filter(({ state }) => state === 'HIT');
      return fresh.length === parts.length && new Set(fresh.map(({ id }) => id)).size === 1;
    }, 20_000, () => 'the parts of the page were never of one render');
  });

  test('what a rule of the configuration adds is on the page for whom the rule is meant', async () => {
    const asked = await site().visit('/timed', { headers: { 'x-ask': '1' } });
    assert.deepEqual([asked.headers['x-from-config'], asked.headers['x-answered']], ['yes', 'asked']);
    for (const answer of await askEveryWorker(site(), '/timed')) assert.deepEqual([answer.headers['x-from-config'], answer.headers['x-answered']], ['yes', undefined]);
  });

  test('a path that was not built is made once, then given by the edge without the function', async () => {
    const path = `/dynamic/${phase.replaceAll(' ', '-')}`;
    const first = await site().visit(path);
    assert.equal(first.headers['x-nextjs-cache'], 'MISS');
    for (const answer of [...(await askEveryWorker(site(), path)), ...(await askEveryWorker(site(), path))]) {
      assert.equal(shown(answer.body), shown(first.body));
      assert.equal(answer.headers['x-nextjs-cache'], 'HIT');
      assert.equal(answer.headers['cache-control'], 'public, max-age=0, must-revalidate');
    }
    await site().toZero();
    const answer = await site().visit(path);
    assert.equal(shown(answer.body), shown(first.body));
    assert.equal((await site().instances()).length, 0, 'no process was started for it');
    const { etag } = answer.headers;
    assert.equal((await site().visit(path, { headers: { 'if-none-match': String(etag) } })).status, 304);
  });

  test('a route handler with a lifetime is served and made anew like a page', async () => {
    const first = await site().visit('/api/handler');
    assert.equal(first.status, 200);
    await eventually(async () => shown((await site().visit('/api/handler')).body) !== shown(first.body), 20_000, () => 'it never changed');
  });
}
