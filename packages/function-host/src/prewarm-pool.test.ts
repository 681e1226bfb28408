import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, type DeploymentId } from '@anchor/core/names/id.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { until } from '@anchor/testing/until.ts';
import type { InstanceExit, Instance } from './instance.ts';
import type { InstancePlan } from './instance-sandbox.ts';
import type { FunctionHostSettings } from './settings.ts';
import { PrewarmPool } from './prewarm-pool.ts';

/** A machine whose memory a test sets, and functions that hold as much as it sets. */
function setUp(
  settings: Partial<
    Pick<FunctionHostSettings, 'prewarmMax' | 'prewarmMemoryMb' | 'prewarmTtlMs' | 'prewarmCheckMs'>
  > = {},
) {
  const live = new Map<string, () => void>();
  const fellBack: DeploymentId[] = [];
  const state = { starts: 0, broken: false, availableMb: 16_384, residentMb: 31 };
  const production = new Set<DeploymentId>();
  /** Blocks stops and responses to the live check until they resolve. */
  const held: { ending?: Promise<void>; liveCheck?: Promise<void> } = {};
  const pool = new PrewarmPool({
    settings: { prewarmMax: 1, prewarmTtlMs: 60_000, prewarmCheckMs: 60_000, ...settings },
    availableMb: () => state.availableMb,
    async isLive(deploymentId) {
      await held.liveCheck;
      return production.has(deploymentId);
    },
    onEvict: async ({ deploymentId }) => void fellBack.push(deploymentId),
    async start() {
      if (state.broken)
        return fail('function_start_failed', 'The function exited while starting: exit code 1', 'Read the log.');
      const instance = `fn-${++state.starts}`;
      const { promise: gone, resolve } = Promise.withResolvers<InstanceExit>();
      live.set(instance, () => {
        live.delete(instance);
        resolve({ reason: 'signal SIGKILL', cacheFull: false });
      });
      const discard = async (): Promise<void> => {
        await held.ending;
        live.get(instance)?.();
      };
      return ok({
        upstream: { kind: 'unix', path: `/${instance}`, instance },
        memoryMb: 128,
        startMs: 5,
        pid: undefined,
        memoryPeakMb: async () => 1,
        residentMb: async () => state.residentMb,
        exited: gone,
        alive: () => live.has(instance),
        drain: discard,
        discard,
      } satisfies Instance);
    },
  });
  const prewarm = (plan: InstancePlan, isLive: boolean): Promise<void> => {
    if (isLive) production.add(plan.deploymentId);
    else production.delete(plan.deploymentId);
    return pool.prewarm(plan, isLive);
  };
  return { pool, prewarm, live, fellBack, state, production, held };
}

/** Lets everything run that waits for nothing but its turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const plan = (changes: Partial<InstancePlan> = {}): InstancePlan => ({
  deploymentId: newId('dpl', Date.now()),
  identity: 'prj_1',
  command: { argv: ['node'], env: { GREETING: 'hello' }, cwd: '/app' },
  memoryMb: 128,
  enforced: true,
  tree: '/usr',
  node: '/usr',
  modules: '/usr',
  cache: '/usr',
  secrets: [],
  ...changes,
});

test('what waits is handed out once', async () => {
  const { pool, prewarm, live } = setUp();
  const wanted = plan();
  await prewarm(wanted, false);
  assert.equal(pool.count(), 1);
  const instance = await pool.claim(wanted);
  assert.equal(instance?.upstream.instance, 'fn-1');
  assert.equal(pool.count(), 0);
  assert.equal(await pool.claim(wanted), undefined);
  assert.equal(live.size, 1, 'it goes on living');
});

test('one that is still starting is waited for, and not started twice', async () => {
  const { pool, prewarm, state } = setUp();
  const wanted = plan();
  const keeping = [prewarm(wanted, false), prewarm(wanted, false)];
  assert.equal((await pool.claim(wanted))?.upstream.instance, 'fn-1');
  await Promise.all(keeping);
  assert.equal(state.starts, 1);
});

test('a process with other variables, secrets or limits is never used', async () => {
  for (const change of [
    { command: { argv: ['node'], env: { GREETING: 'bye' }, cwd: '/app' } },
    { secrets: ['s3cret'] },
    { memoryMb: 256 },
    { tree: '/tmp' },
  ]) {
    const { pool, prewarm, live } = setUp();
    const first = plan();
    await prewarm(first, false);
    assert.equal(await pool.claim({ ...first, ...change }), undefined, JSON.stringify(change));
    assert.equal(live.size, 0, 'it was ended');
  }
});

test('one deployment never gets the process of another', async () => {
  const { pool, prewarm } = setUp({ prewarmMax: 2 });
  const first = plan();
  await prewarm(first, false);
  assert.equal(await pool.claim({ ...first, deploymentId: newId('dpl', Date.now()) }), undefined);
  assert.equal(pool.count(), 1);
});

test('no more are prewarmed than the setting allows: the oldest is evicted and keeps its empty sandbox', async () => {
  const { pool, prewarm, live, fellBack } = setUp();
  const [first, second] = [plan(), plan()];
  await prewarm(first, false);
  await prewarm(second, false);
  await until('the oldest is ended', () => fellBack.length === 1 && live.size === 1);
  assert.deepEqual(fellBack, [first.deploymentId]);
  assert.equal((await pool.claim(second))?.upstream.instance, 'fn-2');
});

test('what serves production is evicted for production only, and replaces what does not', async () => {
  const { pool, prewarm, live, fellBack, state } = setUp();
  const [production, preview, next] = [plan(), plan(), plan()];
  await prewarm(preview, false);
  await prewarm(production, true);
  await until('the preview is ended', () => fellBack.length === 1 && live.size === 1);
  await prewarm(preview, false);
  assert.equal(state.starts, 2, 'no process is started for the preview');
  await prewarm(next, true);
  await until('the earlier production is ended', () => fellBack.length === 2 && live.size === 1);
  assert.deepEqual(fellBack, [preview.deploymentId, production.deploymentId]);
  assert.equal((await pool.claim(next))?.upstream.instance, 'fn-3');
});

test('one that was promoted while it waits stays before a preview, and before what production was served by', async () => {
  const { pool, prewarm, fellBack, production, state } = setUp({ prewarmMax: 2 });
  const [promoted, superseded, preview] = [plan(), plan(), plan()];
  await prewarm(promoted, false);
  await prewarm(superseded, true);
  production.delete(superseded.deploymentId);
  production.add(promoted.deploymentId);
  await prewarm(preview, false);
  await until('one is ended', () => fellBack.length === 1);
  assert.deepEqual(fellBack, [superseded.deploymentId]);
  state.availableMb = 300; // memory for one
  pool.evictForMemory();
  await until('another is ended', () => fellBack.length === 2);
  assert.deepEqual(fellBack, [superseded.deploymentId, preview.deploymentId]);
  assert.ok(await pool.claim(promoted));
});

test('where the live check fails, the order stays as it was', async () => {
  const { pool, prewarm, fellBack, held, state } = setUp({ prewarmMax: 2 });
  const [production, preview] = [plan(), plan()];
  await prewarm(production, true);
  await prewarm(preview, false);
  held.liveCheck = Promise.reject(new Error('database is locked'));
  state.availableMb = 300;
  pool.evictForMemory();
  await until('one is ended', () => fellBack.length === 1);
  assert.deepEqual(fellBack, [preview.deploymentId]);
});

test('a drop waits for what was given up before and still ends, and no sandbox is left in its place', async () => {
  const { pool, prewarm, live, fellBack, held } = setUp();
  const [gone, other] = [plan(), plan()];
  await prewarm(gone, false);
  const ending = Promise.withResolvers<void>();
  held.ending = ending.promise;
  await prewarm(other, false);
  assert.equal(pool.count(), 1);
  let dropped = false;
  const dropping = pool.discard(gone.deploymentId).then(() => (dropped = true));
  await turn();
  assert.equal(dropped, false, 'its process may still write');
  ending.resolve();
  await dropping;
  assert.equal(live.size, 1);
  await turn();
  assert.deepEqual(fellBack, []);
  assert.ok(await pool.claim(other), 'the other one is as it was');
});

test('two drops at once both wait for the end, as close does', async () => {
  const { pool, prewarm, live, held } = setUp();
  const wanted = plan();
  await prewarm(wanted, false);
  const ending = Promise.withResolvers<void>();
  held.ending = ending.promise;
  const done: string[] = [];
  const all = Promise.all([
    pool.discard(wanted.deploymentId).then(() => done.push('first')),
    pool.discard(wanted.deploymentId).then(() => done.push('second')),
    pool.close().then(() => done.push('close')),
  ]);
  await turn();
  assert.deepEqual(done, []);
  ending.resolve();
  await all;
  assert.equal(live.size, 0);
});

test('nothing is started for a deployment that is dropped while memory is freed for it', async () => {
  const { pool, prewarm, fellBack, held, state } = setUp();
  const [first, removed] = [plan(), plan()];
  await prewarm(first, true);
  const liveCheck = Promise.withResolvers<void>();
  held.liveCheck = liveCheck.promise;
  const keeping = prewarm(removed, true);
  const dropping = pool.discard(removed.deploymentId);
  liveCheck.resolve();
  await Promise.all([keeping, dropping]);
  assert.equal(state.starts, 1);
  assert.deepEqual(fellBack, []);
  assert.ok(await pool.claim(first));
});

test('as many are prewarmed as memory allows, and they are evicted when something else takes it', async () => {
  const { pool, prewarm, live, fellBack, state } = setUp({ prewarmMax: 64 });
  state.availableMb = 1_000; // an eighth of it, with what they hold, fits three
  const plans = [plan(), plan(), plan(), plan()];
  for (const each of plans) await prewarm(each, true);
  assert.equal(pool.count(), 3);
  await until('the oldest is ended', () => fellBack.length === 1);
  assert.equal(fellBack[0], plans[0]?.deploymentId);
  state.availableMb = 100;
  pool.evictForMemory();
  await until('all are ended', () => live.size === 0);
  assert.equal(pool.count(), 0);
});

test('the measured memory counts, and it is sampled while any process is prewarmed', async () => {
  const { pool, prewarm, fellBack, state } = setUp({ prewarmMax: 64, prewarmMemoryMb: 80, prewarmCheckMs: 5 });
  const plans = [plan(), plan(), plan()];
  await prewarm(plans[0] ?? plan(), true);
  state.residentMb = 20;
  await until('a third fits beside two that take less than was estimated', async () => {
    for (const each of plans) await prewarm(each, true);
    return pool.count() === 3;
  });
  state.residentMb = 50;
  await until('they have grown', () => pool.count() === 1);
  assert.ok(fellBack.includes(plans[0]?.deploymentId ?? newId('dpl', 0)));
});

test('after its time a process is given up', async () => {
  const { pool, prewarm, live, fellBack } = setUp({ prewarmTtlMs: 20 });
  const wanted = plan();
  await prewarm(wanted, false);
  await until('it is given up', () => fellBack.length === 1);
  assert.equal(live.size, 0);
  assert.equal(await pool.claim(wanted), undefined);
});

test('with none allowed nothing is started, and what fails or dies leaves an empty sandbox', async () => {
  const none = setUp({ prewarmMax: 0 });
  await none.prewarm(plan(), false);
  assert.equal(none.state.starts, 0);
  const { pool, prewarm, live, fellBack, state } = setUp();
  state.broken = true;
  const failing = plan();
  await prewarm(failing, false);
  assert.equal(pool.count(), 0);
  await until('its sandbox waits', () => fellBack.includes(failing.deploymentId));
  state.broken = false;
  const wanted = plan();
  await prewarm(wanted, false);
  for (const crash of live.values()) crash();
  await until('the dead one is forgotten', () => pool.count() === 0 && fellBack.includes(wanted.deploymentId));
  assert.equal(await pool.claim(wanted), undefined);
});

test('close ends them all', async () => {
  const { pool, prewarm, live } = setUp({ prewarmMax: 3 });
  await Promise.all([prewarm(plan(), false), prewarm(plan(), false), prewarm(plan(), false)]);
  await pool.close();
  assert.equal(live.size, 0);
  await prewarm(plan(), false);
  assert.equal(live.size, 0);
});
