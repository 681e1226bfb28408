import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@anchor/core/names/id.ts';
import { cachePosition, countRequest, emptyCounts, statusPosition } from '@anchor/core/metrics/request-counts.ts';
import { openServer } from '../fixtures/open-server.ts';

/** Of the clock: half a minute after the start of one. */
const MINUTE = 1_800_000_000_000;
const NOW = MINUTE + 30_000;
function requests(count: number, status = 200) {
  const counts = emptyCounts();
  for (let i = 0; i < count; i++) countRequest(counts, statusPosition(status), cachePosition('HIT'), 100, 2);
  return counts;
}

test("a project's requests come by minute, with their sum", async (t) => {
  const { client, metrics, project } = await openServer(t, { ports: { clock: { now: () => NOW } } });
  const { project: shop } = await project('shop');
  metrics.add(shop.id, NOW - 60_000, requests(3));
  metrics.add(shop.id, NOW - 1_000, requests(1, 503));
  const found = await client.metrics.project({ project: 'shop' });
  assert.ok(found.ok);
  const { total, points, from, to } = found.value;
  assert.deepEqual([total.requests, total.serverErrors, total.stored, total.bytes], [4, 1, 4, 400]);
  assert.deepEqual(
    points.map(({ at, requests: count }) => [at, count]),
    [
      [MINUTE - 60_000, 3],
      [MINUTE, 1],
    ],
  );
  assert.ok(to - from >= 3_600_000 && (total.p99 ?? 0) > 0);
  const empty = await client.metrics.project({ project: 'shop', to: NOW - 3_600_000 });
  assert.ok(empty.ok && empty.value.points.length === 0 && empty.value.total.p50 === undefined);
});

test('a time that is too long for its step, or ends before it starts, is refused', async (t) => {
  const { client, project } = await openServer(t);
  await project('shop');
  for (const query of [{ from: 0 }, { from: 10, to: 5 }, { step: 'hour' as const, from: 0, to: NOW }]) {
    const refused = await client.metrics.project({ project: 'shop', ...query });
    assert.ok(!refused.ok);
    assert.equal(refused.problem.code, 'invalid_input');
  }
});

test('the list has what a token may see, most requests first', async (t) => {
  const { client, clientWith, token, metrics, project, ports } = await openServer(t);
  const [{ project: shop }, { project: blog }] = [await project('shop'), await project('blog')];
  metrics.add(shop.id, ports.clock.now(), requests(1));
  metrics.add(blog.id, ports.clock.now(), requests(2));
  metrics.add(newId('prj', 5), ports.clock.now(), requests(9));
  const names = async (caller: typeof client) => {
    const found = await caller.metrics.list({ minutes: 5 });
    assert.ok(found.ok);
    return found.value.items.map(({ project: name, requests: count }) => `${name} ${count}`);
  };
  assert.deepEqual(await names(client), ['blog 2', 'shop 1']);
  assert.deepEqual(await names(clientWith(await token('read', shop.id))), ['shop 1']);
});

test('/metrics is for scrapers with a token of the platform', async (t) => {
  const { url, token, metrics, project, ports } = await openServer(t);
  const { project: shop } = await project('shop');
  metrics.add(shop.id, ports.clock.now(), requests(2));
  const get = (value: string) => fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${value}` } });
  const response = await get(await token('read'));
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  assert.match(text, /^anchor_requests_total\{project="shop",code="2xx"\} 2$/m);
  assert.match(text, /^anchor_jobs_waiting 0$/m);
  assert.equal((await get(await token('read', shop.id))).status, 403);
  assert.equal((await fetch(`${url}/metrics`)).status, 401);
});

test('a removed project has no counts', async (t) => {
  const { client, metrics, project, ports } = await openServer(t);
  const { project: shop } = await project('shop');
  metrics.add(shop.id, ports.clock.now(), requests(2));
  assert.ok((await client.projects.remove({ project: 'shop' })).ok);
  assert.equal((await metrics.totals(0)).size, 0);
});
