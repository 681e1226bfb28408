import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import assert from 'node:assert/strict';
import { eventually, openServer } from '@anchor/server/fixtures/open-server.ts';
import { addPerson, bearerOf } from '@anchor/server/fixtures/people.ts';
import { deploymentsOf, remote, work, workingCopy } from '../fixtures/working-copy.ts';

test('git push stores the commit, makes its deployment, and shows the build on the pusher’s terminal', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('index.html', 'one', 'the first one');
  const [pushed, deployment] = await Promise.all([
    copy.git('push', remote(server, 'shop', server.admin), 'main'),
    work(server, project.id, 'success'),
  ]);
  assert.equal(pushed.code, 0, pushed.text);
  assert.equal(deployment.environment, 'production');
  assert.ok(
    deployment.source.kind === 'git' &&
      deployment.source.commit === sha &&
      deployment.source.message === 'the first one' &&
      deployment.source.author === 'Ada <ada@example.com>',
  );
  for (const line of [
    'remote: shop: main',
    'remote:   added 12 packages!',
    `remote: Live at http://shop-${deployment.id.slice(-9)}.localhost:7480 (4.2 s)`,
  ])
    assert.ok(pushed.text.includes(line), `${line}\n\n${pushed.text}`);
  assert.ok(!pushed.text.includes('\x1b[31m'));
  const { items } = await server.ports.deliveries.list({ projectId: project.id }, { limit: 10 });
  assert.equal(items.length, 1);
  assert.equal(items[0]?.source, 'git');
  assert.deepEqual(items[0]?.deploymentIds, [deployment.id]);
});

test('a failed build is reported with its fix, once, and git push exits with an error although the commit is stored', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  await copy.git('remote', 'add', 'anchor', remote(server, 'shop', server.admin));
  const [pushed] = await Promise.all([copy.git('push', 'anchor', 'main'), work(server, project.id, 'failed')]);
  assert.equal(pushed.code, 1, pushed.text);
  for (const line of [
    'Failed: npm run build ended with 1',
    'why: Error: no such thing',
    '       at line 7',
    'fix: Run it on your machine',
    'because the deployment failed',
    '[new branch]',
  ])
    assert.ok(pushed.text.includes(line), `${line}\n\n${pushed.text}`);
  assert.equal(pushed.text.match(/npm run build ended with 1/g)?.length, 1, pushed.text);
  assert.match(pushed.text, /✗ build [\d.]+ s/);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), sha);
  // git knows that the commit is there: the same push again has nothing to do.
  assert.equal((await copy.git('rev-parse', 'anchor/main')).text.trim(), sha);
  assert.equal((await copy.git('push', 'anchor', 'main')).code, 0);
});

test('where the setting is "push", the exit code of git push is that of the push alone', async (t) => {
  const server = await openServer(t, { pushExit: 'push' });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const [pushed] = await Promise.all([
    copy.git('push', remote(server, 'shop', server.admin), 'main'),
    work(server, project.id, 'failed'),
  ]);
  assert.equal(pushed.code, 0, pushed.text);
  assert.match(pushed.text, /Failed: npm run build ended with 1/);
});

test("a push to another branch than production's reports what it created and how to make the branch production", async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 200 } });
  await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const pushed = await copy.git('push', remote(server, 'shop', server.admin), 'main:trunk');
  assert.match(
    pushed.text,
    /trunk is not the production branch \(main\): this is a preview\. To make it production: anchor projects update shop --branch trunk/,
  );
  const production = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.doesNotMatch(production.text, /is not the production branch/);
});

test('what was pushed can be cloned again, with protocol 0 and 2, and pushing nothing new makes nothing', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  await Promise.all([
    copy.git('push', remote(server, 'shop', server.admin), 'main'),
    work(server, project.id, 'success'),
  ]);
  const read = await server.token('read');
  for (const version of ['0', '1', '2']) {
    const cloned = await copy.git(
      '-c',
      `protocol.version=${version}`,
      'clone',
      '-q',
      remote(server, 'shop', read),
      `clone-${version}`,
    );
    assert.equal(cloned.code, 0, cloned.text);
    assert.equal((await copy.git('-C', `clone-${version}`, 'rev-parse', 'HEAD')).text.trim(), sha);
  }
  const repeated = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.equal(repeated.code, 0);
  assert.equal((await deploymentsOf(server, project.id)).length, 1);
});

test('a push with a skip marker, or one that touches none of the paths, is stored and reports why nothing is deployed', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  await copy.commit('a', '1', 'wip [skip ci]');
  const skipped = await copy.git('push', url, 'main');
  assert.equal(skipped.code, 0);
  assert.match(skipped.text, /Not deployed: the commit message has a skip marker/);
  await server.client.projects.update({ project: 'shop', build: { paths: ['web/**'] } });
  await copy.commit('b', '2');
  await copy.commit('c', '3');
  const elsewhere = await copy.git('push', url, 'main');
  assert.match(elsewhere.text, /Not deployed: it changes none of the watched paths \(/);
  assert.equal((await deploymentsOf(server, project.id)).length, 0);
});

test('a client that disconnects cancels nothing', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const child = spawn('git', ['push', remote(server, 'shop', server.admin), 'main'], {
    cwd: copy.home,
    env: copy.env,
    stdio: 'ignore',
    detached: true,
  });
  const deployment = await eventually(
    'the deployment is queued',
    async () => (await deploymentsOf(server, project.id))[0],
  );
  assert.ok(child.pid !== undefined);
  process.kill(-child.pid, 'SIGKILL');
  await new Promise((resolve) => {
    child.once('close', resolve);
  });
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
  await writeFile(
    join(copy.home, 'big'),
    Buffer.concat(Array.from({ length: 80 }, () => Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))))),
  );
  const sha = await copy.commit('small', 'x');
  const pushed = await copy.git('push', remote(server, 'shop', server.admin), 'main');
  assert.equal(pushed.code, 0, pushed.text);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), sha);
  const probe = await fetch(`${server.url}/git/shop.git/git-receive-pack`, {
    method: 'POST',
    body: gzipSync('0000'),
    headers: {
      authorization: `Basic ${Buffer.from(`x:${server.admin}`).toString('base64')}`,
      'content-type': 'application/x-git-receive-pack-request',
      'content-encoding': 'gzip',
    },
  });
  assert.equal(probe.status, 200);
});

test('when the server closes, the pusher learns that the build continues, and the push has succeeded', async (t) => {
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
    [`anc_${'x'.repeat(43)}`, /Authentication failed|not known/i],
    [await server.token('read'), /needs a token with scope deploy/],
    [await server.token('deploy', other.id), /no project shop/],
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
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/git/shop.git/git-receive-pack`, {
      method: 'POST',
      body,
      headers: { authorization, 'content-type': 'application/x-git-receive-pack-request', ...headers },
    });
  assert.equal((await post('0009hello0000')).status, 400);
  assert.equal((await post('not packets')).status, 400);
  assert.equal((await post('')).status, 400);
  assert.equal((await post('0000', { 'content-encoding': 'br' })).status, 400);
  assert.equal((await post('not gzip', { 'content-encoding': 'gzip' })).status, 400);
  assert.equal((await post('0000', { 'content-type': 'text/plain' })).status, 400);
  assert.equal((await fetch(`${server.url}/git/shop.git/info/refs`, { headers: { authorization } })).status, 404);
  assert.equal(
    (await fetch(`${server.url}/git/..%2f..%2fetc/info/refs?service=git-upload-pack`, { headers: { authorization } }))
      .status,
    404,
  );
  assert.equal((await fetch(`${server.url}/git/shop.git/HEAD`, { headers: { authorization } })).status, 404);
});

test('a push that waits for the upkeep of the repository gets a message', async (t) => {
  const { promise, resolve } = Promise.withResolvers<() => void>();
  let left = 0;
  const server = await openServer(t, { limits: { pushLogMs: 100, heartbeatMs: 20 }, enter: () => promise });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  const push = spawn('git', ['push', remote(server, 'shop', server.admin), 'main'], { cwd: copy.home, env: copy.env });
  let text = '';
  push.stderr.on('data', (chunk) => {
    text += String(chunk);
    // The upkeep ends only after the pusher got the message.
    if (text.includes('being cleaned up'))
      resolve(() => {
        left += 1;
      });
  });
  const [code] = await once(push, 'close');
  assert.equal(code, 0, text);
  assert.match(text, /remote: The repository is being cleaned up\. The push goes on in a moment\./);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), sha);
  assert.equal(left, 1);
});

test('a fetch does not create the repository of a project that is removed meanwhile', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const { repositories } = server.ports;
  const ensure = repositories.ensure.bind(repositories);
  t.mock.method(repositories, 'ensure', async (id: typeof project.id) => {
    assert.ok((await server.client.projects.remove({ project: project.name })).ok);
    return ensure(id);
  });
  const copy = await workingCopy(t);
  const listed = await copy.git('ls-remote', remote(server, 'shop', server.admin));
  assert.notEqual(listed.code, 0, listed.text);
  assert.equal(existsSync(server.paths.repository(project.id)), false);
});

test('a push is one entry of the audit log, with the refs that moved; a refused one moved none', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  const url = remote(server, 'shop', server.admin);
  await Promise.all([copy.git('push', url, 'main'), work(server, project.id, 'success')]);
  const next = await copy.commit('b', '2');
  await Promise.all([copy.git('push', url, 'main', 'main:refs/heads/x'), work(server, project.id, 'success')]);
  const { items } = await server.ports.audit.list({ projectId: project.id, action: 'git.push' }, { limit: 10 });
  const refs = items.map(({ outcome, before, after }) => ({ outcome, before, after })).toReversed();
  assert.deepEqual(refs, [
    { outcome: 'success', before: { 'refs/heads/main': null }, after: { 'refs/heads/main': sha } },
    {
      outcome: 'success',
      before: { 'refs/heads/main': sha, 'refs/heads/x': null },
      after: { 'refs/heads/main': next, 'refs/heads/x': next },
    },
  ]);
  assert.deepEqual(
    items.map(({ actor }) => actor.kind === 'token' && actor.name),
    ['admin', 'admin'],
  );
  assert.match(items[0]?.userAgent ?? '', /^git\//);
});

test('a developer pushes with the session of the command line, a viewer may only fetch, a stranger finds nothing', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const url = async (name: string, membership: Parameters<typeof addPerson>[2]) =>
    remote(server, 'shop', await bearerOf(server, await addPerson(server, name, membership)));
  const viewer = await url('viewer', { role: 'viewer' });
  const refused = await copy.git('push', viewer, 'main');
  assert.notEqual(refused.code, 0);
  assert.match(refused.text, /This needs the role developer/);
  const stranger = await copy.git('ls-remote', await url('stranger', {}));
  assert.match(stranger.text, /There is no project shop, or you may not see it/);
  const developer = await url('developer', { projects: { [project.id]: 'developer' } });
  const [pushed] = await Promise.all([copy.git('push', developer, 'main'), work(server, project.id, 'success')]);
  assert.equal(pushed.code, 0, pushed.text);
  assert.match((await copy.git('ls-remote', viewer)).text, /refs\/heads\/main/);
  const { items } = await server.ports.audit.list({ action: 'git.push' }, { limit: 10 });
  assert.deepEqual(
    items.map(({ actor }) => 'name' in actor && actor.name),
    ['developer@example.com'],
  );
});

test('a push is stored and built when its entry of the audit log cannot be completed', async (t) => {
  const { ports } = await openServer(t);
  const audit = { ...ports.audit, complete: () => Promise.reject(new Error('the disk is full')) };
  const server = await openServer(t, { ports: { audit } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const [pushed] = await Promise.all([
    copy.git('push', remote(server, 'shop', server.admin), 'main'),
    work(server, project.id, 'success'),
  ]);
  assert.equal(pushed.code, 0, pushed.text);
  assert.match(pushed.text, /Live at/);
});

test('a push that git refuses is recorded as refused for clients without a side band too', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  for (const capabilities of ['report-status', 'report-status side-band-64k']) {
    const command = `${'0'.repeat(40)} ${'a'.repeat(40)} refs/heads/main\0 ${capabilities}`;
    const response = await fetch(`${server.url}/git/shop.git/git-receive-pack`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-git-receive-pack-request',
        authorization: `Basic ${Buffer.from(`x:${server.admin}`).toString('base64')}`,
      },
      body: `${(command.length + 4).toString(16).padStart(4, '0')}${command}0000no pack`,
    });
    assert.match(await response.text(), /ng refs\/heads\/main/);
  }
  const { items } = await server.ports.audit.list({ projectId: project.id }, { limit: 10 });
  assert.deepEqual(
    items.map(({ outcome, after }) => ({ outcome, after })),
    [
      { outcome: 'refused', after: undefined },
      { outcome: 'refused', after: undefined },
    ],
  );
});
