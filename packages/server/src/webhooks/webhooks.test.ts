import { execFileSync } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import { eventually, openServer } from '../fixtures/open-server.ts';
import { parseGitlabEvent } from './gitlab-events.ts';
import { parseHubEvent } from './hub-events.ts';

const SHA = '1'.repeat(40);
const ZERO = '0'.repeat(40);
const push = (change: object = {}) => ({
  ref: 'refs/heads/main', before: ZERO, after: SHA, deleted: false, repository: { id: 1, full_name: 'acme/shop' }, pusher: { name: 'ada' },
  head_commit: { id: SHA, message: 'hello', author: { name: 'Ada', email: 'a@b.c' } }, commits: [{ id: SHA, message: 'hello', added: ['a'], modified: ['b'], removed: [] }], ...change,
});
const pull = (action: string, change: { headRepo?: object | null; ref?: string } = {}) => ({
  action, number: 12, pull_request: { title: 'A change', user: { login: 'eve' }, head: { ref: change.ref ?? 'topic', sha: SHA, repo: change.headRepo === undefined ? { id: 1 } : change.headRepo }, base: { ref: 'main', repo: { id: 1 } } },
});

async function open(t: TestContext, limits = {}) {
  const server = await openServer(t, { limits });
  const { project, webhookSecret, deployHookSecret } = await server.project('shop');
  const send = async (event: string, body: unknown, options: { id?: string; secret?: string; headers?: Record<string, string>; raw?: string | Buffer } = {}) => {
    const bytes = options.raw ?? JSON.stringify(body);
    const answer = await fetch(`${server.url}/webhooks/github/${project.id}`, {
      method: 'POST', body: bytes as BodyInit,
      headers: {
        'content-type': 'application/json', 'x-github-event': event, 'x-github-delivery': options.id ?? randomUUID(),
        'x-hub-signature-256': `sha256=${createHmac('sha256', options.secret ?? webhookSecret).update(bytes).digest('hex')}`, ...options.headers,
      },
    });
    return { status: answer.status, body: (await answer.json()) as { deliveryId?: string; deploymentIds?: string[]; code?: string; fix?: string } };
  };
  const deliveries = async (): Promise<readonly Delivery[]> => (await server.ports.deliveries.list({ projectId: project.id }, { limit: 100 })).items;
  return { server, project, webhookSecret, deployHookSecret, send, deliveries };
}

test('a signed push is stored, answered 202 with its deployment, and the same delivery twice makes one', async (t) => {
  const { server, send, deliveries } = await open(t);
  const first = await send('push', push(), { id: 'same' });
  assert.equal(first.status, 202);
  const again = await send('push', push(), { id: 'same' });
  assert.deepEqual(again, first);
  const other = await send('push', push(), { id: 'other' });
  assert.deepEqual(other.body.deploymentIds, first.body.deploymentIds);
  const deployment = await server.client.deployments.get({ deployment: first.body.deploymentIds![0]! });
  assert.ok(deployment.ok && deployment.value.environment === 'production' && deployment.value.source.message === 'hello');
  const stored = await deliveries();
  assert.equal(stored.length, 2);
  const [kept] = stored.filter(({ externalId }) => externalId === 'same');
  assert.deepEqual(JSON.parse(kept!.body), push());
  assert.ok(!JSON.stringify(kept!.headers).includes('signature'));
});

test('a delivery is replayed through the API and builds the same commit again', async (t) => {
  const { server, send } = await open(t);
  const first = await send('push', push());
  const replayed = await server.client.deliveries.replay({ delivery: first.body.deliveryId! });
  assert.ok(replayed.ok);
  assert.equal(replayed.value.deliveryId, first.body.deliveryId);
  assert.notDeepEqual(replayed.value.deploymentIds, first.body.deploymentIds);
});

test('pull requests become previews; those of forks are held; closing one is heard', async (t) => {
  const { server, send } = await open(t);
  const own = await send('pull_request', pull('opened'));
  const fork = await send('pull_request', pull('synchronize', { headRepo: { id: 99 }, ref: 'main' }));
  const gone = await send('pull_request', pull('opened', { headRepo: null, ref: 'other' }));
  const statuses = await Promise.all([own, fork, gone].map(async ({ body }) => { const got = await server.client.deployments.get({ deployment: body.deploymentIds![0]! }); return got.ok ? [got.value.environment, got.value.status] : got; }));
  assert.deepEqual(statuses[0], ['preview', 'queued']);
  assert.deepEqual((await send('pull_request', pull('labeled'))).body.deploymentIds, []);
  assert.deepEqual((await send('pull_request', pull('closed'))).body.deploymentIds, []);
  // the same commit was first seen as the project's own; under another commit a fork is held
  const forked = await send('pull_request', { ...pull('opened', { headRepo: { id: 99 } }), pull_request: { ...pull('opened', { headRepo: { id: 99 } }).pull_request, head: { ref: 'x', sha: '2'.repeat(40), repo: { id: 99 } } } });
  const held = await server.client.deployments.get({ deployment: forked.body.deploymentIds![0]! });
  assert.ok(held.ok && held.value.status === 'held' && held.value.pullRequest?.fork === true && !held.value.trusted);
});

test('pings, tags, deletions and unknown events are accepted without a deployment', async (t) => {
  const { send, deliveries } = await open(t);
  for (const [event, body] of [['ping', { zen: 'x' }], ['push', push({ ref: 'refs/tags/v1' })], ['push', push({ ref: 'refs/heads/gone', after: ZERO, deleted: true, head_commit: null, commits: [] })], ['delete', { ref: 'gone', ref_type: 'branch' }], ['star', {}]] as const) {
    const { status, body: answer } = await send(event, body);
    assert.deepEqual([status, answer.deploymentIds], [202, []], event);
  }
  assert.deepEqual((await deliveries()).map(({ state }) => state).sort(), ['accepted', 'accepted', 'accepted', 'ignored', 'ignored']);
});

test('a wrong or missing signature is 401, an unknown project 404, bad JSON 400, a bad branch 422, and each is recorded', async (t) => {
  const { server, send, deliveries } = await open(t);
  assert.equal((await send('push', push(), { secret: 'guess' })).status, 401);
  assert.equal((await send('push', push(), { headers: { 'x-hub-signature-256': '' } })).status, 401);
  assert.equal((await send('push', push(), { headers: { 'x-hub-signature-256': 'sha1=00' } })).status, 401);
  assert.equal((await send('push', undefined, { raw: '{"ref":' })).status, 400);
  assert.equal((await send('push', undefined, { raw: Buffer.from([0x7b, 0xff, 0x7d]) })).status, 400);
  assert.equal((await send('push', { ref: 1 })).status, 400);
  assert.equal((await send('push', push({ ref: 'refs/heads/--upload-pack=evil' }))).status, 422);
  assert.equal((await send('push', push({ after: '$(id)' }))).status, 422);
  const rejected = (await deliveries()).filter(({ state }) => state === 'rejected');
  assert.equal(rejected.length, 8);
  for (const delivery of rejected) assert.ok((delivery.reason ?? '').length > 10);
  for (const path of ['/webhooks/github/prj_00000000000000000000', '/webhooks/github/x', '/webhooks/svn/x', '/webhooks/__proto__/x', '/webhooks/']) assert.equal((await fetch(server.url + path, { method: 'POST', body: '{}' })).status, 404, path);
  assert.ok(JSON.stringify(server.logged).includes('no known project'));
  const shown = await server.client.deliveries.list({ project: 'shop', state: 'rejected' });
  assert.ok(shown.ok && shown.value.items.length === 8);
  const replay = await server.client.deliveries.replay({ delivery: rejected[0]!.id });
  assert.ok(!replay.ok && replay.problem.code === 'not_ready');
});

test('refusals are bounded: few a minute, and only the newest are kept', async (t) => {
  const { send, deliveries } = await open(t, { rejectedDeliveries: 10 });
  await Promise.all(Array.from({ length: 60 }, () => send('push', push(), { secret: 'guess' })));
  const kept = (await deliveries()).length;
  assert.ok(kept > 0 && kept <= 20, String(kept));
});

/** Sends a head and then bytes for as long as the other side takes them; answers what came back. */
function pour(port: number, head: string, chunk: Buffer, most: number): Promise<Readonly<{ answer: string; sent: number }>> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const seen = { answer: '', sent: 0 };
    const more = (): void => {
      while (seen.sent < most && seen.answer === '' && !socket.destroyed) {
        seen.sent += chunk.length;
        if (!socket.write(chunk)) return void socket.once('drain', more);
      }
    };
    socket.on('connect', () => { socket.write(head); more(); });
    socket.on('data', (data: Buffer) => { seen.answer += data.toString('latin1'); });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(seen));
  });
}

test('a delivery above the limit is 413 as soon as that is known, announced or not, without reading on', async (t) => {
  const { server, project, deliveries } = await open(t, { webhookBytes: 100_000 });
  const head = (more: string) => `POST /webhooks/github/${project.id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}\r\n\r\n`;
  const announced = await pour(server.port, head('Content-Length: 300000000'), Buffer.alloc(0), 0);
  assert.match(announced.answer, /^HTTP\/1\.1 413/);
  assert.match(announced.answer, /connection: close/i);
  // clients that write before they read get to see the answer too
  for (let i = 0; i < 5; i++) assert.equal((await fetch(`${server.url}/webhooks/github/${project.id}`, { method: 'POST', body: Buffer.alloc(20_000_000, 32) })).status, 413);
  const chunk = Buffer.concat([Buffer.from('8000\r\n'), Buffer.alloc(0x8000, 32), Buffer.from('\r\n')]);
  const chunked = await pour(server.port, head('Transfer-Encoding: chunked'), chunk, 300_000_000);
  assert.match(chunked.answer, /^HTTP\/1\.1 413/);
  assert.ok(chunked.sent < 60_000_000, `${chunked.sent} bytes were taken`);
  const rejected = await eventually('both are recorded', async () => { const all = await deliveries(); return all.length === 7 ? all : undefined; });
  assert.ok(rejected.every(({ state, reason }) => state === 'rejected' && /larger than/.test(reason ?? '')));
});

test('many large bodies at once are told to come again rather than kept in memory', async (t) => {
  const { send, server } = await open(t, { webhookMemoryBytes: 300_000 });
  const large = push({ pad: 'x'.repeat(200_000) });
  const answers = await Promise.all(Array.from({ length: 12 }, () => send('push', large).catch(() => ({ status: 0 }))));
  assert.ok(answers.every(({ status }) => status === 202 || status === 429 || status === 0), JSON.stringify(answers.map(({ status }) => status)));
  assert.equal((await send('push', large)).status, 202); // the budget is given back
  void server;
});

test('a form with a payload field is read as GitHub sends it, and signed over its raw bytes', async (t) => {
  const { send } = await open(t);
  const raw = `payload=${encodeURIComponent(JSON.stringify(push()))}`;
  assert.equal((await send('push', undefined, { raw, headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 202);
  assert.equal((await send('push', undefined, { raw: 'other=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 400);
});

test('GitLab is known by its token, Gitea and Forgejo by their signatures', async (t) => {
  const { server, project, webhookSecret } = await open(t);
  const post = async (host: string, body: unknown, headers: Record<string, string>) => (await fetch(`${server.url}/webhooks/${host}/${project.id}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } })).status;
  const gitlab = { object_kind: 'push', ref: 'refs/heads/main', after: SHA, user_name: 'Ada', commits: [{ id: SHA, message: 'm', author: { name: 'Ada' }, added: [], modified: ['x'], removed: [] }], total_commits_count: 1 };
  assert.equal(await post('gitlab', gitlab, { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': webhookSecret }), 202);
  assert.equal(await post('gitlab', gitlab, { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': `${webhookSecret}x` }), 401);
  assert.equal(await post('gitlab', gitlab, { 'x-gitlab-event': 'Push Hook' }), 401);
  const signature = createHmac('sha256', webhookSecret).update(JSON.stringify(push())).digest('hex');
  assert.equal(await post('gitea', push(), { 'x-gitea-event': 'push', 'x-gitea-delivery': '1', 'x-gitea-signature': signature }), 202);
  assert.equal(await post('gitea', push(), { 'x-forgejo-event': 'push', 'x-hub-signature-256': `sha256=${signature}` }), 202);
  assert.equal(await post('gitea', push(), { 'x-gitea-event': 'push', 'x-gitea-signature': 'f'.repeat(64) }), 401);
  const stored = await server.ports.deliveries.list({ projectId: project.id, state: 'accepted' }, { limit: 10 });
  assert.ok(!JSON.stringify(stored.items.map(({ headers }) => headers)).includes(webhookSecret));
});

test('GitLab’s merge requests, deletions and cut commit lists are understood', () => {
  const merge = (about: object) => parseGitlabEvent({ object_kind: 'merge_request', user: { username: 'ada' }, object_attributes: { iid: 3, title: 'T', source_branch: 'topic', source_project_id: 1, target_project_id: 1, last_commit: { id: SHA }, ...about } });
  assert.deepEqual(merge({ action: 'open' }), { ok: true, value: { kind: 'pull_request', action: 'opened', number: 3, branch: 'topic', commit: SHA, fork: false, title: 'T', author: 'ada' } });
  const forked = merge({ action: 'update', oldrev: ZERO, source_project_id: 2 });
  assert.ok(forked.ok && forked.value.kind === 'pull_request' && forked.value.fork && forked.value.action === 'updated');
  const edited = merge({ action: 'update' });
  assert.ok(edited.ok && edited.value.kind === 'ignored');
  const merged = merge({ action: 'merge' });
  assert.ok(merged.ok && merged.value.kind === 'pull_request' && merged.value.action === 'closed');
  const deleted = parseGitlabEvent({ object_kind: 'push', ref: 'refs/heads/x', after: ZERO });
  assert.deepEqual(deleted, { ok: true, value: { kind: 'branch_deleted', branch: 'x' } });
  const cut = parseGitlabEvent({ object_kind: 'push', ref: 'refs/heads/x', after: SHA, commits: [{ id: SHA, added: ['a'] }], total_commits_count: 25 });
  assert.ok(cut.ok && cut.value.kind === 'push' && cut.value.changedFiles === undefined);
});

test('no body whatsoever makes the parsers throw', () => {
  fc.assert(fc.property(fc.constantFrom('push', 'pull_request', 'delete', 'ping', 'x'), fc.jsonValue(), (event, body) => { parseHubEvent('GitHub', event, body); parseGitlabEvent(body); }));
  fc.assert(fc.property(fc.string(), fc.string(), (ref, after) => {
    const parsed = parseHubEvent('GitHub', 'push', push({ ref: `refs/heads/${ref}`, after }));
    if (parsed.ok && parsed.value.kind === 'push') assert.ok(/^[0-9a-f]{40,64}$/.test(parsed.value.commit) && !parsed.value.branch.startsWith('-'));
  }));
});

test('a deploy hook builds the production branch again, another by name, and nothing with a wrong secret', async (t) => {
  const { server, project, deployHookSecret, deliveries } = await open(t);
  const hook = (secret: string, query = '', method = 'POST') => fetch(`${server.url}/hooks/${project.id}/${secret}${query}`, { method });
  assert.equal((await hook('wrong')).status, 401);
  assert.equal((await hook(deployHookSecret, '', 'GET')).status, 501);
  assert.equal((await hook(deployHookSecret)).status, 404); // nothing was pushed yet
  assert.equal((await hook(deployHookSecret, '?branch=--x')).status, 422);
  assert.equal((await fetch(`${server.url}/hooks/prj_00000000000000000000/x`, { method: 'POST' })).status, 404);
  assert.equal((await deliveries()).filter(({ state }) => state === 'rejected').length, 3);
  assert.ok(!JSON.stringify(server.logged).includes(deployHookSecret));

  const repository = server.paths.repository(project.id);
  const git = (...args: string[]) => execFileSync('git', [`--git-dir=${repository}`, ...args], { env: { PATH: process.env['PATH'] ?? '', GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' }, input: '' }).toString().trim();
  const commit = git('commit-tree', git('hash-object', '-t', 'tree', '-w', '--stdin'), '-m', 'first');
  for (const branch of ['main', 'topic']) git('update-ref', `refs/heads/${branch}`, commit);
  const built = async (query: string, headers = {}) => {
    const answer = await fetch(`${server.url}/hooks/${project.id}/${deployHookSecret}${query}`, { method: 'POST', headers });
    assert.equal(answer.status, 202);
    const { deploymentIds } = (await answer.json()) as { deploymentIds: string[] };
    const deployment = await server.client.deployments.get({ deployment: deploymentIds[0]! });
    assert.ok(deployment.ok && deployment.value.source.commit === commit);
    return deployment.value;
  };
  const [first, second, topic] = [await built(''), await built(''), await built('?branch=topic')];
  assert.notEqual(first.id, second.id); // the content behind a site can change without a commit
  assert.deepEqual([first.environment, topic.environment], ['production', 'preview']);
  const [once, again] = [await built('', { 'idempotency-key': 'k' }), await built('', { 'idempotency-key': 'k' })];
  assert.equal(once.id, again.id);
});

test('rotating makes a new secret and address; the old ones stop working at once', async (t) => {
  const { server, send, webhookSecret, deployHookSecret, project } = await open(t);
  assert.equal((await send('ping', {})).status, 202);
  const rotated = await server.client.projects.rotateHooks({ project: 'shop' });
  assert.ok(rotated.ok);
  assert.equal((await send('ping', {}, { secret: webhookSecret })).status, 401);
  assert.equal((await send('ping', {}, { secret: rotated.value.webhookSecret })).status, 202);
  assert.equal((await fetch(`${server.url}/hooks/${project.id}/${deployHookSecret}`, { method: 'POST' })).status, 401);
  assert.equal((await fetch(rotated.value.deployHookUrl.replace('http://127.0.0.1:7400', server.url), { method: 'POST' })).status, 404);
});

test('a thousand webhooks at once are all kept, each once', async (t) => {
  const { send, server, project } = await open(t);
  const answers = await Promise.all(Array.from({ length: 1_000 }, (_, i) => send('push', push({ ref: `refs/heads/b${i % 50}`, after: String(i).padStart(40, 'a') }), { id: `d${i}` })));
  assert.ok(answers.every(({ status }) => status === 202), JSON.stringify(answers.find(({ status }) => status !== 202)));
  const ids = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await server.ports.deliveries.list({ projectId: project.id }, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    for (const delivery of page.items) ids.add(delivery.externalId);
    cursor = page.cursor;
  } while (cursor !== undefined);
  assert.equal(ids.size, 1_000);
});
