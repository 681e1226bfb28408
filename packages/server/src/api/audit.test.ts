import { test } from 'node:test';
import assert from 'node:assert/strict';
import { endpoints } from '@anchor/client/endpoints/table.ts';
import { DEFAULT_TEAM } from '@anchor/core/people/team.ts';
import { pathOf, pathParameters, requestOf } from '../fixtures/every-call.ts';
import { openServer, type OpenServer } from '../fixtures/open-server.ts';

const entries = async (server: OpenServer) => (await server.ports.audit.list({}, { limit: 100 })).items;
const text = async (server: OpenServer, format: 'jsonl' | 'csv'): Promise<string> => {
  const exported = await server.client.audit.export({ format });
  assert.ok(exported.ok);
  return new Response(exported.value).text();
};

test('every endpoint that is no read leaves exactly one entry, with its author, target and address', async (t) => {
  const server = await openServer(t);
  let projects = 0;
  for (const [name, endpoint] of endpoints.filter(([, { method }]) => method !== 'GET')) {
    const { project } = await server.project(`shop-${projects++}`);
    const params = await pathParameters(server, project.id);
    const before = await entries(server);
    const request = requestOf(name, endpoint);
    const response = await fetch(server.url + pathOf(endpoint, params), {
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${server.admin}`, 'user-agent': 'test' },
    });
    const body = await response.text();
    const made = (await entries(server)).filter(({ id }) => !before.some((entry) => entry.id === id));
    assert.equal(made.length, 1, `${name}: ${response.status} ${body}`);
    const [entry] = made;
    assert.equal(entry?.action, name);
    assert.equal(entry.outcome, response.ok ? 'success' : response.status >= 500 ? 'failed' : 'refused', name);
    const { kind } = entry.actor;
    assert.equal(kind === 'token' ? entry.actor.name : kind, endpoint.scope === 'none' ? 'anonymous' : 'admin', name);
    assert.equal(entry.userAgent, 'test');
    assert.match(entry.address, /127\.0\.0\.1$/);
    assert.equal(entry.requestId, response.headers.get('x-request-id'));
    if (endpoint.resource === 'project') assert.equal(entry.projectId, project.id, name);
    if (endpoint.resource === 'project' || endpoint.resource === 'team') assert.equal(entry.teamId, DEFAULT_TEAM, name);
    for (const [, key] of endpoint.path.matchAll(/\{(\w+)\}/g)) assert.equal(entry.target[key!], params[key!], name);
  }
  assert.doesNotMatch(JSON.stringify(await entries(server)), /a-secret-value/);
});

test('a read leaves no entry', async (t) => {
  const server = await openServer(t);
  await server.project('shop');
  await server.client.projects.list();
  await server.client.variables.list({ project: 'shop', environment: 'production', reveal: true });
  assert.deepEqual(await entries(server), []);
});

test('an entry has the fields that changed, before and after, and no others', async (t) => {
  const server = await openServer(t);
  await server.project('shop');
  assert.ok((await server.client.projects.update({ project: 'shop', productionBranch: 'trunk' })).ok);
  const [entry] = await entries(server);
  const { updatedAt: _a, version: _b, ...before } = entry?.before ?? {};
  const { updatedAt: _c, version: _d, ...after } = entry?.after ?? {};
  assert.deepEqual([before, after], [{ productionBranch: 'main' }, { productionBranch: 'trunk' }]);
});

test('a caller that may not change something is recorded, a request without a valid token is not', async (t) => {
  const server = await openServer(t);
  await server.project('shop');
  const reader = server.clientWith(await server.token('read'));
  assert.ok(!(await reader.projects.remove({ project: 'shop' })).ok);
  assert.ok(!(await server.clientWith('anc_wrong').projects.remove({ project: 'shop' })).ok);
  const [entry, ...more] = await entries(server);
  assert.deepEqual([entry?.action, entry?.outcome, entry?.code], ['projects.remove', 'refused', 'forbidden']);
  assert.deepEqual(more, []);
});

test('a repeated request with one idempotency key is one change', async (t) => {
  const server = await openServer(t);
  for (let i = 0; i < 2; i++) await server.client.projects.create({ name: 'shop' }, { idempotencyKey: 'k' });
  assert.equal((await entries(server)).length, 1);
});

test('a change whose handler throws is recorded as failed', async (t) => {
  const { ports } = await openServer(t);
  const aliases = { ...ports.aliases, listByProject: () => Promise.reject(new Error('the disk is gone')) };
  const server = await openServer(t, { ports: { aliases } });
  await server.project('shop');
  assert.ok(!(await server.client.environments.rollback({ project: 'shop', environment: 'production' })).ok);
  const [entry] = await entries(server);
  assert.deepEqual([entry?.outcome, entry?.code], ['failed', 'internal']);
});

test('nothing is changed when its entry cannot be written', async (t) => {
  const { ports } = await openServer(t);
  const audit = { ...ports.audit, begin: () => Promise.reject(new Error('the disk is full')) };
  const server = await openServer(t, { ports: { audit } });
  assert.ok(!(await server.client.projects.create({ name: 'shop' })).ok);
  assert.deepEqual((await server.ports.projects.list({ limit: 10 })).items, []);
});

test('a change that was made responds as made when its entry cannot be completed', async (t) => {
  const { ports } = await openServer(t);
  const audit = { ...ports.audit, complete: () => Promise.reject(new Error('the disk is full')) };
  const server = await openServer(t, { ports: { audit } });
  const created = await server.client.tokens.create({ name: 'ci', scope: 'read' });
  assert.ok(created.ok && created.value.value.startsWith('anc_'), 'the secret is shown once: it must not be lost');
  const refused = await server.client.projects.remove({ project: 'gone' });
  assert.ok(!refused.ok && refused.problem.code === 'not_found');
  assert.deepEqual(
    (await entries(server)).map(({ outcome }) => outcome),
    ['started', 'started'],
  );
});

test('changes of a removed project are found by its id', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  assert.ok((await server.client.projects.remove({ project: 'shop' })).ok);
  const found = await server.client.audit.list({ project: project.id });
  assert.ok(found.ok);
  assert.deepEqual(
    found.value.items.map(({ action }) => action),
    ['projects.remove'],
  );
});

test('a stranger and a caller that may change nothing cannot fill the log', async (t) => {
  const server = await openServer(t, { limits: { signInsPerMinute: 3, refusedPerMinute: 3 } });
  const reader = await server.token('read');
  for (let i = 0; i < 20; i++) {
    const body = JSON.stringify({ email: `a${i}@example.com`, password: 'no such password' });
    const headers = { 'content-type': 'application/json' };
    await (await fetch(`${server.url}/api/sessions`, { method: 'POST', headers, body })).text();
    await server.clientWith(reader).projects.remove({ project: 'shop' });
  }
  const actions = (await entries(server)).map(({ action }) => action);
  for (const action of ['sessions.create', 'projects.remove']) {
    const count = actions.filter((each) => each === action).length;
    // The minute may turn in between, but not twice.
    assert.ok(count >= 3 && count <= 6, `${count} entries of ${action}`);
  }
});

test('the log is filtered by project, token and action, and exported whole', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const other = server.clientWith(await server.token('admin'));
  await server.client.variables.put({
    project: 'shop',
    environment: 'production',
    variables: [{ name: 'A', value: '1' }],
  });
  await other.tokens.create({ name: '=cmd|"x"', scope: 'read' });
  const listed = async (query: Parameters<typeof server.client.audit.list>[0]) => {
    const page = await server.client.audit.list(query);
    assert.ok(page.ok);
    return page.value.items.map(({ action }) => action);
  };
  assert.deepEqual(await listed({}), ['tokens.create', 'variables.put']);
  assert.deepEqual(await listed({ project: 'shop' }), ['variables.put']);
  assert.deepEqual(await listed({ action: 'tokens.create' }), ['tokens.create']);
  const lines = (await text(server, 'jsonl')).trim().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { action: string }).action),
    ['tokens.create', 'variables.put'],
  );
  const rows = (await text(server, 'csv')).trim().split('\r\n');
  assert.equal(rows.length, 3);
  assert.match(rows[0] ?? '', /^id,at,actor,/);
  assert.ok(rows[2]?.includes(project.id));
  const missing = await server.client.audit.list({ project: 'gone' });
  assert.ok(!missing.ok && missing.problem.code === 'not_found');
});
