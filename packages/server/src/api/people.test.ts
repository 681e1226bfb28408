import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { endpoints } from '@anchor/client/endpoints/table.ts';
import { inviteFirstOwner } from '@anchor/core/people/invite.ts';
import { createTeam } from '@anchor/core/people/members.ts';
import { DEFAULT_TEAM } from '@anchor/core/people/team.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { pathOf, pathParameters } from '../fixtures/every-call.ts';
import { eventually, must, openServer, type OpenServer } from '../fixtures/open-server.ts';
import { addPerson, bearerOf, COOKIE, cookieOf, PASSWORD } from '../fixtures/people.ts';

const DAY_MS = 86_400_000;

/** A server whose clock a test moves. */
async function open(t: TestContext, limits: Parameters<typeof openServer>[1] = {}) {
  const state = { skew: 0 };
  const server = await openServer(t, { ...limits, ports: { clock: { now: () => systemClock.now() + state.skew } } });
  return { server, state };
}

const post = (server: OpenServer, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(server.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
const problemOf = async (response: Response) => (await response.json()) as { code: string; detail: string };
const signIn = (server: OpenServer, email: string, password: string) =>
  post(server, '/api/sessions', { email, password });
const get = async (server: OpenServer, path: string, headers: Record<string, string>): Promise<number> => {
  const response = await fetch(server.url + path, { headers });
  await response.text();
  return response.status;
};

test('the first owner joins once with the invitation of the start, and is signed in by a cookie that scripts cannot read', async (t) => {
  const { server } = await open(t);
  const invited = await inviteFirstOwner(server.ports)(undefined);
  assert.ok(invited !== undefined && invited !== 'open');
  const acceptance = { secret: invited.secret, email: 'Ada@Example.com', name: 'Ada', password: PASSWORD };
  const accepted = await post(server, '/api/invitations/accept', acceptance);
  assert.equal(accepted.status, 201, await accepted.clone().text());
  const [cookie = ''] = accepted.headers.getSetCookie();
  assert.match(
    cookie,
    new RegExp(`^${COOKIE}=ans_[0-9A-Za-z]{43}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict$`),
  );
  const current = await fetch(`${server.url}/api/people/current`, { headers: { cookie: cookie.split(';')[0] ?? '' } });
  const caller = (await current.json()) as { person: { email: string }; teams: { id: string; role: string }[] };
  assert.equal(caller.person.email, 'ada@example.com');
  assert.deepEqual(
    caller.teams.map(({ id, role }) => [id, role]),
    [[DEFAULT_TEAM, 'owner']],
  );
  assert.equal(
    (await post(server, '/api/invitations/accept', { ...acceptance, email: 'eve@example.com' })).status,
    404,
  );
  assert.equal(await inviteFirstOwner(server.ports)(undefined), undefined, 'there is an owner now');
});

test('of two that use the invitation of the first owner at once, exactly one becomes owner', async (t) => {
  const { server } = await open(t);
  const invited = await inviteFirstOwner(server.ports)(undefined);
  assert.ok(invited !== undefined && invited !== 'open');
  const responses = await Promise.all(
    ['ada', 'eve', 'bob'].map((name) =>
      post(server, '/api/invitations/accept', {
        secret: invited.secret,
        email: `${name}@example.com`,
        password: PASSWORD,
      }),
    ),
  );
  assert.deepEqual(responses.map(({ status }) => status).sort(), [201, 404, 404]);
  const team = await server.ports.teams.get(DEFAULT_TEAM);
  assert.equal(team?.members.length, 1);
});

test('a lost or expired invitation of the first owner is replaced, and the earlier one is void', async (t) => {
  const { server, state } = await open(t);
  const first = await inviteFirstOwner(server.ports)(undefined);
  assert.ok(first !== undefined && first !== 'open');
  assert.equal(await inviteFirstOwner(server.ports)(first.secret), 'open');
  const second = await inviteFirstOwner(server.ports)('a secret of an earlier platform');
  assert.ok(second !== undefined && second !== 'open');
  const accept = (secret: string) =>
    post(server, '/api/invitations/accept', { secret, email: 'ada@example.com', password: PASSWORD });
  assert.equal((await accept(first.secret)).status, 404);
  state.skew = 8 * DAY_MS;
  assert.equal((await accept(second.secret)).status, 404);
  assert.notEqual(await inviteFirstOwner(server.ports)(second.secret), 'open');
});

test('a weak password is refused and does not use up the invitation', async (t) => {
  const { server } = await open(t);
  const invited = await inviteFirstOwner(server.ports)(undefined);
  assert.ok(invited !== undefined && invited !== 'open');
  const accept = (password: string) =>
    post(server, '/api/invitations/accept', { secret: invited.secret, email: 'ada@example.com', password });
  for (const weak of ['short', 'qwertyuiop', 'ada@example.com']) assert.equal((await accept(weak)).status, 422, weak);
  assert.equal((await accept(PASSWORD)).status, 201);
});

test('a wrong password and an unknown account get the same response, and both are locked alike', async (t) => {
  const { server, state } = await open(t, { limits: { signInsPerMinute: 1_000 } });
  await addPerson(server, 'ada');
  const attempts = async (email: string) => {
    const seen: unknown[] = [];
    for (let i = 0; i < 12; i++) {
      const response = await signIn(server, email, `wrong ${i}`);
      const { code, detail } = await problemOf(response);
      seen.push([response.status, code, detail]);
    }
    return seen;
  };
  const known = await attempts('ada@example.com');
  assert.deepEqual(await attempts('nobody@example.com'), known);
  assert.deepEqual(
    known.map((each) => (each as unknown[])[0]),
    [...Array.from({ length: 10 }, () => 401), 429, 429],
  );
  const locked = await signIn(server, 'ada@example.com', PASSWORD);
  assert.equal(locked.status, 429, 'the right password does not help');
  assert.ok(Number(locked.headers.get('retry-after')) > 800);
  state.skew = 15 * 60_000 + 1_000;
  assert.equal((await signIn(server, 'ada@example.com', PASSWORD)).status, 201);
});

test('wrong passwords that are sent at once count as well', async (t) => {
  const { server } = await open(t, { limits: { signInsPerMinute: 1_000 } });
  await addPerson(server, 'ada');
  const statuses = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => (await signIn(server, 'ada@example.com', `wrong ${i}`)).status),
  );
  assert.equal(statuses.filter((status) => status === 401).length, 10);
});

test('one address may try many accounts only so often', async (t) => {
  const { server } = await open(t);
  const statuses: number[] = [];
  for (let i = 0; i < 22; i++) statuses.push((await signIn(server, `p${i}@example.com`, 'wrong')).status);
  assert.deepEqual(
    statuses.slice(-3),
    [401, 429, 429].slice(-3).map((s, i) => (i === 0 ? statuses[19]! : s)),
  );
});

test('a cookie is worth nothing after the sign-out, the suspension and the expiry', async (t) => {
  const { server, state } = await open(t);
  const ada = await addPerson(server, 'ada', { role: 'owner' });
  const eve = await addPerson(server, 'eve', { role: 'viewer' });
  const cookie = await cookieOf(server, ada);
  assert.equal(await get(server, '/api/projects', { cookie }), 200);
  const out = await fetch(`${server.url}/api/sessions/current`, {
    method: 'DELETE',
    headers: { cookie, origin: server.url },
  });
  assert.equal(out.status, 204);
  assert.match(out.headers.getSetCookie()[0] ?? '', /Max-Age=0/);
  assert.equal(await get(server, '/api/projects', { cookie }), 401);
  const suspended = await cookieOf(server, eve);
  assert.ok((await server.client.people.update({ person: eve.id, suspended: true })).ok);
  assert.equal(await get(server, '/api/projects', { cookie: suspended }), 401);
  assert.equal((await signIn(server, eve.email, PASSWORD)).status, 401);
  const old = await cookieOf(server, ada);
  state.skew = 31 * DAY_MS;
  assert.equal(await get(server, '/api/projects', { cookie: old }), 401);
});

test('a session is renewed once a day, with the cookie', async (t) => {
  const { server, state } = await open(t);
  const ada = await addPerson(server, 'ada', { role: 'owner' });
  const cookie = await cookieOf(server, ada);
  const renewed = async () => {
    const response = await fetch(`${server.url}/api/projects`, { headers: { cookie } });
    assert.equal(response.status, 200);
    return response.headers.getSetCookie().length;
  };
  assert.equal(await renewed(), 0);
  for (let day = 1; day <= 40; day += 10) {
    state.skew = day * DAY_MS + 60_000 * day;
    assert.equal(await renewed(), 1, `day ${day}`);
    // Storing it is best effort: a request that comes while another is stored renews once more.
    await eventually('the renewal is stored', async () => ((await renewed()) === 0 ? true : undefined));
  }
});

test('a change by cookie needs the origin of the platform itself, one by token does not', async (t) => {
  const { server } = await open(t);
  await server.project('shop');
  const cookie = await cookieOf(server, await addPerson(server, 'ada', { role: 'owner' }));
  const change = async (headers: Record<string, string>) =>
    (
      await fetch(`${server.url}/api/projects/shop`, {
        method: 'PATCH',
        body: '{"productionBranch":"trunk"}',
        headers: { 'content-type': 'application/json', ...headers },
      })
    ).status;
  const other = `http://127.0.0.1:${server.port + 1}`;
  for (const headers of [
    {},
    { origin: other },
    { origin: 'null' },
    { origin: 'http://demo.localhost:7480' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: other, 'sec-fetch-site': 'same-origin' },
  ])
    assert.equal(await change({ cookie, ...headers } as Record<string, string>), 403, JSON.stringify(headers));
  assert.equal(await change({ cookie, origin: server.url, 'content-type': 'text/plain' }), 400);
  assert.equal(await change({ cookie, origin: server.url }), 200);
  assert.equal(await change({ cookie, 'sec-fetch-site': 'same-origin' }), 200);
  assert.equal(await change({ authorization: `Bearer ${server.admin}`, origin: other }), 200);
  // A page of another origin cannot sign its visitor in to another account.
  const body = { email: 'ada@example.com', password: PASSWORD };
  assert.equal((await post(server, '/api/sessions', body, { origin: other })).status, 403);
  assert.equal((await post(server, '/api/sessions', body, { origin: server.url })).status, 201);
});

test('a cookie of another platform on the host, two of one name, and a secret of the other kind are not accepted', async (t) => {
  const { server } = await open(t);
  const ada = await addPerson(server, 'ada', { role: 'owner' });
  const cookie = await cookieOf(server, ada);
  const secret = cookie.split('=')[1] ?? '';
  assert.equal(await get(server, '/api/projects', { cookie: `anchor_session_ffffffff=${secret}` }), 401);
  assert.equal(await get(server, '/api/projects', { cookie: `anchor_session_ffffffff=x; ${cookie}; theme=dark` }), 200);
  assert.equal(await get(server, '/api/projects', { cookie: `${cookie}; ${COOKIE}=ans_${'x'.repeat(43)}` }), 401);
  assert.equal(await get(server, '/api/projects', { authorization: `Bearer ${secret}` }), 401);
  assert.equal(await get(server, '/api/projects', { cookie: `${COOKIE}=${await bearerOf(server, ada)}` }), 401);
});

test('people see and end their own sessions, and no others', async (t) => {
  const { server } = await open(t);
  const ada = await addPerson(server, 'ada', { role: 'owner' });
  const client = server.clientWith(await bearerOf(server, ada));
  await cookieOf(server, ada);
  const eve = server.clientWith(await bearerOf(server, await addPerson(server, 'eve', { role: 'owner' })));
  const listed = await client.sessions.list();
  assert.ok(listed.ok);
  assert.deepEqual(listed.value.items.map(({ kind, current }) => [kind, current]).sort(), [
    ['browser', false],
    ['token', true],
  ]);
  const browser = listed.value.items.find(({ kind }) => kind === 'browser');
  const foreign = await eve.sessions.remove({ session: browser!.id });
  assert.ok(!foreign.ok && foreign.problem.code === 'not_found');
  assert.ok((await client.sessions.remove({ session: browser!.id })).ok);
  assert.equal((await server.ports.sessions.ofPerson(ada.id)).length, 1);
  await cookieOf(server, ada);
  assert.ok((await client.sessions.removeOthers()).ok);
  assert.equal((await server.ports.sessions.ofPerson(ada.id)).length, 1);
  const token = await server.client.sessions.list();
  assert.ok(!token.ok && token.problem.code === 'forbidden');
});

test('an invitation is for one address, gives no more than its author has, and needs the password of an account', async (t) => {
  const { server, state } = await open(t);
  const { project } = await server.project('shop');
  const admin = server.clientWith(await bearerOf(server, await addPerson(server, 'admin', { role: 'admin' })));
  const invite = (role: 'owner' | 'developer', email = 'bob@example.com') =>
    admin.invitations.create({ team: 'default', email, role, projects: { [project.id]: 'admin' } });
  const owner = await invite('owner');
  assert.ok(!owner.ok && owner.problem.code === 'forbidden');
  const { project: foreign } = await server.project('foreign');
  must(await createTeam(server.ports)('Other'));
  const created = await server.client.projects.create({ name: 'elsewhere', team: 'Other' });
  assert.ok(created.ok);
  const outside = await admin.invitations.create({
    team: 'default',
    email: 'bob@example.com',
    projects: { [created.value.project.id]: 'viewer' },
  });
  assert.ok(!outside.ok && outside.problem.code === 'not_found', foreign.id);
  const invited = await invite('developer');
  assert.ok(invited.ok);
  const accept = (email: string, secret = invited.value.secret, password = PASSWORD) =>
    server.client.invitations.accept({ secret, email, password, kind: 'token' });
  const wrong = await accept('eve@example.com');
  assert.ok(!wrong.ok && wrong.problem.code === 'not_found');
  const bob = await accept('bob@example.com');
  assert.ok(bob.ok);
  const team = await server.client.teams.get({ team: 'default' });
  assert.ok(team.ok);
  const member = team.value.members.find(({ email }) => email === 'bob@example.com');
  assert.deepEqual([member?.role, member?.projects], ['developer', { [project.id]: 'admin' }]);
  // bob has an account now: another team's invitation cannot replace its password.
  const second = await server.client.invitations.create({ team: 'Other', email: 'bob@example.com', role: 'viewer' });
  assert.ok(second.ok);
  const taken = await accept('bob@example.com', second.value.secret, 'a new password of eve');
  assert.ok(!taken.ok && taken.problem.code === 'unauthenticated');
  assert.ok((await accept('bob@example.com', second.value.secret)).ok);
  const late = await invite('developer', 'late@example.com');
  assert.ok(late.ok);
  const withdrawn = await invite('developer', 'gone@example.com');
  assert.ok(withdrawn.ok);
  assert.ok((await admin.invitations.remove({ team: 'default', invitation: withdrawn.value.invitation.id })).ok);
  assert.ok(!(await accept('gone@example.com', withdrawn.value.secret)).ok);
  state.skew = 7 * DAY_MS + 60_000;
  const expired = await accept('late@example.com', late.value.secret);
  assert.ok(!expired.ok && expired.problem.code === 'not_found');
});

test('the last owner cannot leave, be removed, demoted or suspended; of two that leave at once one stays', async (t) => {
  const { server } = await open(t);
  const people = [await addPerson(server, 'ada', { role: 'owner' }), await addPerson(server, 'bob', { role: 'owner' })];
  const clients = await Promise.all(people.map(async (person) => server.clientWith(await bearerOf(server, person))));
  const left = await Promise.all(clients.map((client) => client.teams.leave({ team: 'default' })));
  assert.deepEqual(left.map(({ ok }) => ok).sort(), [false, true]);
  const last = people[left[0]?.ok === true ? 1 : 0]!;
  for (const refused of [
    await server.client.teams.removeMember({ team: 'default', person: last.id }),
    await server.client.teams.updateMember({ team: 'default', person: last.id, role: 'admin' }),
    await server.client.people.update({ person: last.id, suspended: true }),
  ])
    assert.ok(!refused.ok && refused.problem.code === 'conflict' && /last owner/i.test(refused.problem.detail));
});

test('an admin changes no owner, and the second of two that edit one team learns of it', async (t) => {
  const { server } = await open(t);
  const owner = await addPerson(server, 'ada', { role: 'owner' });
  const bob = await addPerson(server, 'bob', { role: 'viewer' });
  const admin = server.clientWith(await bearerOf(server, await addPerson(server, 'admin', { role: 'admin' })));
  for (const refused of [
    await admin.teams.updateMember({ team: 'default', person: owner.id, role: 'viewer' }),
    await admin.teams.removeMember({ team: 'default', person: owner.id }),
    await admin.teams.updateMember({ team: 'default', person: bob.id, role: 'owner' }),
  ])
    assert.ok(!refused.ok && refused.problem.code === 'forbidden');
  const read = await admin.teams.get({ team: 'default' });
  assert.ok(read.ok);
  const ifMatch = read.value.version;
  const update = (role: 'developer' | 'admin') =>
    admin.teams.updateMember({ team: 'default', person: bob.id, role }, { ifMatch });
  assert.ok((await update('developer')).ok);
  const second = await update('admin');
  assert.ok(!second.ok && second.problem.code === 'conflict');
});

test('a viewer reads no value of a variable and no secret of a repository, at any endpoint', async (t) => {
  const { server } = await open(t);
  const created = await server.client.projects.create({ name: 'shop' });
  assert.ok(created.ok);
  const { project, hooks } = created.value;
  const values = ['plain-value', 'secret-value', hooks.webhookSecret, hooks.deployHookUrl.split('/').at(-1) ?? ''];
  await server.client.variables.put({
    project: 'shop',
    environment: 'production',
    variables: [
      { name: 'A', value: 'plain-value', secret: false },
      { name: 'B', value: 'secret-value', secret: true },
    ],
  });
  const viewer = await bearerOf(server, await addPerson(server, 'viewer', { role: 'viewer' }));
  const params = await pathParameters(server, project.id as Parameters<typeof pathParameters>[1]);
  for (const [name, endpoint] of endpoints.filter(
    ([, { method, stream }]) => method === 'GET' && stream === undefined,
  )) {
    for (const query of ['', '?reveal=true']) {
      const response = await fetch(server.url + pathOf(endpoint, params) + query, {
        headers: { authorization: `Bearer ${viewer}` },
      });
      const text = await response.text();
      for (const value of values) assert.ok(!text.includes(value), `${name} shows ${value}`);
    }
  }
  const developer = server.clientWith(await bearerOf(server, await addPerson(server, 'dev', { role: 'developer' })));
  const revealed = await developer.variables.list({ project: 'shop', environment: 'production', reveal: true });
  assert.ok(revealed.ok);
  assert.deepEqual(
    revealed.value.items.map(({ name, value }) => [name, value]),
    [
      ['A', 'plain-value'],
      ['B', undefined],
    ],
  );
});

test('people and team tokens list the projects that they may see', async (t) => {
  const { server } = await open(t);
  const { project } = await server.project('mine');
  must(await createTeam(server.ports)('Other'));
  assert.ok((await server.client.projects.create({ name: 'theirs', team: 'Other' })).ok);
  const names = async (token: string): Promise<readonly string[]> => {
    const listed = await server.clientWith(token).projects.list();
    assert.ok(listed.ok);
    return listed.value.items.map(({ name }) => name).sort();
  };
  const bearer = async (name: string, membership: Parameters<typeof addPerson>[2]) =>
    bearerOf(server, await addPerson(server, name, membership));
  assert.deepEqual(await names(server.admin), ['mine', 'theirs']);
  assert.deepEqual(await names(await bearer('viewer', { role: 'viewer' })), ['mine']);
  assert.deepEqual(await names(await bearer('one', { projects: { [project.id]: 'viewer' } })), ['mine']);
  assert.deepEqual(await names(await bearer('alone', {})), []);
  const team = await server.client.tokens.create({ name: 'ci', scope: 'read', team: 'Other' });
  assert.ok(team.ok);
  assert.deepEqual(await names(team.value.value), ['theirs']);
  const missing = await server.client.teams.get({ team: 'none' });
  assert.ok(!missing.ok && missing.problem.code === 'not_found');
  const elsewhere = await server.client.tokens.create({ name: 'ci', scope: 'read', team: 'Other', project: 'mine' });
  assert.ok(!elsewhere.ok && elsewhere.problem.code === 'not_found');
});

test('a reset lets a person set a new password once, and ends every session', async (t) => {
  const { server } = await open(t);
  const ada = await addPerson(server, 'ada', { role: 'viewer' });
  const cookie = await cookieOf(server, ada);
  const reset = await server.client.people.reset({ person: ada.id });
  assert.ok(reset.ok);
  const fresh = 'another set of words';
  const accept = () =>
    server.client.invitations.accept({ secret: reset.value.secret, email: ada.email, password: fresh, kind: 'token' });
  assert.ok((await accept()).ok);
  assert.ok(!(await accept()).ok);
  assert.equal(await get(server, '/api/projects', { cookie }), 401);
  assert.equal((await signIn(server, ada.email, PASSWORD)).status, 401);
  assert.equal((await signIn(server, ada.email, fresh)).status, 201);
});

test('a new password needs the current one, and ends the other sessions', async (t) => {
  const { server } = await open(t);
  const ada = await addPerson(server, 'ada', { role: 'viewer' });
  const client = server.clientWith(await bearerOf(server, ada));
  await cookieOf(server, ada);
  const wrong = await client.people.changePassword({ current: 'wrong', password: 'another set of words' });
  assert.ok(!wrong.ok && wrong.problem.code === 'forbidden');
  assert.ok((await client.people.changePassword({ current: PASSWORD, password: 'another set of words' })).ok);
  assert.equal((await server.ports.sessions.ofPerson(ada.id)).length, 1);
  assert.equal((await signIn(server, ada.email, 'another set of words')).status, 201);
});

test('sign-ins are in the audit log with their person, without a password or an unknown address', async (t) => {
  const { server } = await open(t);
  const ada = await addPerson(server, 'ada', { role: 'viewer' });
  await signIn(server, ada.email, PASSWORD);
  await signIn(server, ada.email, 'a wrong password');
  await signIn(server, 'my-password-in-the-wrong-field@example.com', 'x');
  const { items } = await server.ports.audit.list({ action: 'sessions.create' }, { limit: 10 });
  assert.deepEqual(items.map(({ outcome, actor, target }) => [outcome, actor.kind, target['person']]).toReversed(), [
    ['success', 'person', ada.id],
    ['refused', 'anonymous', ada.id],
    ['refused', 'anonymous', undefined],
  ]);
  assert.doesNotMatch(JSON.stringify(items), /wrong|unlikely/);
  const byPerson = await server.ports.audit.list({ actorId: ada.id }, { limit: 10 });
  assert.equal(byPerson.items.length, 1);
});
