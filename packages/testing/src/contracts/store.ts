import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '@anchor/core/ports/stores.ts';
import { using, type Make } from '../harness.ts';

type Item = Readonly<{ id: string; version: number }>;

/**
 * Tests what every store of items promises. `sample` makes another item per call; `withSameKey` one that takes the
 * unique key of the given one.
 */
export function storeContract<T extends Item, S extends Store<T, T['id']>>(
  name: string,
  make: Make<S>,
  items: Readonly<{ sample: () => T; change: (item: T) => T; withSameKey?: (item: T) => T }>,
): void {
  const next = (item: T): T => ({ ...items.change(item), version: item.version + 1 });

  test(
    `${name}: an inserted item is read back as it was written`,
    using(make, async ({ subject }) => {
      const item = items.sample();
      assert.equal(await subject.get(item.id), undefined);
      assert.equal(await subject.insert(item), true);
      assert.deepEqual(await subject.get(item.id), item);
    }),
  );

  test(
    `${name}: an item is inserted only once`,
    using(make, async ({ subject }) => {
      const item = items.sample();
      assert.equal(await subject.insert(item), true);
      assert.equal(await subject.insert(items.change(item)), false);
      assert.deepEqual(await subject.get(item.id), item);
    }),
  );

  test(
    `${name}: of concurrent inserts of one item exactly one wins`,
    using(make, async ({ subject }) => {
      const item = items.sample();
      const won = await Promise.all(Array.from({ length: 10 }, () => subject.insert(item)));
      assert.equal(won.filter(Boolean).length, 1);
    }),
  );

  const { withSameKey } = items;
  if (withSameKey !== undefined) {
    test(
      `${name}: a unique key is taken by one item only, and free again when that is removed`,
      using(make, async ({ subject }) => {
        const item = items.sample();
        const rival = withSameKey(item);
        assert.notEqual(rival.id, item.id);
        assert.equal(await subject.insert(item), true);
        assert.equal(await subject.insert(rival), false);
        assert.equal(await subject.get(rival.id), undefined);
        await subject.remove(item.id);
        assert.equal(await subject.insert(rival), true);
      }),
    );

    test(
      `${name}: of concurrent inserts with one unique key exactly one wins`,
      using(make, async ({ subject }) => {
        const item = items.sample();
        const rivals = Array.from({ length: 10 }, () => withSameKey(item));
        const won = await Promise.all(rivals.map((rival) => subject.insert(rival)));
        assert.equal(won.filter(Boolean).length, 1);
        const stored = await Promise.all(rivals.map((rival) => subject.get(rival.id)));
        assert.equal(stored.filter((found) => found !== undefined).length, 1);
      }),
    );
  }

  test(
    `${name}: replace writes only over the version before`,
    using(make, async ({ subject }) => {
      const first = items.sample();
      const second = next(first);
      assert.equal(await subject.replace(second), false, 'there is nothing to replace');
      await subject.insert(first);
      assert.equal(await subject.replace(second), true);
      assert.equal(await subject.replace(second), false, 'the version has moved on');
      assert.equal(await subject.replace({ ...second, version: 9 }), false, 'a version was left out');
      assert.deepEqual(await subject.get(first.id), second);
    }),
  );

  test(
    `${name}: of concurrent replaces of one version exactly one wins`,
    using(make, async ({ subject }) => {
      const item = items.sample();
      await subject.insert(item);
      const won = await Promise.all(Array.from({ length: 10 }, () => subject.replace(next(item))));
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal((await subject.get(item.id))?.version, item.version + 1);
    }),
  );

  test(
    `${name}: a refused write does not touch the writes beside it`,
    using(make, async ({ subject }) => {
      const [taken, a, b] = [items.sample(), items.sample(), items.sample()];
      await subject.insert(taken);
      assert.deepEqual(
        await Promise.all([
          subject.insert(a),
          subject.insert(taken),
          subject.replace({ ...taken, version: 7 }),
          subject.insert(b),
        ]),
        [true, false, false, true],
      );
      assert.deepEqual([await subject.get(a.id), await subject.get(b.id)], [a, b]);
    }),
  );

  test(
    `${name}: removing ends an item, and removing what is not there is no error`,
    using(make, async ({ subject }) => {
      const item = items.sample();
      await subject.insert(item);
      await subject.remove(item.id);
      await subject.remove(item.id);
      assert.equal(await subject.get(item.id), undefined);
      assert.equal(await subject.replace(next(item)), false);
    }),
  );

  test(
    `${name}: a returned record is the caller's own copy`,
    using(make, async ({ subject }) => {
      const item = items.sample();
      await subject.insert(item);
      Object.assign((await subject.get(item.id))!, { version: 99 });
      assert.deepEqual(await subject.get(item.id), item);
    }),
  );

  test(
    `${name}: what resolved is there after opening again`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      const [remaining, gone] = [items.sample(), items.sample()];
      await Promise.all([subject.insert(remaining), subject.insert(gone)]);
      await Promise.all([subject.replace(next(remaining)), subject.remove(gone.id)]);
      const reopened = await reopen();
      assert.deepEqual(await reopened.get(remaining.id), next(remaining));
      assert.equal(await reopened.get(gone.id), undefined);
    }),
  );
}
