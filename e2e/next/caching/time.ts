/** Pages with a lifetime. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import type { Gates } from '../gates.ts';
import type { Site } from '../site.ts';
import { shown, version } from './render.ts';
import { requestEveryWorker } from './workers.ts';

type Line = { text: string };
/** How often the running deployment printed that it made the page. */
export async function rendersOf(site: Site, path: string): Promise<readonly string[]> {
  const response = await site.platform.api<{ items: readonly Line[] }>(
    'GET',
    `/api/deployments/${site.live()}/logs?kind=run&limit=5000`,
  );
  assert.equal(response.status, 200, JSON.stringify(response.body));
  return response.body.items
    .map(({ text }) => text)
    .filter((text) => text.includes(`rendered ${path} `))
    .map((text) => text.slice(text.lastIndexOf(' ') + 1));
}

const RSC = { rsc: '1' };

/** A render of /timed waits until this gate is open. */
export const RENDER_GATE = 'timed';

export function declareTime(site: () => Site, gates: () => Gates, phase: string): void {
  test('a page is served stale at once, revalidated once for all processes, and then new for every client', async () => {
    const path = '/timed';
    const gate = `${RENDER_GATE}/1`;
    const allClients = async (): Promise<readonly { id: string; state: unknown }[]> => {
      const crowd = await Promise.all(Array.from({ length: 16 }, () => site().request(path)));
      return [...crowd, ...(await requestEveryWorker(site(), path))].map(({ body, headers }) => ({
        id: shown(body),
        state: headers['x-nextjs-cache'],
      }));
    };
    let old = '';
    // A version that an earlier test left is revalidated until the page is fresh.
    await eventually(
      async () => {
        const response = await site().request(path);
        old = shown(response.body);
        return response.headers['x-nextjs-cache'] === 'HIT';
      },
      30_000,
      () => 'the page never became fresh',
    );

    // From here on there is one version of the page, until the gate opens.
    gates().shut(gate);
    try {
      const responses: { state: unknown; id: string }[] = [];
      // A worker whose own attempt lost to another's waits before its next one: others revalidate meanwhile.
      await eventually(
        async () => {
          const response = await site().request(path);
          responses.push({ state: response.headers['x-nextjs-cache'], id: shown(response.body) });
          return gates().heldCount(gate) > 0;
        },
        30_000,
        () => `nothing regenerates it: ${JSON.stringify(responses.slice(-50))}`,
      );
      assert.ok(
        responses.every(({ id, state }) => id === old && (state === 'HIT' || state === 'STALE')),
        JSON.stringify(responses),
      );
      assert.ok(responses.some(({ state }) => state === 'STALE'));
      // Meanwhile every worker gets requests: all serve the old page at once, and none starts another revalidation.
      for (const { id, state } of await allClients()) assert.deepEqual([id, state], [old, 'STALE']);
      assert.equal(gates().heldCount(gate), 1);
    } finally {
      gates().open(gate);
    }

    let fresh = old;
    await eventually(
      async () => {
        fresh = shown((await site().request(path)).body);
        return fresh !== old;
      },
      30_000,
      () => 'the page was never regenerated',
    );
    for (const { id } of await allClients())
      assert.notEqual(id, old, 'the old page is never served once it has been replaced');
    // The output of a function reaches the log a moment after its response, that of the old page perhaps only now.
    let renders: readonly string[] = [];
    await eventually(
      async () => (renders = await rendersOf(site(), path)).includes(fresh),
      30_000,
      () => `the render of ${fresh} was not logged`,
    );
    assert.ok(renders.filter((id) => id === old).length <= 1, 'the old page was made again');
  });

  test('HTML, RSC payload and segments of a page are replaced together', async () => {
    const gate = `${RENDER_GATE}/1`;
    const segment = { ...RSC, 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/timed/__PAGE__' };
    const html = async (): Promise<string> => version((await site().request('/timed')).body);
    /** Which versions all parts on all workers are of. */
    const versions = async (): Promise<ReadonlySet<string>> => {
      const responses = [...(await requestEveryWorker(site(), '/timed'))];
      for (const headers of [RSC, segment])
        responses.push(...(await requestEveryWorker(site(), '/timed?_rsc=abc', { headers })));
      assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
      return new Set(responses.map(({ body }) => version(body)));
    };
    /** From here on nothing is replaced: every render of the next version waits. */
    const stop = async (): Promise<void> => {
      gates().shut(gate);
      await eventually(
        async () => (await html()) !== '' && gates().heldCount(gate) > 0,
        30_000,
        () => 'nothing regenerates it',
      );
    };
    try {
      await stop();
      const before = await versions();
      assert.equal(before.size, 1, [...before].join(', '));
      gates().open(gate);
      const [old = ''] = before;
      await eventually(
        async () => (await html()) !== old,
        30_000,
        () => 'the page was never regenerated',
      );
      assert.ok(!(await versions()).has(old), 'a part of the old version is given after the new page');
      await stop();
      const after = await versions();
      assert.equal(after.size, 1, [...after].join(', '));
    } finally {
      gates().open(gate);
    }
  });

  test('what a rule of the configuration adds is on the page for the requests that match the rule', async () => {
    const byRequest = await site().request('/timed', { headers: { 'x-ask': '1' } });
    assert.deepEqual([byRequest.headers['x-from-config'], byRequest.headers['x-answered']], ['yes', 'asked']);
    for (const response of await requestEveryWorker(site(), '/timed'))
      assert.deepEqual([response.headers['x-from-config'], response.headers['x-answered']], ['yes', undefined]);
  });

  test('a path that was not built is rendered once, then served by the edge without the function', async () => {
    const path = `/dynamic/${phase.replaceAll(' ', '-')}`;
    const first = await site().request(path);
    assert.equal(first.headers['x-nextjs-cache'], 'MISS');
    for (const response of [...(await requestEveryWorker(site(), path)), ...(await requestEveryWorker(site(), path))]) {
      assert.equal(shown(response.body), shown(first.body));
      assert.equal(response.headers['x-nextjs-cache'], 'HIT');
      assert.equal(response.headers['cache-control'], 'public, max-age=0, must-revalidate');
    }
    await site().toZero();
    const received = await site().request(path);
    assert.equal(shown(received.body), shown(first.body));
    assert.equal((await site().instances()).length, 0, 'no process was started for it');
    const { etag } = received.headers;
    assert.equal((await site().request(path, { headers: { 'if-none-match': String(etag) } })).status, 304);
  });

  test('a route handler with a lifetime is served and revalidated like a page', async () => {
    const first = await site().request('/api/handler');
    assert.equal(first.status, 200);
    await eventually(
      async () => shown((await site().request('/api/handler')).body) !== shown(first.body),
      30_000,
      () => 'it never changed',
    );
  });
}
