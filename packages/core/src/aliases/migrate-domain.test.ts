import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { host, must, sampleAlias, sampleDeployment } from '@anchor/testing/samples.ts';
import { createProject } from '../projects/projects.ts';
import { migrateAliasDomain } from './migrate-domain.ts';

test('sites are served under the domain of this start, with their history, and a second start moves nothing', async () => {
  const home = memoryHome();
  const { project } = must(await createProject(home)('demo', {}));
  const deployment = sampleDeployment({ projectId: project.id, host: host('demo-abc.old.example') });
  await home.deployments.insert(deployment);
  for (const [name, kind] of [
    ['demo.old.example', 'environment'],
    ['demo-abc.old.example', 'deployment'],
  ] as const)
    await home.aliases.compareAndSet(
      sampleAlias({
        host: host(name),
        kind,
        projectId: project.id,
        deploymentId: deployment.id,
        revision: 1,
        pinned: kind === 'environment',
      }),
    );
  assert.equal(await migrateAliasDomain(home)(), 2);
  assert.equal(await home.aliases.get(host('demo.old.example')), undefined);
  assert.equal((await home.aliases.get(host('demo.localhost')))?.pinned, true);
  assert.equal((await home.deployments.get(deployment.id))?.host, 'demo-abc.localhost');
  assert.equal(await migrateAliasDomain(home)(), 0);
});
