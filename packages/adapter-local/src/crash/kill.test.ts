import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DeliveryId } from '@anchor/core/names/id.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { LANES } from '@anchor/core/queue/job.ts';
import { eventually } from '@anchor/testing/eventually.ts';
import { must, sampleDeployment, sampleAlias, sha256 } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openBlobStore } from '../blobs/blob-store.ts';
import { roundAlias, roundBlob, roundDelivery, roundDeployment, roundHost, roundProject } from './round.ts';
import { openDatabase } from '../sqlite/database.ts';
import { openJobQueue } from '../sqlite/stores/job-queue.ts';
import { openLogStore } from '../logs/log-store.ts';
import { openRouteTable } from '../routes/route-table.ts';
import { openStores } from '../sqlite/stores/stores.ts';

/**
 * Runs a child until it has printed `lines` lines and `moreMs` have passed, and kills it with -9. Returns the last
 * complete line that it printed.
 */
async function killedAfter(program: string, directory: string, lines: number, moreMs = 0): Promise<string> {
  const file = fileURLToPath(import.meta.resolve(`./${program}`));
  const child = spawn(process.execPath, [file, directory], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 });
  const exited = once(child, 'exit');
  let count = 0;
  let last = '';
  const closed = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout })
      .on('line', (line) => {
        count += 1;
        last = line;
        if (count === lines) setTimeout(() => child.kill('SIGKILL'), moreMs);
      })
      .on('close', resolve);
  });
  const [code, signal] = await exited;
  await closed;
  assert.equal(signal, 'SIGKILL', `the child ended by itself with ${code}`);
  return last;
}

test('what was acknowledged before kill -9 is there and whole, at whatever moment it comes', async () => {
  const directory = await temporaryDirectory();
  for (const [index, lines] of [1, 20, 60].entries()) {
    const data = join(directory.path, String(index));
    const acknowledged = Number(await killedAfter('write-records.ts', data, lines, index * 3));
    assert.ok(acknowledged >= lines);

    const db = must(openDatabase(join(data, 'anchor.db')));
    assert.equal(db.get('PRAGMA integrity_check')?.['integrity_check'], 'ok');
    const stores = openStores(db);
    const queue = openJobQueue(db, systemClock);
    const blobs = openBlobStore(join(data, 'blobs'));

    for (let round = 1; round <= acknowledged; round++) {
      const delivery = await stores.deliveries.byExternalId(roundProject, 'github', String(round));
      assert.equal(delivery?.body, roundDelivery(round).body);
      assert.ok(
        await blobs.get(createHash('sha256').update(roundBlob(round)).digest('hex')),
        `the blob of round ${round}`,
      );
    }
    for (const delivery of await stores.deliveries.unprocessed())
      assert.equal(delivery.body, roundDelivery(Number(delivery.externalId)).body);
    for await (const blob of blobs.list()) assert.ok(await blobs.get(blob.hash), 'a listed blob is whole');

    const alias = await stores.aliases.get(roundHost);
    assert.ok(alias !== undefined && (alias.revision === acknowledged || alias.revision === acknowledged + 1));
    assert.equal(alias.target, roundAlias(alias.revision).target);

    const { pending } = await queue.depth();
    assert.ok(pending === acknowledged || pending === acknowledged + 1);
    assert.equal((await queue.receive({ leaseMs: 1000, lanes: LANES }))?.dedupeKey, 'job-1');

    const logged = await openLogStore(join(data, 'logs')).read('build', roundDeployment, {});
    assert.ok(logged.length >= acknowledged);
    logged.forEach((line, i) => assert.deepEqual([line.n, line.text], [i + 1, `round ${i + 1}`]));
    db.close();
  }
  await directory.remove();
});

test('a push that was accepted before kill -9 is there whole, and of none is a part there', async () => {
  const directory = await temporaryDirectory();
  for (const [index, lines] of [1, 33, 120].entries()) {
    const data = join(directory.path, String(index));
    await killedAfter('take-pushes.ts', data, lines, index);
    const db = must(openDatabase(join(data, 'anchor.db')));
    const { deliveries, deployments } = openStores(db);
    const rows = db.all('SELECT id FROM deliveries').map(({ id }) => String(id) as DeliveryId);
    assert.ok(rows.length >= lines, `${rows.length} of ${lines}`);
    for (const id of rows) {
      const [deployment] = (await deliveries.get(id))?.deploymentIds ?? [];
      assert.ok(
        deployment !== undefined && (await deployments.get(deployment)) !== undefined,
        `the deployment of ${id}`,
      );
      assert.equal(
        Number(db.get('SELECT COUNT(*) AS n FROM jobs WHERE dedupe_key = ?', deployment)?.['n']),
        1,
        `the job of ${id}`,
      );
    }
    for (const table of ['deployments', 'jobs'])
      assert.equal(Number(db.get(`SELECT COUNT(*) AS n FROM ${table}`)?.['n']), rows.length, table);
    db.close();
  }
  await directory.remove();
});

test('a blob whose writer was killed half-way does not exist, and its remains are swept', async () => {
  const directory = await temporaryDirectory();
  await killedAfter('write-half-a-blob.ts', directory.path, 1);
  const blobs = openBlobStore(directory.path);
  assert.equal((await readdir(join(directory.path, 'incoming'))).length, 1);
  for await (const blob of blobs.list()) assert.fail(`listed ${blob.hash}`);
  assert.equal(await blobs.has(createHash('sha256').update('half').digest('hex')), false);
  await blobs.sweep();
  assert.deepEqual(await readdir(join(directory.path, 'incoming')), []);
  await directory.remove();
});

test('an edge keeps its routes while the server is killed, and follows the one that comes after', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'anchor.db');
  const first = must(openDatabase(file));
  const stores = openStores(first);
  const deployment = sampleDeployment({ id: roundDeployment, artifact: sha256(1) });
  const alias = sampleAlias({ deploymentId: deployment.id });
  await stores.deployments.insert(deployment);
  await stores.aliases.compareAndSet(alias);
  first.close();

  const table = openRouteTable(file);
  assert.ok(table.lookup(alias.host));
  for (let kill = 0; kill < 2; kill++) {
    const killed = killedAfter('write-records.ts', directory.path, 5, 2);
    const watching = setInterval(() => assert.ok(table.lookup(alias.host)), 1);
    assert.notEqual(await killed, '');
    clearInterval(watching);
    table.refresh();
    assert.ok(table.lookup(alias.host));
    const server = must(openDatabase(file));
    await openStores(server).aliases.remove(roundHost);
    await openStores(server).aliases.compareAndSet(sampleAlias({ host: roundHost, deploymentId: deployment.id }));
    await eventually(() => assert.equal(table.lookup(roundHost)?.deploymentId, deployment.id));
    await openStores(server).aliases.remove(roundHost);
    await eventually(() => assert.equal(table.lookup(roundHost), undefined));
    server.run('DELETE FROM deliveries');
    server.run('DELETE FROM jobs');
    server.close();
  }
  table.close();
  await directory.remove();
});
