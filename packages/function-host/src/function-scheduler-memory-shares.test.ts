import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, type DeploymentId } from '@anchor/core/names/id.ts';
import { until } from '@anchor/testing/until.ts';
import { id, setup } from './fixtures/scheduler.ts';

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
