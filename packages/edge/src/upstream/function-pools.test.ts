import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anchorError } from '@anchor/core/result/result.ts';
import { until } from '@anchor/testing/until.ts';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';
import { TestFunctions } from '../testing/test-functions.ts';
import { InstancePool } from './instance-pool.ts';

/** Which instance of a function takes a request, and what happens while there is none. */
const bed = new TestBed({ startMs: 500 });

before(() => bed.start());
after(() => bed.stop());

test('a request is held while its function starts', async () => {
  const { host } = await bed.deployment((_req, res) => void res.end('awake'));
  bed.functions.starting = () => new Promise((resolve) => setTimeout(resolve, 150));
  const acquired = bed.functions.acquired;
  const replies = await Promise.all([1, 2, 3].map(() => bed.get('/', { host })));
  bed.functions.starting = () => Promise.resolve();
  assert.deepEqual(
    replies.map((reply) => reply.text),
    ['awake', 'awake', 'awake'],
  );
  assert.equal(bed.functions.acquired, acquired + 1, 'concurrent requests share one acquire');
});

test('a function that cannot start is 503 without the reason, which its log gets; one that is slow to start sends Retry-After', async () => {
  const { host } = await bed.deployment((_req, res) => void res.end());
  bed.functions.error = anchorError(
    'function_start_failed',
    'The server exited with code 1.',
    'Read the log.',
    'Error: no DATABASE_URL',
  );
  const failed = await bed.get('/', { host, headers: { accept: 'text/html' } });
  bed.functions.error = undefined;
  assert.equal(failed.status, 503);
  assert.equal(failed.headers['retry-after'], '5');
  assert.doesNotMatch(failed.text, /DATABASE_URL|exited/);
  assert.match(failed.text, /Request [0-9a-f-]{36}.*\d{4}-\d\d-\d\dT[\d:]{8}Z/s);
  assert.match(bed.notes.at(-1)?.text ?? '', /exited with code 1.*no DATABASE_URL/);
  assert.equal(bed.notes.at(-1)?.requestId, failed.headers['x-request-id']);
  let free = (): void => undefined;
  bed.functions.starting = () =>
    new Promise((resolve) => {
      free = resolve;
    });
  const slow = await bed.get('/', { host });
  bed.functions.starting = () => Promise.resolve();
  free();
  assert.equal(slow.status, 503);
  assert.match(slow.text, /still starting/);
  assert.equal((await bed.get('/', { host })).status, 200);
});

test('an instance that is gone is acquired again, and no request is lost, not even one with a body', async () => {
  const { host, id, server } = await bed.deployment((_req, res) => void res.end('first'));
  assert.equal((await bed.get('/', { host })).text, 'first');
  server.close();
  server.closeAllConnections();
  bed.functions.upstreams.delete(id);
  await bed.serve(id, (req, res) => void req.pipe(res));
  assert.equal((await bed.get('/', { host, method: 'POST', body: 'kept' })).text, 'kept');
  assert.equal((await bed.get('/', { host })).status, 200);
});

test('an idle connection that the function closed is no error', async () => {
  const { host, server } = await bed.deployment((_req, res) => void res.end('ok'));
  for (let i = 0; i < 5; i++) {
    assert.equal((await bed.get('/', { host })).text, 'ok');
    server.closeIdleConnections();
  }
});

test('the least busy instance takes the next request, and busy ones make the edge acquire more', async () => {
  const held: (() => void)[] = [];
  const used: string[] = [];
  const { host, id } = await bed.deployment((_req, res) => {
    used.push('a');
    held.push(() => res.end('a'));
  });
  await bed.serve(id, (_req, res) => {
    used.push('b');
    held.push(() => res.end('b'));
  });
  const acquired = bed.functions.acquired;
  const replies = Array.from({ length: 40 }, () => bed.get('/', { host }));
  await eventually(() => held.length === 40);
  assert.equal(used.filter((name) => name === 'a').length, 20);
  assert.ok(bed.functions.acquired > acquired + 1, 'more than 16 on each: acquired again');
  await eventually(() => bed.functions.touched.some((use) => use[id]?.inflight === 40));
  for (const response of held) response();
  await Promise.all(replies);
});

test('the idle instance that was used last takes the next request; with round-robin each takes one in turn', async () => {
  for (const roundRobinInstances of [false, true]) {
    const own = await new TestBed({ roundRobinInstances }).start();
    try {
      const used: string[] = [];
      own.route('s.localhost', dpl(1), own.artifact({ function: true }));
      for (const name of ['a', 'b'])
        await own.serve(dpl(1), (_req, res) => {
          used.push(name);
          res.end(name);
        });
      for (let i = 0; i < 6; i++) await own.get('/', { host: 's.localhost' });
      assert.equal(new Set(used).size, roundRobinInstances ? 2 : 1, used.join(' '));
    } finally {
      await own.stop();
    }
  }
});

test('an instance whose response was aborted is not chosen next, although none of its requests is counted any more', async () => {
  const own = await new TestBed({ timeoutMs: 200 }).start();
  try {
    let stuck: string | undefined;
    own.route('s.localhost', dpl(1), own.artifact({ function: true }));
    for (const name of ['a', 'b', 'c'])
      await own.serve(dpl(1), (_req, res) => {
        if (stuck !== name) res.end(name);
      });
    stuck = (await own.get('/', { host: 's.localhost' })).text;
    const statuses: number[] = [];
    for (let i = 0; i < 9; i++) statuses.push((await own.get('/', { host: 's.localhost' })).status);
    assert.equal(statuses[0], 504);
    assert.ok(statuses.filter((status) => status === 504).length <= 3, statuses.join(' '));
  } finally {
    await own.stop();
  }
});

test('an instance that the host withdraws is left, and a new one is used', async () => {
  const { host, id } = await bed.deployment((_req, res) => void res.end('old'));
  assert.equal((await bed.get('/', { host })).text, 'old');
  bed.functions.upstreams.delete(id);
  await bed.serve(id, (_req, res) => void res.end('new'));
  bed.functions.changed = [id];
  await eventually(() => bed.functions.changed.length === 0);
  assert.equal((await bed.get('/', { host })).text, 'new');
});

test('an instance is only used while its lease lasts', async () => {
  const { host } = await bed.deployment((_req, res) => void res.end('ok'));
  bed.functions.leaseMs = 60;
  const acquired = bed.functions.acquired;
  await bed.get('/', { host });
  assert.equal(bed.functions.acquired, acquired + 1);
  await until('the lease has ended', async () => {
    await bed.get('/', { host });
    return bed.functions.acquired > acquired + 1;
  });
  bed.functions.leaseMs = 10_000;
});

test('a pool that a request waits for is not expired, also when a start takes longer than a lease', async () => {
  const functions = new TestFunctions();
  functions.name(dpl(1), { kind: 'unix', path: '/nowhere.sock', instance: 'one' });
  functions.leaseMs = 10;
  functions.starting = () => new Promise((resolve) => setTimeout(resolve, 30));
  const pool = new InstancePool(dpl(1), functions, { scaleUpInflight: 1, startMs: 5_000, roundRobinInstances: false });
  let expired = false;
  const checks = setInterval(() => (expired ||= pool.expired), 1);
  const acquiring = pool.acquire(5_000, false);
  setTimeout(() => {
    functions.leaseMs = 10_000;
    functions.starting = () => Promise.resolve();
  }, 35);
  const acquired = await acquiring;
  clearInterval(checks);
  assert.deepEqual([acquired.ok, expired], [true, false]);
  if (acquired.ok) acquired.value.abort();
  pool.close();
});
