import { test } from 'node:test';
import assert from 'node:assert/strict';
import { endpoints } from '@anchor/client/endpoints/table.ts';
import { openServer } from '../fixtures/open-server.ts';

test('status, gc, backup, dead letters and the description of the API answer', async (t) => {
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
  for (const [name, endpoint] of endpoints) assert.ok(paths[endpoint.path]?.[endpoint.method.toLowerCase()] !== undefined, name);
});
