import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { must, sampleDelivery, sampleDeployment } from '@anchor/testing/samples.ts';
import type { Ports } from '../ports/ports.ts';
import { createProject } from '../projects/projects.ts';
import { Recovery } from './recovery.ts';
import { recordHandlers } from './redrive.ts';

/** An installation in which processing one delivery always throws. */
async function home() {
  const ports = memoryHome();
  const { project } = must(await createProject(ports)('shop', {}));
  const bad = sampleDelivery({ projectId: project.id, state: 'received', push: { kind: 'ping' }, externalId: 'bad' });
  const good = sampleDelivery({ projectId: project.id, state: 'received', push: { kind: 'ping' }, externalId: 'good' });
  for (const delivery of [bad, good]) await ports.deliveries.insert(delivery);
  const broken: { now: boolean } = { now: true };
  const failing: Ports = {
    ...ports,
    deliveries: {
      ...ports.deliveries,
      replace: async (item) => {
        if (item.id === bad.id && broken.now && item.state !== 'ignored') throw new Error('a poisoned delivery');
        return ports.deliveries.replace(item);
      },
    },
  };
  return { ports: failing, project, bad, good, broken };
}

test('a delivery that cannot be processed stops neither the start nor the others, and is set aside after three starts', async () => {
  const { ports, bad, good } = await home();
  for (let start = 1; start <= 4; start++) {
    await new Recovery(ports).restart();
    assert.equal((await ports.deliveries.get(good.id))?.state, 'accepted');
    assert.equal((await ports.failedRecords.get('delivery', bad.id))?.tries, Math.min(start, 3));
  }
  assert.equal((await ports.failedRecords.list({ limit: 10 })).items[0]?.why, 'a poisoned delivery');
});

test('a deployment whose job cannot be restored keeps no other from its job', async () => {
  const { ports, project } = await home();
  const deployments = [
    sampleDeployment({ projectId: project.id, state: 'building' }),
    sampleDeployment({ projectId: project.id, state: 'queued' }),
  ];
  for (const deployment of deployments) await ports.deployments.insert(deployment);
  const poisoned: Ports = {
    ...ports,
    queue: {
      ...ports.queue,
      enqueue: async (job) => {
        if (job.payload['deploymentId'] === deployments[0]?.id) throw new Error('no');
        return ports.queue.enqueue(job);
      },
    },
  };
  assert.deepEqual(await new Recovery(poisoned).restart(), { push: 0, delivery: 1, deployment: 1 });
  assert.equal((await ports.queue.depth()).pending, 1);
});

test('a record that was set aside is retried or dropped', async () => {
  const { ports, bad, broken } = await home();
  for (let start = 0; start < 3; start++) await new Recovery(ports).restart();
  await ports.failedRecords.clear('delivery', bad.id);
  const still = await recordHandlers(ports)['delivery']!.retry(bad.id);
  assert.equal(still.ok ? '' : still.error.cause, 'a poisoned delivery');
  broken.now = false;
  await ports.failedRecords.clear('delivery', bad.id);
  assert.equal((await recordHandlers(ports)['delivery']!.retry(bad.id)).ok, true);
  assert.equal((await ports.deliveries.get(bad.id))?.state, 'accepted');

  const other = await home();
  must(await recordHandlers(other.ports)['delivery']!.drop(other.bad.id));
  assert.equal((await other.ports.deliveries.get(other.bad.id))?.state, 'ignored');
  const deployment = sampleDeployment({ projectId: other.project.id, state: 'queued' });
  await other.ports.deployments.insert(deployment);
  must(await recordHandlers(other.ports)['deployment']!.drop(deployment.id));
  assert.equal((await other.ports.deployments.get(deployment.id))?.state, 'failed');
});

test('beside a running worker the builds that run are left alone', async () => {
  const { ports, project } = await home();
  const building = sampleDeployment({ projectId: project.id, state: 'building' });
  await ports.deployments.insert(building);
  await new Recovery(ports).run();
  assert.equal((await ports.deployments.get(building.id))?.state, 'building');
  assert.equal((await ports.queue.depth()).pending, 0);
});
