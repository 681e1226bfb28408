import { test } from 'node:test';
import assert from 'node:assert/strict';
import { commit, startDemo } from '@anchor/testing/deployments.ts';
import { must } from '@anchor/testing/samples.ts';
import { cancelDeployment } from '../deployments/cancel.ts';
import { Recovery } from '../records/recovery.ts';
import type { BranchName } from '../names/name.ts';
import { updateProject } from '../projects/projects.ts';
import { anchorError } from '../result/result.ts';
import { acceptPush } from './accept-push.ts';
import { replayDelivery } from './replay.ts';

test('a duplicate delivery makes one deployment, and so does the same commit in another delivery', async () => {
  const { home, project, push } = await startDemo();
  const incoming = {
    projectId: project.id,
    source: 'github',
    externalId: 'same',
    event: 'push',
    headers: {},
    body: '{}',
    push: { kind: 'push', branch: 'main' as BranchName, commit: commit(1) },
  } as const;
  const [first, second] = await Promise.all([acceptPush(home)(incoming), acceptPush(home)(incoming)]);
  assert.deepEqual(must(first).deploymentIds, must(second).deploymentIds);
  assert.equal(await push(1), must(first).deploymentIds[0]);
  assert.equal((await home.deployments.list({ projectId: project.id }, { limit: 10 })).items.length, 1);
  const replayed = must(await replayDelivery(home)(must(first).delivery.id));
  assert.notEqual(replayed.deploymentIds[0], must(first).deploymentIds[0]);
});

test('a delivery that was stored but not acted on is acted on after a restart', async () => {
  const { home, project, push } = await startDemo();
  const first = await push(1);
  // Its commit is known, so what it means is found out step by step; here that ends before the outcome is noted.
  home.deployments.byDedupeKey = async () => {
    throw new Error('killed here');
  };
  await assert.rejects(push(1), /killed here/);
  home.deployments.byDedupeKey = async (key) =>
    (await home.deployments.list({ projectId: project.id }, { limit: 10 })).items.find(
      ({ dedupeKey }) => dedupeKey === key,
    );
  assert.equal((await new Recovery(home).restart()).delivery, 1);
  assert.deepEqual(
    (await home.deliveries.list({ projectId: project.id, state: 'accepted' }, { limit: 10 })).items.map(
      ({ deploymentIds }) => deploymentIds,
    ),
    [[first], [first]],
  );
});

test('a delivery is stored with its deployment and its job, or not at all', async () => {
  const { home, project, push } = await startDemo();
  home.pushes.commit = async () => {
    throw new Error('killed here');
  };
  await assert.rejects(push(1), /killed here/);
  assert.deepEqual((await home.deliveries.list({ projectId: project.id }, { limit: 10 })).items, []);
  assert.deepEqual(await home.queue.depth(), { pending: 0, leased: 0, dead: 0 });
});

test('skipped commits and untouched paths make no deployment but are stored as deliveries', async () => {
  const { home, project } = await startDemo();
  const accepted = must(
    await acceptPush(home)({
      projectId: project.id,
      source: 'github',
      externalId: 's',
      event: 'push',
      headers: {},
      body: '{}',
      push: { kind: 'push', branch: 'main' as BranchName, commit: commit(1), message: 'docs [skip ci]' },
    }),
  );
  assert.deepEqual(accepted.deploymentIds, []);
  assert.equal(accepted.delivery.state, 'ignored');
});

test('two branches at the same commit share one deployment, each under its own host, whenever the second comes', async () => {
  const { push, build, live } = await startDemo();
  const first = await push(1, 'a');
  assert.equal(await push(1, 'b'), first);
  await build(first);
  assert.equal(await live('demo-git-b.localhost'), first);
  assert.equal(await push(1, 'c'), first);
  assert.equal(await live('demo-git-c.localhost'), first);
});

test('a branch that is set back to an older commit serves its deployment again, without a build', async () => {
  const { home, push, build, live } = await startDemo();
  const first = await push(1);
  await build(first);
  await build(await push(2));
  const third = await push(3);
  assert.equal(await push(1), first);
  assert.equal(await live(), first);
  assert.equal(await live('demo-git-main.localhost'), first);
  assert.equal((await home.deployments.get(third))?.error?.code, 'superseded', 'what the branch left is not built');
  const fourth = await push(4);
  await build(fourth);
  assert.equal(await live(), fourth);
});

test('a commit that failed or was canceled stays one deployment, however often it is delivered', async () => {
  const { home, project, push, build } = await startDemo();
  const failed = await push(1);
  home.builds.during = async () => anchorError('build_failed', 'x', 'y');
  await build(failed);
  assert.equal(await push(1), failed);
  const canceled = await push(2);
  must(await cancelDeployment(home)(canceled));
  assert.equal(await push(2), canceled);
  assert.equal((await home.deployments.list({ projectId: project.id }, { limit: 10 })).items.length, 2);
});

test('a commit whose build was superseded by a newer one is built when the branch comes back to it', async () => {
  const { push, build, live } = await startDemo();
  const given = await push(1);
  await build(await push(2));
  const back = await push(1);
  assert.notEqual(back, given);
  await build(back);
  assert.equal(await live(), back);
});

test('a list of changed files that is too long to keep still decides, and is not stored', async () => {
  const { home, project } = await startDemo();
  must(await updateProject(home)(project.id, { build: { paths: ['apps/web'] } }));
  const deliver = async (n: number, last: string) => {
    const changedFiles = [...Array.from({ length: 5_000 }, (_, i) => `libs/${'x'.repeat(100)}/${i}`), last];
    return must(
      await acceptPush(home)({
        projectId: project.id,
        source: 'git',
        externalId: `d${n}`,
        event: 'push',
        headers: {},
        body: '{}',
        push: { kind: 'push', branch: 'main' as BranchName, commit: commit(n), changedFiles },
      }),
    ).delivery;
  };
  const [other, own] = [await deliver(1, 'libs/y'), await deliver(2, 'apps/web/a')];
  assert.deepEqual([other.state, own.state], ['ignored', 'accepted']);
  for (const { id } of [other, own]) assert.ok(JSON.stringify(await home.deliveries.get(id)).length < 5_000);
});
