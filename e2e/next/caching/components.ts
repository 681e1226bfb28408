/** `use cache` with its lifetimes and tags. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import type { Site } from '../site.ts';
import { revalidate } from './purges.ts';
import { shown } from './render.ts';
import { rendersOf } from './time.ts';
import { requestEveryWorker } from './workers.ts';

export function declareComponents(site: () => Site): void {
  test('a page with "use cache" and a lifetime is revalidated in time, stale meanwhile', async () => {
    const first = shown((await site().request('/life')).body);
    const states = new Set<unknown>();
    await eventually(
      async () => {
        const response = await site().request('/life');
        states.add(response.headers['x-nextjs-cache']);
        return shown(response.body) !== first;
      },
      30_000,
      () => 'it was never revalidated',
    );
    assert.ok(
      [...states].every((state) => state === 'HIT' || state === 'STALE'),
      JSON.stringify([...states]),
    );
    await eventually(
      async () => (await rendersOf(site(), '/life')).length > 0,
      30_000,
      () => 'the render was not logged',
    );
  });

  test('cacheTag: an invalidated page is never given again, HTML or RSC, on no worker', async () => {
    const old = shown((await site().request('/static')).body);
    await revalidate(site(), { tag: 'static' });
    for (const response of await requestEveryWorker(site(), '/static')) assert.notEqual(shown(response.body), old);
    for (const response of await requestEveryWorker(site(), '/static?_rsc=1', { headers: { rsc: '1' } }))
      assert.notEqual(shown(response.body), old);
    const ids = new Set((await requestEveryWorker(site(), '/static')).map(({ body }) => shown(body)));
    assert.equal(ids.size, 1);
  });

  test('"use cache: remote" is one value for every process, until its tag ends it', async () => {
    const see = async (): Promise<string> => shown((await site().request('/remote')).body, 'shared');
    const first = await see();
    for (let i = 0; i < 8; i++) assert.equal(await see(), first);
    await revalidate(site(), { tag: 'remote' });
    const after = await see();
    assert.notEqual(after, first);
    for (let i = 0; i < 8; i++) assert.equal(await see(), after);
  });

  test('updateTag in an action: the next request sees the new value', async () => {
    const page = await site().request('/action');
    const old = shown(page.body, 'value');
    const form = new FormData();
    for (const [, name = '', value = ''] of page.body.matchAll(
      /<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?\/?>/g,
    ))
      form.append(name, value.replaceAll('&quot;', '"'));
    const encoded = new Response(form);
    const response = await site().request('/action', {
      method: 'POST',
      body: Buffer.from(await encoded.arrayBuffer()),
      headers: {
        'content-type': encoded.headers.get('content-type') ?? '',
        origin: `http://${site().host}:${site().platform.edgePort}`,
      },
    });
    assert.ok(response.status === 200 || response.status === 303, `${response.status} ${response.body.slice(0, 300)}`);
    for (const seen of await requestEveryWorker(site(), '/action')) assert.notEqual(shown(seen.body, 'value'), old);
  });
}
