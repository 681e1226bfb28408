import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { routeTableContract, type RouteTableHarness } from '@anchor/testing/contracts/route-table.ts';
import { eventually } from '@anchor/testing/eventually.ts';
import { using } from '@anchor/testing/harness.ts';
import { must, sampleAlias, sampleDeployment, sha256 } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { backupDatabase } from '../sqlite/database-backup.ts';
import { openDatabase } from '../sqlite/database.ts';
import { keepRouteSnapshot } from './route-snapshot.ts';
import { openRouteTable } from './route-table.ts';
import { openStores } from '../sqlite/stores/stores.ts';

const make = async (): Promise<RouteTableHarness & { file: string; stop: () => void }> => {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'anchor.db');
  // The table is there first: it waits for the database.
  const subject = openRouteTable(file);
  const db = must(openDatabase(file));
  return {
    file,
    subject,
    stores: openStores(db),
    stop: db.close,
    end: async () => {
      subject.close();
      db.close();
      await directory.remove();
    },
  };
};

routeTableContract('routes in SQLite', make);

const deploy = async ({ stores }: RouteTableHarness, artifact = sha256(1)) => {
  const deployment = sampleDeployment({ artifact });
  const alias = sampleAlias({ deploymentId: deployment.id });
  await stores.deployments.insert(deployment);
  await stores.aliases.compareAndSet(alias);
  return alias;
};

test(
  'a switch is seen within 100 ms without a refresh',
  using(make, async (harness) => {
    const { subject, stores } = harness;
    const alias = await deploy(harness);
    await eventually(() => assert.ok(subject.lookup(alias.host)));
    const times: number[] = [];
    for (let revision = 2; revision <= 12; revision++) {
      const next = sampleDeployment({ artifact: sha256(revision) });
      await stores.deployments.insert(next);
      await stores.aliases.compareAndSet({ ...alias, deploymentId: next.id, revision });
      const switched = performance.now();
      await eventually(() => assert.equal(subject.lookup(alias.host)?.deploymentId, next.id));
      times.push(performance.now() - switched);
    }
    times.sort((a, b) => a - b);
    assert.ok(times[5]! < 100, `the median took ${times[5]} ms`);
  }),
);

test(
  'routes stay when the server is gone, and a new table finds them',
  using(make, async (harness) => {
    const alias = await deploy(harness);
    await eventually(() => assert.ok(harness.subject.lookup(alias.host)));
    harness.stop();
    harness.subject.refresh();
    assert.ok(harness.subject.lookup(alias.host));
    const another = openRouteTable(harness.file);
    assert.ok(another.lookup(alias.host));
    another.close();
  }),
);

test(
  'forgetting removed hosts hides no later switch from a table that has seen the removal',
  using(make, async (harness) => {
    const { subject, stores } = harness;
    const [first, last] = [await deploy(harness), await deploy(harness)];
    await stores.aliases.remove(last.host);
    await eventually(() =>
      assert.deepEqual([subject.lookup(last.host), subject.lookup(first.host)?.host], [undefined, first.host]),
    );
    await stores.aliases.expireRemoved(Date.now() + 1_000);
    const next = await deploy(harness);
    await eventually(() => assert.equal(subject.lookup(next.host)?.deploymentId, next.deploymentId));
    await stores.aliases.expireRemoved(Date.now() + 1_000);
    const db = must(openDatabase(harness.file));
    assert.equal(Number(db.get('SELECT COUNT(*) AS n FROM aliases WHERE removed = 1')?.['n']), 0);
    db.close();
  }),
);

test(
  'a database that a restore puts in place of the old one is followed',
  using(make, async (harness) => {
    const retained = await deploy(harness);
    const db = must(openDatabase(harness.file));
    must(await backupDatabase(db, `${harness.file}.backup`));
    db.close();
    const lost = await deploy(harness);
    await eventually(() => assert.ok(harness.subject.lookup(lost.host)));
    harness.stop();
    for (const ending of ['-wal', '-shm']) await rm(`${harness.file}${ending}`, { force: true });
    await rename(`${harness.file}.backup`, harness.file);
    await eventually(() => assert.equal(harness.subject.lookup(lost.host), undefined));
    assert.ok(harness.subject.lookup(retained.host));
  }),
);

test(
  'five thousand hosts are read quickly, and one change does not read them all again',
  using(make, async (harness) => {
    const { subject, stores } = harness;
    const history = Array.from({ length: 5 }, (_, i) => sampleDeployment({ artifact: sha256(i) }));
    await Promise.all(history.map((deployment) => stores.deployments.insert(deployment)));
    const deployments = Array.from({ length: 5000 }, (_, i) => sampleDeployment({ artifact: sha256(i) }));
    const aliases = deployments.map((deployment) =>
      sampleAlias({ deploymentId: deployment.id, history: history.map(({ id }) => id) }),
    );
    await Promise.all(deployments.map((deployment) => stores.deployments.insert(deployment)));
    await Promise.all(aliases.map((alias) => stores.aliases.compareAndSet(alias)));
    const first = performance.now();
    subject.refresh();
    const all = performance.now() - first;
    for (const alias of aliases) assert.equal(subject.lookup(alias.host)?.previous.length, 5);
    const one = aliases[2500]!;
    await stores.aliases.compareAndSet({ ...one, revision: 2, deploymentId: deployments[0]!.id });
    const second = performance.now();
    subject.refresh();
    const changed = performance.now() - second;
    assert.equal(subject.lookup(one.host)?.deploymentId, deployments[0]!.id);
    assert.ok(all < 2000 && changed < 100, `all ${all} ms, one ${changed} ms`);
  }),
);

test('a snapshot is served while the database is away, lost, empty or damaged, and given up for one that has routes', async () => {
  const directory = await temporaryDirectory();
  const [file, snapshot] = [join(directory.path, 'anchor.db'), join(directory.path, 'routes')];
  const db = must(openDatabase(file));
  const stores = openStores(db);
  const deployment = sampleDeployment({ artifact: sha256(1) });
  const alias = sampleAlias({ deploymentId: deployment.id });
  const keeping = keepRouteSnapshot(db, snapshot, (error) => assert.fail(String(error)));
  await stores.deployments.insert(deployment);
  await stores.aliases.compareAndSet(alias);
  await keeping.stop();
  await backupDatabase(db, `${file}.good`);
  db.close();
  const found = (): string | undefined => {
    const table = openRouteTable(file, snapshot);
    try {
      return table.lookup(alias.host)?.deploymentId;
    } finally {
      table.close();
    }
  };
  const remove = async (): Promise<void> => {
    for (const end of ['', '-wal', '-shm']) await rm(`${file}${end}`, { force: true });
  };
  await remove();
  assert.equal(found(), deployment.id, 'away');
  await writeFile(file, '');
  assert.equal(found(), deployment.id, 'empty');
  await writeFile(file, 'garbage'.repeat(10_000));
  assert.equal(found(), deployment.id, 'damaged');
  await remove();
  must(openDatabase(file)).close();
  assert.equal(found(), deployment.id, 'new, without a record');

  const table = openRouteTable(file, snapshot);
  const other = must(openDatabase(file));
  await openStores(other).deployments.insert(sampleDeployment({ artifact: sha256(2) }));
  await openStores(other).aliases.compareAndSet(sampleAlias());
  await eventually(() => assert.equal(table.lookup(alias.host), undefined));
  table.close();
  other.close();
  await writeFile(snapshot, 'anchor routes 1\n{"host":"half');
  await remove();
  assert.equal(found(), undefined, 'half a snapshot is none');
  await directory.remove();
});

test(
  'a row whose JSON is damaged hides no other route',
  using(make, async (harness) => {
    const { subject, stores, file } = harness;
    const [bad, good] = [await deploy(harness, sha256(1)), await deploy(harness, sha256(2))];
    const raw = new DatabaseSync(file);
    raw
      .prepare(
        "UPDATE aliases SET history = '{not json', doc = 'not json', seq = (SELECT MAX(seq) + 1 FROM aliases) WHERE host = ?",
      )
      .run(bad.host);
    raw.close();
    const late = await deploy(harness, sha256(3));
    await eventually(() =>
      assert.ok(subject.lookup(late.host) && subject.lookup(good.host) && subject.lookup(bad.host)),
    );
    assert.ok(stores);
  }),
);

test(
  'routes of an older schema are read before it is migrated',
  using(make, async (harness) => {
    const alias = await deploy(harness);
    const raw = new DatabaseSync(harness.file);
    raw.exec('DELETE FROM schema_migrations WHERE version > 1');
    raw.close();
    const table = openRouteTable(harness.file);
    assert.ok(table.lookup(alias.host));
    table.close();
  }),
);
