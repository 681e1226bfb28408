import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { newId, type ProjectId } from '@anchor/core/names/id.ts';
import { parseBranchName, parseCommitSha } from '@anchor/core/names/name.ts';
import { repositoriesContract, type RepositoriesHarness } from '@anchor/testing/contracts/repositories.ts';
import { using } from '@anchor/testing/harness.ts';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { GIT_ENVIRONMENT } from './git.ts';
import { pathsIn, type Paths } from './paths.ts';
import { openRepositories } from './repositories.ts';

const MAIN = must(parseBranchName('main'));
const run = (cwd: string, ...args: string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8', env: GIT_ENVIRONMENT, stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** A clone that has the branch checked out, or a new branch. */
async function clone(directory: string, repository: string, branch: string): Promise<string> {
  const tree = await mkdtemp(join(directory, 'clone-'));
  run(tree, 'clone', '--quiet', '--no-local', repository, '.');
  run(tree, 'config', 'user.name', 'Test');
  run(tree, 'config', 'user.email', 'test@example.com');
  const known = run(tree, 'branch', '--remotes', '--list', `origin/${branch}`) !== '';
  if (known) run(tree, 'checkout', '--quiet', '-B', branch, `origin/${branch}`);
  else run(tree, 'checkout', '--quiet', '--orphan', branch);
  return tree;
}

const make = async (): Promise<RepositoriesHarness & { paths: Paths; directory: string }> => {
  const directory = await temporaryDirectory();
  const paths = pathsIn(join(directory.path, 'data'));
  return {
    paths,
    directory: directory.path,
    subject: openRepositories(paths),
    push: async (projectId, branch, { message, author, files }) => {
      const tree = await clone(directory.path, paths.repository(projectId), branch);
      for (const file of files) {
        await mkdir(dirname(join(tree, file)), { recursive: true });
        await writeFile(join(tree, file), message);
      }
      run(tree, 'add', '--all');
      run(tree, 'commit', '--quiet', `--author=${author}`, '-m', message);
      run(tree, 'push', '--quiet', 'origin', branch);
      return must(parseCommitSha(run(tree, 'rev-parse', 'HEAD')));
    },
    end: directory.remove,
  };
};

repositoriesContract('git repositories', make);

const projectId: ProjectId = newId('prj', Date.UTC(2030, 0, 1));
const commit = { message: 'one', author: 'A <a@example.com>', files: ['a.txt'] };

test('a merge names the files that it brought into its branch', using(make, async ({ subject, push, paths, directory }) => {
  await subject.ensure(projectId);
  await push(projectId, MAIN, commit);
  const tree = await clone(directory, paths.repository(projectId), MAIN);
  run(tree, 'checkout', '--quiet', '-b', 'topic');
  await writeFile(join(tree, 'topic.txt'), 'x');
  run(tree, 'add', '.');
  run(tree, 'commit', '--quiet', '-m', 'topic');
  run(tree, 'checkout', '--quiet', 'main');
  run(tree, 'merge', '--quiet', '--no-ff', '-m', 'merge', 'topic');
  run(tree, 'push', '--quiet', 'origin', 'main');
  const head = await subject.branchHead(projectId, MAIN);
  assert.deepEqual((await subject.commit(projectId, head!))?.files, ['topic.txt']);
}));

test('a branch may be rewritten and removed, and a commit that no branch has any more can still be fetched', using(make, async ({ subject, push, paths, directory }) => {
  await subject.ensure(projectId);
  await push(projectId, MAIN, commit);
  const replaced = await push(projectId, MAIN, { ...commit, files: ['b.txt'] });
  const tree = await clone(directory, paths.repository(projectId), MAIN);
  run(tree, 'reset', '--quiet', '--hard', 'HEAD~1');
  run(tree, 'push', '--quiet', '--force', 'origin', 'main');
  assert.notEqual(await subject.branchHead(projectId, MAIN), replaced);
  const fresh = await mkdtemp(join(directory, 'fetch-'));
  run(fresh, 'init', '--quiet');
  run(fresh, 'fetch', '--quiet', '--depth=1', `file://${paths.repository(projectId)}`, replaced);
  assert.equal(run(fresh, 'rev-parse', 'FETCH_HEAD'), replaced);
  run(tree, 'push', '--quiet', 'origin', '--delete', 'main');
  assert.equal(await subject.branchHead(projectId, MAIN), undefined);
}));

test('a new repository has no hooks, and making it leaves nothing else behind', using(make, async ({ subject, paths }) => {
  await Promise.all([subject.ensure(projectId), subject.ensure(projectId)]);
  assert.deepEqual(await readdir(dirname(paths.repository(projectId))), [`${projectId}.git`]);
  assert.ok(!(await readdir(paths.repository(projectId))).includes('hooks'));
}));
