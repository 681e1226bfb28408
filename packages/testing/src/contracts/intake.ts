import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IntakeStore } from '@anchor/core/ports/intake.ts';
import type { JobQueue } from '@anchor/core/ports/job-queue.ts';
import type { DeliveryStore, DeploymentStore } from '@anchor/core/ports/stores.ts';
import { LANES } from '@anchor/core/queue/job.ts';
import { eventually } from '../eventually.ts';
import { using, type Harness } from '../harness.ts';
import { sampleDelivery, sampleDeployment, sampleJob } from '../samples.ts';

export type IntakePorts = Readonly<{ intake: IntakeStore; deliveries: DeliveryStore; deployments: DeploymentStore; queue: JobQueue }>;

export function intakeContract(name: string, make: () => Promise<Harness<IntakePorts>>): void {
  /** A push as a whole. */
  const sample = () => {
    const deployment = sampleDeployment();
    const delivery = sampleDelivery({ projectId: deployment.projectId, state: 'accepted', deploymentIds: [deployment.id] });
    return { delivery, deployment, job: sampleJob({ dedupeKey: deployment.id }) };
  };
  const jobs = async ({ queue }: IntakePorts): Promise<number> => (await queue.depth()).waiting;

  test(`${name}: a push is stored whole, and its job can be received`, using(make, async ({ subject }) => {
    const push = sample();
    assert.equal(await subject.intake.take(push), 'stored');
    assert.deepEqual(await subject.deliveries.get(push.delivery.id), push.delivery);
    assert.deepEqual(await subject.deployments.get(push.deployment.id), push.deployment);
    assert.deepEqual(await subject.deployments.byDedupeKey(push.deployment.dedupeKey), push.deployment);
    await eventually(async () => assert.deepEqual((await subject.queue.receive({ leaseMs: 1_000, lanes: LANES }))?.dedupeKey, push.job.dedupeKey));
  }));

  test(`${name}: a worker that waits wakes for a job that came with a push`, using(make, async ({ subject }) => {
    assert.equal(await subject.queue.receive({ leaseMs: 1_000, lanes: LANES }), undefined);
    const begin = performance.now();
    const woken = subject.queue.wait(20_000, new AbortController().signal);
    await subject.intake.take(sample());
    await woken;
    assert.ok(performance.now() - begin < 10_000);
  }));

  test(`${name}: a deployment without a delivery, or without a job, is taken as well`, using(make, async ({ subject }) => {
    const [asked, held] = [sample(), sample()];
    assert.equal(await subject.intake.take({ deployment: asked.deployment, job: asked.job }), 'stored');
    assert.equal(await subject.intake.take({ delivery: held.delivery, deployment: held.deployment }), 'stored');
    assert.equal(await jobs(subject), 1);
  }));

  test(`${name}: a delivery that is known writes nothing`, using(make, async ({ subject }) => {
    const first = sample();
    await subject.intake.take(first);
    const { projectId, source, externalId } = first.delivery;
    const again = sample();
    assert.equal(await subject.intake.take({ ...again, delivery: { ...again.delivery, projectId, source, externalId } }), 'delivery_known');
    assert.equal(await subject.intake.take({ ...again, delivery: { ...again.delivery, projectId, source, externalId }, deployment: { ...again.deployment, dedupeKey: first.deployment.dedupeKey } }), 'delivery_known');
    assert.deepEqual([await subject.deliveries.get(again.delivery.id), await subject.deployments.get(again.deployment.id), await jobs(subject)], [undefined, undefined, 1]);
  }));

  test(`${name}: a deployment that is known writes nothing, and the delivery can come again`, using(make, async ({ subject }) => {
    const first = sample();
    await subject.intake.take(first);
    const again = sample();
    assert.equal(await subject.intake.take({ ...again, deployment: { ...again.deployment, dedupeKey: first.deployment.dedupeKey } }), 'deployment_known');
    assert.deepEqual([await subject.deliveries.get(again.delivery.id), await subject.deployments.get(again.deployment.id), await jobs(subject)], [undefined, undefined, 1]);
    assert.equal(await subject.intake.take(again), 'stored');
  }));

  test(`${name}: of the same push many times at once one is stored`, using(make, async ({ subject }) => {
    const push = sample();
    const taken = await Promise.all(Array.from({ length: 20 }, () => {
      const other = sample();
      return subject.intake.take({ ...other, deployment: { ...other.deployment, dedupeKey: push.deployment.dedupeKey } });
    }));
    assert.deepEqual([taken.filter((one) => one === 'stored').length, taken.filter((one) => one === 'deployment_known').length], [1, 19]);
    assert.equal(await jobs(subject), 1);
  }));

  test(`${name}: what resolved is there after opening again, whole`, using(make, async ({ subject, reopen }) => {
    if (reopen === undefined) return;
    const pushes = Array.from({ length: 50 }, sample);
    await Promise.all(pushes.map((push) => subject.intake.take(push)));
    const again = await reopen();
    for (const { delivery, deployment } of pushes) assert.deepEqual([await again.deliveries.get(delivery.id), await again.deployments.get(deployment.id)], [delivery, deployment]);
    assert.equal(await jobs(again), 50);
  }));
}
