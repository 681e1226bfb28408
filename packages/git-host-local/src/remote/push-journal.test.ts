import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { ProjectId } from '@anchor/core/names/id.ts';
import { openServer } from '@anchor/server/fixtures/open-server.ts';
import { deploymentsOf, remote, work, workingCopy } from '../fixtures/working-copy.ts';

test('when the log or the store fails, what git has stored is not called a failed push', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const url = remote(server, 'shop', server.admin);
  await copy.commit('a', '1');
  Object.assign(server.ports.logs, {
    follow: () => {
      throw new Error('the log cannot be read');
    },
  });
  const [unread, deployment] = await Promise.all([copy.git('push', url, 'main'), work(server, project.id, 'success')]);
  assert.equal(unread.code, 0, unread.text);
  assert.equal((await server.ports.deployments.get(deployment.id))?.state, 'success');
  const sha = await copy.commit('b', '2');
  Object.assign(server.ports.pushes, {
    commit: async () => {
      throw new Error('the store cannot be written');
    },
  });
  const unstored = await copy.git('push', url, 'main');
  assert.equal(unstored.code, 0, unstored.text);
  assert.match(unstored.text, /remote: The push is stored, but the platform could not act on it/);
  assert.equal(await server.ports.repositories.branchHead(project.id, project.productionBranch), sha);
  assert.match(JSON.stringify(server.logged), /the store cannot be written/);
});

test('a push that git stored before a crash is processed after the restart, once', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  const { commit } = server.ports.pushes;
  Object.assign(server.ports.pushes, {
    commit: async () => {
      throw new Error('killed here');
    },
  });
  assert.equal((await copy.git('push', remote(server, 'shop', server.admin), 'main')).code, 0);
  assert.deepEqual(await deploymentsOf(server, project.id), []);
  Object.assign(server.ports.pushes, { commit });
  assert.equal(await server.server.recovery.pushes(), 1);
  const [deployment] = await deploymentsOf(server, project.id);
  assert.equal(deployment?.source.commit, sha);
  assert.equal(await server.server.recovery.pushes(), 0);
  assert.equal((await deploymentsOf(server, project.id)).length, 1);
});

test('an intent that cannot be read for a while stays, and an incomplete one is removed', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  const { commit } = server.ports.pushes;
  Object.assign(server.ports.pushes, {
    commit: async () => {
      throw new Error('killed here');
    },
  });
  assert.equal((await copy.git('push', remote(server, 'shop', server.admin), 'main')).code, 0);
  Object.assign(server.ports.pushes, { commit });
  const folder = join(server.paths.repository(project.id), '..', 'pushes');
  const [name] = await readdir(folder);
  const path = join(folder, name!);
  const text = await readFile(path, 'utf8');
  await rm(path);
  await symlink(name!, path); // reading it fails with ELOOP
  await writeFile(join(folder, '00000000-0000-4000-8000-000000000000.json'), '{"projectId":');
  assert.equal(await server.server.recovery.pushes(), 0);
  assert.deepEqual(await readdir(folder), [name]);
  await rm(path);
  await writeFile(path, text);
  assert.equal(await server.server.recovery.pushes(), 1);
  assert.equal((await deploymentsOf(server, project.id))[0]?.source.commit, sha);
});

test('an intent that cannot be processed is tried three times, then set aside, and stops neither a start nor the others', async (t) => {
  const server = await openServer(t);
  const { project } = await server.project('shop');
  const { project: other } = await server.project('other');
  const copy = await workingCopy(t);
  const sha = await copy.commit('a', '1');
  const { commit: commitPush } = server.ports.pushes;
  const { repositories } = server.ports;
  const commit = repositories.commit.bind(repositories);
  Object.assign(server.ports.pushes, {
    commit: async () => {
      throw new Error('killed here');
    },
  });
  for (const name of ['shop', 'other'])
    assert.equal((await copy.git('push', remote(server, name, server.admin), 'main')).code, 0);
  Object.assign(server.ports.pushes, { commit: commitPush });
  Object.assign(server.ports.repositories, {
    commit: async (id: ProjectId, of: typeof sha) =>
      id === project.id ? Promise.reject(new Error('a commit that cannot be read')) : commit(id, of as never),
  });
  assert.equal(await server.server.recovery.pushes(), 1);
  assert.equal((await deploymentsOf(server, other.id))[0]?.source.commit, sha);
  for (let start = 0; start < 4; start++) assert.equal(await server.server.recovery.pushes(), 0);
  const { items } = await server.ports.failedRecords.list({ limit: 10 });
  assert.deepEqual(
    items.map(({ kind, project: of, tries, why }) => ({ kind, of, tries, why })),
    [{ kind: 'push', of: project.id, tries: 3, why: 'a commit that cannot be read' }],
  );
  Object.assign(server.ports.repositories, { commit });
  await server.ports.failedRecords.clear('push', items[0]!.id);
  assert.equal(await server.server.recovery.pushes(), 1);
  assert.equal((await deploymentsOf(server, project.id))[0]?.source.commit, sha);
});
