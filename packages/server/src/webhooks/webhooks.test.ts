import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openHooks, pull, push, ZERO } from '../fixtures/webhooks.ts';

test('a signed push is stored and gets 202 with its deployment, and a duplicate delivery makes no second one', async (t) => {
  const { server, send, deliveries } = await openHooks(t);
  const first = await send('push', push(), { id: 'same' });
  assert.equal(first.status, 202);
  const repeated = await send('push', push(), { id: 'same' });
  assert.deepEqual(repeated, first);
  const other = await send('push', push(), { id: 'other' });
  assert.deepEqual(other, first, 'its id is not signed, so another one does not make it another delivery');
  const deployment = await server.client.deployments.get({ deployment: first.body.deploymentIds![0]! });
  assert.ok(
    deployment.ok && deployment.value.environment === 'production' && deployment.value.source.message === 'hello',
  );
  const stored = await deliveries();
  assert.equal(stored.length, 1);
  const [delivery] = stored;
  assert.equal(delivery?.senderId, 'same');
  const shown = await server.client.deliveries.list({ project: 'shop' });
  assert.equal(shown.ok && shown.value.items[0]?.externalId, 'same', 'this finds it at the git host');
  assert.deepEqual(JSON.parse(delivery!.body), push());
  assert.ok(!JSON.stringify(delivery!.headers).includes('signature'));
});

test('a delivery is replayed through the API and builds the same commit again', async (t) => {
  const { server, send } = await openHooks(t);
  const first = await send('push', push());
  const replayed = await server.client.deliveries.replay({ delivery: first.body.deliveryId! });
  assert.ok(replayed.ok);
  assert.equal(replayed.value.deliveryId, first.body.deliveryId);
  assert.notDeepEqual(replayed.value.deploymentIds, first.body.deploymentIds);
});

test('pull requests become previews; those of forks are held; closing one is heard', async (t) => {
  const { server, send } = await openHooks(t);
  const own = await send('pull_request', pull('opened'));
  const fork = await send('pull_request', pull('synchronize', { headRepo: { id: 99 }, ref: 'main' }));
  const gone = await send('pull_request', pull('opened', { headRepo: null, ref: 'other' }));
  const statuses = await Promise.all(
    [own, fork, gone].map(async ({ body }) => {
      const got = await server.client.deployments.get({ deployment: body.deploymentIds![0]! });
      return got.ok ? [got.value.environment, got.value.status] : got;
    }),
  );
  assert.deepEqual(statuses[0], ['preview', 'queued']);
  assert.deepEqual((await send('pull_request', pull('labeled'))).body.deploymentIds, []);
  assert.deepEqual((await send('pull_request', pull('closed'))).body.deploymentIds, []);
  // the same commit was first seen as the project's own; under another commit a fork is held
  const forked = await send('pull_request', {
    ...pull('opened', { headRepo: { id: 99 } }),
    pull_request: {
      ...pull('opened', { headRepo: { id: 99 } }).pull_request,
      head: { ref: 'x', sha: '2'.repeat(40), repo: { id: 99 } },
    },
  });
  const held = await server.client.deployments.get({ deployment: forked.body.deploymentIds![0]! });
  assert.ok(held.ok && held.value.status === 'held' && held.value.pullRequest?.fork === true && !held.value.trusted);
});

test('pings, tags, deletions and unknown events are accepted without a deployment', async (t) => {
  const { send, deliveries } = await openHooks(t);
  for (const [event, body] of [
    ['ping', { zen: 'x' }],
    ['push', push({ ref: 'refs/tags/v1' })],
    ['push', push({ ref: 'refs/heads/gone', after: ZERO, deleted: true, head_commit: null, commits: [] })],
    ['delete', { ref: 'gone', ref_type: 'branch' }],
    ['star', {}],
  ] as const) {
    const { status, body: received } = await send(event, body);
    assert.deepEqual([status, received.deploymentIds], [202, []], event);
  }
  assert.deepEqual((await deliveries()).map(({ state }) => state).sort(), [
    'accepted',
    'accepted',
    'accepted',
    'ignored',
    'ignored',
  ]);
});

test('a thousand webhooks at once are all stored, each once', async (t) => {
  const { send, server, project } = await openHooks(t);
  const responses = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) =>
      send('push', push({ ref: `refs/heads/b${i % 50}`, after: String(i).padStart(40, 'a') }), { id: `d${i}` }),
    ),
  );
  assert.ok(
    responses.every(({ status }) => status === 202),
    JSON.stringify(responses.find(({ status }) => status !== 202)),
  );
  const ids = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await server.ports.deliveries.list(
      { projectId: project.id },
      { limit: 100, ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const delivery of page.items) ids.add(delivery.externalId);
    cursor = page.cursor;
  } while (cursor !== undefined);
  assert.equal(ids.size, 1_000);
});
