import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { id, setup } from './fixtures/scheduler.ts';

test('a lease keeps an instance although it is idle', async (t) => {
  const { pool, live } = setup(t, { functions: { idleSeconds: 0.01 }, settings: { leaseMs: 300, graceMs: 100 } });
  const deployment = id();
  const requestedAt = Date.now();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  await until('it is gone', () => live.size === 0);
  assert.ok(Date.now() - requestedAt >= 400, `gone after ${Date.now() - requestedAt} ms`);
});

test('a shortened idle time applies to the next instance', async (t) => {
  const { pool, live, functions } = setup(t, { functions: { idleSeconds: 60 } });
  const deployment = id();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  live.values().next().value?.crash('signal SIGKILL');
  await until('it is gone', async () => (await pool.status()).crashes === 1);
  Object.assign(functions, { idleSeconds: 0.01 });
  await until('another runs', async () => (await pool.acquire('edge', deployment)).ok);
  await until('that is gone too', () => live.size === 0);
});

test('the touch of one edge does not renew what another edge holds, but keeps the function from being idle', async (t) => {
  const { pool } = setup(t);
  const deployment = id();
  assert.ok((await pool.acquire('edge-1', deployment)).ok);
  assert.deepEqual(pool.touch('edge-2', new Map([[deployment, 0]])), [deployment]);
  assert.deepEqual(pool.touch('edge-1', new Map([[deployment, 3]])), []);
  assert.deepEqual(pool.touch('edge-1', new Map([[id(), 3]])).length, 1);
});

test('requests in flight of all edges together decide how many instances run', async (t) => {
  const { pool, live } = setup(t, { functions: { maxInstances: 3 } });
  const deployment = id();
  for (const edge of ['edge-1', 'edge-2']) assert.ok((await pool.acquire(edge, deployment)).ok);
  pool.touch('edge-1', new Map([[deployment, 9]]));
  assert.equal(live.size, 1);
  pool.touch('edge-2', new Map([[deployment, 9]]));
  await until('a second instance', () => live.size === 2);
  await until('the edges hear of it', () => pool.touch('edge-1', new Map([[deployment, 9]])).length === 1);
  const lease = await pool.acquire('edge-1', deployment);
  assert.equal(lease.ok && lease.value.upstreams.length, 2);
  assert.ok((await pool.acquire('edge-2', deployment)).ok);
  pool.touch('edge-2', new Map([[deployment, 900]]));
  await until('three instances', () => live.size === 3);
  for (let i = 0; i < 20; i++) pool.touch('edge-2', new Map([[deployment, 900]]));
  await until('still three', () => live.size === 3);
});

test('a busy function gets an instance a core long before one is full, and no more than cores', async (t) => {
  const { pool, live } = setup(t, {
    functions: { concurrency: 50, maxInstances: 4, idleSeconds: 60 },
    settings: { cores: 2, targetConcurrencyPerCore: 8 },
  });
  const deployment = id();
  assert.ok((await pool.acquire('edge-1', deployment)).ok);
  pool.touch('edge-1', new Map([[deployment, 8]]));
  assert.equal(live.size, 1, 'eight requests keep one core busy');
  pool.touch('edge-1', new Map([[deployment, 9]]));
  await until('one for the other core', () => live.size === 2);
  pool.touch('edge-1', new Map([[deployment, 60]]));
  const second = await pool.acquire('edge-1', deployment);
  assert.equal(second.ok && second.value.upstreams.length, 2);
  assert.equal(live.size, 2, 'a third would have no core');
  pool.touch('edge-1', new Map([[deployment, 101]]));
  await until('one because two are full', () => live.size === 3);
});

test('a surplus instance goes when its leases have ended, while the others serve', async (t) => {
  const { pool, live, state } = setup(t);
  const deployment = id();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  pool.touch('edge', new Map([[deployment, 25]]));
  await until('three instances', () => live.size === 3);
  assert.equal(state.starts, 3);
  const known = new Set<string>();
  await until('one is left', async () => {
    if (pool.touch('edge', new Map([[deployment, 1]])).length > 0) {
      const lease = await pool.acquire('edge', deployment);
      assert.ok(lease.ok);
      known.clear();
      for (const upstream of lease.value.upstreams) known.add(upstream.instance);
    }
    for (const instance of known) assert.ok(live.has(instance), 'what the edge knows runs');
    return live.size === 1;
  });
  assert.equal(state.starts, 3);
});

test('kept instances run without requests, do not sleep, are restarted after a crash, and sleep when they are no longer kept', async (t) => {
  const { pool, live } = setup(t, { functions: { idleSeconds: 0.05, concurrency: 1, maxInstances: 3 } });
  const deployment = id();
  pool.keep(deployment, 2);
  await until('two run', () => live.size === 2);
  assert.ok((await pool.acquire('edge', deployment)).ok);
  pool.touch('edge', new Map([[deployment, 3]]));
  await until('a third, by load', () => live.size === 3);
  pool.touch('edge', new Map([[deployment, 0]]));
  await until('it has gone', () => live.size === 2);
  const other = id();
  assert.ok((await pool.acquire('edge', other)).ok);
  assert.equal(live.size, 3);
  pool.touch('edge', new Map([[other, 0]]));
  await until('what is not kept has gone after the same idle time and lease', () => live.size === 2);
  live.values().next().value?.crash('exit code 1');
  await until('it is noticed', async () => (await pool.status()).crashes === 1);
  pool.keep(deployment, 2);
  await until('it is back', () => live.size === 2);
  pool.keep(deployment, 0);
  await until('all sleep', () => live.size === 0);
});

test('an instance that drains slowly is not given out; a new one starts beside it', async (t) => {
  const { pool, live } = setup(t, { functions: { idleSeconds: 0.01 }, drainMs: 2_000 });
  const deployment = id();
  const first = await pool.acquire('edge', deployment);
  assert.ok(first.ok);
  await until('it drains', async () => (await pool.status()).instances[0]?.state === 'draining');
  const second = await pool.acquire('edge', deployment);
  assert.ok(second.ok);
  assert.notDeepEqual(second.value.upstreams, first.value.upstreams);
  assert.equal(live.size, 2);
});

test('the status counts starts and crashes', async (t) => {
  const { pool, live } = setup(t);
  assert.ok((await pool.acquire('edge', id())).ok);
  assert.ok((await pool.acquire('edge', id())).ok);
  live.values().next().value?.crash('signal SIGSEGV');
  await until('counted', async () => (await pool.status()).crashes === 1);
  const status = await pool.status();
  assert.equal(status.starts, 2);
  assert.equal(status.instances.length, 1);
  assert.deepEqual(status.coldStartMs.buckets[0], { le: 25, count: 2 });
});
