import { test } from 'node:test';
import assert from 'node:assert/strict';
import { allPages } from '@anchor/client/http/all-pages.ts';
import { endpoints } from '@anchor/client/endpoints/table.ts';
import { moveAlias } from '@anchor/core/aliases/move.ts';
import { environmentHost } from '@anchor/core/aliases/host.ts';
import { moveDeployment } from '@anchor/core/deployments/update.ts';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { PRODUCTION, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { eventually, must, openServer, type OpenServer } from '../fixtures/open-server.ts';

/** A deployment that succeeded and whose artifact is there; live in production when `live`. */
async function succeeded(server: OpenServer, project: Project, digit: string, live: boolean) {
  const { ports } = server;
  const artifact = await ports.blobs.put(Buffer.from(`artifact ${digit}`));
  const { deployment } = must(await requestDeployment(ports)({ project, environment: PRODUCTION, source: { kind: 'git', commit: digit.repeat(40) as CommitSha, branch: 'main' as BranchName } }));
  for (const state of ['building', 'deploying', 'success'] as const) must(await moveDeployment(ports)(deployment.id, state, { artifact }));
  if (live) {
    const host = environmentHost(project.name, PRODUCTION, ports.site.domain);
    must(await moveAlias(ports)({ host, projectId: project.id, deploymentId: deployment.id, kind: 'environment', target: 'production', pinned: false, seen: await ports.aliases.get(host) }));
  }
  return deployment;
}

test('a project is created, read by id and name, changed, replaced and deleted through the typed client', async (t) => {
  const { client } = await openServer(t);
  const created = await client.projects.create({ name: 'shop', productionBranch: 'trunk', build: { rootDirectory: 'web' }, branchRules: [{ pattern: 'stage/*', environment: 'staging' }] });
  assert.ok(created.ok);
  const { project, hooks } = created.value;
  assert.match(hooks.deployHookUrl, new RegExp(`/hooks/${project.id}/[0-9A-Za-z]{40}$`));
  assert.equal(project.url, 'http://shop.localhost:7480');
  assert.equal(project.gitUrl, 'http://127.0.0.1:7400/git/shop.git');
  assert.ok(!JSON.stringify(project).includes(hooks.webhookSecret));
  for (const reference of ['shop', project.id]) {
    const read = await client.projects.get({ project: reference });
    assert.ok(read.ok);
    assert.deepEqual(read.value, project);
  }
  const twice = await client.projects.create({ name: 'shop' });
  assert.ok(!twice.ok && twice.problem.code === 'already_exists' && twice.problem.status === 409);

  const changed = await client.projects.update({ project: 'shop', build: { buildCommand: 'make', rootDirectory: null }, health: { path: '/up' } });
  assert.ok(changed.ok);
  assert.deepEqual(changed.value.build, { buildCommand: 'make' });
  assert.deepEqual(changed.value.health, { path: '/up', timeoutSeconds: 30 });
  assert.equal(changed.value.productionBranch, 'trunk');
  const stale = await client.projects.update({ project: 'shop', productionBranch: 'x' }, { ifMatch: project.version });
  assert.ok(!stale.ok && stale.problem.code === 'conflict');

  const replaced = await client.projects.replace({ project: 'shop', functions: { memoryMb: 256 } });
  assert.ok(replaced.ok);
  assert.deepEqual([replaced.value.productionBranch, replaced.value.build, replaced.value.functions.memoryMb, replaced.value.branchRules], ['main', {}, 256, []]);

  assert.ok((await client.projects.remove({ project: 'shop' })).ok);
  const gone = await client.projects.get({ project: 'shop' });
  assert.ok(!gone.ok && gone.problem.status === 404);
});

test('listings come in pages, and all pages together hold everything once', async (t) => {
  const server = await openServer(t);
  for (let i = 0; i < 7; i++) await server.project(`p${i}`);
  const first = await server.client.projects.list({ limit: 3 });
  assert.ok(first.ok && first.value.items.length === 3 && first.value.cursor !== undefined);
  const names: string[] = [];
  for await (const item of allPages((cursor) => server.client.projects.list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) }))) {
    assert.ok(item.ok);
    names.push(item.value.name);
  }
  assert.deepEqual(names.sort(), ['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
});

test('credentials in a repository address are shown nowhere', async (t) => {
  const { client } = await openServer(t);
  const created = await client.projects.create({ name: 'private', source: { kind: 'git', url: 'https://ada:hunter22@github.com/acme/shop.git' } });
  assert.ok(created.ok);
  assert.deepEqual(created.value.project.source, { kind: 'git', url: 'https://github.com/acme/shop.git', provider: 'github' });
  assert.ok(!JSON.stringify(created).includes('hunter22'));
  const refused = await client.projects.create({ name: 'odd', source: { kind: 'git', url: 'ext::sh -c id' } });
  assert.ok(!refused.ok && refused.problem.code === 'source_refused' && refused.problem.fix.length > 0);
});

test('variables are put, listed without values, revealed unless secret, pruned and removed', async (t) => {
  const { client, project, clientWith, token } = await openServer(t);
  await project('shop');
  const where = { project: 'shop', environment: 'production' };
  const odd = 'a#b$c!d"e\'f g\nh';
  assert.ok((await client.variables.put({ ...where, variables: [{ name: 'KEY', value: 'k3y-value' }, { name: 'ODD', value: odd, secret: false, scope: 'build' }] })).ok);
  const listed = await client.variables.list(where);
  assert.ok(listed.ok);
  assert.deepEqual(listed.value.items.map(({ name, secret, scope, value }) => [name, secret, scope, value]), [['KEY', true, 'both', undefined], ['ODD', false, 'build', undefined]]);
  const revealed = await client.variables.list({ ...where, reveal: true });
  assert.ok(revealed.ok);
  assert.deepEqual(revealed.value.items.map(({ value }) => value), [undefined, odd]);
  const reader = await clientWith(await token('read')).variables.list({ ...where, reveal: true });
  assert.ok(!reader.ok && reader.problem.code === 'forbidden');
  const system = await client.variables.put({ ...where, variables: [{ name: 'ANCHOR_URL', value: 'x' }] });
  assert.ok(!system.ok && system.problem.status === 422);
  assert.ok((await client.variables.put({ ...where, variables: [{ name: 'NEW', value: '1' }], prune: true })).ok);
  assert.ok((await client.variables.remove({ ...where, name: 'NEW' })).ok);
  const empty = await client.variables.list(where);
  assert.ok(empty.ok && empty.value.items.length === 0);
  const missing = await client.variables.remove({ ...where, name: 'NEW' });
  assert.ok(!missing.ok && missing.problem.status === 404);
});

test('an uploaded folder becomes a deployment; what is no gzip, too large or unknown is refused', async (t) => {
  const server = await openServer(t, { limits: { uploadBytes: 1_000 } });
  await server.project('shop');
  const { client } = server;
  const content = new Uint8Array(100).fill(7);
  content.set([0x1f, 0x8b]);
  const uploaded = await client.deployments.upload({ project: 'shop', content });
  assert.ok(uploaded.ok && uploaded.value.size === 100);
  const deployed = await client.deployments.create({ project: 'shop', kind: 'upload', blob: uploaded.value.blob, message: 'from a folder' });
  assert.ok(deployed.ok);
  assert.deepEqual([deployed.value.status, deployed.value.environment, deployed.value.source.kind], ['queued', 'production', 'upload']);
  const plain = await client.deployments.upload({ project: 'shop', content: new Uint8Array([1, 2, 3]) });
  assert.ok(!plain.ok && plain.problem.code === 'malformed_body');
  const nothing = await client.deployments.upload({ project: 'shop', content: new Uint8Array() });
  assert.ok(!nothing.ok && nothing.problem.code === 'malformed_body');
  const big = new Uint8Array(2_000);
  big.set([0x1f, 0x8b]);
  const large = await client.deployments.upload({ project: 'shop', content: big });
  assert.ok(!large.ok && large.problem.code === 'too_large');
  const unknown = await client.deployments.create({ project: 'shop', kind: 'upload', blob: 'f'.repeat(64) });
  assert.ok(!unknown.ok && unknown.problem.status === 404);
  // Blobs are shared by all projects, what was uploaded is not: a hash alone opens nobody's folder.
  await server.project('other');
  const borrowed = await client.deployments.create({ project: 'other', kind: 'upload', blob: uploaded.value.blob });
  assert.ok(!borrowed.ok && borrowed.problem.status === 404);
  const branchless = await client.deployments.create({ project: 'shop', kind: 'git' });
  assert.ok(!branchless.ok && branchless.problem.code === 'not_found' && branchless.problem.fix.includes('git push'));
});

test('promote, rollback and undo move what production serves, and say what they moved', async (t) => {
  const server = await openServer(t);
  const { client } = server;
  const { project } = await server.project('shop');
  const one = await succeeded(server, project, '1', true);
  const two = await succeeded(server, project, '2', true);
  const three = await succeeded(server, project, '3', false);
  const promoted = await client.deployments.promote({ deployment: three.id });
  assert.ok(promoted.ok && promoted.value.deploymentId === three.id);
  assert.deepEqual(promoted.value.earlier, [two.id, one.id]);
  const late = await client.deployments.promote({ deployment: one.id, revision: promoted.value.revision! - 1 });
  assert.ok(!late.ok && late.problem.code === 'conflict');

  const back = await client.environments.rollback({ project: 'shop', environment: 'production' });
  assert.ok(back.ok && back.value.deploymentId === two.id && back.value.pinned);
  const further = await client.deployments.rollback({ deployment: one.id });
  assert.ok(further.ok && further.value.deploymentId === one.id);
  const undone = await client.environments.undoRollback({ project: 'shop', environment: 'production' });
  assert.ok(undone.ok && undone.value.deploymentId === three.id && !undone.value.pinned);

  const listed = await client.environments.list({ project: 'shop' });
  assert.ok(listed.ok);
  assert.deepEqual(listed.value.items.map(({ name }) => name), ['production', 'preview']);
  const read = await client.deployments.get({ deployment: three.id });
  assert.ok(read.ok);
  assert.deepEqual(read.value.liveAt, ['http://shop.localhost:7480']);
  const aliases = await client.aliases.list({ project: 'shop' });
  assert.ok(aliases.ok && aliases.value.items.some(({ host, deploymentId }) => host === 'shop.localhost' && deploymentId === three.id));
});

test('a queued deployment is canceled once; a fork’s is approved', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const source = { kind: 'git', commit: 'c'.repeat(40) as CommitSha, branch: 'main' as BranchName } as const;
  const { deployment: held } = must(await requestDeployment(server.ports)({ project, environment: PRODUCTION, source, pullRequest: { number: 7, fork: true } }));
  const shown = await server.client.deployments.get({ deployment: held.id });
  assert.ok(shown.ok && shown.value.status === 'held' && shown.value.error?.fix.includes('approve') === true && !shown.value.trusted);
  const approved = await server.client.deployments.approve({ deployment: held.id });
  assert.ok(approved.ok && approved.value.status === 'queued');
  const canceled = await server.client.deployments.cancel({ deployment: held.id });
  assert.ok(canceled.ok && canceled.value.status === 'canceled');
  const twice = await server.client.deployments.approve({ deployment: held.id });
  assert.ok(!twice.ok && twice.problem.code === 'conflict');
});

test('a repeated POST with the same Idempotency-Key answers the same; another body or a running one is refused', async (t) => {
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
  // two at the same moment: one runs, the other replays its answer or is told to wait
  const both = await Promise.all([1, 2].map(() => fetch(`${url}/api/projects`, { method: 'POST', headers: { ...headers, 'idempotency-key': 'three' }, body: '{"name":"twin"}' })));
  for (const answer of both) assert.ok(answer.status === 201 || (answer.status === 409 && answer.headers.get('retry-after') === '1'), String(answer.status));
  assert.ok(both.some(({ status }) => status === 201));
  void ports;
});

test('answers with secrets are kept encrypted for their idempotency key', async (t) => {
  const records = new Map<string, { fingerprint: string; response?: string }>();
  const { client } = await openServer(t, { ports: { idempotency: {
    claim: async (key, fingerprint) => { const known = records.get(key); if (known !== undefined) return { state: known.response === undefined ? 'pending' : 'done', ...known }; records.set(key, { fingerprint }); return { state: 'new' }; },
    finish: async (key, response) => { records.set(key, { ...records.get(key)!, response }); }, release: async (key) => { records.delete(key); }, expire: async () => undefined,
  } } });
  const created = await client.tokens.create({ name: 'ci', scope: 'read' }, { idempotencyKey: 'k' });
  assert.ok(created.ok);
  const kept = [...records.values()].map(({ response }) => response ?? '').join();
  assert.ok(kept.length > 0 && !kept.includes(created.value.value) && !kept.includes('"ci"'));
});

test('bad input is refused with every wrong field named, and a malformed or oversized body with its own status', async (t) => {
  const { client, url, admin, project } = await openServer(t, { limits: { jsonBytes: 2_000 } });
  await project('shop');
  const bad = await client.projects.create({ name: 'Not A Name', branchRules: [{ pattern: '', environment: 'x' }] });
  assert.ok(!bad.ok && bad.problem.status === 422);
  assert.deepEqual(bad.problem.errors?.map(({ path }) => path), ['body.name', 'body.branchRules.0.pattern']);
  const post = (body: string, type = 'application/json') => fetch(`${url}/api/projects`, { method: 'POST', body, headers: { authorization: `Bearer ${admin}`, 'content-type': type } });
  assert.equal((await post('{"name":')).status, 400);
  assert.equal((await post('{"name":"x"}', 'text/plain')).status, 400);
  assert.equal((await post(JSON.stringify({ name: 'x'.repeat(3_000) }))).status, 413);
  assert.equal((await post('{"name":"x","nmae":1}')).status, 422);
  const get = (path: string) => fetch(url + path, { headers: { authorization: `Bearer ${admin}` } });
  for (const query of ['limit=0', 'limit=101', 'limit=abc', 'limit=1e1', 'unknown=1']) assert.equal((await get(`/api/projects?${query}`)).status, 422, query);
  assert.equal((await get('/api/projects/shop%2f..%2fx')).status, 404);
  assert.equal((await get('/api/nothing')).status, 404);
  assert.equal((await get('/')).status, 404);
});

test('bodies far above the limit are answered 413, not cut off', async (t) => {
  const { url, admin, project } = await openServer(t, { limits: { uploadBytes: 100_000 } });
  await project('shop');
  const big = Buffer.alloc(30_000_000, 32);
  big.set([0x1f, 0x8b]);
  for (let i = 0; i < 3; i++) {
    for (const [path, type] of [['/api/projects', 'application/json'], ['/api/projects/shop/uploads', 'application/gzip']] as const) {
      const answer = await fetch(url + path, { method: 'POST', body: big, headers: { authorization: `Bearer ${admin}`, 'content-type': type } });
      assert.equal(answer.status, 413, path);
      assert.equal(((await answer.json()) as { code: string }).code, 'too_large');
    }
  }
});

test('settings that leave the repository or make no sense are refused, and change nothing', async (t) => {
  const { client, project } = await openServer(t);
  await project('shop');
  for (const build of [{ rootDirectory: '../..' }, { rootDirectory: '/etc' }, { outputDirectory: 'a/../../b' }, { rootDirectory: '--x' }, { buildCommand: 'a\0b' }, { nodeVersion: '$(id)' }]) {
    const created = await client.projects.create({ name: 'other', build });
    assert.ok(!created.ok && created.problem.status === 422 && created.problem.errors?.[0]?.path.startsWith('body.build') === true, JSON.stringify(build));
    const updated = await client.projects.update({ project: 'shop', build });
    assert.ok(!updated.ok && updated.problem.status === 422);
    const replaced = await client.projects.replace({ project: 'shop', build });
    assert.ok(!replaced.ok && replaced.problem.status === 422);
  }
  const health = await client.projects.update({ project: 'shop', health: { path: '/a b' } });
  assert.ok(!health.ok && health.problem.status === 422);
  const unchanged = await client.projects.get({ project: 'shop' });
  assert.ok(unchanged.ok && unchanged.value.version === 1);
});

test('a build log is followed as events to its end, and taken up again without loss or repetition after the connection broke', async (t) => {
  const server = await openServer(t, { limits: { heartbeatMs: 50 } });
  const { project } = await server.project('shop');
  const { ports } = server;
  const { deployment } = must(await requestDeployment(ports)({ project, environment: PRODUCTION, source: { kind: 'git', commit: 'd'.repeat(40) as CommitSha, branch: 'main' as BranchName } }));
  let connections = 0;
  const { createClient } = await import('@anchor/client/http/client.ts');
  const client = createClient({
    baseUrl: server.url, token: server.admin,
    fetch: async (url, init) => {
      connections += 1;
      const answer = await fetch(url, init);
      if (connections > 2 || answer.body === null) return answer;
      // the first two connections break in the middle
      let left = 300;
      return new Response(answer.body.pipeThrough(new TransformStream({ transform: (chunk: Uint8Array, controller) => { left -= chunk.length; controller.enqueue(chunk); if (left < 0) controller.error(new Error('broken')); } })), { headers: answer.headers });
    },
  });
  const lines: string[] = [];
  const statuses: string[] = [];
  const following = (async () => {
    for await (const event of client.deployments.logs.follow({ deployment: deployment.id })) {
      assert.ok(event.ok, JSON.stringify(event));
      if (event.value.type === 'line') lines.push(event.value.line.text);
      else statuses.push(`${event.value.type} ${event.value.deployment.status}`);
    }
  })();
  for (let i = 1; i <= 40; i++) await ports.logs.append('build', deployment.id, [{ at: i, level: 'info', text: `line ${i}` }]);
  await eventually('the reader has reconnected', () => (connections >= 3 ? true : undefined));
  for (const state of ['building', 'deploying', 'success'] as const) must(await moveDeployment(ports)(deployment.id, state));
  await ports.logs.append('build', deployment.id, [{ at: 41, level: 'info', text: 'line 41' }]);
  await ports.logs.close('build', deployment.id);
  await following;
  assert.deepEqual(lines, Array.from({ length: 41 }, (_, i) => `line ${i + 1}`));
  assert.equal(statuses.at(-1), 'end success');

  const page = await client.deployments.logs.list({ deployment: deployment.id, after: 0, limit: 30 });
  assert.ok(page.ok && page.value.items.length === 30 && page.value.cursor === '30');
  const rest = await client.deployments.logs.list({ deployment: deployment.id, after: Number(page.value.cursor), limit: 30 });
  assert.ok(rest.ok && rest.value.items.length === 11 && rest.value.cursor === undefined);
});

test('a quiet event stream shows signs of life, and its end stops what it watched', async (t) => {
  const server = await openServer(t, { limits: { heartbeatMs: 30 } });
  const { project } = await server.project('shop');
  const { deployment } = must(await requestDeployment(server.ports)({ project, environment: PRODUCTION, source: { kind: 'git', commit: 'e'.repeat(40) as CommitSha, branch: 'main' as BranchName } }));
  const answer = await fetch(`${server.url}/api/deployments/${deployment.id}/logs?follow=1`, { headers: { authorization: `Bearer ${server.admin}` } });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  const reader = answer.body!.getReader();
  let text = '';
  await eventually('a heartbeat', async () => { text += new TextDecoder().decode((await reader.read()).value); return text.includes(': still here') ? true : undefined; });
  assert.match(text, /event: deployment\ndata: \{"type":"deployment"/);
  const before = Date.now();
  await server.server.close(5_000);
  assert.ok(Date.now() - before < 3_000, 'the stream did not end by itself');
});

test('a follower who goes away leaves nothing behind, and HEAD starts nothing', async (t) => {
  let following = 0;
  const server = await openServer(t, { ports: {} });
  const { project } = await server.project('shop');
  const { deployment } = must(await requestDeployment(server.ports)({ project, environment: PRODUCTION, source: { kind: 'git', commit: 'f'.repeat(40) as CommitSha, branch: 'main' as BranchName } }));
  const { follow } = server.ports.logs;
  Object.assign(server.ports.logs, { async *follow(...args: Parameters<typeof follow>) {
    following += 1;
    try { yield* follow(...args); } finally { following -= 1; }
  } });
  const headers = { authorization: `Bearer ${server.admin}`, accept: 'text/event-stream' };
  const url = `${server.url}/api/deployments/${deployment.id}/logs`;
  assert.equal((await fetch(url, { method: 'HEAD', headers })).status, 501);
  assert.equal((await fetch(`${server.url}/api/health`, { method: 'HEAD' })).status, 200);
  const stop = new AbortController();
  const answers = await Promise.all([1, 2, 3].map(() => fetch(url, { headers, signal: stop.signal })));
  for (const answer of answers) await answer.body!.getReader().read();
  await eventually('three follow', () => (following === 3 ? true : undefined));
  stop.abort();
  await eventually('nobody follows any more', () => (following === 0 ? true : undefined));
});

test('status, gc, backup, dead letters and the description of the API answer', async (t) => {
  const { client } = await openServer(t);
  const status = await client.platform.status();
  assert.ok(status.ok && status.value.ok);
  assert.deepEqual(status.value.queue, { waiting: 0, leased: 0, dead: 0 });
  const gc = await client.platform.gc({ dryRun: true });
  assert.ok(gc.ok && gc.value.dryRun);
  const backup = await client.platform.backup();
  assert.ok(backup.ok);
  assert.equal(await new Response(backup.value).text(), 'backup');
  const dead = await client.deadLetters.list();
  assert.ok(dead.ok && dead.value.items.length === 0);
  const revived = await client.deadLetters.revive({ job: 'job_00000000000000000000' });
  assert.ok(!revived.ok && revived.problem.status === 404);
  const me = await client.tokens.current();
  assert.ok(me.ok && me.value.scope === 'admin');
  const description = await client.platform.openapi();
  assert.ok(description.ok);
  const paths = description.value['paths'] as Record<string, Record<string, unknown>>;
  for (const [name, endpoint] of endpoints) assert.ok(paths[endpoint.path]?.[endpoint.method.toLowerCase()] !== undefined, name);
});
