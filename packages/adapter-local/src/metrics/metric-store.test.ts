import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { newId } from '@anchor/core/names/id.ts';
import { metricStoreContract } from '@anchor/testing/contracts/metrics.ts';
import {
  countRequest,
  cachePosition,
  countsOf,
  emptyCounts,
  statusPosition,
} from '@anchor/core/metrics/request-counts.ts';
import { openMetricStore } from './metric-store.ts';

metricStoreContract('metrics in SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  const file = join(directory, 'metrics.db');
  let store = openMetricStore(file);
  return {
    subject: store,
    reopen: async () => {
      store.close();
      return (store = openMetricStore(file));
    },
    end: async () => {
      store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});

test('a damaged file is replaced by an empty one', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'metrics.db');
  await writeFile(file, 'x'.repeat(10_000));
  const store = openMetricStore(file);
  assert.deepEqual(await store.range('minute', newId('prj', 1), 0, 1e15), []);
  store.close();
});

test('a file whose pages are damaged is replaced when they are read, and counting goes on', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'metrics.db');
  const first = openMetricStore(file);
  const project = newId('prj', 1);
  const row = (minute: number) => ({ projectId: project, at: minute * 60_000, counts: countsOf([1, 1]) });
  await first.add(Array.from({ length: 2_000 }, (_, minute) => row(minute)));
  first.close();
  const bytes = await readFile(file);
  await writeFile(file, bytes.fill(0xff, 4_096)); // the page with the schema stays
  const store = openMetricStore(file);
  t.after(() => store.close());
  await store.add([row(7)]);
  assert.deepEqual(
    (await store.range('minute', project, 0, 1e12)).map(({ at }) => at),
    [7 * 60_000],
  );
});

test('a file that cannot be opened now is kept, and opened later', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'metrics.db');
  const project = newId('prj', 1);
  const first = openMetricStore(file);
  await first.add([{ projectId: project, at: 0, counts: countsOf([1, 1]) }]);
  first.close();
  const other = new DatabaseSync(file);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  const store = openMetricStore(file);
  t.after(() => store.close());
  await assert.rejects(store.range('minute', project, 0, 1e12), /locked/);
  other.exec('ROLLBACK');
  other.close();
  assert.equal((await store.range('minute', project, 0, 1e12)).length, 1);
});

test('a busy minute of a project takes at most 100 bytes, indexes included', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'metrics.db');
  const store = openMetricStore(file);
  const counts = emptyCounts();
  // Seeded: a page from the cache mostly, a function sometimes, some errors.
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let i = 0; i < 6_000; i++) {
    const kind = random();
    const ms = kind < 0.8 ? 0.3 + random() : 20 * Math.exp(random());
    countRequest(
      counts,
      statusPosition(kind > 0.99 ? 404 : 200),
      cachePosition(kind < 0.8 ? 'HIT' : 'DYNAMIC'),
      9_000,
      ms,
    );
  }
  const minutes = 2_000;
  const projects = [newId('prj', 1), newId('prj', 2)];
  for (let minute = 0; minute < minutes; minute++)
    await store.add(projects.map((projectId) => ({ projectId, at: minute * 60_000, counts })));
  store.close();
  const bytes = (await stat(file)).size / (minutes * projects.length);
  assert.ok(bytes <= 100, `${bytes} bytes`);
});
