/** Purges: what ends the use of a page before its time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, type RequestOptions } from '../../platform.ts';
import type { Site } from '../site.ts';
import { shown } from './render.ts';
import { requestEveryWorker } from './workers.ts';

export async function revalidate(site: Site, what: object): Promise<void> {
  const response = await site.request('/api/revalidate', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(what),
  });
  assert.equal(response.status, 200, response.body);
}

/** Every worker has the page, fresh; its id. */
async function everywhere(site: Site, path: string, options: RequestOptions = {}): Promise<string> {
  let id = '';
  await eventually(
    async () => {
      const responses = [
        ...(await requestEveryWorker(site, path, options)),
        ...(await requestEveryWorker(site, path, options)),
      ];
      const last = responses.slice(-2);
      id = shown(last[0]?.body ?? '');
      return last.every(({ headers, body }) => headers['x-nextjs-cache'] === 'HIT' && shown(body) === id);
    },
    30_000,
    () => `${path} never was the same everywhere`,
  );
  return id;
}

export function declarePurges(site: () => Site, phase: string): void {
  const paths: readonly (readonly [what: string, path: string, revalidation: object])[] = [
    ['revalidatePath', '/tagged', { path: '/tagged' }],
    ['revalidatePath of a route', '/dynamic/built', { path: '/dynamic/[slug]', type: 'page' }],
    ['revalidatePath of a layout', '/fetched', { path: '/', type: 'layout' }],
    ['revalidateTag without a profile', '/tagged', { tag: 'things' }],
    ['revalidateTag with an end at once', '/tagged', { tag: 'things', profile: { expire: 0 } }],
  ];
  for (const [what, path, revalidation] of paths) {
    test(`${what} reaches every edge worker before it responds`, async () => {
      const old = await everywhere(site(), path);
      const rsc = { headers: { rsc: '1' } };
      const oldPayload = await everywhere(site(), `${path}?_rsc=1`, rsc);
      await revalidate(site(), revalidation);
      for (const response of await requestEveryWorker(site(), path)) assert.notEqual(shown(response.body), old);
      for (const response of await requestEveryWorker(site(), `${path}?_rsc=1`, rsc))
        assert.notEqual(shown(response.body), oldPayload);
      await everywhere(site(), path);
    });
  }

  test('revalidateTag with a profile serves the old page once more, marked as stale, and regenerates it in the background', async () => {
    const old = await everywhere(site(), '/tagged');
    await revalidate(site(), { tag: 'things', profile: 'max' });
    const first = await site().request('/tagged');
    assert.deepEqual([shown(first.body), first.headers['x-nextjs-cache']], [old, 'STALE']);
    await eventually(
      async () => shown((await site().request('/tagged')).body) !== old,
      30_000,
      () => 'it was never revalidated',
    );
    for (const response of await requestEveryWorker(site(), '/tagged')) assert.notEqual(shown(response.body), old);
  });

  test('updateTag in an action that works without JavaScript ends the use of what has the tag', async () => {
    const page = await site().request('/action');
    const old = await everywhere(site(), '/action');
    const fields = [...page.body.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?\/?>/g)];
    assert.ok(fields.length > 0, page.body);
    const form = new FormData();
    for (const [, name = '', value = ''] of fields) form.append(name, value.replaceAll('&quot;', '"'));
    const encoded = new Response(form);
    const response = await site().request('/action', {
      method: 'POST',
      body: Buffer.from(await encoded.arrayBuffer()),
      headers: {
        'content-type': encoded.headers.get('content-type') ?? '',
        origin: `http://${site().host}:${site().platform.edgePort}`,
      },
    });
    assert.ok(response.status === 200 || response.status === 303, `${response.status}`);
    for (const seen of await requestEveryWorker(site(), '/action')) assert.notEqual(shown(seen.body), old);
  });

  test('res.revalidate of the Pages Router replaces the page and its data everywhere', async () => {
    const old = await everywhere(site(), '/classic');
    const done = await site().request('/api/again?path=/classic');
    assert.equal(done.status, 200, done.body);
    const seen = new Set((await requestEveryWorker(site(), '/classic')).map(({ body }) => shown(body)));
    assert.ok(seen.size === 1 && !seen.has(old), JSON.stringify([old, ...seen]));
    const build = /"buildId":"([^"]+)"/.exec((await site().request('/classic')).body)?.[1] ?? '';
    for (const response of await requestEveryWorker(site(), `/_next/data/${build}/classic.json`))
      assert.equal(shown(response.body.replace('"id"', '"render"')), [...seen][0]);
  });

  test('res.revalidate of a route handler replaces its response everywhere', async () => {
    const old = shown((await site().request('/api/handler')).body);
    const done = await site().request('/api/again?path=/api/handler');
    assert.equal(done.status, 200, done.body);
    for (const response of await requestEveryWorker(site(), '/api/handler')) assert.notEqual(shown(response.body), old);
  });

  test('a page of another path stays as it is', async () => {
    const path = `/dynamic/other-${phase.replaceAll(' ', '-')}`;
    await site().request(path);
    const id = await everywhere(site(), path);
    await revalidate(site(), { path: '/tagged' });
    for (const response of await requestEveryWorker(site(), path)) assert.equal(shown(response.body), id);
  });
}
