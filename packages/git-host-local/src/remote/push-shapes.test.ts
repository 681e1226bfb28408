import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { openServer } from '@anchor/server/fixtures/open-server.ts';
import { deploymentsOf, remote, work, workingCopy } from '../fixtures/working-copy.ts';

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
  const events = (await server.ports.deliveries.list({ projectId: project.id }, { limit: 10 })).items.map(
    (delivery) => delivery.push?.kind,
  );
  assert.deepEqual(events.sort(), ['branch_deleted', 'push']);
  assert.deepEqual(
    (await deploymentsOf(server, project.id)).map(({ state }) => state),
    ['canceled'],
  );
});

test('a push that deletes many branches closes the previews of all, and one that brings many builds ten', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  await copy.commit('a', '1');
  const url = remote(server, 'shop', server.admin);
  const names = Array.from({ length: 14 }, (_, i) => `b-${i}`);
  const pushed = await copy.git('push', url, ...names.map((name) => `HEAD:refs/heads/${name}`));
  assert.match(pushed.text, /4 more branches were stored but not deployed/);
  const gone = await copy.git('push', url, ...names.map((name) => `:refs/heads/${name}`));
  assert.equal(gone.code, 0, gone.text);
  for (const name of names) assert.match(gone.text, new RegExp(`Branch ${name} is gone, and its preview with it`));
  assert.doesNotMatch(gone.text, /more branches/);
  assert.equal((await deploymentsOf(server, project.id))[0]?.state, 'canceled');
});

test('a tag alone reports that tags are not deployed, but not where it was refused', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 } });
  await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  await copy.commit('a', '1');
  await copy.git('tag', '-a', 'v1.0', '-m', 'x');
  await copy.git('tag', 'v1.1');
  const one = await copy.git('push', url, 'v1.0');
  assert.equal(one.code, 0, one.text);
  assert.match(
    one.text,
    /remote: Tag v1\.0 is stored\. Tags are not deployed; to deploy a tagged commit: anchor deploy --commit <commit>/,
  );
  const long = (
    await copy.shell(
      'git hash-object -t commit -w --stdin',
      `tree ${(await copy.git('rev-parse', 'HEAD^{tree}')).text.trim()}\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\n\n${'y'.repeat(2_000_000)}`,
    )
  ).text.trim();
  const refused = await copy.git('push', url, 'v1.1', `${long}:refs/heads/long`);
  assert.notEqual(refused.code, 0);
  assert.ok(!refused.text.includes('is stored'), refused.text);
});

test('a push from a shallow clone is refused with how to make it whole', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 } });
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  for (const text of ['1', '2']) await copy.commit('a', text);
  const url = remote(server, 'shop', server.admin);
  assert.equal((await copy.git('clone', '-q', '--depth=1', `file://${copy.home}`, 'shallow')).code, 0);
  const refused = await copy.git('-C', 'shallow', 'push', url, 'HEAD:main');
  assert.notEqual(refused.code, 0);
  assert.match(
    refused.text,
    /remote: This clone is shallow[^]*remote: Fetch it, then push again: git fetch --unshallow/,
  );
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), undefined);
  assert.equal((await copy.git('-C', 'shallow', 'fetch', '-q', '--unshallow')).code, 0);
  const pushed = await copy.git('-C', 'shallow', 'push', url, 'HEAD:main');
  assert.equal(pushed.code, 0, pushed.text);
});

test('a tag that is pushed from a shallow clone is stored, and not reported as refused', async (t) => {
  const server = await openServer(t, { limits: { pushLogMs: 100 } });
  await server.project('shop');
  const copy = await workingCopy(t);
  for (const text of ['1', '2']) await copy.commit('a', text);
  const url = remote(server, 'shop', server.admin);
  assert.equal((await copy.git('push', url, 'HEAD:main')).code, 0);
  assert.equal((await copy.git('clone', '-q', '--depth=1', `file://${copy.home}`, 'shallow')).code, 0);
  const pushed = await copy.git('-C', 'shallow', 'push', url, 'HEAD:refs/tags/v1');
  assert.equal(pushed.code, 0, pushed.text);
  assert.match(pushed.text, /Tag v1 is stored/);
  assert.doesNotMatch(pushed.text, /shallow/);
});

test('a second branch on the same commit gets its own address', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  await copy.commit('a', '1');
  const { listByProject } = server.ports.aliases;
  const alias = (branch: string, id: string) => ({
    host: `shop-git-${branch}.localhost`,
    projectId: project.id,
    deploymentId: id,
    kind: 'branch',
    target: branch,
    pinned: false,
    history: [],
    revision: 1,
    updatedAt: 1,
  });
  let id = '';
  Object.assign(server.ports.aliases, {
    listByProject: async (of: ProjectId) => [
      ...(await listByProject(of)),
      alias('one', id),
      alias('two', id),
      alias('three', id),
    ],
  });
  const [both, deployment] = await Promise.all([
    copy.git('push', url, 'main:one', 'main:two'),
    work(server, project.id, 'success').then((made) => {
      id = made.id;
      return made;
    }),
  ]);
  assert.equal(both.code, 0, both.text);
  assert.match(
    both.text,
    /Live at http:\/\/shop-git-one\.localhost:7480[^]*two: http:\/\/shop-git-two\.localhost:7480/,
  );
  const third = await copy.git('push', url, 'main:three');
  assert.match(third.text, /This commit was deployed before\.[^]*Live at http:\/\/shop-git-three\.localhost:7480/);
  assert.equal((await deploymentsOf(server, project.id))[0]?.id, deployment.id);
});
