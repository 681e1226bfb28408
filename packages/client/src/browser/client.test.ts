import assert from 'node:assert/strict';
import { brotliCompressSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { rolldown } from 'rolldown';
import { createBrowserClient } from './client.ts';

const json = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });

test('the client of pages sends what the other client sends, to the origin of the page', async () => {
  const seen: { url: string; init: RequestInit }[] = [];
  const client = createBrowserClient({
    fetch: async (url, init) => {
      seen.push({ url, init });
      return json({ items: [{ id: 'dpl_1' }] });
    },
  });
  const list = await client.deployments.list({ project: 'a shop', limit: 5 });
  assert.ok(list.ok);
  assert.deepEqual(list.value.items, [{ id: 'dpl_1' }]);
  await client.variables.put({ project: 'shop', environment: 'production', variables: [{ name: 'A', value: '1' }] });
  assert.deepEqual(
    seen.map(({ url, init }) => [init.method, url, init.body]),
    [
      ['GET', '/api/projects/a%20shop/deployments?limit=5', undefined],
      ['PUT', '/api/projects/shop/environments/production/variables', '{"variables":[{"name":"A","value":"1"}]}'],
    ],
  );
  assert.ok(!('authorization' in (seen[0]?.init.headers ?? {})));
});

test('problems of the API arrive as they are, and what another program says becomes one', async () => {
  const problem = { type: 't', title: 'Not found', status: 404, detail: 'd', code: 'not_found', fix: 'f' };
  const responses = [json(problem, 404), json({ message: 'no' }, 502), new Response('<h1>nginx</h1>', { status: 502 })];
  const client = createBrowserClient({ fetch: async () => responses.shift() ?? json({}) });
  const codes: string[] = [];
  for (let i = 0; i < 3; i++) {
    const result = await client.platform.status();
    assert.ok(!result.ok);
    codes.push(result.problem.code);
  }
  assert.deepEqual(codes, ['not_found', 'bad_answer', 'bad_answer']);
});

test('it follows events, and takes up a stream that was cut inside a line', async () => {
  const bodies = ['id: 1\ndata: {"type":"line","line":"a"}\n\nid: 2\nda', 'id: 2\ndata: {"type":"end"}\n\n'];
  const ids: (string | undefined)[] = [];
  const client = createBrowserClient({
    fetch: async (_, init) => {
      ids.push((init.headers as Record<string, string>)['last-event-id']);
      return new Response(bodies.shift(), { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  const types: unknown[] = [];
  for await (const event of client.deployments.logs.follow({ deployment: 'dpl_1' }))
    types.push(event.ok ? event.value.type : event.problem);
  assert.deepEqual(types, ['line', 'end']);
  assert.deepEqual(ids, [undefined, '1']);
});

test('a page that uses it carries no zod, and at most 5 kB for all operations', async () => {
  const bundle = await rolldown({
    input: fileURLToPath(new URL('./client.ts', import.meta.url)),
    platform: 'browser',
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  const [{ code, moduleIds }] = output;
  assert.deepEqual(
    moduleIds.filter((path) => path.includes('/zod/')),
    [],
  );
  const bytes = brotliCompressSync(code).length;
  assert.ok(bytes <= 5_000, `${bytes} bytes`);
});
