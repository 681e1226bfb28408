import { test } from 'node:test';
import assert from 'node:assert/strict';
import { allPages } from '@anchor/client/http/all-pages.ts';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { PRODUCTION, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { sampleAlias } from '@anchor/testing/samples.ts';
import { must, openServer } from '../fixtures/open-server.ts';
import { succeeded } from '../fixtures/succeeded.ts';

test('an uploaded folder becomes a deployment; what is no gzip, too large or unknown is refused', async (t) => {
  const server = await openServer(t, { limits: { uploadBytes: 1_000 } });
  await server.project('shop');
  const { client } = server;
  const content = new Uint8Array(100).fill(7);
  content.set([0x1f, 0x8b]);
  const uploaded = await client.deployments.upload({ project: 'shop', content });
  assert.ok(uploaded.ok && uploaded.value.size === 100);
  const deployed = await client.deployments.create({
    project: 'shop',
    kind: 'upload',
    blob: uploaded.value.blob,
    message: 'from a folder',
  });
  assert.ok(deployed.ok);
  assert.deepEqual(
    [deployed.value.status, deployed.value.environment, deployed.value.source.kind],
    ['queued', 'production', 'upload'],
  );
  const plain = await client.deployments.upload({ project: 'shop', content: new Uint8Array([1, 2, 3]) });
  assert.ok(!plain.ok && plain.problem.code === 'malformed_body');
  const nothing = await client.deployments.upload({ project: 'shop', content: new Uint8Array() });
  assert.ok(!nothing.ok && nothing.problem.code === 'malformed_body');
  const big = new Uint8Array(2_000);
  big.set([0x1f, 0x8b]);
  const large = await client.deployments.upload({ project: 'shop', content: big });
  assert.ok(!large.ok && large.problem.code === 'too_large');
  const unknown = await client.deployments.create({ project: 'shop', kind: 'upload', blob: 'f'.repeat(64) });
  assert.ok(!unknown.ok && unknown.problem.status === 404);
  // Blobs are shared by all projects, uploads are not: a hash alone gives no access to another project's folder.
  await server.project('other');
  const borrowed = await client.deployments.create({ project: 'other', kind: 'upload', blob: uploaded.value.blob });
  assert.ok(!borrowed.ok && borrowed.problem.status === 404);
  const branchless = await client.deployments.create({ project: 'shop', kind: 'git' });
  assert.ok(!branchless.ok && branchless.problem.code === 'not_found' && branchless.problem.fix.includes('git push'));
});

test('promote, rollback and undo move what production serves, and return what they moved', async (t) => {
  const server = await openServer(t);
  const { client } = server;
  const { project } = await server.project('shop');
  const one = await succeeded(server, project, '1', true);
  const two = await succeeded(server, project, '2', true);
  const three = await succeeded(server, project, '3', false);
  const promoted = await client.deployments.promote({ deployment: three.id });
  assert.ok(promoted.ok && promoted.value.deploymentId === three.id);
  assert.deepEqual(promoted.value.earlier, [two.id, one.id]);
  const late = await client.deployments.promote({ deployment: one.id, revision: promoted.value.revision! - 1 });
  assert.ok(!late.ok && late.problem.code === 'conflict');

  const back = await client.environments.rollback({ project: 'shop', environment: 'production' });
  assert.ok(back.ok && back.value.deploymentId === two.id && back.value.pinned);
  const further = await client.deployments.rollback({ deployment: one.id });
  assert.ok(further.ok && further.value.deploymentId === one.id);
  const undone = await client.environments.undoRollback({ project: 'shop', environment: 'production' });
  assert.ok(undone.ok && undone.value.deploymentId === three.id && !undone.value.pinned);

  const listed = await client.environments.list({ project: 'shop' });
  assert.ok(listed.ok);
  assert.deepEqual(
    listed.value.items.map(({ name }) => name),
    ['production', 'preview'],
  );
  const read = await client.deployments.get({ deployment: three.id });
  assert.ok(read.ok);
  assert.deepEqual(read.value.liveAt, ['http://shop.localhost:7480']);
  const aliases = await client.aliases.list({ project: 'shop' });
  assert.ok(
    aliases.ok &&
      aliases.value.items.some(({ host, deploymentId }) => host === 'shop.localhost' && deploymentId === three.id),
  );
  assert.ok(await server.ports.aliases.compareAndSet(sampleAlias({ projectId: project.id, deploymentId: three.id })));
  const paged: string[] = [];
  for await (const alias of allPages((cursor) => client.aliases.list({ project: 'shop', limit: 1, cursor }))) {
    assert.ok(alias.ok);
    paged.push(alias.value.host);
  }
  assert.equal(paged.length, aliases.value.items.length + 1);
  assert.ok(aliases.value.items.every(({ host }) => paged.includes(host)));
});

test('a queued deployment is canceled once; a fork’s is approved', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const source = { kind: 'git', commit: 'c'.repeat(40) as CommitSha, branch: 'main' as BranchName } as const;
  const { deployment: held } = must(
    await requestDeployment(server.ports)({
      project,
      environment: PRODUCTION,
      source,
      pullRequest: { number: 7, fork: true },
    }),
  );
  const shown = await server.client.deployments.get({ deployment: held.id });
  assert.ok(
    shown.ok &&
      shown.value.status === 'held' &&
      shown.value.error?.fix.includes('approve') === true &&
      !shown.value.trusted,
  );
  const approved = await server.client.deployments.approve({ deployment: held.id });
  assert.ok(approved.ok && approved.value.status === 'queued');
  const canceled = await server.client.deployments.cancel({ deployment: held.id });
  assert.ok(canceled.ok && canceled.value.status === 'canceled');
  const twice = await server.client.deployments.approve({ deployment: held.id });
  assert.ok(!twice.ok && twice.problem.code === 'conflict');
});
