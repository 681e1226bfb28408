import { test } from 'node:test';
import assert from 'node:assert/strict';
import { ok } from '@anchor/core/result/result.ts';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleDelivery, sampleJob } from '@anchor/testing/samples.ts';
import { endpoints } from '@anchor/client/endpoints/table.ts';
import { openServer } from '../fixtures/open-server.ts';

test('status, gc, backup, dead letters and the description of the API respond', async (t) => {
  const { client } = await openServer(t);
  const status = await client.platform.status();
  assert.ok(status.ok && status.value.ok);
  assert.deepEqual(status.value.queue, { waiting: 0, leased: 0, dead: 0 });
  const gc = await client.platform.gc({ dryRun: true });
  assert.ok(gc.ok && gc.value.dryRun);
  const backup = await client.platform.backup();
  assert.ok(backup.ok);
  assert.equal(await new Response(backup.value).text(), 'backup');
  const dead = await client.deadLetters.list();
  assert.ok(dead.ok && dead.value.items.length === 0);
  const revived = await client.deadLetters.revive({ job: 'job_00000000000000000000' });
  assert.ok(!revived.ok && revived.problem.status === 404);
  const me = await client.tokens.current();
  assert.ok(me.ok && me.value.scope === 'admin');
  const description = await client.platform.openapi();
  assert.ok(description.ok);
  const paths = description.value['paths'] as Record<string, Record<string, unknown>>;
  for (const [name, endpoint] of endpoints)
    assert.ok(paths[endpoint.path]?.[endpoint.method.toLowerCase()] !== undefined, name);
});

test('metrics are read in the format of Prometheus, with any name in a label, by tokens of the platform alone', async (t) => {
  const { client, clientWith, token, project } = await openServer(t);
  const metrics = await client.metrics.prometheus();
  assert.ok(metrics.ok);
  assert.ok(
    (await new Response(metrics.value).text()).includes(
      '# HELP anchor_certificate_expiry_timestamp_seconds When the certificate expires.\n' +
        '# TYPE anchor_certificate_expiry_timestamp_seconds gauge\n' +
        'anchor_certificate_expiry_timestamp_seconds{name="a \\"b\\" \\\\ c\\nd"} 1800000000\n',
    ),
  );
  assert.ok((await clientWith(await token('read')).metrics.prometheus()).ok);
  const { project: shop } = await project('shop');
  const refused = await clientWith(await token('read', shop.id)).metrics.prometheus();
  assert.ok(!refused.ok && refused.problem.status === 403);
});

test('records that could not be processed are listed, retried and dropped', async (t) => {
  const { client, ports, project, clientWith, token } = await openServer(t);
  const { project: shop } = await project('shop');
  const delivery = sampleDelivery({ projectId: shop.id, state: 'received', push: { kind: 'ping' } });
  await ports.deliveries.insert(delivery);
  for (const id of [delivery.id, 'dlv_00000000000000000000'])
    await ports.failedRecords.fail({ kind: 'delivery', id, project: shop.id, why: 'broken', tries: 3, now: 5 });
  const listed = await client.deadLetters.records.list();
  assert.ok(listed.ok);
  assert.deepEqual(
    listed.value.items.find(({ id }) => id === delivery.id),
    { kind: 'delivery', id: delivery.id, project: shop.id, tries: 3, why: 'broken', since: 5 },
  );
  assert.ok((await client.deadLetters.records.retry({ kind: 'delivery', id: delivery.id })).ok);
  assert.equal((await ports.deliveries.get(delivery.id))?.state, 'accepted');
  assert.ok((await client.deadLetters.records.drop({ kind: 'delivery', id: 'dlv_00000000000000000000' })).ok);
  const empty = await client.deadLetters.records.list();
  assert.ok(empty.ok && empty.value.items.length === 0);
  const retried = await client.deadLetters.records.retry({ kind: 'delivery', id: delivery.id });
  assert.ok(!retried.ok && retried.problem.status === 404);
  const unknown = await client.deadLetters.records.drop({ kind: 'nothing', id: '../../etc/passwd' });
  assert.ok(!unknown.ok && unknown.problem.status === 404);
  for (const scope of ['read', 'deploy'] as const) {
    const refused = await clientWith(await token(scope)).deadLetters.records.list();
    assert.ok(!refused.ok && refused.problem.status === 403, scope);
  }
});

test('a push that was set aside is retried, and dropped without touching any other file', async (t) => {
  const { client, ports, paths, project } = await openServer(t);
  const { project: shop } = await project('shop');
  const folder = join(paths.data, 'git', 'pushes');
  await mkdir(folder, { recursive: true });
  const [one, two] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
  for (const id of [one, two]) {
    await writeFile(join(folder, `${id}.json`), JSON.stringify({ projectId: shop.id, at: 0, updates: [] }));
    await ports.failedRecords.fail({ kind: 'push', id, why: 'broken', tries: 3, now: 5 });
  }
  assert.ok((await client.deadLetters.records.retry({ kind: 'push', id: one })).ok);
  assert.ok((await client.deadLetters.records.drop({ kind: 'push', id: two })).ok);
  assert.deepEqual(await readdir(folder), []);
  await ports.failedRecords.fail({ kind: 'push', id: '../../key', why: 'hostile', tries: 3, now: 5 });
  assert.ok((await client.deadLetters.records.drop({ kind: 'push', id: '../../key' })).ok);
  assert.ok(existsSync(paths.key));
});

test('a dead job is dropped', async (t) => {
  const { client, ports } = await openServer(t);
  await ports.queue.enqueue(sampleJob({ dedupeKey: 'dead' }));
  const job = await ports.queue.receive({ leaseMs: 1_000, lanes: ['production', 'preview'] });
  assert.ok(job !== undefined);
  await ports.queue.deadLetter(job, 'for a test');
  assert.ok((await client.deadLetters.drop({ job: job.id })).ok);
  assert.deepEqual((await ports.queue.dead({ limit: 5 })).items, []);
});

test('a download that fails halfway is cut off and found in the log by its request', async (t) => {
  const backup = async () =>
    ok(
      (async function* () {
        yield Buffer.from('half');
        throw new Error('the disk is gone');
      })(),
    );
  const { url, admin, logged } = await openServer(t, { operations: { backup } });
  const response = await fetch(`${url}/api/backup`, { method: 'POST', headers: { authorization: `Bearer ${admin}` } });
  await assert.rejects(response.arrayBuffer());
  const entry = logged.find((line) => (line as { message: string }).message === 'a download failed') as
    | { requestId: string; error: string }
    | undefined;
  assert.equal(entry?.requestId, response.headers.get('x-request-id'));
  assert.match(entry?.error ?? '', /the disk is gone/);
});
