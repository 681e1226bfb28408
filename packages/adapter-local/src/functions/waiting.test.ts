import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, type DeploymentId } from '@anchor/core/names/id.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { until } from '@anchor/testing/until.ts';
import type { Departure, Instance } from './launch.ts';
import type { InstancePlan } from './place.ts';
import type { FunctionHostSettings } from './settings.ts';
import { createWaiting, type Waiting } from './waiting.ts';

/** A machine whose memory is what the tests say, and functions that hold what they say. */
function setUp(settings: Partial<Pick<FunctionHostSettings, 'waiting' | 'waitingMb' | 'waitingMs' | 'waitingLookMs'>> = {}) {
  const live = new Map<string, () => void>();
  const fellBack: DeploymentId[] = [];
  const state = { starts: 0, broken: false, availableMb: 16_384, heldMb: 31 };
  const production = new Set<DeploymentId>();
  /** What an end, and an answer to who is live, wait for. */
  const held: { ending?: Promise<void>; asking?: Promise<void> } = {};
  const created = createWaiting({
    settings: { waiting: 1, waitingMs: 60_000, waitingLookMs: 60_000, ...settings },
    availableMb: () => state.availableMb,
    async isLive(deploymentId) {
      await held.asking;
      return production.has(deploymentId);
    },
    fallBack: async ({ deploymentId }) => void fellBack.push(deploymentId),
    async start() {
      if (state.broken) return fail('function_start_failed', 'The function ended while starting: exit code 1', 'Read the log.');
      const instance = `fn-${++state.starts}`;
      const { promise: gone, resolve } = Promise.withResolvers<Departure>();
      live.set(instance, () => {
        live.delete(instance);
        resolve({ reason: 'signal SIGKILL', cacheFull: false });
      });
      const discard = async (): Promise<void> => {
        await held.ending;
        live.get(instance)?.();
      };
      return ok({ upstream: { kind: 'unix', path: `/${instance}`, instance }, memoryMb: 128, startMs: 5, pid: undefined, memoryPeakMb: async () => 1, heldMb: async () => state.heldMb, gone, alive: () => live.has(instance), drain: discard, discard } satisfies Instance);
    },
  });
  // What `keep` is told is so until a test says otherwise.
  const keep: Waiting['keep'] = (plan, isLive) => {
    if (isLive) production.add(plan.deploymentId);
    else production.delete(plan.deploymentId);
    return created.keep(plan, isLive);
  };
  return { waiting: { ...created, keep }, live, fellBack, state, production, held };
}

/** Lets everything run that waits for nothing but its turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const plan = (changes: Partial<InstancePlan> = {}): InstancePlan => ({
  deploymentId: newId('dpl', Date.now()), identity: 'prj', command: { argv: ['node'], env: { GREETING: 'hello' }, cwd: '/app' }, memoryMb: 128,
  tree: '/usr', node: '/usr', modules: '/usr', cache: '/usr', secrets: [], ...changes,
});

test('what waits is handed out once', async () => {
  const { waiting, live } = setUp();
  const wanted = plan();
  await waiting.keep(wanted, false);
  assert.equal(waiting.count(), 1);
  const instance = await waiting.take(wanted);
  assert.equal(instance?.upstream.instance, 'fn-1');
  assert.equal(waiting.count(), 0);
  assert.equal(await waiting.take(wanted), undefined);
  assert.equal(live.size, 1, 'it goes on living');
});

test('one that is still starting is waited for, and not started twice', async () => {
  const { waiting, state } = setUp();
  const wanted = plan();
  const keeping = [waiting.keep(wanted, false), waiting.keep(wanted, false)];
  assert.equal((await waiting.take(wanted))?.upstream.instance, 'fn-1');
  await Promise.all(keeping);
  assert.equal(state.starts, 1);
});

test('a process that was told other variables, secrets or limits is never handed out', async () => {
  for (const change of [{ command: { argv: ['node'], env: { GREETING: 'bye' }, cwd: '/app' } }, { secrets: ['s3cret'] }, { memoryMb: 256 }, { tree: '/tmp' }]) {
    const { waiting, live } = setUp();
    const first = plan();
    await waiting.keep(first, false);
    assert.equal(await waiting.take({ ...first, ...change }), undefined, JSON.stringify(change));
    assert.equal(live.size, 0, 'it was ended');
  }
});

test('one deployment never gets the process of another', async () => {
  const { waiting } = setUp({ waiting: 2 });
  const first = plan();
  await waiting.keep(first, false);
  assert.equal(await waiting.take({ ...first, deploymentId: newId('dpl', Date.now()) }), undefined);
  assert.equal(waiting.count(), 1);
});

test('no more wait than the setting says: the oldest gives way and keeps its empty sandbox', async () => {
  const { waiting, live, fellBack } = setUp();
  const [first, second] = [plan(), plan()];
  await waiting.keep(first, false);
  await waiting.keep(second, false);
  await until('the oldest is ended', () => fellBack.length === 1 && live.size === 1);
  assert.deepEqual(fellBack, [first.deploymentId]);
  assert.equal((await waiting.take(second))?.upstream.instance, 'fn-2');
});

test('what serves production gives way to production only, and takes the place of what does not', async () => {
  const { waiting, live, fellBack, state } = setUp();
  const [production, preview, next] = [plan(), plan(), plan()];
  await waiting.keep(preview, false);
  await waiting.keep(production, true);
  await until('the preview is ended', () => fellBack.length === 1 && live.size === 1);
  await waiting.keep(preview, false);
  assert.equal(state.starts, 2, 'no process is started for the preview');
  await waiting.keep(next, true);
  await until('the earlier production is ended', () => fellBack.length === 2 && live.size === 1);
  assert.deepEqual(fellBack, [preview.deploymentId, production.deploymentId]);
  assert.equal((await waiting.take(next))?.upstream.instance, 'fn-3');
});

test('one that was promoted while it waits stays before a preview, and before what production was served by', async () => {
  const { waiting, fellBack, production, state } = setUp({ waiting: 2 });
  const [promoted, superseded, preview] = [plan(), plan(), plan()];
  await waiting.keep(promoted, false);
  await waiting.keep(superseded, true);
  production.delete(superseded.deploymentId);
  production.add(promoted.deploymentId);
  await waiting.keep(preview, false);
  await until('one is ended', () => fellBack.length === 1);
  assert.deepEqual(fellBack, [superseded.deploymentId]);
  state.availableMb = 300; // room for one
  waiting.giveWay();
  await until('another is ended', () => fellBack.length === 2);
  assert.deepEqual(fellBack, [superseded.deploymentId, preview.deploymentId]);
  assert.ok(await waiting.take(promoted));
});

test('where nobody can tell who is live, it is as it was', async () => {
  const { waiting, fellBack, held, state } = setUp({ waiting: 2 });
  const [production, preview] = [plan(), plan()];
  await waiting.keep(production, true);
  await waiting.keep(preview, false);
  held.asking = Promise.reject(new Error('database is locked'));
  state.availableMb = 300;
  waiting.giveWay();
  await until('one is ended', () => fellBack.length === 1);
  assert.deepEqual(fellBack, [preview.deploymentId]);
});

test('a drop waits for what was given up before and still ends, and no sandbox is left in its place', async () => {
  const { waiting, live, fellBack, held } = setUp();
  const [gone, other] = [plan(), plan()];
  await waiting.keep(gone, false);
  const ending = Promise.withResolvers<void>();
  held.ending = ending.promise;
  await waiting.keep(other, false);
  assert.equal(waiting.count(), 1);
  let dropped = false;
  const dropping = waiting.drop(gone.deploymentId).then(() => (dropped = true));
  await turn();
  assert.equal(dropped, false, 'its process may still write');
  ending.resolve();
  await dropping;
  assert.equal(live.size, 1);
  await turn();
  assert.deepEqual(fellBack, []);
  assert.ok(await waiting.take(other), 'the other one is as it was');
});

test('two drops at once both wait for the end, as close does', async () => {
  const { waiting, live, held } = setUp();
  const wanted = plan();
  await waiting.keep(wanted, false);
  const ending = Promise.withResolvers<void>();
  held.ending = ending.promise;
  const done: string[] = [];
  const all = Promise.all([
    waiting.drop(wanted.deploymentId).then(() => done.push('first')), waiting.drop(wanted.deploymentId).then(() => done.push('second')), waiting.close().then(() => done.push('close')),
  ]);
  await turn();
  assert.deepEqual(done, []);
  ending.resolve();
  await all;
  assert.equal(live.size, 0);
});

test('nothing is started for a deployment that is dropped while room is made for it', async () => {
  const { waiting, fellBack, held, state } = setUp();
  const [first, removed] = [plan(), plan()];
  await waiting.keep(first, true);
  const asking = Promise.withResolvers<void>();
  held.asking = asking.promise;
  const keeping = waiting.keep(removed, true);
  const dropping = waiting.drop(removed.deploymentId);
  asking.resolve();
  await Promise.all([keeping, dropping]);
  assert.equal(state.starts, 1);
  assert.deepEqual(fellBack, []);
  assert.ok(await waiting.take(first));
});

test('as many wait as memory has room for, and they go when something else takes it', async () => {
  const { waiting, live, fellBack, state } = setUp({ waiting: 64 });
  state.availableMb = 1_000; // an eighth of it, with what they hold, is room for three
  const plans = [plan(), plan(), plan(), plan()];
  for (const each of plans) await waiting.keep(each, true);
  assert.equal(waiting.count(), 3);
  await until('the oldest is ended', () => fellBack.length === 1);
  assert.equal(fellBack[0], plans[0]?.deploymentId);
  state.availableMb = 100;
  waiting.giveWay();
  await until('all are ended', () => live.size === 0);
  assert.equal(waiting.count(), 0);
});

test('what is measured counts, and memory is looked at while any waits', async () => {
  const { waiting, fellBack, state } = setUp({ waiting: 64, waitingMb: 80, waitingLookMs: 5 });
  const plans = [plan(), plan(), plan()];
  await waiting.keep(plans[0] ?? plan(), true);
  state.heldMb = 20;
  await until('a third has room beside two that take less than was thought', async () => {
    for (const each of plans) await waiting.keep(each, true);
    return waiting.count() === 3;
  });
  state.heldMb = 50;
  await until('they have grown', () => waiting.count() === 1);
  assert.ok(fellBack.includes(plans[0]?.deploymentId ?? newId('dpl', 0)));
});

test('after its time a process is given up', async () => {
  const { waiting, live, fellBack } = setUp({ waitingMs: 20 });
  const wanted = plan();
  await waiting.keep(wanted, false);
  await until('it is given up', () => fellBack.length === 1);
  assert.equal(live.size, 0);
  assert.equal(await waiting.take(wanted), undefined);
});

test('with none allowed nothing is started, and what fails or dies leaves an empty sandbox', async () => {
  const none = setUp({ waiting: 0 });
  await none.waiting.keep(plan(), false);
  assert.equal(none.state.starts, 0);
  const { waiting, live, fellBack, state } = setUp();
  state.broken = true;
  const failing = plan();
  await waiting.keep(failing, false);
  assert.equal(waiting.count(), 0);
  await until('its sandbox waits', () => fellBack.includes(failing.deploymentId));
  state.broken = false;
  const wanted = plan();
  await waiting.keep(wanted, false);
  for (const crash of live.values()) crash();
  await until('the dead one is forgotten', () => waiting.count() === 0 && fellBack.includes(wanted.deploymentId));
  assert.equal(await waiting.take(wanted), undefined);
});

test('close ends them all', async () => {
  const { waiting, live } = setUp({ waiting: 3 });
  await Promise.all([waiting.keep(plan(), false), waiting.keep(plan(), false), waiting.keep(plan(), false)]);
  await waiting.close();
  assert.equal(live.size, 0);
  await waiting.keep(plan(), false);
  assert.equal(live.size, 0);
});
