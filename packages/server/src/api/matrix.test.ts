import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { getRequestListener } from '@hono/node-server';
import { isEndpoint, type EndpointTree } from '@anchor/client/endpoints/endpoint.ts';
import { api, endpoints } from '@anchor/client/endpoints/table.ts';
import { newId } from '@anchor/core/names/id.ts';
import { createTeam } from '@anchor/core/people/members.ts';
import { suspendPerson } from '@anchor/core/people/suspend.ts';
import { DEFAULT_TEAM } from '@anchor/core/people/team.ts';
import { fail } from '@anchor/core/result/result.ts';
import { AttemptLimit } from '@anchor/core/sessions/attempt-limit.ts';
import { issueToken } from '@anchor/core/tokens/tokens.ts';
import { pathOf, pathParameters, requestOf } from '../fixtures/every-call.ts';
import { eventually, must, openServer } from '../fixtures/open-server.ts';
import { addPerson, bearerOf, cookieOf } from '../fixtures/people.ts';
import { apiAccess } from '../http/access.ts';
import { createRateLimits } from '../http/rate-limits.ts';
import { SessionCookie } from '../http/session-cookie.ts';
import { DEFAULT_LIMITS } from '../settings.ts';
import { apiApp } from './app.ts';

/**
 * What each endpoint is about and needs, written without the table of endpoints: one that is missing here fails the
 * test. `project` stands for its deployments and deliveries, too.
 */
type Rule =
  | `${'project' | 'team'} ${'read' | 'deploy' | 'admin'}`
  | 'platform'
  | 'platform read'
  | 'signed in'
  | 'public';
const RULES: Readonly<Record<string, Rule>> = {
  'projects.list': 'signed in',
  'projects.create': 'team admin',
  'projects.get': 'project read',
  'projects.replace': 'project admin',
  'projects.update': 'project admin',
  'projects.remove': 'project admin',
  'projects.rotateHooks': 'project admin',
  'environments.list': 'project read',
  'environments.rollback': 'project deploy',
  'environments.undoRollback': 'project deploy',
  'variables.list': 'project read',
  'variables.put': 'project deploy',
  'variables.remove': 'project deploy',
  'aliases.list': 'project read',
  'domains.list': 'project read',
  'domains.add': 'project admin',
  'domains.get': 'project read',
  'domains.check': 'project deploy',
  'domains.remove': 'project admin',
  'certificates.list': 'project read',
  'certificates.all': 'platform read',
  'certificates.upload': 'project admin',
  'certificates.renew': 'project deploy',
  'deployments.list': 'project read',
  'deployments.create': 'project deploy',
  'deployments.upload': 'project deploy',
  'deployments.get': 'project read',
  'deployments.logs.list': 'project read',
  'deployments.logs.follow': 'project read',
  'deployments.promote': 'project deploy',
  'deployments.rollback': 'project deploy',
  'deployments.cancel': 'project deploy',
  'deployments.approve': 'project deploy',
  'deliveries.list': 'project read',
  'deliveries.replay': 'project deploy',
  'tokens.list': 'platform',
  'tokens.create': 'platform',
  'tokens.current': 'signed in',
  'tokens.remove': 'platform',
  'audit.list': 'platform',
  'audit.export': 'platform',
  'sessions.create': 'public',
  'sessions.list': 'signed in',
  'sessions.removeOthers': 'signed in',
  'sessions.removeCurrent': 'signed in',
  'sessions.remove': 'signed in',
  'people.current': 'signed in',
  'people.changePassword': 'signed in',
  'people.list': 'platform',
  'people.update': 'platform',
  'people.reset': 'platform',
  'people.endSessions': 'platform',
  'teams.list': 'signed in',
  'teams.create': 'platform',
  'teams.get': 'team read',
  'teams.leave': 'signed in',
  'teams.updateMember': 'team admin',
  'teams.removeMember': 'team admin',
  'invitations.list': 'team admin',
  'invitations.create': 'team admin',
  'invitations.remove': 'team admin',
  'invitations.accept': 'public',
  'metrics.project': 'project read',
  'metrics.list': 'signed in',
  'metrics.prometheus': 'platform read',
  'deadLetters.list': 'platform',
  'deadLetters.revive': 'platform',
  'deadLetters.drop': 'platform',
  'deadLetters.records.list': 'platform',
  'deadLetters.records.retry': 'platform',
  'deadLetters.records.drop': 'platform',
  'platform.health': 'public',
  'platform.status': 'signed in',
  'platform.openapi': 'signed in',
  'platform.gc': 'platform',
  'platform.backup': 'platform',
  'platform.restore': 'platform',
};

const OK = 501; // what the handlers of this test return
type Statuses = Readonly<{
  project: readonly [number, number, number];
  team: readonly [number, number];
  platform: number;
}>;
/** The statuses of a caller: of a project to read, deploy and administer it, of its team to read and administer it. */
const row = (project: Statuses['project'], team: Statuses['team'], platform: number): Statuses => ({
  project,
  team,
  platform,
});
const ALL = [OK, OK, OK] as const;
const DEPLOY = [OK, OK, 403] as const;
const READ = [OK, 403, 403] as const;
const NOTHING = [404, 404, 404] as const;
const CALLERS = {
  owner: row(ALL, [OK, OK], OK),
  admin: row(ALL, [OK, OK], 403),
  developer: row(DEPLOY, [OK, 403], 403),
  viewer: row(READ, [OK, 403], 403),
  'owner of another team': row(NOTHING, [404, 404], 403),
  'member of no team': row(NOTHING, [404, 404], 403),
  'admin of the project alone': row(ALL, [404, 404], 403),
  'developer of the project alone': row(DEPLOY, [404, 404], 403),
  'viewer of the project alone': row(READ, [404, 404], 403),
  'admin of another project alone': row(NOTHING, [404, 404], 403),
  'admin that may only view this project': row(READ, [OK, OK], 403),
  'viewer that may administer this project': row(ALL, [OK, 403], 403),
  'developer at the command line': row(DEPLOY, [OK, 403], 403),
  'token admin': row(ALL, [OK, OK], OK),
  'token deploy': row(DEPLOY, [OK, 403], 403),
  'token read': row(READ, [OK, 403], 403),
  'token admin of the project': row(ALL, [403, 403], 403),
  'token deploy of the project': row(DEPLOY, [403, 403], 403),
  'token read of the project': row(READ, [403, 403], 403),
  'token admin of another project': row(NOTHING, [403, 403], 403),
  'token admin of the team': row(ALL, [OK, OK], 403),
  'token read of the team': row(READ, [OK, 403], 403),
  'token admin of another team': row(NOTHING, [403, 403], 403),
} as const;
const STRANGERS = ['without anything', 'wrong token', 'expired token', 'suspended', 'signed out'] as const;

function expected(rule: Rule, caller: string): number {
  if (rule === 'public') return OK;
  const statuses = (CALLERS as Readonly<Record<string, Statuses>>)[caller];
  if (statuses === undefined) return 401;
  if (rule === 'signed in') return OK;
  if (rule === 'platform') return statuses.platform;
  // Tokens of the platform read what they could read before there were people.
  if (rule === 'platform read') return caller === 'token read' || caller === 'token deploy' ? OK : statuses.platform;
  const [about, scope] = rule.split(' ') as ['project' | 'team', 'read' | 'deploy' | 'admin'];
  if (about === 'team') return statuses.team[scope === 'read' ? 0 : 1];
  return statuses.project[scope === 'read' ? 0 : scope === 'deploy' ? 1 : 2];
}

type Headers = Readonly<Record<string, string>>;

async function everyCaller(t: TestContext) {
  const server = await openServer(t, { limits: { refusedPerMinute: 100_000 } });
  const { ports } = server;
  const [{ project }, { project: other }] = [await server.project('mine'), await server.project('theirs')];
  const team = must(await createTeam(ports)('Other'));
  const person = async (name: string, membership: Parameters<typeof addPerson>[2]): Promise<Headers> => ({
    cookie: await cookieOf(server, await addPerson(server, name, membership)),
  });
  const token = async (input: Omit<Parameters<ReturnType<typeof issueToken>>[0], 'name'>): Promise<Headers> => ({
    authorization: `Bearer ${must(await issueToken(ports)({ name: 'x', ...input })).secret}`,
  });
  const suspended = await addPerson(server, 'suspended', { role: 'admin' });
  const suspendedCookie = await cookieOf(server, suspended);
  const signedOut = await addPerson(server, 'signed-out', { role: 'admin' });
  const signedOutCookie = await cookieOf(server, signedOut);
  const callers: Record<keyof typeof CALLERS | (typeof STRANGERS)[number], Headers> = {
    owner: await person('owner', { role: 'owner' }),
    admin: await person('admin', { role: 'admin' }),
    developer: await person('developer', { role: 'developer' }),
    viewer: await person('viewer', { role: 'viewer' }),
    'owner of another team': await person('stranger', { role: 'owner', team: team.id }),
    'member of no team': await person('alone', {}),
    'admin of the project alone': await person('p-admin', { projects: { [project.id]: 'admin' } }),
    'developer of the project alone': await person('p-developer', { projects: { [project.id]: 'developer' } }),
    'viewer of the project alone': await person('p-viewer', { projects: { [project.id]: 'viewer' } }),
    'admin of another project alone': await person('o-admin', { projects: { [other.id]: 'admin' } }),
    'admin that may only view this project': await person('a-v', {
      role: 'admin',
      projects: { [project.id]: 'viewer' },
    }),
    'viewer that may administer this project': await person('v-a', {
      role: 'viewer',
      projects: { [project.id]: 'admin' },
    }),
    'developer at the command line': {
      authorization: `Bearer ${await bearerOf(server, await addPerson(server, 'cli', { role: 'developer' }))}`,
    },
    'token admin': await token({ scope: 'admin' }),
    'token deploy': await token({ scope: 'deploy' }),
    'token read': await token({ scope: 'read' }),
    'token admin of the project': await token({ scope: 'admin', projectId: project.id }),
    'token deploy of the project': await token({ scope: 'deploy', projectId: project.id }),
    'token read of the project': await token({ scope: 'read', projectId: project.id }),
    'token admin of another project': await token({ scope: 'admin', projectId: other.id }),
    'token admin of the team': await token({ scope: 'admin', teamId: DEFAULT_TEAM }),
    'token read of the team': await token({ scope: 'read', teamId: DEFAULT_TEAM }),
    'token admin of another team': await token({ scope: 'admin', teamId: team.id }),
    'without anything': {},
    'wrong token': { authorization: `Bearer anc_${'x'.repeat(43)}` },
    'expired token': await token({ scope: 'admin', days: 1e-6 }),
    suspended: { cookie: suspendedCookie },
    'signed out': { cookie: signedOutCookie },
  };
  must(await suspendPerson(ports)(suspended.id, true));
  for (const { id } of await ports.sessions.ofPerson(signedOut.id)) await ports.sessions.remove(id);
  const params = await pathParameters(server, project.id);
  const url = await withoutHandlers(t, server.ports);
  await eventually('the token expires', async () => {
    const { status } = await fetch(`${url}/api/projects`, { headers: callers['expired token'] });
    return status === 401 ? true : undefined;
  });
  return { server, callers, params, team, url };
}

/** Serves the API with handlers that only say that they were reached: no call changes anything for the next one. */
async function withoutHandlers(t: TestContext, ports: Awaited<ReturnType<typeof openServer>>['ports']) {
  const reached = async () => fail('unsupported', 'The handler was reached', 'Nothing to fix.');
  const stubs = (tree: EndpointTree): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.entries(tree).map(([key, node]) => [key, isEndpoint(node) ? reached : stubs(node)]));
  const limits = { ...DEFAULT_LIMITS, refusedPerMinute: 100_000, signInsPerMinute: 100_000 };
  const { now } = ports.clock;
  const app = apiApp(
    {
      ports,
      operations: undefined as never,
      metrics: undefined as never,
      settings: {
        publicUrl: 'http://127.0.0.1',
        version: '0',
        platformId: '0123abcd',
        hosts: [],
        pushExit: 'push',
        limits,
      },
      log: () => undefined,
      rateLimits: createRateLimits(limits, now),
      access: apiAccess(() => undefined, now),
      accounts: new AttemptLimit(10, 1_000, now),
      cookie: new SessionCookie('0123abcd', () => 'http://127.0.0.1'),
      records: new Map(),
      startedAt: 0,
      closing: new AbortController().signal,
    },
    stubs(api),
  );
  const listener = getRequestListener(app.fetch);
  const http = createHttpServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

const send = async (url: string, request: RequestInit & { headers: Headers }, headers: Headers): Promise<number> => {
  const response = await fetch(url, {
    ...request,
    headers: {
      ...request.headers,
      ...headers,
      ...(headers['cookie'] === undefined ? {} : { origin: new URL(url).origin }),
    },
  });
  await response.text();
  return response.status;
};

test('every endpoint, called by every kind of caller, responds as the rules say', async (t) => {
  const { callers, params, url } = await everyCaller(t);
  const wrong: string[] = [];
  for (const [name, endpoint] of endpoints) {
    const rule = RULES[name];
    assert.ok(rule !== undefined, `${name} has no rule in this test`);
    for (const [caller, headers] of Object.entries(callers)) {
      const status = await send(url + pathOf(endpoint, params), requestOf(name, endpoint), headers);
      if (status !== expected(rule, caller))
        wrong.push(`${name} by ${caller}: ${status}, not ${expected(rule, caller)}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    Object.keys(RULES).filter((name) => !endpoints.some(([each]) => each === name)),
    [],
  );
});

test('what a caller may not see responds as what does not exist', async (t) => {
  const { callers, params, url } = await everyCaller(t);
  const absent = { project: newId('prj', 1), deployment: newId('dpl', 1), delivery: newId('dlv', 1) };
  for (const [name, endpoint] of endpoints) {
    if (!['project', 'deployment', 'delivery'].includes(endpoint.resource)) continue;
    const body = async (path: string): Promise<unknown> => {
      const request = requestOf(name, endpoint);
      const headers = { ...request.headers, ...callers['owner of another team'], origin: url };
      const { instance: _, ...problem } = (await (await fetch(url + path, { ...request, headers })).json()) as {
        instance: string;
      };
      return problem;
    };
    assert.deepEqual(
      await body(pathOf(endpoint, params)),
      await body(pathOf(endpoint, { ...params, ...absent })),
      name,
    );
  }
});

test('administration of one team is for its admins, whatever they are in others', async (t) => {
  const { callers, url, team } = await everyCaller(t);
  for (const path of ['/api/tokens', '/api/audit', '/api/audit/export']) {
    const status = (caller: keyof typeof callers, id: string) =>
      send(`${url}${path}?team=${id}`, { method: 'GET', headers: {} }, callers[caller]);
    assert.equal(await status('admin', DEFAULT_TEAM), OK);
    assert.equal(await status('developer', DEFAULT_TEAM), 403);
    assert.equal(await status('owner', team.id), 404);
    assert.equal(await status('owner of another team', team.id), OK);
    assert.equal(await status('owner of another team', 'default'), 404);
    assert.equal(await status('token admin of another team', team.id), OK);
    assert.equal(await status('token admin of another team', DEFAULT_TEAM), 403);
    assert.equal(await status('token admin of the project', DEFAULT_TEAM), 403);
  }
});
