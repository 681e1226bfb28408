/** What ends the use of a page before its time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, type RequestOptions } from '../../platform.ts';
import type { Site } from '../site.ts';
import { shown } from './render.ts';
import { askEveryWorker } from './workers.ts';

export async function revalidate(site: Site, what: object): Promise<void> {
  const answer = await site.visit('/api/revalidate', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(what) });
  assert.equal(answer.status, 200, answer.body);
}

/** Every worker has the page, fresh; its id. */
async function everywhere(site: Site, path: string, options: RequestOptions = {}): Promise<string> {
  let id = '';
  await eventually(async () => {
    const answers = [...(await askEveryWorker(site, path, options)), ...(await askEveryWorker(site, path, options))];
    const last = answers.slice(-2);
    id = shown(last[0]?.body ?? '');
    return last.every(({ headers, body }) => headers['x-nextjs-cache'] === 'HIT' && shown(body) === id);
  }, 30_000, () => `${path} never was the same everywhere`);
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
    test(`${what} reaches every edge worker before it answers`, async () => {
      const old = await everywhere(site(), path);
      const rsc = { headers: { rsc: '1' } };
      const oldPayload = await everywhere(site(), `${path}?_rsc=1`, rsc);
      await revalidate(site(), revalidation);
      for (const answer of await askEveryWorker(site(), path)) assert.notEqual(shown(answer.body), old);
      for (const answer of await askEveryWorker(site(), `${path}?_rsc=1`, rsc)) assert.notEqual(shown(answer.body), oldPayload);
      await everywhere(site(), path);
    });
  }

  test('revalidateTag with a profile gives the old page once more, says so, and makes a new one behind it', async () => {
    const old = await everywhere(site(), '/tagged');
    await revalidate(site(), { tag: 'things', profile: 'max' });
    const first = await site().visit('/tagged');
    assert.deepEqual([shown(first.body), first.headers['x-nextjs-cache']], [old, 'STALE']);
    await eventually(async () => shown((await site().visit('/tagged')).body) !== old, 30_000, () => 'it was never made anew');
    for (const answer of await askEveryWorker(site(), '/tagged')) assert.notEqual(shown(answer.body), old);
  });

  test('updateTag in an action that works without JavaScript ends the use of what has the tag', async () => {
    const page = await site().visit('/action');
    const old = await everywhere(site(), '/action');
    const fields = [...page.body.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?\/?>/g)];
    assert.ok(fields.length > 0, page.body);
    const form = new FormData();
    for (const [, name = '', value = ''] of fields) form.append(name, value.replaceAll('&quot;', '"'));
    const encoded = new Response(form);
    const answer = await site().visit('/action', {
      method: 'POST', body: Buffer.from(await encoded.arrayBuffer()),
      headers: { 'content-type': encoded.headers.get('content-type') ?? '', origin: `http://${site().host}:${site().platform.edgePort}` },
    });
    assert.ok(answer.status === 200 || answer.status === 303, `${answer.status}`);
    for (const seen of await askEveryWorker(site(), '/action')) assert.notEqual(shown(seen.body), old);
  });

  test('res.revalidate of the Pages Router replaces the page and its data everywhere', async () => {
    const old = await everywhere(site(), '/classic');
    const done = await site().visit('/api/again?path=/classic');
    assert.equal(done.status, 200, done.body);
    const seen = new Set((await askEveryWorker(site(), '/classic')).map(({ body }) => shown(body)));
    assert.ok(seen.size === 1 && !seen.has(old), JSON.stringify([old, ...seen]));
    const build = /"buildId":"([^"]+)"/.exec((await site().visit('/classic')).body)?.[1] ?? '';
    for (const answer of await askEveryWorker(site(), `/_next/data/${build}/classic.json`)) assert.equal(shown(answer.body.replace('"id"', '"render"')), [...seen][0]);
  });

  test('res.revalidate of a route handler replaces its answer everywhere', async () => {
    const old = shown((await site().visit('/api/handler')).body);
    const done = await site().visit('/api/again?path=/api/handler');
    assert.equal(done.status, 200, done.body);
    for (const answer of await askEveryWorker(site(), '/api/handler')) assert.notEqual(shown(answer.body), old);
  });

  test('a page of another path stays as it is', async () => {
    const path = `/dynamic/other-${phase.replaceAll(' ', '-')}`;
    await site().visit(path);
    const id = await everywhere(site(), path);
    await revalidate(site(), { path: '/tagged' });
    for (const answer of await askEveryWorker(site(), path)) assert.equal(shown(answer.body), id);
  });
}
