import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushTransaction } from '@anchor/core/ports/push-transaction.ts';
import type { JobQueue } from '@anchor/core/ports/job-queue.ts';
import type { DeliveryStore, DeploymentStore } from '@anchor/core/ports/stores.ts';
import { LANES } from '@anchor/core/queue/job.ts';
import { eventually } from '../eventually.ts';
import { using, type Harness } from '../harness.ts';
import { sampleDelivery, sampleDeployment, sampleJob } from '../samples.ts';

export type PushTransactionPorts = Readonly<{
  pushes: PushTransaction;
  deliveries: DeliveryStore;
  deployments: DeploymentStore;
  queue: JobQueue;
}>;

export function pushTransactionContract(name: string, make: () => Promise<Harness<PushTransactionPorts>>): void {
  /** Creates a whole push. */
  const sample = () => {
    const deployment = sampleDeployment();
    const delivery = sampleDelivery({
      projectId: deployment.projectId,
      state: 'accepted',
      deploymentIds: [deployment.id],
    });
    return { delivery, deployment, job: sampleJob({ dedupeKey: deployment.id }) };
  };
  const jobs = async ({ queue }: PushTransactionPorts): Promise<number> => (await queue.depth()).pending;

  test(
    `${name}: a push is stored whole, and its job can be received`,
    using(make, async ({ subject }) => {
      const push = sample();
      assert.equal(await subject.pushes.commit(push), 'stored');
      assert.deepEqual(await subject.deliveries.get(push.delivery.id), push.delivery);
      assert.deepEqual(await subject.deployments.get(push.deployment.id), push.deployment);
      assert.deepEqual(await subject.deployments.byDedupeKey(push.deployment.dedupeKey), push.deployment);
      await eventually(async () =>
        assert.deepEqual(
          (await subject.queue.receive({ leaseMs: 1_000, lanes: LANES }))?.dedupeKey,
          push.job.dedupeKey,
        ),
      );
    }),
  );

  test(
    `${name}: a worker that waits wakes for a job that came with a push`,
    using(make, async ({ subject }) => {
      assert.equal(await subject.queue.receive({ leaseMs: 1_000, lanes: LANES }), undefined);
      const begin = performance.now();
      const woken = subject.queue.wait(20_000, new AbortController().signal);
      await subject.pushes.commit(sample());
      await woken;
      assert.ok(performance.now() - begin < 10_000);
    }),
  );

  test(
    `${name}: a deployment without a delivery, or without a job, is taken as well`,
    using(make, async ({ subject }) => {
      const [requested, held] = [sample(), sample()];
      assert.equal(await subject.pushes.commit({ deployment: requested.deployment, job: requested.job }), 'stored');
      assert.equal(await subject.pushes.commit({ delivery: held.delivery, deployment: held.deployment }), 'stored');
      assert.equal(await jobs(subject), 1);
    }),
  );

  test(
    `${name}: a delivery that is known writes nothing`,
    using(make, async ({ subject }) => {
      const first = sample();
      await subject.pushes.commit(first);
      const { projectId, source, externalId } = first.delivery;
      const duplicate = sample();
      assert.equal(
        await subject.pushes.commit({
          ...duplicate,
          delivery: { ...duplicate.delivery, projectId, source, externalId },
        }),
        'duplicate_delivery',
      );
      assert.equal(
        await subject.pushes.commit({
          ...duplicate,
          delivery: { ...duplicate.delivery, projectId, source, externalId },
          deployment: { ...duplicate.deployment, dedupeKey: first.deployment.dedupeKey },
        }),
        'duplicate_delivery',
      );
      assert.deepEqual(
        [
          await subject.deliveries.get(duplicate.delivery.id),
          await subject.deployments.get(duplicate.deployment.id),
          await jobs(subject),
        ],
        [undefined, undefined, 1],
      );
    }),
  );

  test(
    `${name}: a deployment that is known writes nothing, and the delivery can come again`,
    using(make, async ({ subject }) => {
      const first = sample();
      await subject.pushes.commit(first);
      const duplicate = sample();
      assert.equal(
        await subject.pushes.commit({
          ...duplicate,
          deployment: { ...duplicate.deployment, dedupeKey: first.deployment.dedupeKey },
        }),
        'duplicate_deployment',
      );
      assert.deepEqual(
        [
          await subject.deliveries.get(duplicate.delivery.id),
          await subject.deployments.get(duplicate.deployment.id),
          await jobs(subject),
        ],
        [undefined, undefined, 1],
      );
      assert.equal(await subject.pushes.commit(duplicate), 'stored');
    }),
  );

  test(
    `${name}: of the same push many times at once one is stored`,
    using(make, async ({ subject }) => {
      const push = sample();
      const taken = await Promise.all(
        Array.from({ length: 20 }, () => {
          const other = sample();
          return subject.pushes.commit({
            ...other,
            deployment: { ...other.deployment, dedupeKey: push.deployment.dedupeKey },
          });
        }),
      );
      assert.deepEqual(
        [taken.filter((one) => one === 'stored').length, taken.filter((one) => one === 'duplicate_deployment').length],
        [1, 19],
      );
      assert.equal(await jobs(subject), 1);
    }),
  );

  test(
    `${name}: what resolved is there after opening again, whole`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      const pushes = Array.from({ length: 50 }, sample);
      await Promise.all(pushes.map((push) => subject.pushes.commit(push)));
      const reopened = await reopen();
      for (const { delivery, deployment } of pushes)
        assert.deepEqual(
          [await reopened.deliveries.get(delivery.id), await reopened.deployments.get(deployment.id)],
          [delivery, deployment],
        );
      assert.equal(await jobs(reopened), 50);
    }),
  );
}
