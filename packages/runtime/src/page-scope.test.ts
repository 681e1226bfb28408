import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { AppResponse } from './app-response.ts';
import { createCacheHandler } from './cache-handler.ts';
import { createCacheStore } from './cache-store.ts';
import { now } from './environment.ts';
import { groupOf, inPageScope, released, type PageScope } from './page-scope.ts';
import { createRevalidationLocks } from './revalidation-lock.ts';
import { createTagClock } from './tag-clock.ts';

const directories: string[] = [];
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  directories.push(directory);
});
after(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

const PAGE = { kind: 'APP_PAGE' };
const page = (html: string, tags = 'tag') => ({ kind: 'APP_PAGE', html, headers: { 'x-next-cache-tags': tags }, status: 200 });
const lifetime = (revalidate: number | false, expire?: number) => ({ cacheControl: { revalidate, expire } });

/** What one process of a deployment has. */
function aProcess() {
  const store = createCacheStore(join(directory, 'render'));
  const clock = createTagClock(join(directory, 'tags.log'));
  const locks = createRevalidationLocks(join(directory, 'locks'));
  return { store, clock, handler: new (createCacheHandler({ store, clock, locks, builtAt: 1 }))({ serverDistDir: join(directory, 'server') }) };
}

function exchange(headers: Record<string, string> = {}) {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  request.headers = headers;
  const response = new AppResponse(request);
  return { request, response };
}

/** Runs as one request; what its answer says when Next says `state`. */
async function answered(state: string, work: (scope: PageScope) => Promise<unknown>, headers: Record<string, string> = {}): Promise<{ said: Record<string, unknown> | undefined; state: unknown }> {
  const { request, response } = exchange(headers);
  await inPageScope(request, response, false, async (scope) => {
    scope.plain = true;
    await work(scope);
    response.setHeader('x-nextjs-cache', state);
    response.writeHead(200);
    await released(scope);
  });
  const said = response.getHeader('x-anchor-entry');
  return { said: typeof said === 'string' ? (JSON.parse(said) as Record<string, unknown>) : undefined, state: response.getHeader('x-nextjs-cache') };
}

async function store(one: ReturnType<typeof aProcess>, key: string, html: string, context: object, madeAt?: number): Promise<void> {
  const { request, response } = exchange();
  await inPageScope(request, response, false, async (scope) => {
    scope.askedAt.set(key, madeAt ?? now());
    await one.handler.set(key, page(html), context);
  });
}

test('an answer says which page it was made from, when, for how long and with which tags', async () => {
  const one = aProcess();
  const before = now();
  const made = await answered('MISS', async () => {
    assert.equal(await one.handler.get('/route-cache/APP_PAGE/abc/$/a', PAGE), null);
    await new Promise((resolve) => setImmediate(resolve));
    await one.handler.set('/route-cache/APP_PAGE/abc/$/a', page('a', 'x,ü'), lifetime(60, 3600));
  });
  assert.deepEqual([made.said?.['g'], made.said?.['r'], made.said?.['e'], made.said?.['t']], ['/a', 60, 3600, ['x', 'ü']]);
  assert.ok(Number(made.said?.['m']) >= before);
  const read = await answered('HIT', () => aProcess().handler.get('/route-cache/APP_PAGE/abc/$/a', PAGE));
  assert.equal(read.said?.['m'], made.said?.['m']);
});

test('an answer made from no page, or from one that has no lifetime, says nothing', async () => {
  const one = aProcess();
  assert.equal((await answered('HIT', async () => {})).said, undefined);
  assert.equal((await answered('MISS', async () => {
    await one.handler.get('/b', PAGE);
    await one.handler.set('/b', page('b'), {});
  })).said, undefined);
});

test('the page for "not found" is not what a missing page was made from', async () => {
  const one = aProcess();
  await store(one, '/_not-found', 'nothing', lifetime(false));
  const { said, state } = await answered('HIT', async () => {
    await one.handler.get('/missing', { kind: 'PAGES' });
    await one.handler.set('/missing', null, lifetime(60));
    await one.handler.get('/_not-found', PAGE);
  });
  assert.deepEqual([said?.['g'], state], ['/missing', 'MISS']);
});

test('of two processes that find a stale page, one makes it anew, and the other says that its answer is stale', async () => {
  const [one, two] = [aProcess(), aProcess()];
  await store(one, '/s', 'old', lifetime(1), now() - 5000);
  const first = await answered('STALE', async () => {
    const entry = await one.handler.get('/s', PAGE);
    assert.ok((entry?.lastModified ?? 0) < now() - 4000);
    const second = await answered('HIT', async () => {
      const held = await two.handler.get('/s', PAGE);
      assert.equal(held?.value?.['html'], 'old');
      assert.ok((held?.lastModified ?? 0) > now() - 1000, 'Next takes it for fresh and leaves it alone');
    });
    assert.equal(second.state, 'STALE');
    await one.handler.set('/s', page('new'), lifetime(1));
  });
  assert.ok(Number(first.said?.['m']) < now() - 4000, 'the answer was the old page');
  const third = await answered('HIT', async () => assert.equal((await two.handler.get('/s', PAGE))?.value?.['html'], 'new'));
  assert.equal(third.state, 'HIT');
  two.clock.refresh();
  assert.equal(two.clock.expired(['_A_G_/s'], now() - 4000), true, 'copies of the old version are told');
  assert.equal(two.clock.expired(['_A_G_/s'], Number(third.said?.['m'])), false);
});

test('a lock is given back when the page could not be made, and a prefetch takes none', async () => {
  const [one, two] = [aProcess(), aProcess()];
  await store(one, '/l', 'old', lifetime(1), now() - 5000);
  await answered('STALE', () => one.handler.get('/l', PAGE), { 'next-router-prefetch': '1' });
  await answered('STALE', async (scope) => {
    await one.handler.get('/l', PAGE);
    assert.equal(scope.locks.size, 1);
  });
  await answered('STALE', async (scope) => {
    await two.handler.get('/l', PAGE);
    assert.equal(scope.locks.size, 1);
  });
});

test('what was invalidated is made by one process, the other waits for it', async () => {
  const [one, two] = [aProcess(), aProcess()];
  await store(one, '/p', 'old', lifetime(60), now() - 10);
  await two.handler.revalidateTag('tag');
  await answered('MISS', async () => {
    assert.equal(await one.handler.get('/p', PAGE), null);
    const waiting = answered('HIT', async () => assert.equal((await two.handler.get('/p', PAGE))?.value?.['html'], 'new'));
    await new Promise((resolve) => setImmediate(resolve));
    await one.handler.set('/p', page('new'), lifetime(60));
    await waiting;
  });
});

test('who only looks at an invalidated page keeps nobody waiting', async () => {
  const [one, two] = [aProcess(), aProcess()];
  await store(one, '/n', 'old', lifetime(60), now() - 10);
  await one.handler.revalidateTag('tag');
  await answered('MISS', async (scope) => {
    assert.equal(await one.handler.get('/n', { ...PAGE, isRoutePPREnabled: true }), null);
    assert.equal(scope.locks.size, 0);
    await answered('MISS', async (other) => {
      assert.equal(await two.handler.get('/n', { ...PAGE, isRoutePPREnabled: true }), null);
      assert.equal(other.locks.size, 1);
    });
  }, { rsc: '1' });
});

test('of a page that two processes made at once there is one version', async () => {
  const [one, two] = [aProcess(), aProcess()];
  const later = await answered('MISS', async () => {
    await one.handler.get('/t', PAGE);
    await new Promise((resolve) => setTimeout(resolve, 2));
    await answered('MISS', async () => {
      await two.handler.get('/t', PAGE);
      await two.handler.set('/t', page('second'), lifetime(60));
    });
    await one.handler.set('/t', page('first'), lifetime(60));
  });
  assert.equal(later.said, undefined, 'nobody keeps the version that did not stay');
  assert.equal((await one.handler.get('/t', PAGE))?.value?.['html'], 'second');
});

test('a page that changes while data was being invalidated is older than the invalidation', async () => {
  const one = aProcess();
  await answered('MISS', async () => {
    await one.handler.get('/r', PAGE);
    await new Promise((resolve) => setTimeout(resolve, 2));
    await one.handler.revalidateTag('tag');
    await one.handler.set('/r', page('made from what was there before'), lifetime(60));
  });
  assert.equal(await one.handler.get('/r', PAGE), null);
});

test('a page is one group however Next names its key', () => {
  assert.deepEqual(['/a', '/index', '/index/index', '/route-cache/PAGES/ff/$/en/x', '/route-cache/APP_PAGE/ff/$/index'].map(groupOf), ['/a', '/', '/index', '/en/x', '/']);
});
