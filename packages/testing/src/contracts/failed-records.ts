import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailedRecordStore } from '@anchor/core/ports/failed-records.ts';
import { using, type Make } from '../harness.ts';

const NOW = Date.UTC(2030, 0, 1);

export function failedRecordContract(name: string, make: Make<FailedRecordStore>): void {
  test(
    `${name}: tries are counted, the newest reason and the first time are kept`,
    using(make, async ({ subject }) => {
      assert.deepEqual(
        await subject.fail({ kind: 'delivery', id: 'dlv_1', project: 'prj_1', why: 'first', now: NOW }),
        { kind: 'delivery', id: 'dlv_1', project: 'prj_1', tries: 1, why: 'first', since: NOW },
      );
      const second = await subject.fail({ kind: 'delivery', id: 'dlv_1', why: 'second', now: NOW + 5 });
      assert.deepEqual(second, {
        kind: 'delivery',
        id: 'dlv_1',
        project: 'prj_1',
        tries: 2,
        why: 'second',
        since: NOW,
      });
      assert.deepEqual(await subject.get('delivery', 'dlv_1'), second);
      assert.equal(await subject.get('job', 'dlv_1'), undefined, 'kinds are apart');
    }),
  );

  test(
    `${name}: concurrent failures are all counted`,
    using(make, async ({ subject }) => {
      await Promise.all(Array.from({ length: 10 }, () => subject.fail({ kind: 'push', id: 'x', why: 'w', now: NOW })));
      assert.equal((await subject.get('push', 'x'))?.tries, 10);
    }),
  );

  test(
    `${name}: a cleared record starts from zero`,
    using(make, async ({ subject }) => {
      await subject.fail({ kind: 'blob', id: 'a', why: 'w', tries: 3, now: NOW });
      assert.equal(await subject.clear('blob', 'a'), true);
      assert.equal(await subject.clear('blob', 'a'), false);
      assert.deepEqual(await subject.fail({ kind: 'blob', id: 'a', why: 'again', now: NOW + 9 }), {
        kind: 'blob',
        id: 'a',
        tries: 1,
        why: 'again',
        since: NOW + 9,
      });
    }),
  );

  test(
    `${name}: it is listed in pages, each record once`,
    using(make, async ({ subject }) => {
      for (const id of ['b', 'a', 'c', 'd', 'e']) await subject.fail({ kind: 'row', id, why: 'w', now: NOW });
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await subject.list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        assert.ok(page.items.length <= 2);
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== undefined);
      assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e']);
      assert.deepEqual((await subject.list({ limit: 2, cursor: 'nonsense' })).items, []);
    }),
  );

  test(
    `${name}: what was counted is there after opening again`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      await subject.fail({ kind: 'push', id: 'x', why: 'w', now: NOW });
      assert.equal((await (await reopen()).get('push', 'x'))?.tries, 1);
    }),
  );
}
