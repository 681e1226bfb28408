import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../platform.ts';
import type { Site } from '../site.ts';
import { heading, stampOf } from './text.ts';

const EVERY_WORKER = 24;

/** Pages that are made again, by time or on demand. `unique` names paths that no other phase has asked for. */
export function declareRevalidation(site: () => Site, unique: string): void {
  const times = <T>(count: number, work: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, work));

  test('fallback blocking: made for the first visitor, kept for all others in every process', async () => {
    const first = await site().visit(`/isr/${unique}`);
    assert.deepEqual([first.status, first.headers['x-nextjs-cache']], [200, 'MISS']);
    assert.match(heading(first), new RegExp(`^slug=${unique} stamp=`));
    for (const answer of await times(EVERY_WORKER, () => site().visit(`/isr/${unique}`))) assert.equal(stampOf(answer), stampOf(first));
    assert.match(heading(await site().visit('/isr/built')), /slug=built/);
  });

  test('fallback blocking: notFound, redirect and an error', async () => {
    const missing = await site().visit('/isr/missing');
    assert.deepEqual([missing.status, heading(missing)], [404, 'Own page for what is missing, by getStaticProps']);
    const moved = await site().visit('/isr/moved');
    assert.deepEqual([moved.status, moved.headers.location], [307, '/isr/built']);
    const broken = await site().visit('/isr/broken');
    assert.deepEqual([broken.status, heading(broken)], [500, 'Own error page: 500']);
  });

  test('revalidate: stale once its time is over, then new, for the page and its data', async () => {
    const before = stampOf(await site().visit(`/isr/timed-${unique}`));
    const states = new Set<unknown>();
    await eventually(async () => {
      const answer = await site().visit(`/isr/timed-${unique}`);
      states.add(answer.headers['x-nextjs-cache']);
      return stampOf(answer) !== before;
    }, 30_000, () => `it stays as it was: ${before}`);
    assert.ok([...states].every((state) => state === 'HIT' || state === 'STALE') && states.has('STALE'), [...states].join());
    const timed = stampOf(await site().visit('/timed'));
    await eventually(async () => stampOf(await site().visit('/timed')) !== timed, 30_000, () => `a built page stays as it was: ${timed}`);
  });

  test('fallback true: the fallback for people, the whole page for bots, the page for all once it is made', async () => {
    const people = await site().visit(`/lazy/people-${unique}`);
    assert.deepEqual([people.status, heading(people)], [200, 'The fallback']);
    assert.match(String(people.headers['cache-control']), /no-store|max-age=0/);
    const bot = await site().visit(`/lazy/bot-${unique}`, { headers: { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' } });
    assert.match(heading(bot), new RegExp(`^slug=bot-${unique} stamp=`));
    for (const answer of await times(EVERY_WORKER, () => site().visit(`/lazy/bot-${unique}`))) assert.equal(stampOf(answer), stampOf(bot));
    assert.match(heading(await site().visit('/lazy/built')), /slug=built/);
  });

  test('res.revalidate: every worker and process gives the new page and its data at once', async () => {
    const id = /"buildId":"([^"]+)"/.exec((await site().visit('/on-demand')).body)?.[1] ?? '';
    const paths = ['/on-demand', `/posts/first`, `/isr/demand-${unique}`];
    await site().visit(`/isr/demand-${unique}`);
    const before = stampOf(await site().visit('/on-demand'));
    for (const path of paths) {
      const answer = await site().visit(`/api/revalidate?path=${path}`);
      assert.equal(answer.body, '{"revalidated":true}', `${path}: ${answer.status} ${answer.body}`);
    }
    const after = await times(EVERY_WORKER, () => site().visit('/on-demand'));
    const stamps = new Set(after.map(stampOf));
    assert.equal(stamps.size, 1, [...stamps].join());
    assert.ok(!stamps.has(before), 'the page from before is still given');
    for (const answer of await times(EVERY_WORKER, () => site().visit(`/_next/data/${id}/on-demand.json`))) {
      assert.deepEqual(JSON.parse(answer.body).pageProps, { stamp: [...stamps][0] });
    }
    for (const answer of await times(6, () => site().visit('/posts/first'))) assert.equal(heading(answer), 'Post first');
  });

  test('res.revalidate: again and again, each time at once', async () => {
    let before = stampOf(await site().visit('/on-demand'));
    for (let round = 0; round < 5; round++) {
      await site().visit('/api/revalidate?path=/on-demand');
      const stamps = new Set((await times(8, () => site().visit('/on-demand'))).map(stampOf));
      assert.ok(stamps.size === 1 && !stamps.has(before), `round ${round}: ${before} → ${[...stamps].join()}`);
      [before] = [...stamps] as [string];
    }
  });

  test('res.revalidate: of what fails, and only of what was made before', async () => {
    const failed = JSON.parse((await site().visit('/api/revalidate?path=/isr/broken')).body);
    assert.equal(failed.revalidated, false);
    assert.match(failed.cause, /Invalid response 500/);
    assert.equal((await site().visit(`/api/revalidate?path=/isr/never-${unique}&generated=1`)).body, '{"revalidated":true}');
    assert.equal((await site().visit(`/isr/never-${unique}`)).headers['x-nextjs-cache'], 'MISS', 'it was not made');
  });
}
