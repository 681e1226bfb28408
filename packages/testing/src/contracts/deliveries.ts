import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import type { DeliveryStore } from '@anchor/core/ports/stores.ts';
import { eventually } from '../eventually.ts';
import { using, type Make } from '../harness.ts';
import { sampleDelivery } from '../samples.ts';
import { lists } from './paging.ts';
import { storeContract } from './store.ts';

export function deliveryStoreContract(name: string, make: Make<DeliveryStore>): void {
  storeContract<Delivery, DeliveryStore>(name, make, {
    sample: sampleDelivery,
    change: (delivery) => ({ ...delivery, state: 'ignored', reason: 'no rule' }),
    withSameKey: ({ projectId, source, externalId }) => sampleDelivery({ projectId, source, externalId }),
  });

  test(
    `${name}: one external id of two projects or two sources is two deliveries`,
    using(make, async ({ subject }) => {
      const delivery = sampleDelivery();
      const { projectId, externalId } = delivery;
      assert.equal(await subject.insert(delivery), true);
      assert.equal(await subject.insert(sampleDelivery({ projectId, externalId, source: 'gitlab' })), true);
      assert.equal(await subject.insert(sampleDelivery({ externalId })), true);
      await eventually(async () =>
        assert.deepEqual(await subject.byExternalId(projectId, 'github', externalId), delivery),
      );
      assert.equal(await subject.byExternalId(projectId, 'gitea', externalId), undefined);
    }),
  );

  test(
    `${name}: deliveries are listed by project and state`,
    using(make, async ({ subject }) => {
      const first = sampleDelivery();
      const { projectId } = first;
      const others = [sampleDelivery({ projectId, state: 'accepted' }), sampleDelivery({ projectId })];
      for (const delivery of [first, ...others, sampleDelivery()]) await subject.insert(delivery);
      await lists((page) => subject.list({ projectId }, page), [...others.toReversed(), first]);
      await lists((page) => subject.list({ projectId, state: 'accepted' }, page), [others[0]!]);
    }),
  );

  test(
    `${name}: what was received but not acted on is found again`,
    using(make, async ({ subject }) => {
      const [pending, done] = [sampleDelivery(), sampleDelivery()];
      for (const delivery of [pending, done]) await subject.insert(delivery);
      await subject.replace({ ...done, state: 'accepted', version: 2 });
      await eventually(async () => assert.deepEqual(await subject.unprocessed(), [pending]));
    }),
  );

  test(
    `${name}: a body of 256 KiB is kept whole`,
    using(make, async ({ subject }) => {
      const delivery = sampleDelivery({ body: 'ü'.repeat(128 * 1024) });
      await subject.insert(delivery);
      assert.deepEqual(await subject.get(delivery.id), delivery);
    }),
  );
}
