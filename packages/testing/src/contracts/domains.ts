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
    `${name}: a domain is admitted unless another project has a name within, or had one since`,
    using(make, async ({ subject }) => {
      const customer = 'customer.com' as DomainName;
      const admit = (name: string, over: Partial<Domain> = {}): ReturnType<DomainStore['admit']> =>
        subject.admit(sampleDomain({ name: name as DomainName, ...over }), customer, 5_000);
      for (const other of ['mycustomer.com', 'customer.com.au', 'my-customer.com', 'customer.org'])
        assert.ok(await subject.insert(sampleDomain({ name: other as DomainName })));
      const gone = { state: 'removed', holder: false } as const;
      const claims: readonly Domain[] = [
        sampleDomain({ name: 'claimed.customer.com' as DomainName, holder: false }),
        sampleDomain({ name: 'old.customer.com' as DomainName, ...gone, removedAt: 5_000 }),
        sampleDomain({ name: 'never.customer.com' as DomainName, ...gone, removedAt: 0 }),
      ];
      for (const claim of claims) assert.ok(await subject.insert(claim));
      const projectId = newId('prj', 0);
      assert.equal(
        await admit('a.b.customer.com', { projectId }),
        'stored',
        'a record without a holder keeps none out',
      );
      assert.equal(await admit('customer.com', { projectId }), 'stored', 'the same project');
      assert.equal(await admit('customer.com', { projectId }), 'refused', 'it is there already');
      for (const name of ['customer.com', 'b.customer.com', '*.customer.com'])
        assert.equal(await admit(name), 'claimed', name);
      assert.deepEqual(
        (await subject.byName(customer)).map((domain) => domain.projectId),
        [projectId],
      );
    }),
  );

  test(
    `${name}: a name that was removed since keeps others out, and is given to its own project again`,
    using(make, async ({ subject }) => {
      const removed = sampleDomain({ state: 'removed', holder: false, removedAt: 5_001 });
      assert.ok(await subject.insert(removed));
      const readded: Domain = { ...removed, state: 'pending', holder: true, version: 2 };
      const sibling = sampleDomain({ name: `www.${removed.name}` as DomainName });
      assert.equal(await subject.admit(sibling, removed.name, 5_000), 'claimed');
      assert.equal(await subject.admit(readded, removed.name, 5_000), 'stored');
      assert.equal(await subject.admit(readded, removed.name, 5_000), 'refused', 'its version is another one by now');
      assert.deepEqual(await subject.get(removed.id), readded);
    }),
  );

  test(
    `${name}: of projects that add names of one registered domain at the same moment, one is admitted`,
    using(make, async ({ subject }) => {
      const names = ['customer.com', 'www.customer.com', 'shop.customer.com', 'customer.com'];
      const admitted = await Promise.all(
        names.map((name) => subject.admit(sampleDomain({ name: name as DomainName }), 'customer.com' as DomainName, 0)),
      );
      assert.deepEqual(admitted, ['stored', 'claimed', 'claimed', 'claimed']);
      assert.equal((await subject.holders()).length, 1);
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
    `${name}: domains that were never checked are due at once, before all others of their project`,
    using(make, async ({ subject }) => {
      const projectId = newId('prj', 0);
      const [late, earlier] = [1_500, 1_000].map((nextCheckAt) =>
        sampleDomain({ nextCheckAt, projectId, state: 'dns_wrong' }),
      );
      const { observed: _, ...added } = sampleDomain({ nextCheckAt: 2_000, projectId });
      const other = sampleDomain({ nextCheckAt: 500, state: 'dns_wrong' });
      for (const domain of [late!, earlier!, added, other]) await subject.insert(domain);
      assert.deepEqual(
        (await subject.due(2_000, 10)).map(({ id }) => id),
        [added.id, other.id, earlier!.id, late!.id],
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
