import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { manualClock } from '@anchor/testing/clock.ts';
import {
  must,
  sampleAlias,
  sampleDelivery,
  sampleDeployment,
  sampleJob,
  sampleProject,
} from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { dropRow, rowIsSound } from './damaged-rows.ts';
import { openDatabase } from './database.ts';
import { openJobQueue } from './stores/job-queue.ts';
import { openStores } from './stores/stores.ts';

async function opened(t: TestContext) {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'anchor.db');
  const db = must(openDatabase(file));
  t.after(async () => {
    db.close();
    await directory.remove();
  });
  const raw = (sql: string, ...values: string[]): void => {
    const other = new DatabaseSync(file);
    other.prepare(sql).run(...values);
    other.close();
  };
  return { db, raw, stores: openStores(db) };
}

test('a row that does not parse is passed over by every list and listed among the failed records with its project', async (t) => {
  const { raw, stores, db } = await opened(t);
  const project = sampleProject();
  const [bad, good] = [
    sampleDeployment({ projectId: project.id, state: 'queued' }),
    sampleDeployment({ projectId: project.id, state: 'queued' }),
  ];
  await stores.projects.insert(project);
  for (const deployment of [bad, good]) await stores.deployments.insert(deployment);
  const delivery = sampleDelivery({ projectId: project.id, state: 'received' });
  await stores.deliveries.insert(delivery);
  const alias = sampleAlias({ projectId: project.id });
  await stores.aliases.compareAndSet(alias);
  raw('UPDATE deployments SET doc = substr(doc, 1, 40) WHERE id = ?', bad.id);
  raw("UPDATE deliveries SET doc = json_remove(doc, '$.headers') WHERE id = ?", delivery.id);
  raw("UPDATE aliases SET doc = '[]' WHERE host = ?", alias.host);

  assert.deepEqual(
    (await stores.deployments.list({ projectId: project.id }, { limit: 10 })).items.map(({ id }) => id),
    [good.id],
  );
  assert.deepEqual(
    (await stores.deployments.inStates(['queued'])).map(({ id }) => id),
    [good.id],
  );
  assert.equal(await stores.deployments.get(bad.id), undefined);
  assert.deepEqual(await stores.deliveries.unprocessed(), []);
  assert.deepEqual(await stores.aliases.listByProject(project.id), []);
  assert.equal(await stores.aliases.get(alias.host), undefined);
  const listed = (await stores.failedRecords.list({ limit: 10 })).items;
  assert.deepEqual(
    listed.map(({ id }) => id).sort(),
    [`aliases:${alias.host}`, `deliveries:${delivery.id}`, `deployments:${bad.id}`].sort(),
  );
  assert.ok(listed.every((record) => record.kind === 'row' && record.project === project.id && record.tries >= 3));
  assert.match(listed.find(({ id }) => id.startsWith('deliveries'))?.why ?? '', /headers is missing/);

  assert.equal(rowIsSound(db, `deployments:${bad.id}`), false);
  assert.equal(rowIsSound(db, `deployments:${good.id}`), true);
  assert.equal(await dropRow(db, `deployments:${bad.id}`), true);
  assert.equal(rowIsSound(db, `deployments:${bad.id}`), true, 'it is gone');
  assert.equal(await dropRow(db, 'sqlite_schema:x'), false, 'only tables of records');
});

test('pages continue behind a damaged row', async (t) => {
  const { raw, stores } = await opened(t);
  const projects = Array.from({ length: 9 }, (_, i) => sampleProject({ createdAt: 1_000 + i }));
  for (const project of projects) await stores.projects.insert(project);
  for (const i of [3, 4, 5]) raw("UPDATE projects SET doc = '{' WHERE id = ?", projects[i]!.id);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await stores.projects.list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== undefined);
  assert.deepEqual(
    seen.sort(),
    projects
      .filter((_, i) => ![3, 4, 5].includes(i))
      .map(({ id }) => id)
      .sort(),
  );
});

test('a job that does not parse is taken out of the way, the next one runs', async (t) => {
  const { db, raw, stores } = await opened(t);
  const queue = openJobQueue(db, manualClock());
  const [bad, good] = [sampleJob({ dedupeKey: 'bad' }), sampleJob({ dedupeKey: 'good' })];
  for (const job of [bad, good]) await queue.enqueue(job);
  raw("UPDATE jobs SET doc = 'null' WHERE id = ?", bad.id);
  assert.equal((await queue.receive({ leaseMs: 1_000, lanes: ['production', 'preview'] }))?.id, good.id);
  assert.deepEqual(
    (await stores.failedRecords.list({ limit: 10 })).items.map(({ id }) => id),
    [`jobs:${bad.id}`],
  );
});
