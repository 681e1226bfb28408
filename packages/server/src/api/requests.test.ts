import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openServer } from '../fixtures/open-server.ts';

test('a repeated POST with the same Idempotency-Key gets the same response; another body or a running one is refused', async (t) => {
  const { client, url, admin, ports } = await openServer(t);
  const first = await client.tokens.create({ name: 'ci', scope: 'read' }, { idempotencyKey: 'one' });
  const second = await client.tokens.create({ name: 'ci', scope: 'read' }, { idempotencyKey: 'one' });
  assert.ok(first.ok && second.ok);
  assert.deepEqual(second.value, first.value);
  const listed = await client.tokens.list();
  assert.ok(listed.ok);
  assert.equal(listed.value.items.filter(({ name }) => name === 'ci').length, 1);
  const other = await client.tokens.create({ name: 'ci2', scope: 'read' }, { idempotencyKey: 'one' });
  assert.ok(!other.ok && other.problem.status === 422);
  const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json', 'idempotency-key': 'two' };
  const raw = () => fetch(`${url}/api/projects`, { method: 'POST', headers, body: '{"name":"shop"}' });
  const [a, b] = [await raw(), await raw()];
  assert.deepEqual([a.status, b.status, b.headers.get('idempotency-replayed')], [201, 201, 'true']);
  assert.equal(await a.text(), await b.text());
  // two at the same moment: one runs, the other replays its response or is told to wait
  const both = await Promise.all(
    [1, 2].map(() =>
      fetch(`${url}/api/projects`, {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': 'three' },
        body: '{"name":"twin"}',
      }),
    ),
  );
  for (const response of both)
    assert.ok(
      response.status === 201 || (response.status === 409 && response.headers.get('retry-after') === '1'),
      String(response.status),
    );
  assert.ok(both.some(({ status }) => status === 201));
  void ports;
});

test('responses with secrets are stored encrypted for their idempotency key', async (t) => {
  const records = new Map<string, { fingerprint: string; response?: string }>();
  const { client } = await openServer(t, {
    ports: {
      idempotency: {
        claim: async (key, fingerprint) => {
          const known = records.get(key);
          if (known !== undefined) return { state: known.response === undefined ? 'pending' : 'done', ...known };
          records.set(key, { fingerprint });
          return { state: 'new' };
        },
        finish: async (key, response) => {
          records.set(key, { ...records.get(key)!, response });
        },
        release: async (key) => {
          records.delete(key);
        },
        expire: async () => undefined,
      },
    },
  });
  const created = await client.tokens.create({ name: 'ci', scope: 'read' }, { idempotencyKey: 'k' });
  assert.ok(created.ok);
  const stored = [...records.values()].map(({ response }) => response ?? '').join();
  assert.ok(stored.length > 0 && !stored.includes(created.value.value) && !stored.includes('"ci"'));
});

test('bad input is refused with every wrong field named, and a malformed or oversized body with its own status', async (t) => {
  const { client, url, admin, project } = await openServer(t, { limits: { jsonBytes: 2_000 } });
  await project('shop');
  const bad = await client.projects.create({ name: 'Not A Name', branchRules: [{ pattern: '', environment: 'x' }] });
  assert.ok(!bad.ok && bad.problem.status === 422);
  assert.deepEqual(
    bad.problem.errors?.map(({ path }) => path),
    ['body.name', 'body.branchRules.0.pattern'],
  );
  const post = (body: string, type = 'application/json') =>
    fetch(`${url}/api/projects`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${admin}`, 'content-type': type },
    });
  assert.equal((await post('{"name":')).status, 400);
  assert.equal((await post('{"name":"x"}', 'text/plain')).status, 400);
  assert.equal((await post(JSON.stringify({ name: 'x'.repeat(3_000) }))).status, 413);
  assert.equal((await post('{"name":"x","nmae":1}')).status, 422);
  const get = (path: string) => fetch(url + path, { headers: { authorization: `Bearer ${admin}` } });
  for (const query of ['limit=0', 'limit=101', 'limit=abc', 'limit=1e1', 'unknown=1'])
    assert.equal((await get(`/api/projects?${query}`)).status, 422, query);
  assert.equal((await get('/api/projects/shop%2f..%2fx')).status, 404);
  assert.equal((await get('/api/nothing')).status, 404);
  assert.equal((await get('/')).status, 404);
});

test('bodies far above the limit get 413, not a reset connection', async (t) => {
  const { url, admin, project } = await openServer(t, { limits: { uploadBytes: 100_000 } });
  await project('shop');
  const big = Buffer.alloc(30_000_000, 32);
  big.set([0x1f, 0x8b]);
  for (let i = 0; i < 3; i++) {
    for (const [path, type] of [
      ['/api/projects', 'application/json'],
      ['/api/projects/shop/uploads', 'application/gzip'],
    ] as const) {
      const response = await fetch(url + path, {
        method: 'POST',
        body: big,
        headers: { authorization: `Bearer ${admin}`, 'content-type': type },
      });
      assert.equal(response.status, 413, path);
      assert.equal(((await response.json()) as { code: string }).code, 'too_large');
    }
  }
});
