import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Domain } from '@anchor/core/domains/domain.ts';
import { newId } from '@anchor/core/names/id.ts';
import type { DomainName } from '@anchor/core/names/name.ts';
import type { DomainStore } from '@anchor/core/ports/domain-store.ts';
import { using, type Make } from '../harness.ts';
import { sampleDomain } from '../samples.ts';
import { lists } from './paging.ts';
import { storeContract } from './store.ts';

const DAY = 24 * 60 * 60 * 1000;

export function domainStoreContract(name: string, make: Make<DomainStore>): void {
  storeContract<Domain, DomainStore>(name, make, {
    sample: sampleDomain,
    change: (domain) => ({ ...domain, reason: 'Changed' }),
    withSameKey: ({ name, projectId }) => sampleDomain({ name, projectId, holder: false }),
  });

  test(
    `${name}: a name has one holder, and any number of projects that claim it`,
    using(make, async ({ subject }) => {
      const holder = sampleDomain();
      const claim = sampleDomain({ name: holder.name, holder: false });
      assert.equal(await subject.insert(holder), true);
      assert.equal(await subject.insert(sampleDomain({ name: holder.name })), false, 'a second holder');
      assert.equal(await subject.insert(claim), true);
      assert.equal(await subject.replace({ ...claim, holder: true, version: 2 }), false, 'while there is a holder');
      assert.equal(await subject.replace({ ...holder, holder: false, state: 'removed', version: 2 }), true);
      assert.equal(await subject.replace({ ...claim, holder: true, version: 2 }), true);
      assert.deepEqual(
        (await subject.byName(holder.name)).map(({ id }) => id).toSorted(),
        [holder.id, claim.id].toSorted(),
      );
      assert.deepEqual(
        (await subject.holders()).map(({ id }) => id),
        [claim.id],
      );
    }),
  );

  test(
    `${name}: the names at and below a parent are those of other projects alone, removed ones too`,
    using(make, async ({ subject }) => {
      const projectId = newId('prj', 0);
      const add = async (name: string, over: Partial<Domain> = {}): Promise<void> =>
        assert.ok(await subject.insert(sampleDomain({ name: name as DomainName, ...over })));
      for (const name of ['customer.com', '*.customer.com', 'a.b.customer.com']) await add(name);
      await add('gone.customer.com', { state: 'removed', holder: false, removedAt: 1 });
      await add('own.customer.com', { projectId });
      for (const name of ['mycustomer.com', 'customer.com.au', 'my-customer.com', 'customer.org']) await add(name);
      const found = await subject.othersWithin('customer.com' as DomainName, projectId);
      assert.deepEqual(found.map((domain): string => domain.name).toSorted(), [
        '*.customer.com',
        'a.b.customer.com',
        'customer.com',
        'gone.customer.com',
      ]);
    }),
  );

  test(
    `${name}: a project's domains are listed page by page, newest first, without removed ones`,
    using(make, async ({ subject }) => {
      const projectId = newId('prj', 0);
      const domains = [1, 2, 3, 4].map(() => sampleDomain({ projectId }));
      for (const domain of domains) await subject.insert(domain);
      await subject.insert(sampleDomain({ projectId, state: 'removed', holder: false, removedAt: 1 }));
      await subject.insert(sampleDomain());
      await lists((page) => subject.list(projectId, page), domains.toReversed());
    }),
  );

  test(
    `${name}: checks that are due come in their order, and removed domains never`,
    using(make, async ({ subject }) => {
      const [late, first, second] = [3_000, 1_000, 2_000].map((nextCheckAt) => sampleDomain({ nextCheckAt }));
      const removed = sampleDomain({ nextCheckAt: 0, state: 'removed', holder: false });
      const { nextCheckAt: _, ...onDemand } = sampleDomain();
      for (const domain of [late!, first!, second!, removed, onDemand]) await subject.insert(domain);
      assert.deepEqual(
        (await subject.due(2_000, 10)).map(({ id }) => id),
        [first!.id, second!.id],
      );
      assert.deepEqual(
        (await subject.due(2_000, 1)).map(({ id }) => id),
        [first!.id],
      );
    }),
  );

  test(
    `${name}: of checks that are due those of one project with many keep no other waiting`,
    using(make, async ({ subject }) => {
      const many = [1_000, 1_100, 1_200].map((nextCheckAt) => sampleDomain({ nextCheckAt }));
      const [{ projectId }] = many as [Domain, ...Domain[]];
      for (const domain of many) await subject.insert({ ...domain, projectId });
      const other = sampleDomain({ nextCheckAt: 1_500 });
      await subject.insert(other);
      assert.deepEqual(
        (await subject.due(2_000, 3)).map(({ id }) => id),
        [many[0]!.id, other.id, many[1]!.id],
      );
    }),
  );

  test(
    `${name}: removed names are forgotten after their time alone`,
    using(make, async ({ subject }) => {
      const old = sampleDomain({ state: 'removed', holder: false, removedAt: 1 * DAY });
      const recent = sampleDomain({ state: 'removed', holder: false, removedAt: 20 * DAY });
      const live = sampleDomain();
      for (const domain of [old, recent, live]) await subject.insert(domain);
      await subject.expireRemoved(10 * DAY);
      assert.equal(await subject.get(old.id), undefined);
      assert.deepEqual(await subject.get(recent.id), recent);
      assert.deepEqual(await subject.get(live.id), live);
    }),
  );
}
