import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { id, setup } from './fixtures/scheduler.ts';

test('nothing is prepared for the next start before a full cache is empty', async (t) => {
  const emptying = Promise.withResolvers<void>();
  const { pool, live, events } = setup(t, {
    functions: { idleSeconds: 60, concurrency: 1, maxInstances: 2 },
    emptying: emptying.promise,
  });
  const deployment = id();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  pool.touch('edge', new Map([[deployment, 2]]));
  await until('two run', () => live.size === 2);
  await until('both are known', async () => (await pool.status()).instances.length === 2);
  live.values().next().value?.crash('it wrote too much', true);
  await until('the other one is gone too', () => live.size === 0 && events.length > 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(events, ['emptying']);
  emptying.resolve();
  await until('the next start is prepared', () => events.includes('ready'));
  assert.deepEqual(events, ['emptying', 'empty', 'ready']);
});

test('a crash takes the instance out at once; the next start comes at once, later ones wait longer, and requests wait with them', async (t) => {
  const { pool, live, notes } = setup(t, { settings: { backoffReadyMaxMs: 400, backoffWaitMs: 450 } });
  const deployment = id();
  let crashedAt = -Infinity;
  for (const pause of [0, 0, 250, 400, 400]) {
    assert.ok((await pool.acquire('edge', deployment)).ok, 'no request is refused');
    const took = performance.now() - crashedAt;
    assert.ok(took >= pause - 5, `started ${took} ms after the crash, the pause is ${pause} ms`);
    crashedAt = performance.now();
    live.values().next().value?.crash('exit code 7');
    await until('it is noticed', () => pool.touch('edge', new Map([[deployment, 0]])).length === 1);
  }
  assert.equal(notes.filter((note) => note.includes('exited by itself: exit code 7')).length, 5);
});

test('while one instance is restarted after a crash, the others respond', async (t) => {
  const { pool, live, state } = setup(t, { functions: { idleSeconds: 60, concurrency: 1, maxInstances: 2 } });
  const deployment = id();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  pool.touch('edge', new Map([[deployment, 2]]));
  await until('two run', () => live.size === 2);
  state.broken = true;
  live.values().next().value?.crash('exit code 7');
  await until('it is noticed', async () => (await pool.status()).crashes === 1);
  for (let i = 0; i < 20; i++) {
    const lease = await pool.acquire('edge', deployment);
    assert.equal(lease.ok && lease.value.upstreams.length, 1);
  }
});

test('a function that cannot start is retried with pauses, and works when it can', async (t) => {
  const { pool, state, notes } = setup(t, { settings: { backoffFirstMs: 20, backoffWaitMs: 50 } });
  const deployment = id();
  state.broken = true;
  for (let i = 0; i < 3; i++) {
    const failed = await pool.acquire('edge', deployment);
    assert.equal(failed.ok ? 'ok' : failed.error.code, 'function_start_failed');
  }
  assert.ok(notes.some((note) => note.includes('exit code 1')));
  state.broken = false;
  await until('it starts', async () => (await pool.acquire('edge', deployment)).ok);
});

test('a clock that is set back an hour lengthens no pause after a failed start, and keeps nothing from sleeping', async (t) => {
  let setBack = 0;
  const { pool, live, state } = setup(t, {
    functions: { idleSeconds: 0.05 },
    settings: { backoffFirstMs: 20, backoffWaitMs: 50 },
    now: () => Date.now() - setBack,
  });
  const deployment = id();
  state.broken = true;
  assert.equal((await pool.acquire('edge', deployment)).ok, false);
  state.broken = false;
  setBack = 3_600_000;
  assert.ok((await pool.acquire('edge', deployment)).ok);
  setBack = 7_200_000;
  await until('it sleeps', () => live.size === 0);
});

test('a database that fails is noted in the run log, and does not end the host', async (t) => {
  const { pool, live, notes } = setup(t, { databaseFails: true });
  assert.ok((await pool.acquire('edge', id())).ok);
  const failures = (): number => notes.filter((note) => note.endsWith('failed: database is locked')).length;
  await until('the lookup of production has failed', () => failures() === 1);
  await until('it is idle and stopped', () => live.size === 0);
  await until('the next start could not be prewarmed', () => failures() === 2);
});
