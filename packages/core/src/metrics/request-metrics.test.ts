import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@anchor/testing/clock.ts';
import { metricStore } from '@anchor/testing/memory/metrics.ts';
import { countsOf, summarize, type RequestCounts } from './request-counts.ts';
import { newId } from '../names/id.ts';
import { RequestMetrics } from './request-metrics.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = 500_000 * HOUR;
const [a, b] = [newId('prj', 1), newId('prj', 2)];
const requests = (n: number): RequestCounts => countsOf([1, n]);

function subject() {
  const clock = manualClock(T0);
  const store = metricStore();
  return { clock, store, metrics: new RequestMetrics({ metrics: store, clock }) };
}
const seen = async (metrics: RequestMetrics, step: 'second' | 'minute' | 'hour', from = T0, to = T0 + HOUR) =>
  (await metrics.series(a, step, from, to)).points.map(({ at, requests: count }) => [at - T0, count]);

test('a request is in its second, minute and hour at once, and in the store once its minute is over', async () => {
  const { clock, store, metrics } = subject();
  metrics.add(a, T0 + 1_500, requests(2));
  metrics.add(a, T0 + 1_900, requests(1));
  metrics.add(b, T0 + 1_000, requests(9));
  assert.deepEqual(await seen(metrics, 'second'), [[1_000, 3]]);
  assert.deepEqual(await seen(metrics, 'minute'), [[0, 3]]);
  assert.deepEqual(await seen(metrics, 'hour'), [[0, 3]]);
  await metrics.flush();
  assert.equal((await store.range('minute', a, T0, T0 + HOUR)).length, 0);
  clock.advance(MINUTE);
  await metrics.flush();
  assert.equal((await store.range('minute', a, T0, T0 + HOUR)).length, 1);
  assert.deepEqual(await seen(metrics, 'minute'), [[0, 3]], 'and is not counted twice');
});

test('what a slow worker reports later is added to the minute that is stored already', async () => {
  const { clock, metrics } = subject();
  metrics.add(a, T0, requests(1));
  clock.advance(MINUTE);
  await metrics.flush();
  metrics.add(a, T0, requests(4));
  assert.deepEqual(await seen(metrics, 'minute'), [[0, 5]]);
  await metrics.flush();
  assert.deepEqual(await seen(metrics, 'minute'), [[0, 5]]);
});

test('counts that could not be stored are stored with the next ones', async () => {
  const { clock, store } = subject();
  let full = true;
  const metrics = new RequestMetrics({
    clock,
    metrics: { ...store, add: (rows) => (full ? Promise.reject(new Error('disk full')) : store.add(rows)) },
  });
  metrics.add(a, T0, requests(1));
  await assert.rejects(metrics.flush(true), /disk full/);
  metrics.add(a, T0, requests(1));
  full = false;
  await metrics.flush(true);
  assert.deepEqual(await seen(metrics, 'minute'), [[0, 2]]);
});

test('seconds are held for ten minutes, minutes for a week, hours for a year', async () => {
  const { clock, metrics } = subject();
  metrics.add(a, T0, requests(1));
  clock.advance(10 * MINUTE + 1);
  await metrics.flush();
  assert.deepEqual(await seen(metrics, 'second'), []);
  clock.advance(7 * 24 * HOUR);
  await metrics.expire();
  assert.deepEqual(await seen(metrics, 'minute'), []);
  assert.deepEqual(await seen(metrics, 'hour'), [[0, 1]]);
  clock.advance(360 * 24 * HOUR);
  await metrics.expire();
  assert.deepEqual(await seen(metrics, 'hour'), []);
});

test('totals are of each project with requests in that time, stored or not; a removed project has none', async () => {
  const { clock, metrics } = subject();
  metrics.add(a, T0, requests(1));
  clock.advance(MINUTE);
  await metrics.flush();
  metrics.add(a, T0 + MINUTE, requests(2));
  metrics.add(b, T0 + MINUTE, requests(5));
  const totals = async (from: number) => [...(await metrics.totals(from))].map(([id, sum]) => [id, sum.requests]);
  assert.deepEqual(await totals(T0), [
    [a, 3],
    [b, 5],
  ]);
  assert.deepEqual(await totals(T0 + MINUTE), [
    [a, 2],
    [b, 5],
  ]);
  await metrics.removeProject(a);
  assert.deepEqual(await totals(T0), [[b, 5]]);
  assert.deepEqual(await seen(metrics, 'second'), []);
});

test('totals of a long time read few rows, and count each minute of it once', async () => {
  const { clock, store } = subject();
  let rows = 0;
  const metrics = new RequestMetrics({
    clock,
    metrics: {
      ...store,
      totals: async (resolution, from, to, only) => {
        rows += Math.max(0, Math.min(to, clock.now()) - from) / (resolution === 'minute' ? MINUTE : HOUR);
        return store.totals(resolution, from, to, only);
      },
    },
  });
  const hours = 8 * 24;
  for (let minute = 0; minute < hours * 60; minute++) metrics.add(a, T0 + minute * MINUTE, requests(1));
  clock.advance(hours * HOUR + 17 * MINUTE);
  await metrics.flush();
  const count = async (minutes: number) => {
    rows = 0;
    return (await metrics.totals(clock.now() - minutes * MINUTE)).get(a)?.requests;
  };
  for (const minutes of [18, 60, 359, 361, 1_440, 5_000, 7 * 1_440]) {
    assert.equal(await count(minutes), minutes - 17, String(minutes));
    assert.ok(rows <= 400, `${rows} rows for ${minutes} minutes`);
  }
});

test('a project that is removed stays removed, whatever is reported of it later and whatever the disk does', async () => {
  const { clock, store } = subject();
  let full = true;
  const fails = async (): Promise<void> => {
    if (full) throw new Error('disk full');
  };
  const metrics = new RequestMetrics({
    clock,
    metrics: {
      ...store,
      add: (rows) => fails().then(() => store.add(rows)),
      removeProject: (id) => fails().then(() => store.removeProject(id)),
    },
  });
  await store.add([{ projectId: a, at: T0, counts: requests(3) }]);
  metrics.add(a, T0, requests(1));
  metrics.add(b, T0, requests(1));
  const flushing = metrics.flush(true);
  await metrics.removeProject(a);
  await assert.rejects(flushing, /disk full/);
  metrics.add(a, T0, requests(9));
  full = false;
  await metrics.flush(true);
  assert.deepEqual([...(await metrics.totals(T0)).keys()], [b]);
  assert.deepEqual([...metrics.sinceStart().keys()], [b]);
  assert.deepEqual(await store.range('hour', a, T0, T0 + HOUR), []);
});

test('minutes that cannot be stored for days take bounded memory, the newest stay, and none is stored twice', async () => {
  const { clock, store } = subject();
  let left = 0;
  const metrics = new RequestMetrics({
    clock,
    metrics: { ...store, add: (rows) => (left-- > 0 ? store.add(rows) : Promise.reject(new Error('disk full'))) },
  });
  const minutes = 12_000;
  for (let minute = 0; minute < minutes; minute++) metrics.add(a, T0 + minute * MINUTE, requests(1));
  clock.advance(minutes * MINUTE);
  await assert.rejects(metrics.flush(), /disk full/);
  left = 3;
  await assert.rejects(metrics.flush(), /disk full/);
  left = 1_000;
  await metrics.flush();
  const stored = await store.range('minute', a, T0, T0 + minutes * MINUTE);
  assert.equal(stored.length, 10_000);
  assert.ok(stored.every(({ at, counts }) => at >= T0 + 2_000 * MINUTE && summarize(counts).requests === 1));
});
