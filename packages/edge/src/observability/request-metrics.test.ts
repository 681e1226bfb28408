import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsOf, summarize } from '@anchor/core/metrics/request-counts.ts';
import type { AccessEntry } from './access-log.ts';
import { RequestMetrics } from './request-metrics.ts';

const entry = (
  at: number,
  deploymentId: string | undefined = 'dpl_a',
  change: Partial<AccessEntry> = {},
): AccessEntry => ({
  at,
  requestId: '',
  host: '',
  deploymentId,
  method: 'GET',
  path: '/',
  status: 200,
  bytes: 5,
  ms: 1,
  cache: 'HIT',
  userAgent: '',
  ip: '',
  ...change,
});
const rows = (metrics: RequestMetrics, after: number, now: number) =>
  metrics.read(after, now).rows.map(([second, id, counts]) => [second, id, summarize(countsOf(counts)).requests]);

test('requests are counted by second and deployment, a second is read once it is over, and until it arrived', () => {
  const metrics = new RequestMetrics();
  metrics.add(entry(10_100));
  metrics.add(entry(10_900));
  metrics.add(entry(10_900, 'dpl_b'));
  metrics.add({ ...entry(10_900), deploymentId: undefined });
  assert.deepEqual(rows(metrics, 0, 10_950), []);
  assert.deepEqual(rows(metrics, 0, 11_000), [
    [10, 'dpl_a', 2],
    [10, 'dpl_b', 1],
  ]);
  assert.deepEqual(rows(metrics, 0, 11_000).length, 2, 'a lost response is read again');
  metrics.add(entry(12_000));
  assert.deepEqual(rows(metrics, 10, 13_000), [[12, 'dpl_a', 1]]);
  assert.deepEqual(rows(metrics, 12, 14_000), []);
});

test('repeated responses are counted like the one that they repeat', () => {
  const metrics = new RequestMetrics();
  const count = metrics.repeated(entry(0, 'dpl_a', { status: 404, cache: 'STATIC', bytes: 7 }));
  for (let i = 0; i < 3; i++) count(20_000 + i, 2);
  const [row] = metrics.read(0, 21_000).rows;
  const { byStatus, byCache, bytes } = summarize(countsOf(row?.[2] ?? []));
  assert.deepEqual([byStatus.clientError, byCache.STATIC, bytes], [3, 3, 21]);
});

test('unread rows go after a minute, and a clock that was set back makes no earlier row', () => {
  const metrics = new RequestMetrics();
  metrics.add(entry(100_000));
  metrics.add(entry(200_000));
  metrics.add(entry(190_000));
  assert.deepEqual(rows(metrics, 0, 201_000), [[200, 'dpl_a', 2]]);
  assert.equal(metrics.dropped, 1);
});

test('a clock that was far ahead and is right again stops no counting, and nothing is read twice', () => {
  const metrics = new RequestMetrics();
  const year = 31_536_000_000;
  metrics.add(entry(year));
  const first = metrics.read(0, year + 1_000);
  assert.equal(first.rows.length, 1);
  metrics.add(entry(year + 2_000, 'dpl_b'));
  metrics.add(entry(10_000));
  const second = metrics.read(first.until, 11_000, first.instance);
  assert.notEqual(second.instance, first.instance);
  const read = second.rows.map(([at, id]) => [at, id]);
  assert.deepEqual(read, [
    [10, 'dpl_b'],
    [10, 'dpl_a'],
  ]);
  assert.deepEqual(metrics.read(second.until, 12_000, second.instance).rows, []);
});

test('a position of an instance that ended forgets no rows', () => {
  const metrics = new RequestMetrics();
  metrics.add(entry(10_000));
  assert.equal(metrics.read(99, 11_000, 'another').rows.length, 1);
});
