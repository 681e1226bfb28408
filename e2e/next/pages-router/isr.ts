import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import type { Site } from '../site.ts';
import { heading, stampOf } from './text.ts';

const EVERY_WORKER = 24;

/** Pages that are regenerated, by time or on demand. `unique` names paths that no other phase has requested. */
export function declareRevalidation(site: () => Site, unique: string): void {
  const times = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, work));

  test('fallback blocking: rendered for the first client, cached for all others in every process', async () => {
    const first = await site().request(`/isr/${unique}`);
    assert.deepEqual([first.status, first.headers['x-nextjs-cache']], [200, 'MISS']);
    assert.match(heading(first), new RegExp(`^slug=${unique} stamp=`));
    for (const response of await times(EVERY_WORKER, () => site().request(`/isr/${unique}`)))
      assert.equal(stampOf(response), stampOf(first));
    assert.match(heading(await site().request('/isr/built')), /slug=built/);
  });

  test('fallback blocking: notFound, redirect and an error', async () => {
    const missing = await site().request('/isr/missing');
    assert.deepEqual([missing.status, heading(missing)], [404, 'Own page for what is missing, by getStaticProps']);
    const moved = await site().request('/isr/moved');
    assert.deepEqual([moved.status, moved.headers.location], [307, '/isr/built']);
    const broken = await site().request('/isr/broken');
    assert.deepEqual([broken.status, heading(broken)], [500, 'Own error page: 500']);
  });

  test('revalidate: stale once its time is over, then new, for the page and its data', async () => {
    const before = stampOf(await site().request(`/isr/timed-${unique}`));
    const states = new Set<unknown>();
    await eventually(
      async () => {
        const response = await site().request(`/isr/timed-${unique}`);
        states.add(response.headers['x-nextjs-cache']);
        return stampOf(response) !== before;
      },
      30_000,
      () => `it stays as it was: ${before}`,
    );
    assert.ok(
      [...states].every((state) => state === 'HIT' || state === 'STALE') && states.has('STALE'),
      [...states].join(),
    );
    const timed = stampOf(await site().request('/timed'));
    await eventually(
      async () => stampOf(await site().request('/timed')) !== timed,
      30_000,
      () => `a built page stays as it was: ${timed}`,
    );
  });

  test('fallback true: the fallback for visitors, the whole page for bots, the page for all once it is rendered', async () => {
    const people = await site().request(`/lazy/people-${unique}`);
    assert.deepEqual([people.status, heading(people)], [200, 'The fallback']);
    assert.match(String(people.headers['cache-control']), /no-store|max-age=0/);
    const bot = await site().request(`/lazy/bot-${unique}`, {
      headers: { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' },
    });
    assert.match(heading(bot), new RegExp(`^slug=bot-${unique} stamp=`));
    for (const response of await times(EVERY_WORKER, () => site().request(`/lazy/bot-${unique}`)))
      assert.equal(stampOf(response), stampOf(bot));
    assert.match(heading(await site().request('/lazy/built')), /slug=built/);
  });

  test('res.revalidate: every worker and process gives the new page and its data at once', async () => {
    const id = /"buildId":"([^"]+)"/.exec((await site().request('/on-demand')).body)?.[1] ?? '';
    const paths = ['/on-demand', `/posts/first`, `/isr/demand-${unique}`];
    await site().request(`/isr/demand-${unique}`);
    const before = stampOf(await site().request('/on-demand'));
    for (const path of paths) {
      const response = await site().request(`/api/revalidate?path=${path}`);
      assert.equal(response.body, '{"revalidated":true}', `${path}: ${response.status} ${response.body}`);
    }
    const after = await times(EVERY_WORKER, () => site().request('/on-demand'));
    const stamps = new Set(after.map(stampOf));
    assert.equal(stamps.size, 1, [...stamps].join());
    assert.ok(!stamps.has(before), 'the page from before is still given');
    for (const response of await times(EVERY_WORKER, () => site().request(`/_next/data/${id}/on-demand.json`))) {
      assert.deepEqual(JSON.parse(response.body).pageProps, { stamp: [...stamps][0] });
    }
    for (const response of await times(6, () => site().request('/posts/first')))
      assert.equal(heading(response), 'Post first');
  });

  test('res.revalidate: again and again, each time at once', async () => {
    let before = stampOf(await site().request('/on-demand'));
    for (let round = 0; round < 5; round++) {
      await site().request('/api/revalidate?path=/on-demand');
      const stamps = new Set((await times(8, () => site().request('/on-demand'))).map(stampOf));
      assert.ok(stamps.size === 1 && !stamps.has(before), `round ${round}: ${before} → ${[...stamps].join()}`);
      [before] = [...stamps] as [string];
    }
  });

  test('res.revalidate: of a failing page, and only of one that was rendered before', async () => {
    const failed = JSON.parse((await site().request('/api/revalidate?path=/isr/broken')).body);
    assert.equal(failed.revalidated, false);
    assert.match(failed.cause, /Invalid response 500/);
    assert.equal(
      (await site().request(`/api/revalidate?path=/isr/never-${unique}&generated=1`)).body,
      '{"revalidated":true}',
    );
    assert.equal((await site().request(`/isr/never-${unique}`)).headers['x-nextjs-cache'], 'MISS', 'it was not made');
  });
}
