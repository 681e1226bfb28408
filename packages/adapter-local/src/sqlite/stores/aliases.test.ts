import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { must, sampleAlias, sampleDeployment, sha256 } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openRouteTable } from '../../routes/route-table.ts';
import { routeOf } from '../../routes/route.ts';
import { openDatabase } from '../database.ts';
import { migrate, MIGRATIONS } from '../migrations.ts';
import { aliasGeneration } from './aliases.ts';
import { openStores } from './stores.ts';

/** A database of schema 4 with an alias whose previous deployment is protected until `until`, and a damaged alias. */
async function olderDatabase(t: TestContext) {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const file = join(directory.path, 'anchor.db');
  const [current, previous] = [sampleDeployment({ artifact: sha256(1) }), sampleDeployment({ artifact: sha256(2) })];
  const alias = sampleAlias({ deploymentId: current.id, history: [previous.id] });
  const until = 1_900_000_000_000;
  const raw = new DatabaseSync(file);
  assert.ok(migrate(raw, false, MIGRATIONS.slice(0, 4)).ok);
  const add = raw.prepare(
    'INSERT INTO aliases (host, revision, seq, removed, project_id, deployment_id, history, doc) VALUES (?, 1, ?, 0, ?, ?, ?, ?)',
  );
  const row = [alias.projectId, current.id, JSON.stringify([previous.id])] as const;
  add.run(alias.host, 1, ...row, JSON.stringify({ ...alias, reachableUntil: { [previous.id]: until } }));
  add.run('damaged.localhost', 2, ...row, '{not json');
  return { raw, file, alias, current, previous, until };
}

test('an alias that an older version stored keeps the window of its skew protection', async (t) => {
  const { raw, file, alias, current, previous, until } = await olderDatabase(t);
  raw.close();

  const db = must(openDatabase(file));
  const { aliases, deployments } = openStores(db);
  for (const deployment of [current, previous]) await deployments.insert(deployment);
  // It reads an alias's deployments when it sees the alias, which is there from the start.
  const routes = openRouteTable(file);
  t.after(() => (routes.close(), db.close()));
  const stored = await aliases.get(alias.host);
  assert.deepEqual(stored, { ...alias, skewProtectedUntil: { [previous.id]: until } });
  assert.equal(db.get("SELECT doc FROM aliases WHERE host = 'damaged.localhost'")?.['doc'], '{not json');
  routes.refresh();
  assert.deepEqual(routes.lookup(alias.host)?.previous, [{ deploymentId: previous.id, artifact: sha256(2), until }]);
});

test('an edge that read the routes before the migration keeps the window after it', async (t) => {
  const { raw, file, alias, current, previous, until } = await olderDatabase(t);
  const add = raw.prepare(
    "INSERT INTO deployments (id, version, created_at, dedupe_key, project_id, environment, state, artifact, doc) VALUES (?, 1, 1, ?, ?, 'production', 'success', ?, ?)",
  );
  for (const { id, projectId, artifact = '', ...rest } of [current, previous])
    add.run(id, id, projectId, artifact, JSON.stringify({ id, projectId, artifact, ...rest }));
  raw.close();
  const routes = openRouteTable(file);
  const expected = [{ deploymentId: previous.id, artifact: sha256(2), until }];
  assert.deepEqual(routes.lookup(alias.host)?.previous, expected);
  const db = must(openDatabase(file));
  t.after(() => (routes.close(), db.close()));
  routes.refresh();
  assert.deepEqual(routes.lookup(alias.host)?.previous, expected);
});

test('a snapshot of an older version is read with its previous deployments', () => {
  const [current, previous] = [sampleDeployment({}), sampleDeployment({})];
  const route = routeOf({
    host: 'shop.localhost',
    project_id: current.projectId,
    deployment_id: current.id,
    removed: 0,
    artifact: sha256(1),
    earlier: `${previous.id} ${sha256(2)} 5`,
  });
  assert.deepEqual(route?.previous, [{ deploymentId: previous.id, artifact: sha256(2), until: 5 }]);
});

test('the generation is another one after each write of an alias, and after no other', async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const db = must(openDatabase(join(directory.path, 'anchor.db')));
  t.after(() => db.close());
  const { aliases, deployments } = openStores(db);
  const [alias, other] = [sampleAlias(), sampleAlias()];
  const seen = [aliasGeneration(db)];
  for (const write of [
    () => aliases.compareAndSet(alias),
    () => aliases.compareAndSet({ ...alias, revision: 2 }),
    () => aliases.remove(alias.host),
    () => aliases.compareAndSet(other),
  ]) {
    await write();
    seen.push(aliasGeneration(db));
  }
  assert.equal(new Set(seen).size, seen.length);
  await aliases.expireRemoved(Date.now() + 1);
  await deployments.insert(sampleDeployment());
  assert.equal(aliasGeneration(db), seen.at(-1));
});
