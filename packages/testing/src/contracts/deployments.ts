import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import { parseBranchName, PREVIEW, PRODUCTION } from '@anchor/core/names/name.ts';
import type { DeploymentStore } from '@anchor/core/ports/stores.ts';
import { eventually } from '../eventually.ts';
import { using, type Make } from '../harness.ts';
import { must, sampleDeployment, sha256 } from '../samples.ts';
import { lists } from './paging.ts';
import { storeContract } from './store.ts';

export function deploymentStoreContract(name: string, make: Make<DeploymentStore>): void {
  storeContract<Deployment, DeploymentStore>(name, make, {
    sample: sampleDeployment,
    change: (deployment) => ({
      ...deployment,
      state: 'building',
      artifact: sha256(7),
      error: { code: 'internal', message: 'm', fix: 'f' },
    }),
    withSameKey: (deployment) => sampleDeployment({ dedupeKey: deployment.dedupeKey }),
  });

  test(
    `${name}: a deployment is found by its dedupe key as soon as it is inserted`,
    using(make, async ({ subject }) => {
      const deployment = sampleDeployment();
      await subject.insert(deployment);
      assert.deepEqual(await subject.byDedupeKey(deployment.dedupeKey), deployment);
      assert.equal(await subject.byDedupeKey('another'), undefined);
    }),
  );

  test(
    `${name}: deployments are listed by project, environment, state and branch`,
    using(make, async ({ subject }) => {
      const first = sampleDeployment();
      const { projectId } = first;
      const branch = must(parseBranchName('feat/x'));
      const previews = [1, 2, 3].map(() =>
        sampleDeployment({ projectId, environment: PREVIEW, source: { kind: 'upload', blob: sha256(1), branch } }),
      );
      const upload = sampleDeployment({ projectId, source: { kind: 'upload', blob: sha256(2) }, state: 'held' });
      for (const deployment of [first, ...previews, upload, sampleDeployment()]) await subject.insert(deployment);
      const newest = previews.toReversed();
      await lists((page) => subject.list({ projectId }, page), [upload, ...newest, first]);
      await lists((page) => subject.list({ projectId, environment: PREVIEW }, page), newest);
      await lists((page) => subject.list({ projectId, state: 'held' }, page), [upload]);
      await lists((page) => subject.list({ projectId, branch }, page), newest);
      await lists((page) => subject.list({ projectId, environment: PREVIEW, state: 'held' }, page), []);
      await lists((page) => subject.list({ projectId, environment: PREVIEW, state: 'queued' }, page), newest);
      await lists((page) => subject.list({ projectId, environment: PRODUCTION, state: 'queued' }, page), [first]);
      await subject.replace({ ...upload, state: 'queued', version: 2 });
      await lists((page) => subject.list({ projectId, state: 'held' }, page), []);
    }),
  );

  test(
    `${name}: deployments of all projects are found by state, for recovery`,
    using(make, async ({ subject }) => {
      const [building, queued, done] = [
        sampleDeployment({ state: 'building' }),
        sampleDeployment(),
        sampleDeployment({ state: 'success' }),
      ];
      for (const deployment of [building, queued, done]) await subject.insert(deployment);
      await eventually(async () =>
        assert.deepEqual(
          (await subject.inStates(['building', 'queued'])).map(({ id }) => id).sort(),
          [building.id, queued.id].sort(),
        ),
      );
      assert.deepEqual(await subject.inStates(['canceled']), []);
      assert.deepEqual(await subject.inStates([]), []);
    }),
  );

  test(
    `${name}: a follower of a deployment is told of its changes and its removal, in time`,
    using(make, async ({ subject }) => {
      const deployment = sampleDeployment();
      await subject.insert(deployment);
      const changes = subject.changes(deployment.id);
      const never = new AbortController().signal;
      for (const version of [2, 3]) {
        const notified = changes.next(60_000, never);
        assert.equal(await subject.replace({ ...deployment, state: 'building', version }), true);
        await notified;
      }
      await subject.replace({ ...deployment, version: 4 });
      await changes.next(60_000, never); // A change between a read and the wait is not lost.
      const notifiedOfRemoval = changes.next(60_000, never);
      await subject.remove(deployment.id);
      await notifiedOfRemoval;
      changes.close();
    }),
  );

  test(
    `${name}: a follower goes on after its time, when it is aborted, and when it is closed`,
    using(make, async ({ subject }) => {
      const deployment = sampleDeployment();
      await subject.insert(deployment);
      const changes = subject.changes(deployment.id);
      await changes.next(1, new AbortController().signal);
      await changes.next(60_000, AbortSignal.abort());
      const abort = new AbortController();
      const aborted = changes.next(60_000, abort.signal);
      abort.abort();
      await aborted;
      const closed = changes.next(60_000, new AbortController().signal);
      changes.close();
      changes.close();
      await closed;
    }),
  );
}
