import { test } from 'node:test';
import assert from 'node:assert/strict';
import { startDemo } from '@anchor/testing/deployments.ts';
import { must } from '@anchor/testing/samples.ts';
import { putVariables } from '../environments/put-variables.ts';
import { decryptSnapshot } from '../environments/snapshot.ts';
import type { DeploymentId } from '../names/id.ts';
import { anchorError } from '../result/result.ts';
import { promote } from './promote.ts';
import { rollback, undoRollback } from './rollback.ts';

test('rollback goes back, stops automatic promotion, goes further back, and is undone', async () => {
  const { home, project, push, build, live } = await startDemo();
  const ids: DeploymentId[] = [];
  for (const commit of [1, 2, 3]) {
    const id = await push(commit);
    await build(id);
    ids.push(id);
  }
  must(await rollback(home)({ projectId: project.id }));
  assert.equal(await live(), ids[1]);
  const newer = await push(4);
  assert.equal(await build(newer), 'success');
  assert.equal(await live(), ids[1], 'pinned');
  assert.match((await home.deployments.get(newer))?.notPromoted ?? '', /rolled back/);
  must(await rollback(home)({ projectId: project.id }));
  assert.equal(await live(), ids[0], 'further back, not forward');
  must(await undoRollback(home)({ projectId: project.id }));
  assert.equal(await live(), newer);
  const last = await push(5);
  await build(last);
  assert.equal(await live(), last);
});

test('of two concurrent promotes one wins and the other gets a conflict', async () => {
  const { home, push, build, live } = await startDemo();
  const a = await push(1, 'a');
  const b = await push(2, 'b');
  await build(a);
  await build(b);
  const results = await Promise.all([promote(home)({ deploymentId: a }), promote(home)({ deploymentId: b })]);
  const won = results.filter((result) => result.ok);
  assert.equal(won.length, 1);
  const lost = results.find((result) => !result.ok);
  assert.ok(lost !== undefined && !lost.ok && lost.error.code === 'conflict');
  assert.equal(await live(), results[0].ok ? a : b);
});

test('a failed deployment cannot be promoted', async () => {
  const { home, push, build } = await startDemo();
  const id = await push(1);
  home.builds.during = async () => anchorError('build_failed', 'x', 'y');
  await build(id);
  const result = await promote(home)({ deploymentId: id });
  assert.ok(!result.ok && result.error.code === 'not_ready');
});

test('a rollback brings the variables back that the deployment ran with', async () => {
  const { home, project, push, build } = await startDemo();
  must(
    await putVariables(home)({
      projectId: project.id,
      environment: 'production',
      variables: [{ name: 'COLOR', value: 'p@ss#word! $HOME "x"\nsecond' }],
    }),
  );
  const first = await push(1);
  await build(first);
  must(
    await putVariables(home)({
      projectId: project.id,
      environment: 'production',
      variables: [{ name: 'COLOR', value: 'blue' }],
    }),
  );
  const second = await push(2);
  await build(second);
  const run = async (id: DeploymentId) =>
    must(await decryptSnapshot(home)(id, (await home.deployments.get(id))?.environmentSnapshot ?? '')).run['COLOR'];
  assert.equal(await run(first), 'p@ss#word! $HOME "x"\nsecond');
  assert.equal(await run(second), 'blue');
  assert.ok(!JSON.stringify(await home.deployments.get(first)).includes('p@ss'));
});
