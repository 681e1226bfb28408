import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { newId, type DeploymentId, type ProjectId } from '@anchor/core/names/id.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { DEFAULT_FUNCTIONS, type FunctionSettings } from '@anchor/core/projects/project.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { until } from '@anchor/testing/until.ts';
import type { InstanceExit } from './instance.ts';
import { FunctionScheduler } from './function-scheduler.ts';
import { DEFAULT_HOST_SETTINGS, type FunctionHostSettings } from './settings.ts';

/**
 * A factory whose instances are only promises: the scheduler's own decisions are what is tested here; real processes
 * are in host.test.ts.
 */
function setup(
  t: TestContext,
  options: Readonly<{
    functions?: Partial<FunctionSettings>;
    settings?: Partial<FunctionHostSettings>;
    startMs?: number;
    drainMs?: number;
    now?: () => number;
    emptying?: Promise<void>;
    projectOf?: (id: DeploymentId) => ProjectId;
    isLive?: (id: DeploymentId) => boolean;
    databaseFails?: boolean;
  }> = {},
) {
  const functions: FunctionSettings = { ...DEFAULT_FUNCTIONS, idleSeconds: 0.2, concurrency: 10, ...options.functions };
  const settings: FunctionHostSettings = {
    ...DEFAULT_HOST_SETTINGS,
    leaseMs: 150,
    graceMs: 50,
    backoffFirstMs: 40,
    backoffMaxMs: 1_000,
    backoffWaitMs: 100,
    admissionTimeoutMs: 400,
    ...options.settings,
  };
  const live = new Map<string, { deploymentId: DeploymentId; crash(reason: string, cacheFull?: boolean): void }>();
  const notes: string[] = [];
  const events: string[] = [];
  const state = { starts: 0, most: 0, broken: false };
  const pool = new FunctionScheduler({
    clock: options.now === undefined ? systemClock : { now: options.now },
    settings,
    factory: {
      async prewarm() {
        events.push('ready');
        if (options.databaseFails === true) throw new Error('database is locked');
        return ok(undefined);
      },
      async clearCache() {
        events.push('emptying');
        await options.emptying;
        events.push('empty');
      },
      releaseWarm: async () => undefined,
      warmCount: () => 0,
      prewarmedCount: () => 0,
      close: async () => undefined,
      logPlatformLine: (_, level, text) => notes.push(`${level} ${text}`),
      isLive: async (deploymentId) => {
        if (options.databaseFails === true) throw new Error('database is locked');
        return options.isLive?.(deploymentId) ?? false;
      },
      prepare: async (deploymentId) =>
        ok({
          projectId: options.projectOf?.(deploymentId) ?? (deploymentId.replace('dpl', 'prj') as ProjectId),
          settings: functions,
          async start() {
            await new Promise((resolve) => setTimeout(resolve, options.startMs ?? 5));
            if (state.broken)
              return fail('function_start_failed', 'The function exited while starting: exit code 1', 'Read the log.');
            const instance = `fn-${++state.starts}`;
            const { promise: gone, resolve } = Promise.withResolvers<InstanceExit>();
            live.set(instance, {
              deploymentId,
              crash: (reason, cacheFull = false) => (live.delete(instance), resolve({ reason, cacheFull })),
            });
            state.most = Math.max(state.most, live.size);
            return ok({
              upstream: { kind: 'unix', path: `/${instance}`, instance },
              memoryMb: functions.memoryMb,
              startMs: 5,
              pid: undefined,
              memoryPeakMb: async () => 1,
              residentMb: async () => 1,
              exited: gone,
              alive: () => live.has(instance),
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
  const requestedAt = Date.now();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  await until('it is gone', () => live.size === 0);
  assert.ok(Date.now() - requestedAt >= 400, `gone after ${Date.now() - requestedAt} ms`);
});

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

test('a start for which there is memory does not wait until it is known whether production is served by it', async (t) => {
  let acquired = false;
  const before: boolean[] = [];
  const { pool } = setup(t, { isLive: () => (before.push(acquired), true) });
  const deployment = id();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  acquired = true;
  await until('it is looked up afterwards', () => before.length > 0);
  assert.deepEqual(before, [true]);
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

test('a project that hangs on many deployments holds its share at most, and a neighbour starts at once', async (t) => {
  const hog = newId('prj', Date.now());
  const hogs = [id(), id(), id(), id()];
  const { pool, live } = setup(t, {
    functions: { memoryMb: 512 },
    settings: { memoryMb: 2_048, admissionTimeoutMs: 300 },
    projectOf: (id) => (hogs.includes(id) ? hog : newId('prj', Date.now())),
  });
  const busy = setInterval(() => pool.touch('edge', new Map(hogs.map((deployment) => [deployment, 1]))), 20);
  t.after(() => clearInterval(busy));
  const hung = hogs.map((deployment) => pool.acquire('edge', deployment));
  await until('it holds its share', () => live.size === 2);
  const startedAt = performance.now();
  assert.ok((await pool.acquire('edge', id())).ok);
  assert.ok((await pool.acquire('edge', id())).ok);
  assert.ok(performance.now() - startedAt < 200, `${performance.now() - startedAt} ms`);
  const codes = (await Promise.all(hung)).map((lease) => (lease.ok ? 'ok' : lease.error.message));
  assert.deepEqual(codes.toSorted(), [
    "The project's functions use its whole share of the memory",
    "The project's functions use its whole share of the memory",
    'ok',
    'ok',
  ]);
});

test('when memory is short, the project that holds most gives up a busy instance that production is not served by', async (t) => {
  const hog = newId('prj', Date.now());
  const hogs = [id(), id(), id()];
  const { pool, live } = setup(t, {
    functions: { memoryMb: 512, idleSeconds: 60 },
    settings: { memoryMb: 2_048, projectShare: 0.75, admissionTimeoutMs: 10_000 },
    projectOf: (id) => (hogs.includes(id) ? hog : newId('prj', Date.now())),
    isLive: (id) => id === hogs[0],
  });
  const others = [id(), id()];
  for (const deployment of [...hogs, others[0]!]) assert.ok((await pool.acquire('edge', deployment)).ok);
  const busy = setInterval(
    () => pool.touch('edge', new Map([...hogs, ...others].map((deployment) => [deployment, 1]))),
    20,
  );
  t.after(() => clearInterval(busy));
  assert.ok((await pool.acquire('edge', others[1]!)).ok);
  const left = [...live.values()].map(({ deploymentId }) => deploymentId);
  assert.equal(left.length, 4);
  assert.ok(left.includes(hogs[0]!), 'production stays');
  assert.ok(others.every((deployment) => left.includes(deployment)));
});

test("within its own share a project's production takes the place of its old deployments", async (t) => {
  const project = newId('prj', Date.now());
  const [older, old, production] = [id(), id(), id()];
  const { pool, live } = setup(t, {
    functions: { memoryMb: 512, idleSeconds: 60 },
    settings: { memoryMb: 2_048, admissionTimeoutMs: 10_000 },
    projectOf: () => project,
    isLive: (id) => id === production,
  });
  for (const deployment of [older, old]) assert.ok((await pool.acquire('edge', deployment)).ok);
  const busy = setInterval(
    () =>
      pool.touch(
        'edge',
        new Map([
          [older, 1],
          [old, 1],
        ]),
      ),
    20,
  );
  t.after(() => clearInterval(busy));
  assert.ok((await pool.acquire('edge', production)).ok);
  const left = [...live.values()].map(({ deploymentId }) => deploymentId);
  assert.ok(left.length === 2 && left.includes(production), left.join());
});

test('a new production deployment starts although the busy instances of the old one use the whole share', async (t) => {
  const project = newId('prj', Date.now());
  const [old, next] = [id(), id()];
  const { pool, live } = setup(t, {
    functions: { memoryMb: 512, idleSeconds: 60, concurrency: 1, maxInstances: 4 },
    settings: { memoryMb: 2_048, admissionTimeoutMs: 10_000 },
    projectOf: () => project,
    isLive: () => true,
  });
  assert.ok((await pool.acquire('edge', old)).ok);
  const busy = setInterval(() => pool.touch('edge', new Map([[old, 4]])), 20);
  t.after(() => clearInterval(busy));
  await until('its share is used', () => live.size === 2);
  assert.ok((await pool.acquire('edge', next)).ok);
  assert.deepEqual([...live.values()].map(({ deploymentId }) => deploymentId).toSorted(), [old, next].toSorted());
});

test('a new production deployment starts although the kept instances of the old one use the whole share', async (t) => {
  const project = newId('prj', Date.now());
  const [old, next] = [id(), id()];
  const { pool, live } = setup(t, {
    functions: { memoryMb: 512, idleSeconds: 60, maxInstances: 4 },
    settings: { memoryMb: 2_048, admissionTimeoutMs: 10_000 },
    projectOf: () => project,
    isLive: () => true,
  });
  pool.keep(old, 2);
  await until('its share is used', () => live.size === 2);
  assert.ok((await pool.acquire('edge', next)).ok);
  assert.deepEqual([...live.values()].map(({ deploymentId }) => deploymentId).toSorted(), [old, next].toSorted());
});

test('instances that two projects keep in all of the memory are evicted for a third project, and do not evict it in turn', async (t) => {
  const [one, two, third] = [id(), id(), id()];
  const { pool, live, notes } = setup(t, {
    functions: { memoryMb: 512, idleSeconds: 60, maxInstances: 4 },
    settings: { memoryMb: 2_048, admissionTimeoutMs: 10_000 },
    isLive: () => true,
  });
  for (const deployment of [one, two]) pool.keep(deployment, 2);
  await until('all memory is used', () => live.size === 4);
  assert.ok((await pool.acquire('edge', third)).ok);
  await until(
    'no lease on it is left',
    () => pool.touch('edge', new Map([[third, 0]])).length === 0 && live.size === 4,
  );
  for (const deployment of [one, two]) pool.keep(deployment, 2);
  await until('the log says why', () =>
    notes.some((note) => note.includes('no instance was started: This machine has no memory')),
  );
  const running = [...live.values()].map(({ deploymentId }) => deploymentId);
  assert.equal(running.filter((deployment) => deployment === third).length, 1);
  assert.ok(running.includes(one) && running.includes(two), 'the first of each stays');
});

test('what is kept beyond the firm part is evicted for the first instance of another project, and is restarted when memory is free', async (t) => {
  const [one, two, third] = [id(), id(), id()];
  const { pool, live } = setup(t, {
    functions: { memoryMb: 1_024, maxInstances: 4 },
    settings: { memoryMb: 2_048, admissionTimeoutMs: 10_000 },
    isLive: () => true,
  });
  const keep = (): void => {
    pool.keep(one, 1, true);
    pool.keep(two, 1, false);
  };
  const running = (): readonly DeploymentId[] => [...live.values()].map(({ deploymentId }) => deploymentId);
  keep();
  await until('both are kept', () => running().length === 2);
  assert.ok((await pool.acquire('edge', third)).ok);
  assert.deepEqual(running().toSorted(), [one, third].toSorted());
  keep();
  // A request for what is kept is not refused together with an unrequested start that finds no memory.
  const acquired = pool.acquire('edge', two);
  await until('the third sleeps', () => !running().includes(third));
  assert.ok((await acquired).ok);
  assert.deepEqual(running().toSorted(), [one, two].toSorted());
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

test('a full machine stops the function that was idle longest, and refuses when none is idle', async (t) => {
  const { pool, live } = setup(t, { functions: { idleSeconds: 60 }, settings: { maxInstances: 2 } });
  const [first, second, third, fourth] = [id(), id(), id(), id()];
  assert.ok((await pool.acquire('edge', first)).ok);
  assert.ok((await pool.acquire('edge', second)).ok);
  const busy = setInterval(() => pool.touch('edge', new Map([[second, 1]])), 20);
  t.after(() => clearInterval(busy));
  assert.ok((await pool.acquire('edge', third)).ok, 'the first one was evicted');
  assert.deepEqual(
    [...live.values()].map(({ deploymentId }) => deploymentId),
    [second, third],
  );
  const alsoBusy = setInterval(() => pool.touch('edge', new Map([[third, 1]])), 20);
  t.after(() => clearInterval(alsoBusy));
  const refused = await pool.acquire('edge', fourth);
  assert.equal(refused.ok ? 'ok' : refused.error.code, 'rate_limited');
  assert.equal((await pool.status()).used.instances, 2);
});

test('memory limits count together, and a function that can never fit gets that error', async (t) => {
  const { pool } = setup(t, {
    functions: { memoryMb: 600, idleSeconds: 60 },
    settings: { memoryMb: 1_000, admissionTimeoutMs: 50 },
  });
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

test('stopping a deployment does not wait for the memory that its next instance waits for', async (t) => {
  const { pool, live } = setup(t, {
    functions: { memoryMb: 512, idleSeconds: 60, concurrency: 1, maxInstances: 4 },
    settings: { memoryMb: 1_024, admissionTimeoutMs: 10_000 },
  });
  const deployment = id();
  assert.ok((await pool.acquire('edge', deployment)).ok);
  pool.touch('edge', new Map([[deployment, 4]]));
  await until('its share is used', () => live.size === 2);
  const stoppedAt = performance.now();
  await pool.close();
  assert.ok(performance.now() - stoppedAt < 2_000, `${performance.now() - stoppedAt} ms`);
});

test('a database that fails is noted in the run log, and does not end the host', async (t) => {
  const { pool, live, notes } = setup(t, { databaseFails: true });
  assert.ok((await pool.acquire('edge', id())).ok);
  const failures = (): number => notes.filter((note) => note.endsWith('failed: database is locked')).length;
  await until('the lookup of production has failed', () => failures() === 1);
  await until('it is idle and stopped', () => live.size === 0);
  await until('the next start could not be prewarmed', () => failures() === 2);
});
