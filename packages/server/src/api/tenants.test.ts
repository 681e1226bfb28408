import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { endpoints } from '@anchor/client/endpoints/table.ts';
import type { Endpoint } from '@anchor/client/endpoints/endpoint.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { pathParameters } from '../fixtures/every-call.ts';
import { openServer } from '../fixtures/open-server.ts';

/** Two projects with everything in them, and what to put into each path so that it names the first one's. */
async function twoTenants(t: TestContext) {
  const state = { skew: 0 };
  const server = await openServer(t, {
    limits: { refusedPerMinute: 10_000 },
    ports: { clock: { now: () => systemClock.now() + state.skew } },
  });
  const [{ project: mine }, { project: theirs }] = [await server.project('mine'), await server.project('theirs')];
  const params = await pathParameters(server, mine.id);
  const call = async (endpoint: Endpoint, token: string | undefined, change: Record<string, string> = {}) => {
    const path = endpoint.path.replace(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent({ ...params, ...change }[name] ?? ''),
    );
    const stop = new AbortController();
    const response = await fetch(server.url + path, {
      method: endpoint.method,
      signal: stop.signal,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(endpoint.stream === 'events' ? { accept: 'text/event-stream' } : {}),
        ...(endpoint.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(endpoint.body === undefined ? {} : { body: '{}' }),
      ...(endpoint.stream === 'upload' ? { body: 'x' } : {}),
    });
    const problem =
      response.headers.get('content-type') === 'application/problem+json'
        ? ((await response.json()) as { code: string; fix: string; detail: string; title: string })
        : undefined;
    stop.abort();
    return { status: response.status, problem };
  };
  return { server, mine, theirs, call, state };
}

const LARGEST = 'admin';

test('every endpoint but health and sign-in refuses a call without a token, with a wrong one and with an expired one', async (t) => {
  const { server, call, state } = await twoTenants(t);
  const expired = await server.token(LARGEST, undefined, 1);
  state.skew = 2 * 86_400_000;
  for (const [name, endpoint] of endpoints) {
    for (const token of [undefined, `anc_${'x'.repeat(43)}`, 'anc_', expired]) {
      const { status, problem } = await call(endpoint, token);
      if (endpoint.scope !== 'none') {
        assert.equal(status, 401, `${name} with ${token ?? 'no token'}`);
        assert.equal(problem?.code, 'unauthenticated');
        assert.ok(problem.fix.length > 10 && problem.title.length > 0 && problem.detail.length > 0);
      }
    }
  }
  assert.deepEqual(
    endpoints.filter(([, endpoint]) => endpoint.scope === 'none').map(([name]) => name),
    ['sessions.create', 'invitations.accept', 'platform.health'],
  );
});

test('every endpoint refuses a token whose scope is too small', async (t) => {
  const { server, call } = await twoTenants(t);
  const smaller = { admin: ['read', 'deploy'], deploy: ['read'], read: [], none: [] } as const;
  for (const [name, endpoint] of endpoints) {
    for (const scope of smaller[endpoint.scope]) {
      const { status, problem } = await call(endpoint, await server.token(scope));
      assert.equal(status, 403, `${name} with ${scope}`);
      assert.equal(problem?.code, 'forbidden');
    }
  }
});

test('a token that is bound to another project finds nothing of this one, at any endpoint', async (t) => {
  const { server, mine, theirs, call } = await twoTenants(t);
  const foreign = await server.token(LARGEST, theirs.id);
  for (const [name, endpoint] of endpoints) {
    if (endpoint.resource === 'project' || endpoint.resource === 'deployment' || endpoint.resource === 'delivery') {
      assert.equal((await call(endpoint, foreign)).status, 404, name);
      if (endpoint.resource === 'project')
        assert.equal((await call(endpoint, foreign, { project: mine.name })).status, 404, `${name} by name`);
    } else if (endpoint.resource === 'platform' || endpoint.resource === 'team')
      assert.equal((await call(endpoint, foreign)).status, 403, name);
  }
  const seen = await server.clientWith(foreign).projects.list();
  assert.ok(seen.ok);
  assert.deepEqual(
    seen.value.items.map(({ name }) => name),
    ['theirs'],
  );
  // and nothing was changed by trying
  const untouched = await server.client.projects.get({ project: 'mine' });
  assert.ok(untouched.ok && untouched.value.version === mine.version);
});

test('a deployment of another project cannot be named in the body either', async (t) => {
  const { server, mine, theirs } = await twoTenants(t);
  const own = server.clientWith(await server.token('deploy', theirs.id));
  const { items } = await server.ports.deployments.list({ projectId: mine.id }, { limit: 1 });
  const redeployed = await own.deployments.create({ project: theirs.id, kind: 'redeploy', deployment: items[0]!.id });
  assert.ok(!redeployed.ok && redeployed.problem.status === 404);
  const rolled = await own.environments.rollback({
    project: theirs.id,
    environment: 'production',
    deployment: items[0]!.id,
  });
  assert.ok(!rolled.ok);
});
