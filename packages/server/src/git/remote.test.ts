import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import assert from 'node:assert/strict';
import { moveDeployment, updateDeployment } from '@anchor/core/deployments/update.ts';
import { anchorError, fail } from '@anchor/core/result/result.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { eventually, must, openServer, type OpenServer } from '../fixtures/open-server.ts';

type Said = Readonly<{ code: number | null; text: string }>;

/** A working copy of a person: real git, nothing of this machine's configuration. */
async function workingCopy(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'anchor-test-git-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com', GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' };
  const git = (...args: string[]): Promise<Said> =>
    new Promise((resolve) => {
      const child = spawn('git', args, { cwd: home, env });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
      child.stderr.on('data', (chunk: Buffer) => { text += chunk.toString(); });
      child.once('close', (code) => resolve({ code, text }));
    });
  const commit = async (file: string, content: string, message = `change ${file}`): Promise<string> => {
    await writeFile(join(home, file), content);
    await git('add', '-A');
    await git('commit', '-qm', message);
    return (await git('rev-parse', 'HEAD')).text.trim();
  };
  assert.equal((await git('init', '-q', '-b', 'main')).code, 0);
  return { home, git, commit, env };
}

const remote = (server: OpenServer, project: string, token: string): string => `http://git:${token}@127.0.0.1:${server.port}/git/${project}.git`;
/** Makes a project and a token that may push to it and to nothing else. */
const tokenOf = async (server: OpenServer, name: string): Promise<string> => server.token('deploy', (await server.project(name)).project.id);
const deploymentsOf = async (server: OpenServer, projectId: ProjectId): Promise<readonly Deployment[]> => (await server.ports.deployments.list({ projectId }, { limit: 100 })).items;

/** Plays the worker: builds and switches, or fails, whatever is queued for the project. */
async function work(server: OpenServer, projectId: ProjectId, outcome: 'success' | 'failed'): Promise<Deployment> {
  const { ports } = server;
  const queued = await eventually('a deployment is queued', async () => (await deploymentsOf(server, projectId)).find(({ state }) => state === 'queued'));
  must(await moveDeployment(ports)(queued.id, 'building', { steps: [{ name: 'install', startedAt: 1_000 }] }));
  await ports.logs.append('build', queued.id, [{ at: 1, level: 'info', text: 'added 12 packages\x1b[31m!', step: 'install' }]);
  must(await updateDeployment(ports)(queued.id, () => ({ steps: [{ name: 'install', startedAt: 1_000, endedAt: 3_500 }, { name: 'build', startedAt: 3_500 }] })));
  if (outcome === 'failed') must(await moveDeployment(ports)(queued.id, 'failed', { error: anchorError('build_failed', 'npm run build ended with 1', 'Run it on your machine and mend it.', 'exit code 1') }));
  else {
    must(await moveDeployment(ports)(queued.id, 'deploying'));
    must(await moveDeployment(ports)(queued.id, 'success', { deployEndedAt: queued.createdAt + 4_200 }));
  }
  await ports.logs.close('build', queued.id);
  return queued;
}

test('git push stores the commit, makes its deployment, and shows the build on the pusher’s terminal', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('index.html', 'one', 'the first one');
  const [pushed, deployment] = await Promise.all([copy.git('push', remote(server, 'shop', server.admin), 'main'), work(server, project.id, 'success')]);
  assert.equal(pushed.code, 0, pushed.text);
  assert.equal(deployment.environment, 'production');
  assert.ok(deployment.source.kind === 'git' && deployment.source.commit === sha && deployment.source.message === 'the first one' && deployment.source.author === 'Ada <ada@example.com>');
  for (const line of ['remote: shop: main', 'remote:   added 12 packages!', `remote: Live at http://shop-${deployment.id.slice(-9)}.localhost:7480 (4.2 s)`]) assert.ok(pushed.text.includes(line), `${line}\n\n${pushed.text}`);
  assert.ok(!pushed.text.includes('\x1b[31m'));
  const { items } = await server.ports.deliveries.list({ projectId: project.id }, { limit: 10 });
  assert.equal(items.length, 1);
  assert.equal(items[0]?.source, 'git');
  assert.deepEqual(items[0]?.deploymentIds, [deployment.id]);
});

test('a build that fails is told with its fix, and the push itself still succeeds', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  const [pushed] = await Promise.all([copy.git('push', remote(server, 'shop', server.admin), 'main'), work(server, project.id, 'failed')]);
  assert.equal(pushed.code, 0, pushed.text);
  for (const line of ['Failed: npm run build ended with 1', 'why: exit code 1', 'fix: Run it on your machine']) assert.ok(pushed.text.includes(line), pushed.text);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), sha);
});

test('what was pushed can be cloned again, with protocol 0 and 2, and pushing nothing new makes nothing', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  await Promise.all([copy.git('push', remote(server, 'shop', server.admin), 'main'), work(server, project.id, 'success')]);
  const read = await server.token('read');
  for (const version of ['0', '1', '2']) {
    const cloned = await copy.git('-c', `protocol.version=${version}`, 'clone', '-q', remote(server, 'shop', read), `clone-${version}`);
    assert.equal(cloned.code, 0, cloned.text);
    assert.equal((await copy.git('-C', `clone-${version}`, 'rev-parse', 'HEAD')).text.trim(), sha);
  }
  const again = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.equal(again.code, 0);
  assert.equal((await deploymentsOf(server, project.id)).length, 1);
});

test('branches become previews, deleting one is heard of, tags are stored and not deployed', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 200 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  await copy.git('tag', 'v1');
  const url = remote(server, 'shop', server.admin);
  const pushed = await copy.git('push', url, 'main:feat/login', 'v1');
  assert.equal(pushed.code, 0, pushed.text);
  assert.match(pushed.text, /feat\/login [0-9a-f]{7} → preview/);
  assert.match(pushed.text, /The build goes on\. Follow it with: anchor logs dpl_/);
  const removed = await copy.git('push', url, ':feat/login');
  assert.equal(removed.code, 0, removed.text);
  assert.match(removed.text, /Branch feat\/login is gone/);
  const events = (await server.ports.deliveries.list({ projectId: project.id }, { limit: 10 })).items.map((delivery) => delivery.push?.kind);
  assert.deepEqual(events.sort(), ['branch_deleted', 'push']);
  assert.deepEqual((await deploymentsOf(server, project.id)).map(({ state }) => state), ['canceled']);
});

test('a push that asks to skip, or that touches none of the paths, is stored and says why nothing is deployed', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  await copy.commit('a', '1', 'wip [skip ci]');
  const skipped = await copy.git('push', url, 'main');
  assert.equal(skipped.code, 0);
  assert.match(skipped.text, /Not deployed: the commit message asks to skip it/);
  await server.client.projects.update({ project: 'shop', build: { paths: ['web/**'] } });
  await copy.commit('b', '2');
  await copy.commit('c', '3');
  const elsewhere = await copy.git('push', url, 'main');
  assert.match(elsewhere.text, /Not deployed: it changes none of the paths/);
  assert.equal((await deploymentsOf(server, project.id)).length, 0);
});

test('a pusher who goes away cancels nothing', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const child = spawn('git', ['push', remote(server, 'shop', server.admin), 'main'], { cwd: copy.home, env: copy.env, stdio: 'ignore', detached: true });
  const deployment = await eventually('the deployment is queued', async () => (await deploymentsOf(server, project.id))[0]);
  assert.ok(child.pid !== undefined);
  process.kill(-child.pid, 'SIGKILL');
  await new Promise((resolve) => { child.once('close', resolve); });
  await work(server, project.id, 'success');
  assert.equal((await server.ports.deployments.get(deployment.id))?.state, 'success');
});

test('waiting in the queue keeps the connection alive without writing on the terminal', async (t) => {
  const server = await openServer(t, { limits: { heartbeatMs: 5 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const pushing = copy.git('push', remote(server, 'shop', server.admin), 'main');
  const queued = await eventually('the push is accepted', async () => (await deploymentsOf(server, project.id))[0]);
  const until = Date.now() + 300; // some sixty signs of life
  await eventually('they were sent', () => (Date.now() > until ? true : undefined));
  await work(server, project.id, 'success');
  const pushed = await pushing;
  assert.equal(pushed.code, 0, pushed.text);
  const lines = pushed.text.split('\n').filter((line) => /^remote:\s*$/.test(line));
  assert.ok(lines.length <= 2, pushed.text); // the empty line in front of the outcome
  assert.match(pushed.text, new RegExp(`Live at .*${queued.id.slice(-9)}`));
});

test('a large push, which git sends in chunks after a probe, arrives whole', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await writeFile(join(copy.home, 'big'), Buffer.concat(Array.from({ length: 80 }, () => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))))));
  const sha = await copy.commit('small', 'x');
  const pushed = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.equal(pushed.code, 0, pushed.text);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), sha);
  const probe = await fetch(`${server.url}/git/shop.git/git-receive-pack`, {
    method: 'POST', body: gzipSync('0000'), headers: { authorization: `Basic ${Buffer.from(`x:${server.admin}`).toString('base64')}`, 'content-type': 'application/x-git-receive-pack-request', 'content-encoding': 'gzip' },
  });
  assert.equal(probe.status, 200);
});

test('when the server closes, the pusher is told that the build goes on, and the push has succeeded', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const pushing = copy.git('push', remote(server, 'shop', server.admin), 'main');
  const queued = await eventually('the push is accepted', async () => (await deploymentsOf(server, project.id))[0]);
  await server.server.close(5_000);
  const pushed = await pushing;
  assert.equal(pushed.code, 0, pushed.text);
  assert.match(pushed.text, new RegExp(`The build goes on. Follow it with: anchor logs ${queued.id}`));
});

test('a full disk refuses a push with the reason', async (t) => {
  const server = await openServer(t, { ports: { capacity: { roomForBuild: async () => fail('disk_full', 'The disk is full', 'Free some space: anchor gc.') } } });
  await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const pushed = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.notEqual(pushed.code, 0);
  assert.match(pushed.text, /remote: The disk is full\nremote: Free some space: anchor gc\./);
});

test('no token, a wrong one, one of another project or with too small a scope gets nothing', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const { project: other } = await server.project('other');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const without = await fetch(`${server.url}/git/shop.git/info/refs?service=git-upload-pack`);
  assert.equal(without.status, 401);
  assert.match(without.headers.get('www-authenticate') ?? '', /^Basic/);
  const cases: readonly (readonly [token: string, expected: RegExp])[] = [
    [`anc_${'x'.repeat(43)}`, /Authentication failed|not known/i], [await server.token('read'), /needs a token with scope deploy/], [await server.token('deploy', other.id), /no project shop/],
  ];
  for (const [token, expected] of cases) {
    const pushed = await copy.git('push', remote(server, 'shop', token), 'main');
    assert.notEqual(pushed.code, 0);
    assert.match(pushed.text, expected);
  }
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), undefined);
});

test('requests that are not git’s are refused without starting it', async (t) => {
  const server = await openServer(t, { limits: { pushBytes: 50_000 } });
  await server.project('shop');
  const authorization = `Basic ${Buffer.from(`x:${server.admin}`).toString('base64')}`;
  const post = (body: string, headers: Record<string, string> = {}) => fetch(`${server.url}/git/shop.git/git-receive-pack`, { method: 'POST', body, headers: { authorization, 'content-type': 'application/x-git-receive-pack-request', ...headers } });
  assert.equal((await post('0009hello0000')).status, 400);
  assert.equal((await post('not packets')).status, 400);
  assert.equal((await post('')).status, 400);
  assert.equal((await post('0000', { 'content-encoding': 'br' })).status, 400);
  assert.equal((await post('not gzip', { 'content-encoding': 'gzip' })).status, 400);
  assert.equal((await post('0000', { 'content-type': 'text/plain' })).status, 400);
  assert.equal((await fetch(`${server.url}/git/shop.git/info/refs`, { headers: { authorization } })).status, 404);
  assert.equal((await fetch(`${server.url}/git/..%2f..%2fetc/info/refs?service=git-upload-pack`, { headers: { authorization } })).status, 404);
  assert.equal((await fetch(`${server.url}/git/shop.git/HEAD`, { headers: { authorization } })).status, 404);
});

test('requests of one project that never end do not lock out another', async (t) => {
  const server = await openServer(t);
  const [held, token] = [await tokenOf(server, 'held'), await tokenOf(server, 'shop')];
  const sockets = Array.from({ length: 20 }, () => connect(server.port, '127.0.0.1'));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const answers: string[] = [];
  for (const socket of sockets) {
    socket.on('error', () => undefined).on('data', (chunk) => answers.push(chunk.toString()));
    socket.write(`POST /git/held.git/git-receive-pack HTTP/1.1\r\nhost: x\r\nauthorization: Basic ${Buffer.from(`git:${held}`).toString('base64')}\r\ncontent-type: application/x-git-receive-pack-request\r\ncontent-length: 1000\r\n\r\n0`);
  }
  await eventually('those above the project’s share are refused', async () => answers.filter((answer) => answer.startsWith('HTTP/1.1 429')).length === 16 || undefined);
  const copy = await workingCopy(t);
  assert.equal((await copy.git('ls-remote', remote(server, 'shop', token))).code, 0);
});

test('an object that unpacks to gigabytes ends its push and nothing else', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 200 } });
  const token = await tokenOf(server, 'shop');
  // A pack with one "tree" of 600 MB of zeros.
  const size = 600 * 1024 * 1024;
  const head: number[] = [];
  for (let left = Math.floor(size / 16), byte = (2 << 4) | (size % 16); ; byte = left % 128, left = Math.floor(left / 128)) {
    head.push(left > 0 ? byte | 0x80 : byte);
    if (left === 0) break;
  }
  const body = Buffer.concat([Buffer.from('PACK\0\0\0\x02\0\0\0\x01', 'latin1'), Buffer.from(head), deflateSync(Buffer.alloc(size), { level: 1 })]);
  const pack = Buffer.concat([body, createHash('sha1').update(body).digest()]);
  const command = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\0report-status side-band-64k`;
  const answer = await fetch(`http://127.0.0.1:${server.port}/git/shop.git/git-receive-pack`, {
    method: 'POST', body: Buffer.concat([Buffer.from(`${(command.length + 4).toString(16).padStart(4, '0')}${command}0000`), pack]),
    headers: { authorization: `Basic ${Buffer.from(`git:${token}`).toString('base64')}`, 'content-type': 'application/x-git-receive-pack-request' },
  });
  const said = await answer.text();
  assert.match(said, /unpack (?!ok)/);
  assert.match(said, /attempting to allocate \d+ over limit/);
});

test('a push above the limit is refused and changes nothing', async (t) => {
  const server = await openServer(t, { limits: { pushBytes: 50_000 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const noise = Array.from(crypto.getRandomValues(new Uint8Array(60_000)), (byte) => String.fromCharCode(33 + (byte % 90))).join('').repeat(3);
  await copy.commit('big', noise);
  const pushed = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.notEqual(pushed.code, 0);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), undefined);
  assert.equal((await deploymentsOf(server, project.id)).length, 0);
});

test('when the log or the store fails, what git has stored is not called a failed push', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  await copy.commit('a', '1');
  Object.assign(server.ports.logs, { follow: () => { throw new Error('the log can not be read'); } });
  const [unread, deployment] = await Promise.all([copy.git('push', url, 'main'), work(server, project.id, 'success')]);
  assert.equal(unread.code, 0, unread.text);
  assert.equal((await server.ports.deployments.get(deployment.id))?.state, 'success');
  const sha = await copy.commit('b', '2');
  Object.assign(server.ports.intake, { take: async () => { throw new Error('the store can not be written'); } });
  const unstored = await copy.git('push', url, 'main');
  assert.equal(unstored.code, 0, unstored.text);
  assert.match(unstored.text, /remote: The push is stored, but the platform could not act on it/);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), sha);
  assert.match(JSON.stringify(server.logged), /the store can not be written/);
});

test('a push that git stored but that a crash kept from us is acted on after the restart, once', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  const { take } = server.ports.intake;
  Object.assign(server.ports.intake, { take: async () => { throw new Error('killed here'); } });
  assert.equal((await copy.git('push', remote(server, 'shop', server.admin), 'main')).code, 0);
  assert.deepEqual(await deploymentsOf(server, project.id), []);
  Object.assign(server.ports.intake, { take });
  assert.equal(await server.server.recoverPushes(), 1);
  const [deployment] = await deploymentsOf(server, project.id);
  assert.equal(deployment?.source.commit, sha);
  assert.equal(await server.server.recoverPushes(), 0);
  assert.equal((await deploymentsOf(server, project.id)).length, 1);
});
