import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { newId } from '@anchor/core/names/id.ts';
import type { MetricStore } from '@anchor/core/ports/metric-store.ts';
import { countsOf, summarize, type RequestCounts } from '@anchor/core/metrics/request-counts.ts';
import { using, type Make } from '../harness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = 500_000 * HOUR;

/** `n` requests of status 2xx. */
const requests = (n: number): RequestCounts => countsOf([1, n]);
const countOf = (counts: RequestCounts | undefined): number => (counts === undefined ? 0 : summarize(counts).requests);

export function metricStoreContract(name: string, make: Make<MetricStore>): void {
  const [a, b] = [newId('prj', 1), newId('prj', 2)];

  test(
    `${name}: counts of a minute add up, and minutes are rolled up to hours`,
    using(make, async ({ subject, reopen }) => {
      await subject.add([
        { projectId: a, at: T0, counts: requests(1) },
        { projectId: a, at: T0 + 59 * MINUTE, counts: requests(2) },
        { projectId: b, at: T0, counts: requests(5) },
      ]);
      await subject.add([{ projectId: a, at: T0, counts: requests(10) }]);
      const read = async (store: MetricStore) => ({
        minutes: (await store.range('minute', a, T0, T0 + HOUR)).map(({ at, counts }) => [at - T0, countOf(counts)]),
        hours: (await store.range('hour', a, T0, T0 + HOUR)).map(({ at, counts }) => [at - T0, countOf(counts)]),
      });
      const expected = {
        minutes: [
          [0, 11],
          [59 * MINUTE, 2],
        ],
        hours: [[0, 13]],
      };
      assert.deepEqual(await read(subject), expected);
      if (reopen !== undefined) assert.deepEqual(await read(await reopen()), expected);
    }),
  );

  test(
    `${name}: a range has its start and not its end, of one project`,
    using(make, async ({ subject }) => {
      await subject.add([0, 1, 2].map((minute) => ({ projectId: a, at: T0 + minute * MINUTE, counts: requests(1) })));
      await subject.add([{ projectId: b, at: T0 + MINUTE, counts: requests(7) }]);
      const found = await subject.range('minute', a, T0 + MINUTE, T0 + 2 * MINUTE);
      assert.deepEqual(
        found.map(({ at, counts }) => [at, countOf(counts)]),
        [[T0 + MINUTE, 1]],
      );
      assert.deepEqual(await subject.range('minute', newId('prj', 3), T0, T0 + HOUR), []);
    }),
  );

  test(
    `${name}: totals are of every project with rows in that time`,
    using(make, async ({ subject }) => {
      assert.equal((await subject.totals('minute', 0, Number.MAX_SAFE_INTEGER)).size, 0);
      await subject.add([
        { projectId: a, at: T0, counts: requests(1) },
        { projectId: a, at: T0 + MINUTE, counts: requests(2) },
        { projectId: b, at: T0 + 2 * HOUR, counts: requests(4) },
      ]);
      const totals = async (resolution: 'minute' | 'hour', from: number, to: number) => {
        const found: ReadonlyMap<ProjectId, RequestCounts> = await subject.totals(resolution, from, to);
        return [countOf(found.get(a)), countOf(found.get(b))];
      };
      assert.deepEqual(await totals('minute', T0, T0 + 3 * HOUR), [3, 4]);
      assert.deepEqual(await totals('minute', T0 + MINUTE, T0 + HOUR), [2, 0]);
      assert.deepEqual(await totals('hour', T0, T0 + HOUR), [3, 0]);
      assert.deepEqual([...(await subject.totals('minute', T0, T0 + 3 * HOUR, b)).keys()], [b]);
    }),
  );

  test(
    `${name}: old rows go by resolution, and all rows of a removed project`,
    using(make, async ({ subject }) => {
      await subject.add([
        { projectId: a, at: T0, counts: requests(1) },
        { projectId: a, at: T0 + HOUR, counts: requests(2) },
        { projectId: b, at: T0 + HOUR, counts: requests(3) },
      ]);
      await subject.expire('minute', T0 + MINUTE);
      assert.deepEqual(
        (await subject.range('minute', a, 0, T0 + 2 * HOUR)).map(({ at }) => at),
        [T0 + HOUR],
      );
      assert.equal((await subject.range('hour', a, 0, T0 + 2 * HOUR)).length, 2);
      await subject.removeProject(a);
      assert.deepEqual(await subject.range('hour', a, 0, T0 + 2 * HOUR), []);
      assert.equal(countOf((await subject.totals('minute', 0, T0 + 2 * HOUR)).get(b)), 3);
    }),
  );
}
