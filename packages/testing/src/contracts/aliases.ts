import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alias } from '@anchor/core/aliases/alias.ts';
import { newId } from '@anchor/core/names/id.ts';
import type { AliasStore } from '@anchor/core/ports/stores.ts';
import { eventually } from '../eventually.ts';
import { everyPage } from './paging.ts';
import { using, type Make } from '../harness.ts';
import { sampleAlias } from '../samples.ts';

const moved = (alias: Alias): Alias => ({
  ...alias,
  deploymentId: newId('dpl', alias.updatedAt),
  history: [alias.deploymentId, ...alias.history],
  revision: alias.revision + 1,
});

export function aliasStoreContract(name: string, make: Make<AliasStore>): void {
  test(
    `${name}: an alias is created once, and moved only with its last revision`,
    using(make, async ({ subject }) => {
      const first = sampleAlias();
      const second = moved(first);
      assert.equal(await subject.compareAndSet(second), false, 'there is nothing to move');
      assert.equal(await subject.compareAndSet(first), true);
      assert.equal(await subject.compareAndSet(first), false, 'it exists');
      assert.equal(await subject.compareAndSet({ ...second, revision: 3 }), false, 'a revision was left out');
      assert.equal(await subject.compareAndSet(second), true);
      assert.equal(await subject.compareAndSet(second), false, 'another was faster');
      assert.deepEqual(await subject.get(first.host), second);
    }),
  );

  test(
    `${name}: of concurrent promotes exactly one wins, each time`,
    using(make, async ({ subject }) => {
      let current = sampleAlias();
      await subject.compareAndSet(current);
      for (let round = 0; round < 5; round++) {
        const rivals = Array.from({ length: 10 }, () => moved(current));
        const won = await Promise.all(rivals.map((rival) => subject.compareAndSet(rival)));
        assert.equal(won.filter(Boolean).length, 1);
        const stored = await subject.get(current.host);
        assert.deepEqual(stored, rivals[won.indexOf(true)]);
        current = stored!;
      }
    }),
  );

  test(
    `${name}: a removed alias is gone and can be created again, from revision 1`,
    using(make, async ({ subject }) => {
      const alias = sampleAlias();
      await subject.compareAndSet(alias);
      await subject.remove(alias.host);
      await subject.remove(alias.host);
      assert.equal(await subject.get(alias.host), undefined);
      assert.equal(await subject.compareAndSet(moved(alias)), false);
      assert.equal(await subject.compareAndSet(alias), true);
      assert.deepEqual(await subject.get(alias.host), alias);
    }),
  );

  test(
    `${name}: forgetting what was removed touches nothing that is there, and a host can come back after it`,
    using(make, async ({ subject }) => {
      const [remaining, gone] = [sampleAlias(), sampleAlias()];
      for (const alias of [remaining, gone]) await subject.compareAndSet(alias);
      await subject.remove(gone.host);
      await subject.expireRemoved(Date.now() + 60_000);
      assert.deepEqual([await subject.get(remaining.host), await subject.get(gone.host)], [remaining, undefined]);
      assert.equal(await subject.compareAndSet(gone), true);
      assert.deepEqual(await subject.get(gone.host), gone);
    }),
  );

  test(
    `${name}: aliases are listed by project`,
    using(make, async ({ subject }) => {
      const first = sampleAlias();
      const { projectId } = first;
      const [second, removed] = [sampleAlias({ projectId }), sampleAlias({ projectId })];
      for (const alias of [first, second, removed, sampleAlias()]) await subject.compareAndSet(alias);
      await subject.remove(removed.host);
      const hosts = (aliases: readonly Alias[]) => aliases.map((alias) => alias.host).sort();
      await eventually(async () =>
        assert.deepEqual(hosts(await subject.listByProject(projectId)), hosts([first, second])),
      );
    }),
  );

  test(
    `${name}: a project's aliases are listed page by page, each once`,
    using(make, async ({ subject }) => {
      const projectId = newId('prj', 1);
      const aliases = Array.from({ length: 5 }, () => sampleAlias({ projectId }));
      for (const alias of [...aliases, sampleAlias()]) await subject.compareAndSet(alias);
      const listed = await everyPage((page) => subject.page(projectId, page), 2);
      assert.deepEqual(
        listed.map(({ host }) => host),
        aliases.map(({ host }) => host).sort(),
      );
    }),
  );

  test(
    `${name}: a switch that resolved is there after opening again`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      const alias = sampleAlias({ pinned: true });
      await subject.compareAndSet(alias);
      await subject.compareAndSet(moved(alias));
      assert.equal((await (await reopen()).get(alias.host))?.revision, 2);
    }),
  );
}
