import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';
import { bed, pages, requests, entry, count, purge } from './fixtures/rendered-pages.ts';

test('a stale page is served at once while one request revalidates it, then the new one is served', async () => {
  pages.set('/s', { text: 'old', made: entry('/s', { m: Date.now() - 61_000 }) });
  await bed.get('/s');
  let release = (): void => undefined;
  pages.set('/s', { text: 'new', made: entry('/s'), delay: new Promise((resolve) => (release = resolve)) });
  for (const reply of await Promise.all(Array.from({ length: 10 }, () => bed.get('/s')))) {
    assert.deepEqual(
      [reply.text, reply.headers['x-nextjs-cache'], reply.headers['x-anchor-cache']],
      ['old', 'STALE', 'STALE'],
    );
  }
  await eventually(() => count('/s') === 2);
  assert.ok(requests.at(-1)?.refresh === true && requests.at(-1)?.headers.cookie === undefined);
  release();
  let last = '';
  while (last !== 'new') last = (await bed.get('/s')).text;
  assert.equal(count('/s'), 2);
});

test('a page whose revalidation fails keeps its stored version, and is not retried at once', async () => {
  pages.set('/f', { text: 'good', made: entry('/f', { m: Date.now() - 61_000 }) });
  await bed.get('/f');
  pages.set('/f', { text: 'broken', status: 500 });
  await bed.get('/f');
  await eventually(() => count('/f') === 2);
  for (let i = 0; i < 5; i++) assert.equal((await bed.get('/f')).text, 'good');
  assert.equal(count('/f'), 2);
});

test('a page that another process revalidates is requested again soon', async () => {
  pages.set('/h', { text: 'old', made: entry('/h', { m: Date.now() - 61_000 }) });
  await bed.get('/h');
  pages.set('/h', {
    text: 'old',
    headers: { 'x-nextjs-cache': 'STALE' },
    made: entry('/h', { m: Date.now() - 61_000 }),
  });
  await bed.get('/h');
  await eventually(() => count('/h') === 2);
  for (let i = 0; i < 5; i++) await bed.get('/h');
  assert.equal(count('/h'), 2);
  pages.set('/h', { text: 'new', made: entry('/h') });
  const before = performance.now();
  while ((await bed.get('/h')).text !== 'new')
    assert.ok(performance.now() - before < 2_500, 'as long as after a failure');
});

test('an expired page is not served while it is revalidated', async () => {
  pages.set('/e', { text: 'old', made: entry('/e', { m: Date.now() - 4_000_000 }) });
  await bed.get('/e');
  pages.set('/e', { text: 'new', made: entry('/e') });
  assert.equal((await bed.get('/e')).text, 'new');
});

test('a tag ends every part of a page at once; with a profile it is stale', async () => {
  pages.set('/t', { text: 'html', made: entry('/t') });
  await bed.get('/t');
  await bed.get('/t?_rsc=1', { headers: { rsc: '1' } });
  assert.equal((await bed.get('/t')).headers['x-nextjs-cache'], 'HIT');
  assert.equal(count('/t'), 2);
  purge('tag-/t');
  await bed.get('/t');
  await bed.get('/t?_rsc=1', { headers: { rsc: '1' } });
  assert.equal(count('/t'), 4);
  purge('_A_G_/u');
  pages.set('/u', { text: 'u', made: entry('/u', { m: Date.now() - 1000 }) });
  for (let i = 0; i < 2; i++) await bed.get('/u');
  assert.equal(count('/u'), 2, 'what is older than the newest version of its page is not used');
  pages.set('/v', { text: 'v', made: entry('/v', { m: Date.now() - 1000 }) });
  await bed.get('/v');
  purge('tag-/v', { expires: null });
  assert.equal((await bed.get('/v')).headers['x-nextjs-cache'], 'STALE');
});

test('a refresh that dribbles without end is given up', { timeout: 10_000 }, async () => {
  const hasty = new TestBed({ timeoutMs: 200 });
  await hasty.start();
  try {
    hasty.site({
      function: true,
      builtAt: Date.now() - 10_000,
      prerenders: { '/old': hasty.page('old', { revalidate: 1 }) },
    });
    let given = false;
    await hasty.serve(dpl(1), (_, res) => {
      const timer = setInterval(() => res.write('.'), 50);
      res.on('close', () => {
        clearInterval(timer);
        given = true;
      });
    });
    assert.equal((await hasty.get('/old')).text, 'old');
    await eventually(() => given);
  } finally {
    await hasty.stop();
  }
});
