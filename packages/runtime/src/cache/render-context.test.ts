import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { nextMillisecond } from '@anchor/testing/next-millisecond.ts';
import { AppResponse } from '../process/app-response.ts';
import { createIncrementalCache } from './incremental-cache.ts';
import { CacheStore } from './cache-store.ts';
import { claimsIn } from './data-claims.ts';
import { now } from '../process/environment.ts';
import { groupOf, runInRenderContext, releaseLocks, type RenderContext } from './render-context.ts';
import { RevalidationLocks } from './revalidation-lock.ts';
import { TagInvalidations } from './tag-invalidations.ts';

const directories: string[] = [];
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  directories.push(directory);
});
after(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

const PAGE = { kind: 'APP_PAGE' };
const page = (html: string, tags = 'tag') => ({
  kind: 'APP_PAGE',
  html,
  headers: { 'x-next-cache-tags': tags },
  status: 200,
});
const lifetime = (revalidate: number | false, expire?: number) => ({ cacheControl: { revalidate, expire } });

/** The state of one process of a deployment. */
function aProcess() {
  const store = new CacheStore(join(directory, 'render'));
  const clock = new TagInvalidations(join(directory, 'tags.log'));
  const locks = new RevalidationLocks(join(directory, 'locks'));
  return {
    store,
    clock,
    handler: new (createIncrementalCache({ store, tags: clock, locks, claims: claimsIn(directory), builtAt: 1 }))({
      serverDistDir: join(directory, 'server'),
    }),
  };
}

function exchange(headers: Record<string, string> = {}) {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  request.headers = headers;
  const response = new AppResponse(request);
  return { request, response };
}

/** Runs `work` as one request. Returns the headers of its response when Next reports `state`. */
async function responseOf(
  state: string,
  work: (scope: RenderContext) => Promise<unknown>,
  headers: Record<string, string> = {},
): Promise<{ metadata: Record<string, unknown> | undefined; state: unknown }> {
  const { request, response } = exchange(headers);
  await runInRenderContext(request, response, false, async (scope) => {
    scope.unrewritten = true;
    await work(scope);
    response.setHeader('x-nextjs-cache', state);
    response.writeHead(200);
    await releaseLocks(scope);
  });
  const metadata = response.getHeader('x-anchor-entry');
  return {
    metadata: typeof metadata === 'string' ? (JSON.parse(metadata) as Record<string, unknown>) : undefined,
    state: response.getHeader('x-nextjs-cache'),
  };
}

async function store(
  one: ReturnType<typeof aProcess>,
  key: string,
  html: string,
  context: object,
  madeAt?: number,
): Promise<void> {
  const { request, response } = exchange();
  await runInRenderContext(request, response, false, async (scope) => {
    scope.readAt.set(key, madeAt ?? now());
    await one.handler.set(key, page(html), context);
  });
}

test('a response names the page it was rendered from, its time, its lifetime and its tags', async () => {
  const one = aProcess();
  const before = now();
  const made = await responseOf('MISS', async () => {
    assert.equal(await one.handler.get('/route-cache/APP_PAGE/abc/$/a', PAGE), null);
    await new Promise((resolve) => setImmediate(resolve));
    await one.handler.set('/route-cache/APP_PAGE/abc/$/a', page('a', 'x,ü'), lifetime(60, 3600));
  });
  assert.deepEqual(
    [made.metadata?.['g'], made.metadata?.['r'], made.metadata?.['e'], made.metadata?.['t']],
    ['/a', 60, 3600, ['x', 'ü']],
  );
  assert.ok(Number(made.metadata?.['m']) >= before);
  const read = await responseOf('HIT', () => aProcess().handler.get('/route-cache/APP_PAGE/abc/$/a', PAGE));
  assert.equal(read.metadata?.['m'], made.metadata?.['m']);
});

test('a response rendered from no page, or from one that has no lifetime, has no such headers', async () => {
  const one = aProcess();
  assert.equal((await responseOf('HIT', async () => {})).metadata, undefined);
  assert.equal(
    (
      await responseOf('MISS', async () => {
        await one.handler.get('/b', PAGE);
        await one.handler.set('/b', page('b'), {});
      })
    ).metadata,
    undefined,
  );
});

test('the page for "not found" is not the source of a missing page', async () => {
  const one = aProcess();
  await store(one, '/_not-found', 'nothing', lifetime(false));
  const { metadata, state } = await responseOf('HIT', async () => {
    await one.handler.get('/missing', { kind: 'PAGES' });
    await one.handler.set('/missing', null, lifetime(60));
    await one.handler.get('/_not-found', PAGE);
  });
  assert.deepEqual([metadata?.['g'], state], ['/missing', 'MISS']);
});

test('of two processes that find a stale page, one regenerates it, and the other marks its response as stale', async () => {
  const [one, two] = [aProcess(), aProcess()];
  await store(one, '/s', 'old', lifetime(1), now() - 5000);
  const first = await responseOf('STALE', async () => {
    const entry = await one.handler.get('/s', PAGE);
    assert.ok((entry?.lastModified ?? 0) < now() - 4000);
    const second = await responseOf('HIT', async () => {
      const held = await two.handler.get('/s', PAGE);
      assert.equal(held?.value?.['html'], 'old');
      assert.ok((held?.lastModified ?? 0) > now() - 1000, 'Next takes it for fresh and leaves it alone');
    });
    assert.equal(second.state, 'STALE');
    await one.handler.set('/s', page('new'), lifetime(1));
  });
  assert.ok(Number(first.metadata?.['m']) < now() - 4000, 'the response was the old page');
  const third = await responseOf('HIT', async () =>
    assert.equal((await two.handler.get('/s', PAGE))?.value?.['html'], 'new'),
  );
  assert.equal(third.state, 'HIT');
  two.clock.refresh();
  assert.equal(two.clock.expired(['_A_G_/s'], now() - 4000), true, 'copies of the old version are told');
  assert.equal(two.clock.expired(['_A_G_/s'], Number(third.metadata?.['m'])), false);
});

test('a lock is released when the page could not be rendered, and a prefetch takes none', async () => {
  const [one, two] = [aProcess(), aProcess()];
  await store(one, '/l', 'old', lifetime(1), now() - 5000);
  await responseOf('STALE', () => one.handler.get('/l', PAGE), { 'next-router-prefetch': '1' });
  await responseOf('STALE', async (scope) => {
    await one.handler.get('/l', PAGE);
    assert.equal(scope.locks.size, 1);
  });
  await responseOf('STALE', async (scope) => {
    await two.handler.get('/l', PAGE);
    assert.equal(scope.locks.size, 1);
  });
});

test('an invalidated page is rendered by one process, the other waits for it', async () => {
  const [one, two] = [aProcess(), aProcess()];
  await store(one, '/p', 'old', lifetime(60), now() - 10);
  await two.handler.revalidateTag('tag');
  await responseOf('MISS', async () => {
    assert.equal(await one.handler.get('/p', PAGE), null);
    const pending = responseOf('HIT', async () =>
      assert.equal((await two.handler.get('/p', PAGE))?.value?.['html'], 'new'),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await one.handler.set('/p', page('new'), lifetime(60));
    await pending;
  });
});

test('a lookup of an invalidated page blocks no other request', async () => {
  const [one, two] = [aProcess(), aProcess()];
  await store(one, '/n', 'old', lifetime(60), now() - 10);
  await one.handler.revalidateTag('tag');
  await responseOf(
    'MISS',
    async (scope) => {
      assert.equal(await one.handler.get('/n', { ...PAGE, isRoutePPREnabled: true }), null);
      assert.equal(scope.locks.size, 0);
      await responseOf('MISS', async (other) => {
        assert.equal(await two.handler.get('/n', { ...PAGE, isRoutePPREnabled: true }), null);
        assert.equal(other.locks.size, 1);
      });
    },
    { rsc: '1' },
  );
});

test('of a page that two processes rendered at once there is one version', async () => {
  const [one, two] = [aProcess(), aProcess()];
  const later = await responseOf('MISS', async () => {
    await one.handler.get('/t', PAGE);
    await nextMillisecond();
    await responseOf('MISS', async () => {
      await two.handler.get('/t', PAGE);
      await two.handler.set('/t', page('second'), lifetime(60));
    });
    await one.handler.set('/t', page('first'), lifetime(60));
  });
  assert.equal(later.metadata, undefined, 'the discarded version is not stored');
  assert.equal((await one.handler.get('/t', PAGE))?.value?.['html'], 'second');
});

test('a page that changes while data was being invalidated is older than the invalidation', async () => {
  const one = aProcess();
  await responseOf('MISS', async () => {
    await one.handler.get('/r', PAGE);
    await nextMillisecond();
    await one.handler.revalidateTag('tag');
    await one.handler.set('/r', page('made from what was there before'), lifetime(60));
  });
  assert.equal(await one.handler.get('/r', PAGE), null);
});

test('a page is one group however Next names its key', () => {
  assert.deepEqual(
    ['/a', '/index', '/index/index', '/route-cache/PAGES/ff/$/en/x', '/route-cache/APP_PAGE/ff/$/index'].map(groupOf),
    ['/a', '/', '/index', '/en/x', '/'],
  );
});
