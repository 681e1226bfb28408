import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId, type ProjectId } from '@anchor/core/names/id.ts';
import { parseBranchName, parseCommitSha, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import type { Repositories } from '@anchor/core/ports/repositories.ts';
import { using, type Harness } from '../harness.ts';
import { must } from '../samples.ts';

/** `push` makes one commit on top of the branch that changes these files, and pushes it. */
export type RepositoriesHarness = Harness<Repositories> &
  Readonly<{
    push(
      projectId: ProjectId,
      branch: BranchName,
      commit: Readonly<{ message: string; author: string; files: readonly string[] }>,
    ): Promise<CommitSha>;
  }>;

const MAIN = must(parseBranchName('main'));

export function repositoriesContract(name: string, make: () => Promise<RepositoriesHarness>): void {
  const projectId = newId('prj', Date.UTC(2030, 0, 1));
  const commit = {
    message: 'A first line\n\nand ünï 🚀 more',
    author: 'Ann Ö <ann@example.com>',
    files: ['a "quoted" ü.txt', 'dir/b.txt'],
  };

  test(
    `${name}: a branch's head and its commit are what was pushed`,
    using(make, async ({ subject, push }) => {
      await subject.ensure(projectId);
      const sha = await push(projectId, MAIN, commit);
      assert.equal(await subject.branchHead(projectId, MAIN), sha);
      assert.deepEqual(await subject.commit(projectId, sha), { message: commit.message, author: commit.author });
    }),
  );

  test(
    `${name}: between two commits only the files that changed are named`,
    using(make, async ({ subject, push }) => {
      await subject.ensure(projectId);
      const before = await push(projectId, MAIN, commit);
      const sha = await push(projectId, MAIN, { ...commit, files: ['c.txt', 'dir/ü.txt'] });
      assert.equal(await subject.branchHead(projectId, MAIN), sha);
      assert.deepEqual([...((await subject.changedFiles(projectId, before, sha)) ?? [])].sort(), [
        'c.txt',
        'dir/ü.txt',
      ]);
    }),
  );

  test(
    `${name}: branches with a slash are apart from one another`,
    using(make, async ({ subject, push }) => {
      await subject.ensure(projectId);
      const branch = must(parseBranchName('feat/x'));
      const sha = await push(projectId, branch, commit);
      assert.equal(await subject.branchHead(projectId, branch), sha);
      assert.equal(await subject.branchHead(projectId, MAIN), undefined);
    }),
  );

  test(
    `${name}: what is not there is undefined`,
    using(make, async ({ subject }) => {
      const sha = must(parseCommitSha('0'.repeat(40)));
      assert.equal(await subject.branchHead(projectId, MAIN), undefined);
      assert.equal(await subject.commit(projectId, sha), undefined);
      await subject.ensure(projectId);
      assert.equal(await subject.branchHead(projectId, MAIN), undefined);
      assert.equal(await subject.commit(projectId, sha), undefined);
      assert.equal(await subject.changedFiles(projectId, sha, sha), undefined);
    }),
  );

  test(
    `${name}: a commit is found by a prefix of its id, and by nothing else`,
    using(make, async ({ subject, push }) => {
      assert.deepEqual(await subject.commitsFrom(projectId, '0000'), []);
      await subject.ensure(projectId);
      const first = await push(projectId, MAIN, commit);
      const second = await push(projectId, MAIN, { ...commit, files: ['c.txt'] });
      assert.deepEqual(await subject.commitsFrom(projectId, first.slice(0, 12)), [first]);
      assert.deepEqual(await subject.commitsFrom(projectId, second), [second]);
      for (const prefix of ['', '-h', '--all', first.slice(0, 3), `${first.slice(0, 8)}^`, first.toUpperCase()])
        assert.deepEqual(await subject.commitsFrom(projectId, prefix), [], prefix);
    }),
  );

  test(
    `${name}: ensuring again, also at once, keeps what is there; removing ends it`,
    using(make, async ({ subject, push }) => {
      await Promise.all([subject.ensure(projectId), subject.ensure(projectId), subject.ensure(projectId)]);
      const sha = await push(projectId, MAIN, commit);
      await subject.ensure(projectId);
      assert.equal(await subject.branchHead(projectId, MAIN), sha);
      await subject.remove(projectId);
      await subject.remove(projectId);
      assert.equal(await subject.branchHead(projectId, MAIN), undefined);
    }),
  );
}
