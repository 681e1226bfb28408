import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createClient } from './client.ts';

test('the typed client turns a flat input into path, query and body, and reads the response', async () => {
  const seen: { url: string; init: RequestInit }[] = [];
  const client = createClient({
    baseUrl: 'http://x/',
    token: 'anc_t',
    fetch: async (url, init) => {
      seen.push({ url, init });
      return new Response(JSON.stringify({ items: [] }), { headers: { 'content-type': 'application/json' } });
    },
  });
  const list = await client.deployments.list({ project: 'shop', limit: 5, status: 'success' });
  assert.ok(list.ok);
  const items: readonly { id: string; status: string }[] = list.value.items; // the type is the schema's
  assert.deepEqual(items, []);
  assert.equal(seen[0]?.url, 'http://x/api/projects/shop/deployments?limit=5&status=success');
  assert.equal((seen[0]!.init.headers as Record<string, string>)['authorization'], 'Bearer anc_t');

  await client.variables.put(
    { project: 'shop', environment: 'production', variables: [{ name: 'A', value: '1' }] },
    { idempotencyKey: 'k' },
  );
  assert.equal(seen[1]?.init.method, 'PUT');
  assert.equal(seen[1]?.init.body, '{"variables":[{"name":"A","value":"1"}]}');
  // @ts-expect-error a missing path parameter does not compile
  void client.deployments.get({});
});

test('a server that does not respond is a problem, not an exception', async () => {
  const client = createClient({
    baseUrl: 'http://127.0.0.1:9',
    fetch: async () => {
      throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    },
  });
  const result = await client.platform.health();
  assert.ok(!result.ok);
  assert.equal(result.problem.code, 'unreachable');
  assert.equal(result.problem.cause, 'connect ECONNREFUSED');
});

test('a response of another program is reported as such', async () => {
  const client = createClient({
    baseUrl: 'http://x',
    fetch: async () => new Response('<h1>nginx</h1>', { status: 502 }),
  });
  const result = await client.platform.status();
  assert.ok(!result.ok);
  assert.equal(result.problem.code, 'bad_answer');
  assert.equal(result.problem.status, 502);
});
