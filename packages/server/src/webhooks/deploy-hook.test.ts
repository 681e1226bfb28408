import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openHooks } from '../fixtures/webhooks.ts';

test('a deploy hook builds the production branch again, another by name, and nothing with a wrong secret', async (t) => {
  const { server, project, deployHookSecret, deliveries } = await openHooks(t);
  const hook = (secret: string, query = '', method = 'POST') =>
    fetch(`${server.url}/hooks/${project.id}/${secret}${query}`, { method });
  assert.equal((await hook('wrong')).status, 401);
  assert.equal((await hook(deployHookSecret, '', 'GET')).status, 501);
  assert.equal((await hook(deployHookSecret)).status, 404); // nothing was pushed yet
  assert.equal((await hook(deployHookSecret, '?branch=--x')).status, 422);
  assert.equal((await fetch(`${server.url}/hooks/prj_00000000000000000000/x`, { method: 'POST' })).status, 404);
  assert.equal((await deliveries()).filter(({ state }) => state === 'rejected').length, 3);
  assert.ok(!JSON.stringify(server.logged).includes(deployHookSecret));

  const repository = server.paths.repository(project.id);
  const git = (...args: string[]) =>
    execFileSync('git', [`--git-dir=${repository}`, ...args], {
      env: {
        PATH: process.env['PATH'] ?? '',
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@b',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@b',
      },
      input: '',
    })
      .toString()
      .trim();
  const commit = git('commit-tree', git('hash-object', '-t', 'tree', '-w', '--stdin'), '-m', 'first');
  for (const branch of ['main', 'topic']) git('update-ref', `refs/heads/${branch}`, commit);
  const built = async (query: string, headers = {}) => {
    const response = await fetch(`${server.url}/hooks/${project.id}/${deployHookSecret}${query}`, {
      method: 'POST',
      headers,
    });
    assert.equal(response.status, 202);
    const { deploymentIds } = (await response.json()) as { deploymentIds: string[] };
    const deployment = await server.client.deployments.get({ deployment: deploymentIds[0]! });
    assert.ok(deployment.ok && deployment.value.source.commit === commit);
    return deployment.value;
  };
  const [first, second, topic] = [await built(''), await built(''), await built('?branch=topic')];
  assert.notEqual(first.id, second.id); // the content behind a site can change without a commit
  assert.deepEqual([first.environment, topic.environment], ['production', 'preview']);
  const [once, repeated] = [await built('', { 'idempotency-key': 'k' }), await built('', { 'idempotency-key': 'k' })];
  assert.equal(once.id, repeated.id);
});

test('rotating makes a new secret and address; the old ones stop working at once', async (t) => {
  const { server, send, webhookSecret, deployHookSecret, project } = await openHooks(t);
  assert.equal((await send('ping', {})).status, 202);
  const rotated = await server.client.projects.rotateHooks({ project: 'shop' });
  assert.ok(rotated.ok);
  assert.equal((await send('ping', {}, { secret: webhookSecret })).status, 401);
  assert.equal((await send('ping', {}, { secret: rotated.value.webhookSecret })).status, 202);
  assert.equal((await fetch(`${server.url}/hooks/${project.id}/${deployHookSecret}`, { method: 'POST' })).status, 401);
  assert.equal(
    (await fetch(rotated.value.deployHookUrl.replace('http://127.0.0.1:7400', server.url), { method: 'POST' })).status,
    404,
  );
});
