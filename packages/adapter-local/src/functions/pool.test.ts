import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { newId, type DeploymentId } from '@anchor/core/names/id.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { DEFAULT_FUNCTIONS, type FunctionSettings } from '@anchor/core/projects/project.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { until } from '@anchor/testing/until.ts';
import type { Departure } from './launch.ts';
import { createPool } from './pool.ts';
import { DEFAULT_HOST_SETTINGS, type FunctionHostSettings } from './settings.ts';

/** A launcher whose instances are only promises: the pool's own decisions are what is tested here; real processes are in host.test.ts. */
function setup(t: TestContext, options: Readonly<{ functions?: Partial<FunctionSettings>; settings?: Partial<FunctionHostSettings>; startMs?: number; drainMs?: number; emptying?: Promise<void> }> = {}) {
  const functions: FunctionSettings = { ...DEFAULT_FUNCTIONS, idleSeconds: 0.2, concurrency: 10, ...options.functions };
  const settings: FunctionHostSettings = { ...DEFAULT_HOST_SETTINGS, leaseMs: 150, graceMs: 50, backoffFirstMs: 40, backoffMaxMs: 1_000, backoffWaitMs: 100, roomTimeoutMs: 400, ...options.settings };
  const live = new Map<string, { deploymentId: DeploymentId; crash(reason: string, cacheFull?: boolean): void }>();
  const notes: string[] = [];
  const events: string[] = [];
  const state = { starts: 0, most: 0, broken: false };
  const pool = createPool({
    clock: systemClock, settings,
    launcher: {
      async standBy() {
        events.push('ready');
        return ok(undefined);
      },
      async clearCache() {
        events.push('emptying');
        await options.emptying;
        events.push('empty');
      },
      standDown: async () => undefined, standbys: () => 0, waiting: () => 0, close: async () => undefined,
      note: (_, level, text) => notes.push(`${level} ${text}`),
      prepare: async (deploymentId) => ok({
        settings: functions,
        async start() {
          await new Promise((resolve) => setTimeout(resolve, options.startMs ?? 5));
          if (state.broken) return fail('function_start_failed', 'The function ended while starting: exit code 1', 'Read the log.');
          const instance = `fn-${++state.starts}`;
          const { promise: gone, resolve } = Promise.withResolvers<Departure>();
          live.set(instance, { deploymentId, crash: (reason, cacheFull = false) => (live.delete(instance), resolve({ reason, cacheFull })) });
          state.most = Math.max(state.most, live.size);
          return ok({
            upstream: { kind: 'unix', path: `/${instance}`, instance }, memoryMb: functions.memoryMb, startMs: 5, pid: undefined, memoryPeakMb: async () => 1, heldMb: async () => 1, gone, alive: () => live.has(instance),
            async discard() {
              live.get(instance)?.crash('signal SIGKILL');
              await gone;
            },
            async drain() {
              setTimeout(() => live.get(instance)?.crash('exit code 0'), options.drainMs ?? 1);
              await gone;
            },
          });
        },
      }),
    },
  });
  t.after(() => pool.close());
  return { pool, live, notes, events, state, functions };
}

const id = (): DeploymentId => newId('dpl', Date.now());

test('a lease keeps an instance although it is idle', async (t) => {
  const { pool, live } = setup(t, { functions: { idleSeconds: 0.01 }, settings: { leaseMs: 300, graceMs: 100 } });
  const deployment = id();
  const asked = Date.now();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  await until('it is gone', () => live.size === 0);
  assert.ok(Date.now() - asked >= 400, `gone after ${Date.now() - asked} ms`);
});

test('nothing is made ready for the next start before a full cache is empty', async (t) => {
  const emptying = Promise.withResolvers<void>();
  const { pool, live, events } = setup(t, { functions: { idleSeconds: 60, concurrency: 1, maxInstances: 2 }, emptying: emptying.promise });
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

test('an idle time that was made shorter holds for the next instance', async (t) => {
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
  const { pool, live } = setup(t, { functions: { concurrency: 50, maxInstances: 4, idleSeconds: 60 }, settings: { cores: 2, busyInflight: 8 } });
  const deployment = id();
  assert.ok((await pool.acquire('edge-1', deployment)).ok);
  pool.touch('edge-1', new Map([[deployment, 8]]));
  assert.equal(live.size, 1, 'eight requests keep one core busy');
  pool.touch('edge-1', new Map([[deployment, 9]]));
  await until('one for the other core', () => live.size === 2);
  pool.touch('edge-1', new Map([[deployment, 60]]));
  const again = await pool.acquire('edge-1', deployment);
  assert.equal(again.ok && again.value.upstreams.length, 2);
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

test('a crash takes the instance out at once, the next start waits, and waits longer each time', async (t) => {
  const { pool, live, notes } = setup(t, { settings: { backoffFirstMs: 200, backoffWaitMs: 450 } });
  const deployment = id();
  let crashedAt = -Infinity;
  for (const pause of [0, 200, 400]) {
    assert.ok((await pool.acquire('edge', deployment)).ok);
    assert.ok(performance.now() - crashedAt >= pause - 5, `started ${performance.now() - crashedAt} ms after the crash, the pause is ${pause} ms`);
    crashedAt = performance.now();
    live.values().next().value?.crash('exit code 7');
    await until('it is noticed', () => pool.touch('edge', new Map([[deployment, 0]])).length === 1);
  }
  assert.equal(notes.filter((note) => note.includes('stopped by itself: exit code 7')).length, 3);
  const refused = await pool.acquire('edge', deployment);
  assert.equal(refused.ok ? 'ok' : refused.error.code, 'function_start_failed');
  assert.match(refused.ok ? '' : refused.error.message, /exit code 7/);
  assert.match(refused.ok ? '' : (refused.error.cause ?? ''), /failed 3 times/);
});

test('a function that can not start is tried again with pauses, and works when it can', async (t) => {
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

test('a full machine stops the function that was idle longest, and refuses when none is idle', async (t) => {
  const { pool, live } = setup(t, { functions: { idleSeconds: 60 }, settings: { maxInstances: 2 } });
  const [first, second, third, fourth] = [id(), id(), id(), id()];
  assert.ok((await pool.acquire('edge', first)).ok);
  assert.ok((await pool.acquire('edge', second)).ok);
  const busy = setInterval(() => pool.touch('edge', new Map([[second, 1]])), 20);
  t.after(() => clearInterval(busy));
  assert.ok((await pool.acquire('edge', third)).ok, 'the first one made room');
  assert.deepEqual([...live.values()].map(({ deploymentId }) => deploymentId), [second, third]);
  const alsoBusy = setInterval(() => pool.touch('edge', new Map([[third, 1]])), 20);
  t.after(() => clearInterval(alsoBusy));
  const refused = await pool.acquire('edge', fourth);
  assert.equal(refused.ok ? 'ok' : refused.error.code, 'rate_limited');
  assert.equal((await pool.status()).used.instances, 2);
});

test('memory limits count together, and one function that can never fit is told so', async (t) => {
  const { pool } = setup(t, { functions: { memoryMb: 600, idleSeconds: 60 }, settings: { memoryMb: 1_000, roomTimeoutMs: 50 } });
  const [first, second] = [id(), id()];
  assert.ok((await pool.acquire('edge', first)).ok);
  pool.touch('edge', new Map([[first, 1]]));
  const refused = await pool.acquire('edge', second);
  assert.match(refused.ok ? '' : (refused.error.cause ?? ''), /600 of 1000 MB/);
  const large = setup(t, { functions: { memoryMb: 2_000 }, settings: { memoryMb: 1_000 } });
  const never = await large.pool.acquire('edge', first);
  assert.match(never.ok ? '' : never.error.message, /does not fit/);
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
