import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import type { BranchName, CommitSha } from '../names/name.ts';
import { createProject } from './projects.ts';
import { removeProject } from './remove-project.ts';

test('a fetch that creates the repository again while its project is removed leaves nothing behind', async (t) => {
  const home = memoryHome();
  const created = await createProject(home)('demo', {});
  assert.ok(created.ok);
  const { id } = created.value.project;
  const [branch, sha] = ['main' as BranchName, 'a'.repeat(40) as CommitSha];
  const remove = home.projects.remove;
  t.mock.method(home.projects, 'remove', async (removed: typeof id) => {
    await home.repositories.ensure(id);
    home.repositories.push(id, branch, sha, { message: 'one', author: 'Ada', files: [] });
    return remove(removed);
  });
  assert.ok((await removeProject(home)(id)).ok);
  assert.equal(await home.repositories.branchHead(id, branch), undefined);
});
