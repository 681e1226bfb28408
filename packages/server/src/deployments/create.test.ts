import { test } from 'node:test';
import assert from 'node:assert/strict';
import { PRODUCTION, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { fail } from '@anchor/core/result/result.ts';
import { must, openServer } from '../fixtures/open-server.ts';

test('a deployment that is requested while the disk is too full is refused at once, and nothing is queued', async (t) => {
  const server = await openServer(t, {
    ports: {
      capacity: {
        checkSpaceForBuild: async () => fail('disk_full', 'The disk is full', 'Free some space: anchor gc.'),
      },
    },
  });
  const { project } = await server.project('shop');
  const { deployment } = must(
    await requestDeployment(server.ports)({
      project,
      environment: PRODUCTION,
      source: { kind: 'git', commit: 'a'.repeat(40) as CommitSha, branch: 'main' as BranchName },
    }),
  );
  const redeployed = await server.client.deployments.create({
    project: 'shop',
    kind: 'redeploy',
    deployment: deployment.id,
  });
  assert.equal(redeployed.ok, false);
  assert.deepEqual(
    [redeployed.problem.code, redeployed.problem.status, redeployed.problem.fix],
    ['disk_full', 507, 'Free some space: anchor gc.'],
  );
  const listed = await server.client.deployments.list({ project: 'shop' });
  assert.ok(listed.ok);
  assert.deepEqual(
    listed.value.items.map(({ id }) => id),
    [deployment.id],
  );
});
